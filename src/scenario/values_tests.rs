//! The values of cluster and load, titles and patterns: what is refused, where, and with which hint.

use super::*;

#[test]
fn a_word_that_is_no_toml_is_refused_where_it_stands() {
    refused_at(
        "title = \"x\"\nrate ¦100\n",
        "key with no value, expected `=`",
        "a line is `key = value`, or a [table]",
    );
    refused_at(
        "[load]\nrate = 1\n¦rate = 2\n",
        "duplicate key",
        "a key stands once in its table, and a [table] once in the file: remove one of the two",
    );
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one() {
    refused_at("¦titel = \"x\"\n", "a scenario has no key `titel`", "did you mean `title`?");
    refused_at("[cluster]\n¦node = 3\n", "[cluster] has no key `node`", "did you mean `nodes`?");
    refused_at("[[fault]]\n¦fro = \"1s\"\n", "[[fault]] has no key `fro`", "did you mean `for`?");
    // The error names the first of several unknown keys, whatever their names.
    refused_at("[load]\n¦zzzz = 1\naaaa = 2\n", "[load] has no key `zzzz`", &known_fields());
    refused_at("[cluster]\n¦\"größe\" = 3\n", "[cluster] has no key `größe`", "known are `nodes`");
}

fn known_fields() -> String {
    "known are `publishers`, `subscribers`, `rate`, `payload`, `rooms`, `resend`, `presence`, `transport`, \
     `poll_every`, `warm_up`, `duration`, `drain`, `connect_timeout`, `reconnect_min` and `reconnect_max`"
        .into()
}

#[test]
fn a_value_of_the_wrong_type_is_called_by_its_type() {
    let title = "write it like title = \"One node down\"";
    for (value, is) in [
        ("7", "a whole number"),
        ("7.5", "a number"),
        ("true", "true or false"),
        ("2026-01-01", "a date or a time"),
        ("[]", "a list"),
        ("{}", "a table"),
    ] {
        refused_at(
            &format!("title = ¦{value}\n"),
            &format!("`title` must be text in quotes, not {is}"),
            title,
        );
    }
    refused_at(
        "load = ¦3\n",
        "[load] must be a table, not a whole number",
        "write [load] on a line of its own, and its keys below it",
    );
    refused_at(
        "[cluster]\nnodes = ¦\"3\"\n",
        "`nodes` must be a whole number, not text",
        "write it like nodes = 3",
    );
    refused_at(
        "[load]\nrate = ¦true\n",
        "`rate` must be a number, not true or false",
        "write it like rate = 100",
    );
    refused_at(
        "[load]\nresend = ¦\"no\"\n",
        "`resend` must be true or false, not text",
        "write it like resend = false",
    );
    refused_at(
        "expect = ¦5\n",
        "[expect] must be a table, not a whole number",
        "write [expect] on a line of its own, and its keys below it",
    );
    refused_at(
        "fault = ¦5\n",
        "`fault` must be a list of tables, each under [[fault]], not a whole number",
        "write [[fault]] on a line of its own, once a fault, and its keys below it",
    );
    refused_at(
        "¦[fault]\nat = \"1s\"\nkill = \"node 1\"\n",
        "`fault` must be a list of tables",
        "write [[fault]] with two brackets, once a fault",
    );
}

#[test]
fn a_duration_without_a_unit_is_refused_with_a_guess() {
    let what = "`drain` must be a duration such as \"2s\" or \"100ms\"";
    refused_at("[load]\ndrain = ¦5\n", what, "write \"5s\" for seconds");
    refused_at("[load]\ndrain = ¦0.5\n", what, "write \"0.5s\" for seconds");
    refused_at("[load]\ndrain = ¦\" 5 \"\n", what, "write \"5s\" for seconds");
    for no_number in ["soon", "nan", "inf", "-5"] {
        let text = format!("[load]\ndrain = ¦\"{no_number}\"\n");
        refused_at(&text, what, "a duration is a number and a unit: us, ms, s, m or h");
    }
    refused_at(
        "[load]\ndrain = ¦true\n",
        "`drain` must be a duration in quotes, such as \"2s\", not true or false",
        "write it like drain = \"5s\"",
    );
}

/// Asserts that a field of a table takes the first value and refuses the second, which the error says is out of
/// `range`.
#[track_caller]
fn limit_of(field: &str, taken: &str, not: &str, range: &str, like: &str) {
    let table = if field == "nodes" { "cluster" } else { "load" };
    // Each of many rooms needs somebody who listens.
    let rest = if field == "rooms" { "subscribers = 30_000\n" } else { "" };
    let file = |value: &str| format!("[{table}]\n{field} = {value}\n{rest}");
    assert!(overridden(&file(&taken.replace('¦', "")), &[]).is_ok(), "{field} = {taken}");
    refused_at(&file(not), &format!("`{field}` must be {range}"), &format!("write it like {field} = {like}"));
}

#[test]
fn every_field_has_its_least_and_its_greatest_value() {
    for (field, least, below, most, above, range, like) in [
        ("nodes", "1", "¦0", "64", "¦65", "a whole number from 1 to 64", "3"),
        ("publishers", "1", "¦0", "10_000", "¦10_001", "a whole number from 1 to 10000", "3"),
        ("subscribers", "1", "¦0", "50_000", "¦50_001", "a whole number from 1 to 50000", "30"),
        ("payload", "48", "¦47", "16_384", "¦16_385", "a whole number from 48 to 16384", "128"),
        ("rooms", "1", "¦0", "10_000", "¦10_001", "a whole number from 1 to 10000", "1"),
        (
            "rate",
            "0.001",
            "¦0.0",
            "1e6",
            "¦1000000.5",
            "more than 0 and at most 1000000 messages a second",
            "100",
        ),
        ("poll_every", "\"100ms\"", "¦\"99ms\"", "\"5s\"", "¦\"5001ms\"", "from 100ms to 5s", "\"2s\""),
        ("warm_up", "\"0s\"", "¦\"601s\"", "\"10m\"", "¦\"600001ms\"", "from 0s to 10m", "\"2s\""),
        ("duration", "\"1ms\"", "¦\"999us\"", "\"1day\"", "¦\"86401s\"", "from 1ms to 1day", "\"20s\""),
        ("drain", "\"0s\"", "¦\"601s\"", "\"10m\"", "¦\"600001ms\"", "from 0s to 10m", "\"5s\""),
        ("connect_timeout", "\"1ms\"", "¦\"0s\"", "\"1m\"", "¦\"60001ms\"", "from 1ms to 1m", "\"2s\""),
        ("reconnect_min", "\"1ms\"", "¦\"0s\"", "\"1s\"", "¦\"60001ms\"", "from 1ms to 1m", "\"100ms\""),
        ("reconnect_max", "\"100ms\"", "¦\"0s\"", "\"5m\"", "¦\"300001ms\"", "from 1ms to 5m", "\"1s\""),
    ] {
        limit_of(field, least, below, range, like);
        limit_of(field, most, above, range, like);
    }
}

#[test]
fn a_number_that_is_none_is_out_of_every_range() {
    let count = "`nodes` must be a whole number from 1 to 64";
    for wrong in ["-1", "1.5", "99999999999999999999"] {
        refused_at(&format!("[cluster]\nnodes = ¦{wrong}\n"), count, "write it like nodes = 3");
    }
    let rate = "`rate` must be more than 0 and at most 1000000 messages a second";
    for wrong in ["0", "-5", "1_000_001", "inf", "nan", "9999999999999999999"] {
        refused_at(&format!("[load]\nrate = ¦{wrong}\n"), rate, "write it like rate = 100");
    }
    assert_eq!(parsed("[load]\npayload = 0x30\nrate = 0x10\n").load.rate, 16.0);
}

#[test]
fn a_flag_out_of_range_is_told_its_default() {
    let error = overridden("[load]\nrate = 5\n", &[("rate", "x")]).unwrap_err();
    assert_eq!(error.hint(), "write it like --rate 100, or leave it out for the scenario's own");
    let error = overridden("", &[("resend", "yes")]).unwrap_err();
    assert_eq!(error.hint(), "write it like --resend false, or leave it out for the scenario's own");
    let error = overridden("", &[("warm_up", "11m")]).unwrap_err();
    assert_eq!(error.to_string(), "--warm-up 11m: `warm_up` must be from 0s to 10m");
    assert_eq!(error.hint(), "write it like --warm-up 2s, or leave it out for the scenario's own");
    let error = overridden("", &[("noodes", "1")]).unwrap_err();
    assert_eq!(error.to_string(), "--noodes 1: no field of a scenario");
    assert_eq!(error.hint(), "did you mean `nodes`?");
    let spaced = overridden("", &[("nodes", " 2 ")]).unwrap();
    assert_eq!(spaced.cluster.nodes, 2);
}

#[test]
fn a_client_may_pause_always_as_long_and_not_shorter_than_at_first() {
    assert!(overridden("[load]\nreconnect_min = \"1s\"\nreconnect_max = \"1s\"\n", &[]).is_ok());
    let hint = "lower `reconnect_min`, or raise `reconnect_max`";
    refused_at(
        "[load]\nreconnect_max = \"1s\"\nreconnect_min = ¦\"2s\"\n",
        "`reconnect_min` (2s) is longer than `reconnect_max` (1s)",
        hint,
    );
    // The error points at the one of two fields that the file names; if a flag gives one and the file the other, at the
    // flag.
    refused_at(
        "[load]\nreconnect_max = ¦\"50ms\"\n",
        "`reconnect_min` (100ms) is longer than `reconnect_max` (50ms)",
        hint,
    );
    refused(
        "[load]\nreconnect_min = \"2s\"\n",
        &[("reconnect_max", "1s")],
        "--reconnect-max 1s: `reconnect_min` (2s) is longer than `reconnect_max` (1s)",
    );
}

#[test]
fn somebody_listens_in_every_room() {
    refused_at(
        "[load]\nrooms = ¦11\n",
        "with 30 subscribers over 3 nodes, nobody listens in 1 of 11 rooms",
        "lower `rooms` to 10, or raise `subscribers` to 31",
    );
    refused_at(
        "[load]\nsubscribers = 7\nrooms = ¦5\n",
        "with 7 subscribers over 3 nodes, nobody listens in 2 of 5 rooms",
        "lower `rooms` to 3, or raise `subscribers` to 13",
    );
    assert!(overridden("[load]\nrooms = 10\n", &[]).is_ok());
    assert!(overridden("[load]\nrooms = 11\nsubscribers = 31\n", &[]).is_ok());
}

#[test]
fn a_title_is_one_line_of_at_most_a_hundred_characters() {
    let what = "`title` must be one line of 1 to 100 characters";
    let hint = "write it like title = \"One node down\"";
    for wrong in ["\"\"", "\" \"", "\"a\\nb\""] {
        refused_at(&format!("title = ¦{wrong}\n"), what, hint);
    }
    refused_at(&format!("title = ¦\"{}\"\n", "ü".repeat(101)), what, hint);
    let long = "ü".repeat(100);
    assert_eq!(parsed(&format!("title = \"{long}\"\n")).title, long);
}

#[test]
fn patterns_are_named_once_each() {
    let all = &format!("known are {}", words::list(Pattern::ALL.map(Pattern::name)));
    refused_at(
        "patterns = ¦\"redis\"\n",
        "`patterns` must be a list such as [\"local\", \"redis\"], not text",
        "write it like patterns = [\"local\", \"redis\"]",
    );
    refused_at(
        "patterns = [\"local\", ¦1]\n",
        "`patterns` must be text in quotes, not a whole number",
        "write it like patterns = [\"local\", \"redis\"]",
    );
    refused_at("patterns = [¦\"reddis\"]\n", "no pattern is called `reddis`", "did you mean `redis`?");
    refused_at("patterns = [¦\"kafka\"]\n", "no pattern is called `kafka`", all);
    refused_at(
        "patterns = [\"redis\", ¦\"redis\"]\n",
        "`patterns` names `redis` twice",
        "name each pattern once; `bench --runs 2` runs each twice",
    );
    refused_at("patterns = ¦[]\n", "`patterns` names none", "leave `patterns` out for all of them");
    let scenario = parsed("patterns = [\"zeromq\", \"local\"]\n");
    assert_eq!(scenario.patterns, [Pattern::Zeromq, Pattern::Local]);
}

#[test]
fn a_bound_that_no_figure_can_keep_is_refused() {
    let below = "`lost` can be no figure below 0";
    for wrong in ["-1", "-0.5", "nan", "inf", "\"< 0\"", "\"0 .. inf\"", "\"-1 .. 5\""] {
        refused_at(&format!("[expect]\nlost = ¦{wrong}\n"), below, "write it like lost = 0");
    }
    let bound = "`lost` must be a number, or a sign and a number such as \"<= 5\"";
    refused_at("[expect]\nlost = ¦99999999999999999999\n", bound, "write it like lost = 0");
    refused_at("[expect]\nlost = ¦\"5\"\n", bound, "the signs are `<=`, `>=`, `<`, `>` and `=`");
    refused_at("[expect]\nlost = ¦\"< 2s\"\n", bound, "`2s` is no number");
    refused_at("[expect]\non_time = ¦1.5\n", "`on_time` is a share of 1", "write 0.015 for 1.5%");
    refused_at(
        "[expect]\nredis = ¦0\n",
        "`redis` must be a table of figures, not a whole number",
        "write [expect.redis] on a line of its own, and its figures below it",
    );
    refused_at("[expect.amqp]\n¦lots = 0\n", "the report has no figure `lots`", "did you mean `lost`?");
    assert!(overridden("[expect]\nlost = \"0 .. 0\"\nowed = \"< 0.5\"\non_time = 1\n", &[]).is_ok());
}
