//! What a bench says and leaves behind.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::faulty::{Faults, FaultyServer};
use crate::support::process::{Running, pubsub_lab};
use crate::support::redis::RedisServer;
use crate::support::report::{Bench, Ended, Place, Report, conclusive, short};

/// A scenario of the pattern local that takes no second.
fn quick(more: &str) -> String {
    let quick = short(more).replace("duration = \"3s\"", "duration = \"300ms\"");
    format!("patterns = [\"local\"]\n{}", quick.replace("drain = \"2s\"", "drain = \"1s\""))
}

#[test]
fn json_is_the_report_alone() {
    let ended = conclusive(&quick(""), &["--format", "json"]);
    assert_eq!(ended.code, Some(0), "{}", ended.everything());
    let printed: Value = serde_json::from_str(&ended.out().join("\n")).unwrap();
    assert_eq!(&printed, ended.report().json());
    assert_eq!(printed["schema"], 1);
    assert_eq!(printed["seed"], 42);
    assert_eq!(printed["versions"]["pubsub-lab"], env!("CARGO_PKG_VERSION"));
    assert!(printed["host"]["cores"].as_u64().unwrap() >= 1);
    assert_eq!(printed["runs"][0]["id"], "local-1");
}

#[test]
fn the_table_goes_to_stdout_and_all_else_to_stderr() {
    let ended = conclusive(&quick(""), &[]);
    let (out, err) = (ended.out(), ended.err());
    let row = |name: &str| out.iter().find(|line| line.starts_with(name)).unwrap();
    assert!(row("on time").ends_with(" 33.3%"), "{out:?}");
    assert!(row("verdict").ends_with(" no"), "a scenario without expectations: {out:?}");
    assert!(out.iter().any(|line| line.starts_with("local: all 30 messages reached everyone")), "{out:?}");
    let phases = ["A short one", "[1/1] local", "  start", "  connect", "  probe", "  warm-up (200ms)"];
    assert_eq!(err[..6], phases);
    assert_eq!(err[6..], ["  load (300ms)", "  heal", "  drain", "report: out/report.html"]);
    let logs = ended.place.path().join("out/logs/local");
    let mut logs: Vec<_> = std::fs::read_dir(logs).unwrap().map(|log| log.unwrap().file_name()).collect();
    logs.sort();
    // A load so small is traced.
    let all = (0..3).flat_map(|node| ["log", "trace"].map(|kind| format!("node-{node}.{kind}").into()));
    assert_eq!(logs, all.collect::<Vec<std::ffi::OsString>>());
    // Nobody looks at it on a terminal: no colour, no bar.
    assert!(!ended.everything().contains('\u{1b}'));
}

#[test]
fn flags_stand_in_the_effective_scenario() {
    let flags = "--nodes 2 --publishers 4 --subscribers 6 --rate 50 --payload 200 --rooms 2 --resend --warm-up 100ms \
                 --duration 400ms --drain 1500ms --connect-timeout 3s --reconnect-min 50ms --reconnect-max 2s --seed 7";
    let args: Vec<&str> = flags.split_ascii_whitespace().collect();
    let ended = conclusive(&quick(""), &args);
    let run = ended.run("local", 0);
    assert_eq!(run.count("due"), 20);
    // Four messages to each room in turn; four listen in the first room, two in the other.
    assert_eq!(run.count("owed"), 12 * 4 + 8 * 2);
    let report = ended.report();
    let scenario = &report.json()["scenario"];
    assert_eq!(scenario["name"], "scenario");
    assert_eq!(scenario["title"], "A short one");
    assert_eq!(scenario["cluster"], json!({"nodes": 2}));
    let load = json!({
        "publishers": 4, "subscribers": 6, "rate": 50, "payload": 200, "rooms": 2, "resend": true,
        "warm_up": "100ms", "duration": "400ms", "drain": "1s 500ms",
        "connect_timeout": "3s", "reconnect_min": "50ms", "reconnect_max": "2s",
    });
    assert_eq!(scenario["load"], load);
    assert_eq!(report.json()["seed"], 7);
}

#[test]
fn an_expectation_that_fails_names_figure_value_and_bound() {
    let expect = "[expect]\nduplicates = 0\nlost = 0\non_time = \">= 0.5\"\n[expect.redis]\nowed = 1\n";
    let ended = conclusive(&quick(expect), &[]);
    let run = ended.run("local", 1);
    assert_eq!(run["verdict"], "violated");
    let why = run.why();
    let begins = [
        "lost is 240, expected 0 (from 0.0 s to ",
        "on_time is 0.3333, expected at least 0.5 (from 0.0 s to ",
    ];
    assert!(why.len() == 2 && why.iter().zip(begins).all(|(why, begin)| why.starts_with(begin)), "{why:?}");
    let out = ended.out().join("\n");
    assert!(out.contains("Violated: lost is 240, expected 0 (from 0.0 s to "), "{out}");
}

#[test]
fn a_pattern_s_own_expectation_replaces_the_general_one() {
    let ended = conclusive(&quick("[expect]\nlost = 0\n[expect.local]\nlost = \"<= 240\"\n"), &[]);
    assert_eq!(ended.run("local", 0)["verdict"], "valid");
}

