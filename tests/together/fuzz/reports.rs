//! `report.json` of a real run, changed, and everything that is made of it.

use std::path::Path;

use pubsub_lab::report::{
    Report, Side, compare, hlog, junit, markdown, merge, page, repeat_command, sentences, table, timeline_csv,
};
use serde_json::Value;

use super::hunt::hunt;
use super::mutate;
use crate::support::report::{conclusive, short};

/// A run in which a node is killed and a link is slow, so that the report has faults, links and losses.
fn report() -> String {
    let faults = "[[fault]]\nat = \"600ms\"\nfor = \"400ms\"\nkill = \"node 1\"\n\
                  [[fault]]\nat = \"500ms\"\nfor = \"300ms\"\ndelay = \"node 2 <-> client *\"\nby = \"20ms\"\n";
    let scenario = short("[expect]\nlost = 0\np99 = \"< 20ms\"\n") + faults;
    let scenario =
        format!("patterns = [\"local\"]\n{}", scenario.replace("duration = \"3s\"", "duration = \"1500ms\""));
    let ended = conclusive(&scenario, &[]);
    std::fs::read_to_string(ended.place.path().join("out/report.json")).unwrap()
}

#[test]
fn a_changed_report_is_refused_or_shown_in_every_way() {
    let text = report();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert!(show_all(&text), "the report itself");
    let valid =
        hunt(move |rng| mutate::json(&document, rng).to_string(), String::clone, |text| show_all(&text));
    assert!(
        valid > 0,
        "no changed report is one: the changes are too wild to reach what comes after reading"
    );
}

/// Reads a report as `pubsub-lab report` does and makes everything of it.
fn show_all(text: &str) -> bool {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("report.json"), text).unwrap();
    let report = match Report::read(dir.path()) {
        Ok(report) => report,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.hint().is_empty());
            return false;
        }
    };
    for width in [0, 80, 400] {
        assert!(!table(&report, width).is_empty());
    }
    let _ = (sentences(&report), markdown(&report), junit(&report), report.to_json(), report.exit_code());
    let _ = (timeline_csv(&report), hlog(&report), repeat_command(&report, Path::new("runs/x")));
    assert!(page(&report, dir.path()).contains("<html"));
    let _ = report.write_derived(dir.path());
    let side = |name: &str| Side { name: name.into(), reports: vec![report.clone()] };
    let comparison = compare(&[side("a"), side("b")]);
    let _ = (comparison.to_text(), comparison.to_markdown(), comparison.to_json());
    if let Ok(merged) = merge(&[report.clone(), report]) {
        let _ = (merged.sentences(), merged.to_json());
    }
    true
}
