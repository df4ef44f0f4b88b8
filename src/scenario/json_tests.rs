//! The effective scenario, as a report shows it.

use super::*;
use crate::fault::kinds::Listed;
use crate::fault::{KINDS, Lasts};

/// The faults of a file as a report shows them.
fn faults(text: &str) -> serde_json::Value {
    parsed(text).to_json()["fault"].take()
}

#[test]
fn every_fault_stands_in_the_json_with_all_of_its_keys() {
    let link = "\"node 1 <-> broker\"";
    for (lines, expected) in [
        ("kill = \"node any\"".to_owned(), json!({ "kill": "node any" })),
        (format!("cut = {link}"), json!({ "cut": "node 1 <-> broker" })),
        (
            format!("delay = {link}\nby = \"1s\"\njitter = \"5ms\""),
            json!({ "delay": "node 1 <-> broker", "by": "1s", "jitter": "5ms" }),
        ),
        (
            format!("delay = {link}\nby = \"1s\""),
            json!({ "delay": "node 1 <-> broker", "by": "1s", "jitter": "0s" }),
        ),
        (
            format!("throttle = {link}\nbytes_per_second = 5"),
            json!({ "throttle": "node 1 <-> broker", "bytes_per_second": 5 }),
        ),
        ("slow = \"10%\"\nbytes_per_second = 5".into(), json!({ "slow": "10%", "bytes_per_second": 5 })),
        (
            format!("slice = {link}\nbytes = 7\ngap = \"3ms\""),
            json!({ "slice": "node 1 <-> broker", "bytes": 7, "gap": "3ms" }),
        ),
        (format!("limit = {link}\nbytes = 9"), json!({ "limit": "node 1 <-> broker", "bytes": 9 })),
        ("partition = [\"node 0\"]".into(), json!({ "partition": [["node 0"]] })),
        (
            "partition = [[\"node 0\"], [\"node 1\", \"broker\"]]".into(),
            json!({ "partition": [["node 0"], ["node 1", "broker"]] }),
        ),
        ("storm = \"node *\"".into(), json!({ "storm": "node *" })),
        ("run = \"echo x\"".into(), json!({ "run": "echo x" })),
        (
            "kill = \"broker\"\npatterns = [\"redis\", \"amqp\"]".into(),
            json!({ "kill": "broker", "patterns": ["redis", "amqp"] }),
        ),
    ] {
        let mut expected = expected;
        expected["at"] = "1s".into();
        assert_eq!(faults(&format!("[[fault]]\nat = \"1s\"\n{lines}\n")), json!([expected]));
    }
    let text = "[[fault]]\nbetween = [\"1s\", \"1500ms\"]\nevery = \"3s\"\ntimes = 2\nfor = \"1s\"\nsurge = 2.0\n\
                [[fault]]\nat = \"2s\"\nfor = \"1s\"\nrun = \"echo x\"\nheal = \"echo y\"\n";
    let expected = json!([
        { "between": ["1s", "1s 500ms"], "every": "3s", "times": 2, "for": "1s", "surge": 2 },
        { "at": "2s", "for": "1s", "run": "echo x", "heal": "echo y" },
    ]);
    assert_eq!(faults(text), expected);
}

#[test]
fn bounds_stand_in_the_json_as_numbers_texts_and_lists() {
    let scenario = parsed(
        "[expect]\nlost = 5\nowed = [\"> 1\", 7, \"< 9\"]\non_time = 0.5\np99 = \"= 20ms\"\np50_ms = 2\nsent = 1e15\n\
         acked = 999_999_999_999_999\n[expect.amqp]\nlost = 0\n[expect.server]\nlost = \"1 .. 2\"\n",
    );
    let expected = json!({
        "lost": 5, "owed": ["> 1", 7, "< 9"], "on_time": 0.5, "p99": "= 20ms", "p50_ms": 2, "sent": 1e15,
        "acked": 999_999_999_999_999_i64,
        "amqp": { "lost": 0 }, "server": { "lost": "1 .. 2" },
    });
    assert_eq!(scenario.to_json()["expect"], expected);
}

#[test]
fn a_matrix_stands_in_the_json_where_there_is_one() {
    let shown = parsed("[matrix]\nrate = [10, 20.5]\nuntil = \"violated\"\n").to_json();
    assert_eq!(shown["matrix"], json!({ "rate": [10, 20.5], "until": "violated" }));
    let shown = parsed("[matrix]\nnodes = [2, 3]\nrate = [10]\n").to_json();
    assert_eq!(shown["matrix"], json!({ "nodes": [2, 3], "rate": [10] }));
    assert_eq!(parsed("").to_json().get("matrix"), None);
    // A field that a flag gives is not varied.
    let flagged = overridden("[matrix]\nrate = [10, 20]\n", &[("rate", "5")]).unwrap().to_json();
    assert_eq!(flagged.get("matrix"), None);
}

