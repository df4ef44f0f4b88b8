//! A scenario over several values, a search, and what a CI server is told.

use crate::support::report::{conclusive, short};

/// A scenario of the pattern local that takes a second.
fn quick(more: &str) -> String {
    let quick = short(more).replace("duration = \"3s\"", "duration = \"1s\"");
    format!("patterns = [\"local\"]\n{}", quick.replace("drain = \"2s\"", "drain = \"1s\""))
}

#[test]
fn a_matrix_is_a_run_a_value_and_prints_the_curve() {
    let ended = conclusive(&quick("[matrix]\nrate = [50, 100]\nnodes = [1, 2]\n"), &[]);
    assert_eq!(ended.code, Some(0), "{}", ended.everything());
    let report = ended.report();
    let runs = report.runs();
    let params: Vec<_> =
        runs.iter().map(|run| (run["params"]["rate"].clone(), run["params"]["nodes"].clone())).collect();
    let expected = [(50, 1), (50, 2), (100, 1), (100, 2)].map(|(rate, nodes)| (rate.into(), nodes.into()));
    assert_eq!(params, expected);
    for run in &runs {
        run.assert_sums();
        assert_eq!(run.count("due"), run["params"]["rate"].as_u64().unwrap());
    }
    let ids: Vec<_> = runs.iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, ["local-1", "local-2", "local-3", "local-4"]);
    assert_eq!(report.json()["scenario"]["matrix"], serde_json::json!({"rate": [50, 100], "nodes": [1, 2]}));
    let rows = ended.out().iter().filter(|line| line.ends_with("no expectations")).count();
    assert_eq!(rows, 4, "{}", ended.everything());
    // A flag takes the place of the field's values.
    let ended = conclusive(&quick("[matrix]\nrate = [50, 100]\n"), &["--rate", "70"]);
    assert_eq!(ended.run("local", 0).count("due"), 70);
}

#[test]
fn a_search_ends_with_the_first_value_that_fails_and_that_is_no_failure() {
    let search = "[matrix]\nrate = [50, 100, 200, 400]\nuntil = \"violated\"\n[expect]\ndue = \"<= 100\"\n";
    let ended = conclusive(&quick(search), &[]);
    assert_eq!(ended.code, Some(0), "{}", ended.everything());
    let runs = ended.report().runs();
    let verdicts: Vec<_> = runs.iter().map(|run| (run["verdict"].clone(), run["sought"].clone())).collect();
    let [valid, violated] = ["valid", "violated"].map(serde_json::Value::from);
    assert_eq!(verdicts, [(valid.clone(), false.into()), (valid, false.into()), (violated, true.into())]);
    let out = ended.out().join("\n");
    assert!(out.contains("local: sustained 100 messages/s; at 200"), "{out}");
    // Without a value that it sustains there is only the failure.
    let ended = conclusive(&quick(&search.replace("50, 100, ", "")), &[]);
    assert_eq!(ended.code, Some(1), "{}", ended.everything());
    assert_eq!(ended.report().runs().len(), 1);
}

#[test]
fn what_is_violated_says_figure_bound_and_time_and_a_ci_server_reads_it() {
    let fault = "[[fault]]\nat = \"300ms\"\nfor = \"300ms\"\nleave = \"50%\"\n";
    let scenario =
        quick(&format!("{fault}[expect]\nlost_offline = 0\nduplicates = 0\np99 = [\"> 0s\", \"< 10s\"]\n"));
    let ended = conclusive(&scenario, &["--format", "junit"]);
    let run = ended.run("local", 1);
    let outcomes = run["outcomes"].as_array().unwrap();
    let met: Vec<_> = outcomes.iter().map(|outcome| outcome["met"].as_bool().unwrap()).collect();
    assert_eq!(met, [false, true, true, true], "{outcomes:#?}");
    let [from, to] = ["from_ms", "to_ms"].map(|key| outcomes[0][key].as_u64().unwrap());
    assert!((250..=700).contains(&from) && (from..=900).contains(&to), "{outcomes:#?}");
    let why = outcomes[0]["why"].as_str().unwrap();
    assert!(why.starts_with("lost_offline is ") && why.contains(", expected 0 (from 0."), "{why}");
    assert_eq!(run.why()[0], why);
    let out = ended.out().join("\n");
    assert!(out.starts_with("<?xml") && out.contains("<testsuites"), "{out}");
    assert!(out.contains("tests=\"4\"") && out.contains("failures=\"1\""), "{out}");
    assert!(out.contains("lost_offline = 0") && out.contains("expected 0 (from 0."), "{out}");
}
