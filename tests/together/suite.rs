//! `pubsub-lab suite`: many scenarios, one grid; what is complete is not made again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::faulty::{Each, Faults, FaultyServer, Harm};
use crate::support::process::{Running, pubsub_lab};
use crate::support::report::{Report, short};

/// How long a short suite may take on a machine that is busy with other tests.
const LONG: Duration = Duration::from_secs(240);

/// A directory with a list of these scenarios, by name and text.
fn place(scenarios: &[(&str, &str)]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let names: Vec<_> = scenarios.iter().map(|(name, _)| format!("\"{name}.toml\"")).collect();
    let list = format!("scenarios = [{}]\n", names.join(", "));
    std::fs::write(place.path().join("list.toml"), list).unwrap();
    for (name, text) in scenarios {
        std::fs::write(place.path().join(format!("{name}.toml")), text).unwrap();
    }
    place
}

fn start(place: &Path, args: &[&str]) -> Running {
    let mut command = pubsub_lab(&["suite"]);
    command.args(args).current_dir(place);
    Running::start(command)
}

/// Runs a suite to its end, and gives its exit code and all that it said.
fn ended(place: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut running = start(place, args);
    let code = running.ended_within(LONG).code();
    (code, running.everything())
}

fn grid(place: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(place.join("out/overview.json")).unwrap()).unwrap()
}

/// The cell of a scenario and a subject.
fn cell(grid: &Value, scenario: &str, subject: &str) -> Value {
    let rows = grid["rows"].as_array().unwrap();
    let row =
        rows.iter().find(|row| row["name"] == scenario).unwrap_or_else(|| panic!("{scenario}: {grid:#}"));
    let cells = row["cells"].as_array().unwrap();
    cells
        .iter()
        .find(|cell| cell["subject"] == subject)
        .unwrap_or_else(|| panic!("{subject}: {row:#}"))
        .clone()
}

/// When the load of the only run in this report began.
fn began(place: &Path, scenario: &str) -> Value {
    Report::read(&place.join("out").join(scenario).join("report.json")).runs()[0]["began_unix_ms"].clone()
}

#[test]
fn what_is_complete_when_it_is_interrupted_is_kept_and_the_rest_is_made_by_resume() {
    let long = short("").replace("\"3s\"", "\"8s\"");
    let place = place(&[("first", &short("")), ("second", &long), ("third", &short(""))]);
    let args = ["list.toml", "--pattern", "local", "--out", "out"];
    let mut running = start(place.path(), &args);
    running.err_line("] 1 of 3, ");
    running.err_line("] 2 of 3, ");
    // Plain lines say `load` once for each run.
    running.err_line("  load (8s)");
    running.signal(Signal::SIGINT);
    assert_eq!(running.ended_within(LONG).code(), Some(130), "{}", running.everything());
    assert!(running.everything().contains("--resume out"), "{}", running.everything());
    assert!(!place.path().join("out/third").exists());
    let first = began(place.path(), "first");
    assert_eq!(cell(&grid(place.path()), "second", "local")["harm"], "unclear");

    let changed = ended(place.path(), &["--resume", "out", "--pattern", "redis"]);
    assert_eq!(changed.0, Some(2), "{}", changed.1);
    let (code, said) = ended(place.path(), &["--resume", "out"]);
    assert!(matches!(code, Some(0 | 3)), "{said}");
    assert_eq!(began(place.path(), "first"), first, "it was made again");
    let grid = grid(place.path());
    for scenario in ["first", "second", "third"] {
        let cell = cell(&grid, scenario, "local");
        assert_eq!(cell["page"], format!("{scenario}/report.html"));
        assert_ne!(cell["owed"], Value::Null, "{cell:#}");
    }
    // A page, a table and the other forms say the same.
    for form in ["overview.html", "overview.md", "overview.csv", "overview.svg"] {
        let text = std::fs::read_to_string(place.path().join("out").join(form)).unwrap();
        assert!(text.contains("first") && text.contains("third"), "{form}");
    }
    // A suite that is there is not replaced unasked.
    let again = ended(place.path(), &args);
    assert_eq!(again.0, Some(2), "{}", again.1);
    assert!(again.1.contains("--resume DIR"), "{}", again.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_wrong_servers_each_cell_says_what_the_bench_says() {
    let scenario =
        "[load]\npublishers = 1\nsubscribers = 3\nrate = 100\nwarm_up = \"100ms\"\nduration = \"1200ms\"\n";
    let harms = [
        (Harm::default(), "whole", 0, 0),
        (Harm { lose: Some(Each(10)), ..Harm::default() }, "lost-silent", 12, 0),
        (Harm { lag: Some(Each(10)), ..Harm::default() }, "lost-told", 12, 0),
        (Harm { duplicate: Some(Each(5)), ..Harm::default() }, "twice", 0, 24),
        (Harm { corrupt: Some(Each(20)), ..Harm::default() }, "wrong", 6, 0),
    ];
    for (harm, kind, lost, twice) in harms {
        let server =
            FaultyServer::start(1, Faults { harm: HashMap::from([(1, harm)]), ..Faults::default() }).await;
        let url = server.urls().remove(0);
        let place = place(&[("one", scenario), ("two", scenario)]);
        let args = ["list.toml", "--url", &url, "--label", "theirs", "--out", "out"];
        let (code, said) = tokio::task::block_in_place(|| ended(place.path(), &args));
        let grid = grid(place.path());
        for name in ["one", "two"] {
            let report = Report::read(&place.path().join("out").join(name).join("report.json"));
            let (run, cell) = (report.run("theirs"), cell(&grid, name, "theirs"));
            assert_eq!(cell["verdict"], run["verdict"], "{said}");
            for figure in ["lost", "duplicates", "corrupted", "owed", "lost_told", "lost_silent", "unsent"] {
                assert_eq!(cell[figure].as_u64(), Some(run.count(figure)), "{figure}: {cell:#}");
            }
            if run["verdict"] != "inconclusive" {
                assert_eq!(cell["harm"], kind, "{cell:#}");
                assert_eq!((run.count("lost"), run.count("duplicates")), (lost, twice), "{:#}", run.brief());
            }
        }
        assert!(matches!(code, Some(0 | 3)), "{said}");
    }
}

#[test]
fn what_is_wrong_with_a_list_is_said_before_anything_is_run() {
    let place = place(&[("one", "[load]\nrate = 0\n")]);
    for (args, expected) in [
        (&["list.toml"][..], "rate"),
        (&["no-such-list"], "no-such-list: there is no such list"),
        (&["--resume", "nowhere"], "--resume nowhere: there is no suite in it"),
        (&["decide", "--pattern", "kafka"], "kafka"),
    ] {
        let (code, said) = ended(place.path(), args);
        assert_eq!(code, Some(2), "{args:?}: {said}");
        assert!(said.contains(expected) && said.contains("hint: "), "{args:?}: {said}");
    }
    assert!(!place.path().join("runs").exists(), "nothing was begun");
}

#[test]
fn several_scenarios_of_a_bench_are_a_suite() {
    let place = place(&[("one", &short("")), ("two", &short(""))]);
    let mut command =
        pubsub_lab(&["bench", "-s", "one.toml,two.toml", "--quick", "-p", "local", "--out", "out"]);
    command.current_dir(place.path());
    let mut running = Running::start(command);
    let code = running.ended_within(LONG).code();
    assert!(matches!(code, Some(0 | 3)), "{}", running.everything());
    let grid = grid(place.path());
    assert_eq!(grid["rows"].as_array().unwrap().len(), 2);
    assert_eq!(grid["rows"][0]["title"], "A short one (shortened)");
}
