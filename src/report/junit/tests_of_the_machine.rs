//! What stands in the file, as two readers of XML other than its writer see it.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::super::sample::{fault, not_applicable, report, run_with};
use super::*;
use ledger::{Outcome, Verdict};

/// A program that prints what it reads as JSON: the attributes, the text and the children of each element.
const READER: &str = "
import json, sys, xml.etree.ElementTree as tree
def told(e): return {'tag': e.tag, 'is': e.attrib, 'text': e.text or '', 'has': [told(c) for c in e]}
json.dump(told(tree.fromstring(sys.stdin.buffer.read())), sys.stdout)
";

/// The file of a report, read back by Python's reader, and its totals, which must agree with what is in it.
fn read(report: &Report) -> Value {
    let text = junit(report).unwrap();
    let mut python = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is there: run `make setup`");
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "Python refuses\n{text}");
    let suites: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(suites["tag"], "testsuites");
    assert_totals(&suites, all(&suites, "testsuite").flat_map(|suite| all(suite, "testcase")));
    for suite in all(&suites, "testsuite") {
        assert_totals(suite, all(suite, "testcase"));
    }
    assert_eq!(all(&suites, "testsuite").count(), report.runs.len());
    suites
}

fn all<'a>(element: &'a Value, tag: &'a str) -> impl Iterator<Item = &'a Value> {
    element["has"].as_array().unwrap().iter().filter(move |child| child["tag"] == tag)
}

fn assert_totals<'a>(element: &Value, cases: impl Iterator<Item = &'a Value>) {
    let cases: Vec<_> = cases.collect();
    let with = |tag| cases.iter().filter(|case| all(case, tag).next().is_some()).count().to_string();
    let is = &element["is"];
    assert_eq!(is["tests"], cases.len().to_string(), "{element:#}");
    assert_eq!(is["failures"], with("failure"), "{element:#}");
    assert_eq!(is["errors"], with("error"), "{element:#}");
    assert_eq!(is["skipped"], with("skipped"), "{element:#}");
}

/// The names of a suite's test cases, each with its kind if it is not passed.
fn fates(suite: &Value) -> Vec<(String, Vec<&str>)> {
    let fate = |case: &Value| -> Vec<&'static str> {
        ["failure", "error", "skipped", "system-out"]
            .into_iter()
            .filter(|tag| all(case, tag).next().is_some())
            .collect()
    };
    all(suite, "testcase").map(|case| (case["is"]["name"].as_str().unwrap().to_owned(), fate(case))).collect()
}

fn met(expectation: &str) -> Outcome {
    Outcome {
        expectation: expectation.into(),
        figure: expectation.split(' ').next().unwrap().into(),
        value: Some(0.0),
        met: true,
        why: None,
        from_ms: None,
        to_ms: None,
    }
}

fn late() -> Outcome {
    Outcome {
        value: Some(25.5),
        met: false,
        why: Some("p99 is 25.5 ms, expected less than 20 ms (from 5.1 s to 9.9 s)".into()),
        from_ms: Some(5_100),
        to_ms: Some(9_900),
        ..met("p99 < 20ms")
    }
}

/// A run with two expectations, one of them violated; a path that stopped; and a remark.
fn violated() -> RunReport {
    run_with(|run| {
        run.verdict = Verdict::Violated;
        run.outcomes = vec![met("lost = 0"), late()];
        run.why = vec![
            "a path stopped working at 7.0 s: publisher 0 to subscriber 3".into(),
            late().why.unwrap(),
            "a receipt came from another run".into(),
        ];
        run.faults =
            vec![fault("kill = 'broker'", 5_000, Some(10_000)), fault("pause = 'node 1'", 12_000, None)];
    })
}