#[test]
fn without_out_the_report_is_in_runs_and_latest_leads_to_it() {
    let place = Place::new(&quick(""));
    let latest = place.path().join("runs/latest");
    let mut targets = Vec::new();
    for seed in [1, 2] {
        // Both within a second, by which a directory is named.
        let mut bench = Running::start(place.command(&["--seed", &seed.to_string()]));
        bench.ended_within(crate::support::process::PATIENCE);
        let target = std::fs::read_link(&latest).unwrap().to_string_lossy().into_owned();
        assert!(target.contains("-scenario") && !target.contains('/'), "{target}");
        bench.err_line(&format!("report: runs/{target}/report.html"));
        assert_eq!(Report::read(&latest.join("report.json")).json()["seed"], seed);
        targets.push(target);
    }
    assert_ne!(targets[0], targets[1]);
    assert!(place.path().join("runs").join(&targets[0]).join("report.json").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_of_the_users_is_used_and_left_as_it_was() {
    let redis = RedisServer::start();
    let mut client = redis.client().await;
    let mut channels = async || -> Vec<String> {
        redis::cmd("PUBSUB").arg("CHANNELS").query_async(&mut client).await.unwrap()
    };
    let scenario = format!("patterns = [\"redis\"]\n{}", short(""));
    let bench = Bench::start(&scenario, &["--broker", &redis.url()]);
    bench.err_line("  load (3s)");
    let during = channels().await;
    assert!(!during.is_empty() && during.iter().all(|name| name.starts_with("pubsub-lab-")), "{during:?}");
    let everything = bench.descendants();
    assert!(!everything.iter().any(|seen| seen.command.contains("redis-server")), "{everything:?}");
    let ended = bench.ended();
    let run = ended.report().run("redis");
    run.assert_sums();
    assert_eq!(run.counts(["acked", "delivered", "lost"]), [300, 3_600, 0], "{:#}", run.brief());
    assert!(ended.report().json()["versions"]["redis"].is_string());
    ended.place.assert_nothing_left(&everything, std::time::Duration::from_secs(5));
    // It lives, and nothing of the run is in it.
    assert_eq!(channels().await, Vec::<String>::new());
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut client).await.unwrap();
    assert_eq!(keys, Vec::<String>::new());
}

/// What a server was told in a run of this seed: each message's id, room and text without nonce and checksum.
async fn told(seed: u64) -> (String, Vec<[String; 3]>) {
    let server = FaultyServer::start(2, Faults::default()).await;
    let urls = server.urls();
    let scenario = quick("rooms = 2\n");
    let args = ["--url", &urls[0], "--url", &urls[1], "--seed", &seed.to_string()];
    let ended: Ended = tokio::task::block_in_place(|| Bench::start(&scenario, &args).ended());
    // What the server is told does not depend on how punctually.
    assert_eq!(ended.code, Some(ended.report().exit_of_verdicts()), "{}", ended.everything());
    let mut nonces = Vec::new();
    let mut told: Vec<(u64, [String; 3])> = Vec::new();
    for (id, room, text) in server.told() {
        // nonce.kind.publisher.seq.checksum filler
        let (head, filler) = text.split_once(' ').unwrap();
        let (named, _checksum) = head.rsplit_once('.').unwrap();
        let (nonce, name) = named.split_once('.').unwrap();
        nonces.push(nonce.to_owned());
        // How many probes it takes depends on time.
        if let Ok(number) = id.parse() {
            told.push((number, [id, room, format!("{name} {filler}")]));
        }
    }
    nonces.dedup();
    assert_eq!(nonces.len(), 1, "one nonce a run");
    told.sort();
    (nonces.remove(0), told.into_iter().map(|(_, told)| told).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seed_gives_the_same_schedule_and_texts_but_for_the_nonce() {
    let (nonce, told_first) = told(5).await;
    assert_eq!(told_first.len(), 30);
    let (other_nonce, again) = told(5).await;
    assert_eq!(told_first, again);
    assert_ne!(nonce, other_nonce);
    let (_, other_seed) = told(6).await;
    let texts = |told: &[[String; 3]]| told.iter().map(|[.., text]| text.clone()).collect::<Vec<_>>();
    let (mine, others) = (texts(&told_first), texts(&other_seed));
    assert!(mine.iter().zip(&others).all(|(mine, other)| mine != other), "another seed, other texts");
    let places = |told: &[[String; 3]]| {
        told.iter().map(|[id, room, _]| [id.clone(), room.clone()]).collect::<Vec<_>>()
    };
    assert_eq!(places(&told_first), places(&other_seed));
}

#[test]
fn a_reader_of_stderr_that_goes_ends_no_work() {
    let place = tempfile::tempdir().unwrap();
    let scenario = place.path().join("s.toml");
    std::fs::write(&scenario, quick("")).unwrap();
    let mut bench = pubsub_lab(&["bench", "--scenario"]);
    bench.arg(&scenario).args(["--out", "out", "-v"]).current_dir(place.path());
    let mut bench = bench.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    drop(bench.stderr.take());
    let code = bench.wait().unwrap().code();
    let out = place.path().join("out");
    let report = Report::read(&out.join("report.json"));
    assert_eq!(code, Some(report.exit_of_verdicts()));

    let mut report = pubsub_lab(&["report", "--write"]);
    let mut report = report.arg(&out).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    drop(report.stderr.take());
    assert_eq!(report.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_full_disk_for_its_log_ends_no_node() {
    // What is written there fails as it does on a full disk.
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut node = pubsub_lab(&["-vv", "node", "local", "--listen", "127.0.0.1:0"]);
    node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(full);
    let mut node = node.spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(node.stdout.as_mut().unwrap()), &mut line)
        .unwrap();
    let address = line.trim().trim_start_matches("listening http://").to_owned();
    let connected = tokio::net::TcpStream::connect(address).await;
    let alive = node.try_wait().unwrap();
    node.kill().unwrap();
    node.wait().unwrap();
    assert!(connected.is_ok() && alive.is_none(), "{line:?} {connected:?} {alive:?}");
}
