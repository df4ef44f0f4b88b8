//! `pubsub-lab scenarios` as a user runs it: exit code, stdout, stderr. Every wrong file has a `¦` where its
//! error is to point.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod hints;
mod links;
mod matrix;

use std::path::Path;
use std::process::{Command, Output};

use snapbox::{assert_data_eq, str};

/// The hint where nobody has what takes a broker.
fn those_with_a_broker(have: &str) -> String {
    format!("of the patterns, `redis` and `amqp` {have}")
}

fn pubsub_lab(directory: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pubsub-lab"))
        .arg("scenarios")
        .args(args)
        .current_dir(directory)
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// Runs `scenarios check s.toml` over a text.
fn check(contents: &str) -> Output {
    let directory = tempfile::tempdir().expect("a private directory");
    std::fs::write(directory.path().join("s.toml"), contents).expect("the file can be written");
    pubsub_lab(directory.path(), &["check", "s.toml"])
}

/// Asserts that a file is refused with this message at the mark (without a mark: at no place), and this hint.
#[track_caller]
fn refused(marked: &str, message: &str, hint: &str) {
    let at = marked.find('¦').expect("a mark");
    let before: Vec<&str> = marked[..at].split('\n').collect();
    let (line, column) = (before.len(), before[before.len() - 1].chars().count() + 1);
    let output = check(&marked.replacen('¦', "", 1));
    let said = format!("error: s.toml:{line}:{column}: {message}\nhint: {hint}\n");
    assert_eq!(text(&output.stderr), said, "{marked}");
    assert_eq!(text(&output.stdout), "");
    assert_eq!(output.status.code(), Some(2));
}

fn succeeded(output: &Output) -> String {
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    text(&output.stdout)
}

#[test]
fn list_names_every_scenario_and_says_what_runs() {
    let expected = str![[r#"
SCENARIO         PATTERNS       WHAT HAPPENS
broker-down      redis, amqp    Broker down for five seconds
broker-pause     redis, amqp    Broker hangs for five seconds
burst            all            A burst of 20,000 messages within a second
everything-down  amqp           History, a node and the broker killed in turn
fan-out          all            One node, two hundred listeners
flaky-link       all but local  A slow link that breaks five times
half-open        all but local  Node 1 hears nothing for five seconds
history-down     amqp           History down for five seconds
late-joiner      all            Half of the subscribers join at half-time
node-down        all            One of three nodes down for five seconds
node-pause       all            One of three nodes frozen for five seconds
partition        all but local  Node 0 parted from the rest for five seconds
peer-down        zeromq         One of three ZeroMQ peers down for five seconds
presence         all            Who is there: a kill, a storm, a deployment
reconnect-storm  all            All clients of a node drop and reconnect at once
rolling-restart  all            Every node restarted, one after another
saturation       all            The highest rate that each pattern sustains
slow-broker      redis, amqp    The broker 50 ms away for ten seconds
slow-consumer    all            One subscriber reads too slowly for ten seconds
slow-joiner      all            Subscribers join in four waves under load
soak             all but local  Ten minutes of random kills
split-brain      zeromq         Two ZeroMQ halves for five seconds
steady           all            Nothing breaks
subscriber-away  all            Half of the subscribers away for five seconds
surge            all            Ten times the rate for three seconds
transports       local          Four ways to hear

This version runs local, redis, zeromq, amqp.
Run one: pubsub-lab bench --scenario NAME

"#]];
    let listed = succeeded(&pubsub_lab(Path::new("."), &["list"]));
    assert_data_eq!(&listed, expected);
    assert!(listed.lines().all(|line| line.chars().count() <= 80), "{listed}");
    assert_eq!(succeeded(&pubsub_lab(Path::new("."), &[])), listed, "without a word it lists");
}

#[test]
fn show_prints_the_file_verbatim() {
    let shown = succeeded(&pubsub_lab(Path::new("."), &["show", "rolling-restart"]));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/rolling-restart.toml");
    assert_eq!(shown, std::fs::read_to_string(file).unwrap());
}

#[test]
fn the_check_says_how_subscribers_hear_unless_it_is_over_web_sockets() {
    let shown = succeeded(&pubsub_lab(Path::new("."), &["show", "transports"]));
    let summary = succeeded(&check(&shown));
    assert!(summary.contains("\n  transport ws, sse, long-poll, poll (every 2s)\n"), "{summary}");
    let steady = succeeded(&check("[load]\nrate = 10\n"));
    assert!(!steady.contains("transport"), "{steady}");
}

#[test]
fn what_is_shown_can_be_saved_and_checked() {
    let shown = succeeded(&pubsub_lab(Path::new("."), &["show", "broker-down"]));
    let summary = succeeded(&check(&shown));
    assert_data_eq!(
        summary,
        str![[r#"
s.toml: valid
  title     Broker down for five seconds
  watch     Watch for the five seconds without a broker: does a sender learn that nothing went out (refused), and is what was sent meanwhile lost or late? Then for the recovery: how long after the broker is back until all is well.
  pattern   local (not run: local has no broker to kill)
  pattern   redis
  pattern   zeromq (not run: zeromq has no broker to kill)
  pattern   amqp
  cluster   3 nodes
  load      3 publishers to 30 subscribers in 1 room, 100 messages/s of 128 bytes for 20s
  fault     kill broker at 5s for 5s
  expect    lost_confirmed = 0
  expect    refused_but_delivered = 0
  expect    duplicates = 0
  expect    unexpected = 0
  expect    corrupted = 0
  expect    reordered = 0 (redis)
  expect    recovery_ms < 2000 (redis)
  expect    lost = 0 (amqp)

"#]]
    );
}

#[test]
fn an_unknown_name_gets_the_nearest_one() {
    let output = pubsub_lab(Path::new("."), &["show", "broker_down"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    assert_data_eq!(
        text(&output.stderr),
        str![[r#"
error: no scenario is called `broker_down`
hint: did you mean `broker-down`? All of them: pubsub-lab scenarios list

"#]]
    );
}

#[test]
fn files_that_cannot_be_read() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("binary.toml"), [0xff, 0xfe, 0x00]).unwrap();
    std::fs::write(directory.path().join("long.toml"), "#".repeat((1 << 20) + 1)).unwrap();
    std::fs::create_dir(directory.path().join("dir.toml")).unwrap();
    for (name, expected) in [
        ("absent.toml", "error: absent.toml: there is no such file\nhint: "),
        ("binary.toml", "error: binary.toml:1:1: this is not UTF-8 text\nhint: save"),
        ("long.toml", "error: long.toml: this is too long for a scenario file (1 MiB)\nhint: "),
        ("./dir.toml", "error: ./dir.toml: this is a directory, not a scenario file\nhint: "),
    ] {
        let output = pubsub_lab(directory.path(), &["check", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let stderr = text(&output.stderr);
        assert!(stderr.starts_with(expected), "{stderr}");
    }
}

#[test]
fn a_file_needs_no_ending_and_nothing_in_it() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("mine"), "").unwrap();
    let summary = succeeded(&pubsub_lab(directory.path(), &["check", "mine"]));
    assert!(summary.starts_with("mine: valid\n  title     mine\n"), "{summary}");
}

#[test]
fn syntax() {
    refused(
        "title = \"x\"\nrate ¦100\n",
        "key with no value, expected `=`",
        "a line is `key = value`, or a [table]",
    );
    refused(
        "title = \"x¦\n",
        "invalid basic string, expected `\"`",
        "text stands in quotes that open and close on one line: \"text\"",
    );
    refused(
        "[load]\nrate = 1\n¦rate = 2\n",
        "duplicate key",
        "a key stands once in its table, and a [table] once in the file: remove one of the two",
    );
}

#[test]
fn unknown_keys() {
    refused("¦titel = \"x\"\n", "a scenario has no key `titel`", "did you mean `title`?");
    refused("[cluster]\n¦node = 3\n", "[cluster] has no key `node`", "did you mean `nodes`?");
    refused(
        "[load]\nrate = 1\n¦publisher = 3\n",
        "[load] has no key `publisher`",
        "did you mean `publishers`?",
    );
    refused("[[fault]]\n¦fro = \"1s\"\n", "[[fault]] has no key `fro`", "did you mean `for`?");
    refused("[¦loud]\n", "a scenario has no key `loud`", "did you mean `load`?");
    refused(
        "title = \"Zürich\"\n[cluster]\nnodes = 1\n¦\"größe\" = 3\n",
        "[cluster] has no key `größe`",
        "known are `nodes`",
    );
}

#[test]
fn wrong_types() {
    refused(
        "title = ¦7\n",
        "`title` must be text in quotes, not a whole number",
        "write it like title = \"One node down\"",
    );
    refused(
        "load = ¦3\n",
        "[load] must be a table, not a whole number",
        "write [load] on a line of its own, and its keys below it",
    );
    refused(
        "[cluster]\nnodes = ¦\"3\"\n",
        "`nodes` must be a whole number, not text",
        "write it like nodes = 3",
    );
    refused(
        "[load]\nrate = ¦true\n",
        "`rate` must be a number, not true or false",
        "write it like rate = 100",
    );
    refused(
        "[load]\nresend = ¦\"no\"\n",
        "`resend` must be true or false, not text",
        "write it like resend = false",
    );
    refused(
        "patterns = ¦\"redis\"\n",
        "`patterns` must be a list such as [\"local\", \"redis\"], not text",
        "write it like patterns = [\"local\", \"redis\"]",
    );
    refused(
        "patterns = [\"local\", ¦1]\n",
        "`patterns` must be text in quotes, not a whole number",
        "write it like patterns = [\"local\", \"redis\"]",
    );
    refused(
        "¦[fault]\nat = \"1s\"\nkill = \"node 1\"\n",
        "`fault` must be a list of tables",
        "write [[fault]] with two brackets, once a fault",
    );
    refused(
        "[expect]\nlost = ¦true\n",
        "`lost` must be a number, or text such as \"<= 5\", not true or false",
        "write it like lost = 0",
    );
}

#[test]
fn durations() {
    let what = "must be a duration such as \"2s\" or \"100ms\"";
    refused("[load]\ndrain = ¦5\n", &format!("`drain` {what}"), "write \"5s\" for seconds");
    refused("[load]\ndrain = ¦\"5\"\n", &format!("`drain` {what}"), "write \"5s\" for seconds");
    refused(
        "[load]\nwarm_up = ¦\"soon\"\n",
        &format!("`warm_up` {what}"),
        "a duration is a number and a unit: us, ms, s, m or h",
    );
    refused(
        "[load]\nduration = ¦\"0s\"\n",
        "`duration` must be from 1ms to 1day",
        "write it like duration = \"20s\"",
    );
    refused(
        "[load]\nduration = ¦\"1y\"\n",
        "`duration` must be from 1ms to 1day",
        "write it like duration = \"20s\"",
    );
    refused("[[fault]]\nkill = \"node 0\"\nat = ¦5\n", &format!("`at` {what}"), "write \"5s\" for seconds");
    refused(
        "[[fault]]\nat = \"1s\"\nfor = ¦\"0s\"\nkill = \"node 0\"\n",
        "`for` must be more than 0",
        "leave `for` out for a fault that is never healed",
    );
    refused(
        "[load]\nreconnect_max = \"1s\"\nreconnect_min = ¦\"2s\"\n",
        "`reconnect_min` (2s) is longer than `reconnect_max` (1s)",
        "lower `reconnect_min`, or raise `reconnect_max`",
    );
}

#[test]
fn values_out_of_range() {
    refused(
        "[cluster]\nnodes = ¦0\n",
        "`nodes` must be a whole number from 1 to 64",
        "write it like nodes = 3",
    );
    refused(
        "[cluster]\nnodes = ¦-1\n",
        "`nodes` must be a whole number from 1 to 64",
        "write it like nodes = 3",
    );
    refused(
        "[cluster]\nnodes = ¦65\n",
        "`nodes` must be a whole number from 1 to 64",
        "write it like nodes = 3",
    );
    refused(
        "[cluster]\nnodes = ¦1.5\n",
        "`nodes` must be a whole number from 1 to 64",
        "write it like nodes = 3",
    );
    let rate = "`rate` must be more than 0 and at most 1000000 messages a second";
    for wrong in ["0", "0.0", "-5", "1_000_001", "inf", "nan", "9999999999999999999"] {
        refused(&format!("[load]\nrate = ¦{wrong}\n"), rate, "write it like rate = 100");
    }
    refused(
        "[load]\npayload = ¦47\n",
        "`payload` must be a whole number from 48 to 16384",
        "write it like payload = 128",
    );
    refused(
        "[load]\npayload = ¦16385\n",
        "`payload` must be a whole number from 48 to 16384",
        "write it like payload = 128",
    );
    refused(
        "[load]\nsubscribers = ¦0\n",
        "`subscribers` must be a whole number from 1 to 50000",
        "write it like subscribers = 30",
    );
    refused(
        "[load]\npublishers = ¦0\n",
        "`publishers` must be a whole number from 1 to 10000",
        "write it like publishers = 3",
    );
    refused(
        "[load]\nrooms = ¦0\n",
        "`rooms` must be a whole number from 1 to 10000",
        "write it like rooms = 1",
    );
    refused(
        "[load]\nrooms = ¦11\n",
        "with 30 subscribers over 3 nodes, nobody listens in 1 of 11 rooms",
        "lower `rooms` to 10, or raise `subscribers` to 31",
    );
    let smaller = "lower `rate`, shorten `duration`, or take fewer `subscribers` a room";
    refused(
        "[load]\nrate = ¦1e6\nduration = \"1h\"\n",
        "3600000000 messages are more than one run can hold (20000000)",
        smaller,
    );
    refused(
        "[load]\nrate = ¦1e4\nsubscribers = 50_000\n",
        "10000000000 deliveries are more than one run can count (2000000000)",
        smaller,
    );
    assert!(
        succeeded(&check("[load]\nrooms = 10\npayload = 0x30\nrate = 0.5\n"))
            .contains("10 rooms, 0.5 messages/s")
    );
}

#[test]
fn patterns_and_titles() {
    let all = "known are `local`, `redis`, `zeromq` and `amqp`";
    refused(
        "patterns = [\"redis\", ¦\"reddis\"]\n",
        "no pattern is called `reddis`",
        "did you mean `redis`?",
    );
    refused("patterns = [¦\"kafka\"]\n", "no pattern is called `kafka`", all);
    refused(
        "patterns = [\"redis\", ¦\"redis\"]\n",
        "`patterns` names `redis` twice",
        "name each pattern once; `bench --runs 2` runs each twice",
    );
    refused("patterns = ¦[]\n", "`patterns` names none", "leave `patterns` out for all of them");
    refused(
        "title = ¦\"\"\n",
        "`title` must be one line of 1 to 100 characters",
        "write it like title = \"One node down\"",
    );
    refused(
        "title = ¦\"a\\nb\"\n",
        "`title` must be one line of 1 to 100 characters",
        "write it like title = \"One node down\"",
    );
}

#[test]
fn expectations() {
    let bound = "must be a number, or a sign and a number such as \"<= 5\"";
    refused("[expect]\n¦lots = 0\n", "the report has no figure `lots`", "did you mean `lost`?");
    refused(
        "[expect.amqp]\n¦duplicate = 0\n",
        "the report has no figure `duplicate`",
        "did you mean `duplicates`?",
    );
    refused("[expect.¦reddis]\nlost = 0\n", "no pattern is called `reddis`", "did you mean `redis`?");
    refused(
        "[expect]\nredis = ¦0\n",
        "`redis` must be a table of figures, not a whole number",
        "write [expect.redis] on a line of its own, and its figures below it",
    );
    refused(
        "[expect]\nlost = ¦\"5\"\n",
        &format!("`lost` {bound}"),
        "the signs are `<=`, `>=`, `<`, `>` and `=`",
    );
    refused("[expect]\nlost = ¦\"< 2s\"\n", &format!("`lost` {bound}"), "`2s` is no number");
    refused(
        "[expect]\nrecovery_ms = ¦\"< fast\"\n",
        &format!("`recovery_ms` {bound}"),
        "a duration is a number and a unit: us, ms, s, m or h",
    );
    refused("[expect]\nlost = ¦-1\n", "`lost` can be no figure below 0", "write it like lost = 0");
    refused("[expect]\nlost = ¦nan\n", "`lost` can be no figure below 0", "write it like lost = 0");
    refused("[expect]\non_time = ¦\">= 50\"\n", "`on_time` is a share of 1", "write 0.5 for 50%");
}