#[test]
fn a_suite_a_run_and_a_test_case_an_expectation() {
    let suites = read(&report(vec![violated()]));
    let suite = all(&suites, "testsuite").next().unwrap();
    assert_eq!(suite["is"]["name"], "broker-down / redis");
    assert_eq!(
        fates(suite),
        [
            ("lost = 0".into(), vec![]),
            ("p99 < 20ms".into(), vec!["failure"]),
            ("paths and processes".into(), vec!["failure", "system-out"]),
        ]
    );
    let cases: Vec<_> = all(suite, "testcase").collect();
    assert!(cases.iter().all(|case| case["is"]["classname"] == "pubsub-lab.broker-down.redis"));
    let failure = all(cases[1], "failure").next().unwrap();
    assert_eq!(failure["is"]["message"], "p99 is 25.5 ms, expected less than 20 ms (from 5.1 s to 9.9 s)");
    assert_eq!(
        failure["text"],
        "p99 is 25.5 ms, expected less than 20 ms (from 5.1 s to 9.9 s)\np99: 25.5 ms\nexpected: p99 < 20ms\n\
         it went wrong from 5.1 s to 9.9 s\nfault: kill broker from 5.0 s to 10.0 s\n\
         fault: pause node 1 at 12.0 s for good"
    );
    let paths = all(cases[2], "failure").next().unwrap();
    assert_eq!(paths["is"]["message"], "a path stopped working at 7.0 s: publisher 0 to subscriber 3");
    assert_eq!(all(cases[2], "system-out").next().unwrap()["text"], "a receipt came from another run");
    let properties = all(suite, "properties").next().unwrap();
    let properties: Vec<_> = all(properties, "property").map(|it| it["is"].clone()).collect();
    assert!(properties.contains(&json!({"name": "seed", "value": "42"})), "{properties:?}");
}

#[test]
fn what_violates_fails_and_causes_and_notes_are_output() {
    let mut run = violated();
    let list = |clauses: &[&str]| -> Vec<String> { clauses.iter().map(|one| (*one).to_owned()).collect() };
    run.reasons = ledger::Reasons {
        violations: [list(&["node 0 died unasked: exit code 1"]), vec![late().why.unwrap()]].concat(),
        causes: list(&["a server closed a connection with 4001 (296 times)"]),
        notes: list(&["a receipt came from another run"]),
        ..ledger::Reasons::default()
    };
    let suites = read(&report(vec![run]));
    let suite = all(&suites, "testsuite").next().unwrap();
    let verdict = all(suite, "properties").next().and_then(|it| all(it, "property").last()).unwrap();
    assert_eq!(verdict["is"], json!({"name": "verdict", "value": "violated (1 of 2 not met)"}));
    let last = all(suite, "testcase").last().unwrap();
    assert_eq!(all(last, "failure").next().unwrap()["is"]["message"], "node 0 died unasked: exit code 1");
    assert_eq!(
        all(last, "system-out").next().unwrap()["text"],
        "likely cause: a server closed a connection with 4001 (296 times)\na receipt came from another run"
    );
}

