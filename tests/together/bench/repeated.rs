//! Each run several times.

use crate::support::process::{PATIENCE, Running};
use crate::support::report::{Bench, conclusive, short};

/// A scenario of the pattern local that takes no second.
fn quick(more: &str) -> String {
    let quick = short(more).replace("duration = \"3s\"", "duration = \"300ms\"");
    format!("patterns = [\"local\"]\n{}", quick.replace("drain = \"2s\"", "drain = \"1s\""))
}

#[test]
fn each_run_is_made_so_many_times_and_numbered() {
    let ended = conclusive(&quick(""), &["--runs", "3"]);
    assert_eq!(ended.code, Some(0), "{}", ended.everything());
    let report = ended.report();
    let runs = report.runs();
    let repeats: Vec<_> = runs.iter().map(|run| run.count("repeat")).collect();
    assert_eq!(repeats, [1, 2, 3]);
    let ids: Vec<_> = runs.iter().map(|run| run["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["local-1", "local-2", "local-3"]);
    for run in &runs {
        run.assert_sums();
        assert_eq!(run["label"], "local");
    }
    let out = ended.out();
    for name in ["local #1", "local #2", "local #3"] {
        assert!(out[0].contains(name), "{out:#?}");
        assert!(out.iter().any(|line| line.starts_with(&format!("{name}: all 30 messages"))), "{out:#?}");
    }
    ended.err_line("[3/3] local #3");
    for number in 1..=3 {
        assert!(ended.place.path().join(format!("out/logs/local-run-{number}/node-0.log")).exists());
    }
    // Once more: as often.
    let mut again = ended.place.command(&[]);
    again = {
        let mut command =
            crate::support::process::pubsub_lab(&["bench", "--repeat", "out", "--out", "again"]);
        command.current_dir(again.get_current_dir().unwrap());
        command
    };
    let mut again = Running::start(again);
    again.ended_within(PATIENCE);
    again.err_line("[3/3] local #3");
}

#[test]
fn a_matrix_has_all_repetitions_of_a_value_together() {
    let ended = conclusive(&quick("[matrix]\nrate = [50, 100]\n"), &["--runs", "2"]);
    assert_eq!(ended.code, Some(0), "{}", ended.everything());
    let runs = ended.report().runs();
    let of =
        |run: &crate::support::report::Run| (run["params"]["rate"].as_u64().unwrap(), run.count("repeat"));
    assert_eq!(runs.iter().map(of).collect::<Vec<_>>(), [(50, 1), (50, 2), (100, 1), (100, 2)]);
    let ids: Vec<_> = runs.iter().map(|run| run["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["local-1", "local-2", "local-3", "local-4"]);
    ended.err_line("[2/4] local rate=50 #2");
    let out = ended.out();
    assert!(out[0].split_whitespace().take(2).eq(["rate", "run"]), "{out:#?}");
    assert!(out.iter().any(|line| line.starts_with("local #2: from 50 to 100 messages/s, ")), "{out:#?}");
}

#[test]
fn a_search_is_made_once() {
    let search = quick("[matrix]\nrate = [50, 100]\nuntil = \"violated\"\n");
    let ended = Bench::start(&search, &["--runs", "2"]).ended();
    assert_eq!(ended.code, Some(2), "{}", ended.everything());
    ended.err_line("error: --runs 2: the scenario scenario is a search, and that is made once");
    ended.err_line("hint: leave out `--runs`");
    let ended = Bench::start(&quick(""), &["--runs", "0"]).ended();
    assert_eq!(ended.code, Some(2), "{}", ended.everything());
}
