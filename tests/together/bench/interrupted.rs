//! A bench that is interrupted says what it found out until then, and that this is a part.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::process::{PATIENCE, assert_soon};
use crate::support::report::{Bench, Ended, endless, short};

/// How long what a bench started may outlive it.
const OUTLIVES: Duration = Duration::from_secs(5);

/// Lets the load of a bench run for a moment, interrupts it, and gives what it left, after a look at its exit code and
/// at what else is left.
fn interrupted(scenario: &str, args: &[&str]) -> Ended {
    let bench = Bench::start(scenario, args);
    bench.err_line("  load (");
    std::thread::sleep(Duration::from_millis(1_500));
    stopped(bench)
}

fn stopped(bench: Bench) -> Ended {
    stopped_by(bench, Signal::SIGINT)
}

fn stopped_by(bench: Bench, signal: Signal) -> Ended {
    let everything = bench.descendants();
    bench.signal(signal);
    let ended = bench.ended();
    assert_eq!(ended.code, Some(130), "{}", ended.everything());
    ended.place.assert_nothing_left(&everything, OUTLIVES);
    ended
}

#[test]
fn the_run_under_way_is_in_the_report_and_marked() {
    let scenario = endless("").replace("[\"redis\"]", "[\"redis\", \"zeromq\", \"local\"]");
    let ended = interrupted(&scenario, &[]);
    let report = ended.report();
    assert_eq!(report.json()["interrupted"], true);
    assert_eq!(report.json()["not_run"], json!(["zeromq", "local"]));
    let runs = report.runs();
    assert_eq!(runs.len(), 1, "{:#}", report.json());
    let run = report.run("redis");
    run.assert_sums();
    assert_eq!([&run["partial"], &run["verdict"]], [&json!(true), &json!("inconclusive")]);
    let why = run.why()[0];
    assert!(why.starts_with("interrupted after ") && why.ends_with(" s of 60 s"), "{why}");
    // Of a whole minute it would be 6,000; what was due by then was sent, and had its moment to arrive.
    assert!((100..3_000).contains(&run.count("due")), "{:#}", run.brief());
    assert_eq!(run.counts(["unsent", "lost"]), [0, 0], "{:#}", run.brief());
    assert!(run["latency_us"]["p50"].is_u64());
    let out = ended.out();
    let row = out.iter().find(|line| line.starts_with("verdict ")).unwrap();
    assert!(row.ends_with(" partial"), "{row}");
    let said = out.iter().position(|line| line.starts_with("The bench was interrupted: ")).unwrap();
    assert!(out[said].ends_with("Not run: zeromq and local."), "{}", out[said]);
    assert!(out[said + 1].starts_with("redis: partial: interrupted after "), "{}", out[said + 1]);
}

#[test]
fn json_is_the_partial_report_alone() {
    let scenario = endless("").replace("redis", "local");
    let ended = interrupted(&scenario, &["--format", "json"]);
    let printed: Value = serde_json::from_str(&ended.out().join("\n")).unwrap();
    assert_eq!(&printed, ended.report().json());
    assert_eq!([&printed["interrupted"], &printed["runs"][0]["partial"]], [&json!(true); 2]);
    assert_eq!(printed["not_run"], json!([]));
    let run = ended.report().run("local");
    run.assert_sums();
    // No bound on the whole was looked at.
    assert_eq!(run["outcomes"], json!([]));
    assert_eq!(run.count("lost"), run.count("lost_no_path"));
}

#[test]
fn what_was_on_its_way_is_counted_and_said() {
    let fault = "[[fault]]\nat = \"500ms\"\nfor = \"30s\"\npause = \"broker\"\n";
    let bench = Bench::start(&endless(fault), &[]);
    bench.err_line("pause broker");
    std::thread::sleep(Duration::from_millis(300));
    let ended = stopped(bench);
    let run = ended.report().run("redis");
    run.assert_sums();
    assert_eq!(run["faults"][0]["what"], "pause broker");
    assert_eq!(run["faults"][0]["heal_begin_ms"], Value::Null);
    assert!(run.count("lost") > 0, "{:#}", run.brief());
    let why = run.why();
    let young = |why: &&str| why.contains("of the lost debts were younger than a second");
    assert!(why.iter().any(young), "{why:?}");
}