#[test]
fn leaving_and_joining_stand_in_the_json_as_in_the_file() {
    let text = "[[fault]]\nat = \"5s\"\nfor = \"5s\"\nleave = \" 50 %\"\n\
                [[fault]]\nat = \"1s\"\njoin = \"30%\"\n[[fault]]\nat = \"12s\"\nstop = \"history\"\n";
    let scenario = parsed(text);
    let faults = json!([
        {"at": "5s", "for": "5s", "leave": "50%"},
        {"at": "1s", "join": "30%"},
        {"at": "12s", "stop": "history"},
    ]);
    assert_eq!(scenario.to_json()["fault"], faults);
    let words: Vec<_> = scenario.faults.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["leave 50% of the subscribers", "join 30% of the subscribers", "stop history"]);
}

#[test]
fn faults_and_expectations_stand_in_the_json_as_in_the_file() {
    let text = format!(
        "{BROKER_DOWN}[[fault]]\nat = \"12s\"\npause = \"node *\"\n\
         [expect]\nlost = 0\non_time = \">= 0.5\"\n[expect.redis]\nrecovery_ms = \"< 2s\"\n"
    );
    let json = parsed(&text).to_json();
    let faults = json!([{"at": "5s", "for": "5s", "kill": "broker"}, {"at": "12s", "pause": "node *"}]);
    assert_eq!(json["fault"], faults);
    let expect = json!({"lost": 0, "on_time": ">= 0.5", "redis": {"recovery_ms": "< 2000"}});
    assert_eq!(json["expect"], expect);
}

#[test]
fn a_fault_is_read_again_as_it_struck() {
    for Listed { form, .. } in KINDS {
        let line = |key: &str, example: &str| format!("{key} = {example}\n");
        let own: String = form.own.iter().map(|own| line(own.key, own.example)).collect();
        let lasts = if matches!(form.lasts, Lasts::AtOnce { .. }) { "" } else { "for = \"1500us\"\n" };
        let deed = line(form.key, form.example);
        let plan = format!("[[fault]]\nbetween = [\"1s\", \"2s\"]\n{deed}{own}{lasts}");
        for fault in parsed(&plan).schedule(None, 7) {
            assert_eq!(fault.action.name(), form.key);
            let json = fault.to_json();
            assert_eq!(Fault::from_json(&json), Some(fault), "{json}");
        }
    }
}

#[test]
fn what_the_seed_has_chosen_is_read_again_as_chosen() {
    for lines in [
        "kill = \"node any\"",
        "cut = \"node * <-> broker\"",
        "blackhole = \"node any <-> broker\"",
        "delay = \"client * -> node any\"\nby = \"1s\"",
        "partition = [\"node 0\"]",
        "slow = \"subscriber any\"\nbytes_per_second = 5",
        "slow = \"10%\"\nbytes_per_second = 5",
        "storm = \"node *\"",
        "surge = 0.1\nfor = \"1s\"",
        "run = \"echo 'x' \\\"y\\\"\"",
    ] {
        let fault = parsed(&format!("[[fault]]\nat = \"1s\"\n{lines}\n")).schedule(None, 7).remove(0);
        assert_eq!(Fault::from_json(&fault.to_json()), Some(fault), "{lines}");
    }
}

#[test]
fn what_is_no_fault_of_this_version_is_none() {
    let kill = json!({ "at": "5s", "for": "1s", "kill": "node 99" });
    let expected = Fault {
        at: Duration::from_secs(5),
        duration: Some(Duration::from_secs(1)),
        action: Action::Kill,
        target: Target::Node(99),
    };
    assert_eq!(Fault::from_json(&kill), Some(expected));
    for other in [
        json!(null),
        json!("kill node 1"),
        json!([]),
        json!({}),
        json!({ "at": "5s" }),
        json!({ "at": "5s", "melt": "node 1" }),
        json!({ "at": "5s", "kill": "node 1", "softly": true }),
        json!({ "at": "5s", "kill": null }),
        json!({ "at": 5, "kill": "node 1" }),
        json!({ "between": ["1s", "2s"], "kill": "node 1" }),
        json!({ "at": "5s", "every": "1s", "times": 2, "kill": "node 1" }),
    ] {
        assert_eq!(Fault::from_json(&other), None, "{other}");
    }
}
