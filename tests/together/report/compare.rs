//! `report A B`: what changed, and what of it is more than noise.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::literal::{five, histogram, report, run, write};
use super::once::{dir, printed, report_in};

const QUIET: [u64; 5] = [1_200, 1_250, 1_230, 1_210, 1_260];
const DOUBLED: [u64; 5] = [2_400, 2_500, 2_460, 2_420, 2_520];

/// A place with these reports.
fn place(reports: &[(&str, Value)]) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    reports.iter().for_each(|(name, report)| write(place.path(), name, report));
    place
}

fn json(place: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&printed(place, &[args, &["--format", "json"]].concat())).unwrap()
}

/// The figures that are marked on the last side, with their direction.
fn marked(comparison: &Value) -> Vec<(String, String)> {
    let groups = comparison["groups"].as_array().unwrap();
    let figures = groups.iter().flat_map(|group| group["figures"].as_array().unwrap());
    let marked = figures.filter_map(|figure| {
        let side = figure["sides"].as_array().unwrap().last().unwrap();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        (side["beyond_noise"] == true).then(|| (word(&figure["figure"]), word(&side["direction"])))
    });
    marked.collect()
}

#[test]
fn identical_reports_differ_in_nothing() {
    let place = place(&[("a", five(QUIET)), ("b", five(QUIET))]);
    let comparison = json(place.path(), &["a", "b"]);
    assert_eq!(marked(&comparison), []);
    let text = printed(place.path(), &["a", "b"]);
    assert!(
        !["better", "worse", "differs"].iter().any(|word| text.lines().any(|line| line.ends_with(word))),
        "{text}"
    );
    let real = dir().display().to_string();
    assert_eq!(marked(&json(place.path(), &[&real, &real])), []);
}

#[test]
fn a_p99_that_doubled_in_five_of_five_is_worse_and_an_overlap_is_nothing() {
    let mut overlapping = DOUBLED;
    overlapping[3] = 1_220;
    let place = place(&[("a", five(QUIET)), ("b", five(DOUBLED)), ("c", five(overlapping))]);
    let at = place.path();
    let worse =
        [("p99", "worse"), ("p999", "worse"), ("max", "worse")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(marked(&json(at, &["a", "b"])), worse);
    assert!(marked(&json(at, &["b", "a"])).contains(&("p99".into(), "better".into())));
    assert_eq!(marked(&json(at, &["a", "c"])), []);
    let text = printed(at, &["a", "b"]);
    let line = text.lines().find(|line| line.starts_with("p99 (ms)")).unwrap();
    assert!(line.contains("2.00x") && line.ends_with("worse *"), "{text}");
    assert!(text.contains("redis rate=100") && text.contains("* more than noise"), "{text}");
    let page = printed(at, &["a", "b", "--format", "md"]);
    assert!(page.contains("| redis rate=100 | a (5 runs) | b (5 runs) | difference | ratio |  |"), "{page}");
    // Three sides: each against the first.
    assert_eq!(printed(at, &["a", "b", "c"]).matches("difference").count(), 2);
}

#[test]
fn one_run_a_side_has_no_noise_and_its_difference_is_shown_all_the_same() {
    let latency = histogram(100..400);
    let mut lossy = run(1, &latency);
    lossy["debts"]["lost"] = json!(500);
    lossy["debts"]["lost_handed"] = json!(500);
    let place = place(&[("a", report(&[run(1, &latency)])), ("b", report(&[lossy]))]);
    let text = printed(place.path(), &["a", "b"]);
    assert!(text.contains("one run a side: no noise known; repeat with --runs 5"), "{text}");
    let line = text.lines().find(|line| line.starts_with("lost ")).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words, ["lost", "0", "500", "+500", "-", "differs"]);
    assert!(!text.contains('*'), "{text}");
}

#[test]
fn reports_of_one_side_are_given_in_one_word() {
    let one = |p99: u64| report(&[run(1, &histogram((0..97).map(|i| 300 + i).chain([p99; 3])))]);
    let names = |side: &str| (0..5).map(|i| format!("{side}{i}")).collect::<Vec<_>>();
    let mut reports = Vec::new();
    for (i, (quiet, doubled)) in QUIET.into_iter().zip(DOUBLED).enumerate() {
        reports.push((format!("a{i}"), one(quiet)));
        reports.push((format!("b{i}"), one(doubled)));
    }
    let named: Vec<_> = reports.iter().map(|(name, report)| (name.as_str(), report.clone())).collect();
    let place = place(&named);
    let sides = [names("a").join(","), names("b").join(",")];
    let comparison = json(place.path(), &[&sides[0], &sides[1]]);
    assert_eq!(comparison["groups"][0]["runs"], json!([5, 5]));
    assert!(marked(&comparison).contains(&("p99".into(), "worse".into())), "{comparison:#}");
}

#[test]
fn unlike_scenarios_are_named_and_so_is_what_only_one_has() {
    let mut other = five(QUIET);
    other["scenario"]["load"]["rate"] = json!(500);
    other["runs"][0]["label"] = json!("mine");
    let place = place(&[("a", five(QUIET)), ("b", other)]);
    let text = printed(place.path(), &["a", "b"]);
    assert!(text.contains("warning: the scenarios differ in b: load.rate (100, 500)"), "{text}");
    assert!(text.contains("warning: mine rate=100: there is no such run in a"), "{text}");
    assert!(text.contains("too few runs (5 and 4)") || text.contains("a (5 runs)"), "{text}");
    let output = report_in(place.path(), &["a", "b", "--format", "junit"]);
    assert_eq!(output.status.code(), Some(2));
}