#[test]
fn before_its_load_a_run_has_no_figures() {
    let bench = Bench::start(&endless("").replace("redis", "local"), &["--warm-up", "1m"]);
    bench.err_line("  warm-up (1m)");
    let ended = stopped(bench);
    let run = ended.report().run("local");
    assert_eq!(run.why(), ["interrupted before its load began"]);
    assert_eq!([&run["partial"], &run["verdict"]], [&json!(true), &json!("inconclusive")]);
    assert_eq!([&run["messages"], &run["debts"], &run["latency_us"]], [&Value::Null; 3]);
    let out = ended.out().join("\n");
    assert!(out.contains("local: partial: interrupted before its load began, so that there are no"), "{out}");
}

#[test]
fn what_ended_before_is_whole_and_latest_leads_to_it() {
    let scenario = format!("patterns = [\"local\"]\n{}", short("").replace("\"3s\"", "\"1s\""));
    let place = crate::support::report::Place::new(&scenario);
    let mut bench = crate::support::process::Running::start(place.command(&["--runs", "2"]));
    bench.err_line("[2/2] local #2");
    bench.signal(Signal::SIGTERM);
    assert_eq!(bench.ended_within(PATIENCE).code(), Some(130), "{}", bench.everything());
    let report = crate::support::report::Report::read(&place.path().join("runs/latest/report.json"));
    let partial: Vec<_> = report.runs().iter().map(|run| run["partial"].clone()).collect();
    assert_eq!(partial, [json!(false), json!(true)]);
    report.runs()[0].assert_sums();
    place.assert_nothing_left(&[], OUTLIVES);
}

/// A scenario whose fault makes the file `broken`, and heals it with this command in a minute.
fn broken(heal: &str) -> String {
    let fault = format!("[[fault]]\nat = \"0s\"\nfor = \"59s\"\nrun = \"touch broken\"\nheal = \"{heal}\"\n");
    endless(&fault).replace("redis", "local")
}

fn is_broken(bench: &Bench) -> bool {
    bench.place().path().join("broken").exists()
}

#[test]
fn what_the_users_command_broke_is_healed() {
    let bench = Bench::start(&broken("rm broken"), &[]);
    bench.err_line("touch broken");
    assert_soon(PATIENCE, true, || is_broken(&bench));
    let ended = stopped(bench);
    assert!(!ended.place.path().join("broken").exists(), "{}", ended.everything());
    let said = "the run ended under a fault, and `rm broken` was run to heal it";
    // Not by its place: a load generator that was late says so as well.
    let run = ended.report().run("local");
    assert!(run.why().contains(&said), "{:?}", run.why());
    assert!(ended.err().contains(&format!("note: {said}")), "{}", ended.everything());
}

#[test]
fn a_second_interruption_says_what_is_not_healed() {
    let mut bench = Bench::start(&broken("touch begun; sleep 60; rm broken"), &[]);
    bench.err_line("touch broken");
    assert_soon(PATIENCE, true, || is_broken(&bench));
    bench.signal(Signal::SIGINT);
    let begun = bench.place().path().join("begun");
    assert_soon(PATIENCE, true, || begun.exists());
    bench.signal(Signal::SIGINT);
    assert_eq!(bench.running().ended_within(PATIENCE).code(), Some(130));
    let said = "note: `touch begun; sleep 60; rm broken` was not run to its end, and its fault is not healed";
    assert!(bench.err().contains(&said.to_owned()), "{}", bench.everything());
}

#[test]
fn a_closed_terminal_leaves_the_partial_report_too() {
    for signal in [Signal::SIGHUP, Signal::SIGTERM] {
        let bench = Bench::start(&endless("").replace("redis", "local"), &[]);
        bench.err_line("  load (");
        std::thread::sleep(Duration::from_millis(500));
        let report = stopped_by(bench, signal).report();
        assert_eq!(report.json()["interrupted"], true, "{signal}");
        assert_eq!(report.run("local")["partial"], true, "{signal}");
    }
}

#[test]
fn nohup_lets_the_bench_run_to_its_end() {
    let scenario = format!("patterns = [\"local\"]\n{}", short(""));
    let bench = Bench::start_with(&scenario, &[], |command| {
        let mut nohup = std::process::Command::new("nohup");
        nohup.arg(command.get_program()).args(command.get_args());
        nohup.current_dir(command.get_current_dir().unwrap());
        nohup.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        *command = nohup;
    });
    bench.err_line("  load (");
    bench.signal(Signal::SIGHUP);
    let ended = bench.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.everything());
    assert_eq!(ended.report().json()["interrupted"], false);
}