#[test]
fn every_verdict_has_its_element() {
    let with = |verdict, why: &str| {
        run_with(|run| {
            run.verdict = verdict;
            run.why = (!why.is_empty()).then(|| why.to_owned()).into_iter().collect();
        })
    };
    let late = || with(Verdict::Inconclusive, "the load generator published late");
    let mut doubtful = late();
    doubtful.outcomes = vec![met("lost = 0")];
    let runs = vec![
        with(Verdict::Valid, ""),
        with(Verdict::Valid, "a receipt came from another run"),
        with(Verdict::Violated, "node 0 died unasked: exit code 1"),
        doubtful,
        not_applicable(),
        RunReport { sought: true, ..late() },
    ];
    let suites = read(&report(runs));
    let verdict = |fates: &[&'static str]| vec![("verdict".to_owned(), fates.to_vec())];
    let found: Vec<_> = all(&suites, "testsuite").map(fates).collect();
    assert_eq!(
        found,
        [
            verdict(&[]),
            verdict(&["system-out"]),
            vec![("paths and processes".to_owned(), vec!["failure"])],
            verdict(&["error"]),
            verdict(&["skipped"]),
            verdict(&["skipped"]),
        ]
    );
    let totals = ["tests", "failures", "errors", "skipped"].map(|name| suites["is"][name].as_str().unwrap());
    assert_eq!(totals, ["6", "1", "1", "2"]);
    let suites: Vec<_> = all(&suites, "testsuite").collect();
    let message = |suite: &Value, tag| {
        all(all(suite, "testcase").next().unwrap(), tag).next().unwrap()["is"]["message"].clone()
    };
    assert_eq!(message(suites[3], "error"), "the load generator published late");
    assert_eq!(message(suites[4], "skipped"), "zeromq has no broker");
}

#[test]
fn what_a_search_looked_for_has_passed_and_says_so() {
    let run = |rate: u64, run: RunReport| RunReport { params: [("rate".into(), rate.into())].into(), ..run };
    let report = report(vec![
        run(500, run_with(|run| run.outcomes = vec![met("p99 < 20ms")])),
        run(1_000, RunReport { sought: true, ..violated() }),
    ]);
    assert_eq!(report.exit_code(), 0);
    let suites = read(&report);
    assert_eq!(suites["is"]["failures"], "0");
    let suites: Vec<_> = all(&suites, "testsuite").collect();
    assert_eq!(suites[1]["is"]["name"], "broker-down / redis rate=1000");
    let cases: Vec<_> = suites.iter().flat_map(|suite| all(suite, "testcase")).collect();
    let note = all(cases[2], "system-out").next().unwrap()["text"].as_str().unwrap();
    assert!(note.starts_with("the search ended here:\np99 is 25.5 ms, expected"), "{note}");
    let mut classes: Vec<_> = cases.iter().map(|case| case["is"]["classname"].as_str().unwrap()).collect();
    classes.dedup();
    assert_eq!(classes, ["pubsub-lab.broker-down.redis rate=500", "pubsub-lab.broker-down.redis rate=1000"]);
}

#[test]
fn the_failures_agree_with_the_exit_code() {
    let verdicts = [Verdict::Valid, Verdict::Violated, Verdict::Inconclusive, Verdict::NotApplicable];
    for (verdict, sought) in verdicts.into_iter().flat_map(|verdict| [(verdict, false), (verdict, true)]) {
        let run = run_with(|run| {
            (run.verdict, run.sought) = (verdict, sought);
            run.why = vec!["a reason".into()];
        });
        let report = report(vec![run]);
        let suites = read(&report);
        let count = |name: &str| suites["is"][name] != "0";
        let code = match (count("failures"), count("errors"), report.runs[0].was_made()) {
            (true, ..) => 1,
            (_, true, _) => 3,
            // A run that was not made is skipped, and a bench without any run is no success.
            (.., made) => {
                if made {
                    0
                } else {
                    2
                }
            }
        };
        assert_eq!(code, report.exit_code(), "{verdict:?} {sought}");
    }
}

#[test]
fn hostile_text_stays_text() {
    let hostile = "<&\"'>]]>\u{0}\u{1b}[31m</testsuite>\u{ffff}";
    let seen = "<&\"'>]]>\u{fffd}\u{fffd}[31m</testsuite>\u{fffd}";
    let mut run = violated();
    run.label = hostile.into();
    run.params = [(hostile.to_owned(), json!(hostile))].into();
    run.why = vec![hostile.into()];
    run.outcomes[1].expectation = hostile.into();
    run.outcomes[1].why = Some(format!("{hostile}\r\nsecond"));
    run.faults[0].what = hostile.into();
    let mut report = report(vec![run]);
    report.scenario["name"] = hostile.into();
    let suites = read(&report);
    assert_eq!(suites["is"]["name"], seen);
    let suite = all(&suites, "testsuite").next().unwrap();
    // In JSON the parameter's own control characters are escaped already.
    assert!(suite["is"]["name"].as_str().unwrap().starts_with(&format!("{seen} / {seen} {seen}=")));
    let case = all(suite, "testcase").nth(1).unwrap();
    assert_eq!(case["is"]["name"], seen);
    let failure = all(case, "failure").next().unwrap();
    assert_eq!(failure["is"]["message"], format!("{seen} second"));
    let text = failure["text"].as_str().unwrap();
    assert!(text.starts_with(&format!("{seen}\nsecond\n")) && text.contains(&format!("fault: {seen} from")));
}

#[test]
fn control_the_reader_refuses_what_is_no_xml() {
    let refused = |text: &str| {
        let mut python = Command::new("python3")
            .args(["-c", READER])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        !python.wait().unwrap().success()
    };
    assert!(!refused("<a b=\"c\"/>"));
    assert!(refused("<a b=\"\u{1b}\"/>") && refused("<a>&#27;</a>") && refused("<a b=\"<\"/>"));
}
