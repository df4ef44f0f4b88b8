//! The grid of literal reports.

use super::row::Row;
use super::*;
use crate::RunReport;
use crate::sample::{amqp, local, not_applicable, redis, report, run_with};

/// The cell of one run.
pub(super) fn cell_of(run: &RunReport) -> Cell {
    Cell::of(&run.label, &[run], None).unwrap()
}

/// A row with a cell for each run.
pub(super) fn row_of(name: &str, runs: &[RunReport]) -> Row {
    let cells = runs.iter().map(cell_of).collect();
    Row { name: name.into(), title: String::new(), watch: None, condition: None, cells }
}

fn source(name: &str, runs: Vec<RunReport>) -> OverviewSource {
    let scenario =
        serde_json::json!({"name": name, "title": format!("The title of {name}"), "watch": "Watch for it."});
    OverviewSource { report: Report { scenario, ..report(runs) }, page: Some(format!("{name}/report.html")) }
}

fn grid() -> Overview {
    let calm = vec![local(), run_with(|_| {}), amqp()];
    overview(&[source("steady", calm), source("broker-down", vec![amqp(), redis(), not_applicable()])])
}

#[test]
fn scenarios_are_rows_and_subjects_are_columns_in_the_order_of_the_patterns() {
    let grid = grid();
    assert_eq!(grid.subjects, ["local", "redis", "zeromq", "amqp"]);
    let names: Vec<_> = grid.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["steady", "broker-down"]);
    let harms: Vec<_> =
        grid.subjects.iter().map(|subject| grid.rows[1].cell(subject).map(|cell| cell.harm)).collect();
    assert_eq!(harms, [None, Some(Harm::LostSilent), Some(Harm::NotRun), Some(Harm::Twice)]);
    assert_eq!(grid.rows[1].condition.as_deref(), Some("the broker may die"));
    assert_eq!(grid.rows[1].cell("redis").unwrap().page.as_deref(), Some("broker-down/report.html"));
}

#[test]
fn repetitions_show_the_worst_and_another_load_is_another_row() {
    let twice = overview(&[source("steady", vec![run_with(|_| {})]), source("steady", vec![redis()])]);
    let [row] = &twice.rows[..] else { panic!("{:?}", twice.rows) };
    assert_eq!((row.cells[0].runs, row.cells[0].harm), (2, Harm::LostSilent));
    assert!(row.cells[0].details().contains("the worst of 2 runs"), "{}", row.cells[0].details());
    let mut other = source("steady", vec![redis()]);
    other.report.scenario["load"] = serde_json::json!({"rate": 7});
    let names: Vec<_> =
        overview(&[source("steady", vec![redis()]), other]).rows.into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["steady", "steady (2)"]);
}

#[test]
fn runs_over_several_transports_are_rows_of_one_subject() {
    let heard = |transport: &str| {
        run_with(|run| {
            run.label = format!("redis, {transport}");
            run.transport = Some(transport.into());
        })
    };
    let mut one = source("transports", vec![heard("ws"), heard("sse")]);
    one.report.scenario["load"] = serde_json::json!({"transport": ["ws", "sse"]});
    let grid = overview(&[one]);
    assert_eq!(grid.subjects, ["redis"]);
    let names: Vec<_> = grid.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["transports ws", "transports sse"]);
}

#[test]
fn a_search_is_one_row_that_says_what_was_sustained() {
    let at = |rate: u64, verdict| {
        run_with(|run| {
            run.params = [("rate".into(), rate.into())].into();
            run.verdict = verdict;
            run.sought = verdict != ledger::Verdict::Valid;
        })
    };
    let runs = vec![at(1_000, ledger::Verdict::Valid), at(2_000, ledger::Verdict::Violated)];
    let mut one = source("saturation", runs);
    one.report.scenario["matrix"] = serde_json::json!({"rate": [1_000, 2_000], "until": "violated"});
    let grid = overview(&[one]);
    let [row] = &grid.rows[..] else { panic!("{:?}", grid.rows) };
    assert_eq!(row.cells[0].lines(), ["sustained 1,000 messages/s"]);
    assert_eq!(grid.pictures.iter().map(|picture| picture.id.as_str()).collect::<Vec<_>>(), ["saturation"]);
}

#[test]
fn every_form_says_the_same_of_each_cell() {
    let grid = grid();
    let (text, markdown) = (grid.to_text(200), grid.to_markdown());
    let (page, csv, svg) = (grid.to_page(), grid.to_csv().unwrap(), svg::svg(&grid));
    let shown = "lost 15,090 (25.2%)";
    for form in [&text, &markdown, &page, &svg] {
        assert!(form.contains(shown), "{form}");
        assert!(form.contains("12 came twice") && form.contains("not run"), "{form}");
    }
    assert!(csv.starts_with("scenario,subject,harm,") || csv.starts_with("scenario,corrupted,"), "{csv}");
    assert_eq!(csv.lines().count(), 1 + grid.rows.iter().map(|row| row.cells.len()).sum::<usize>());
    assert!(page.contains("href=\"broker-down/report.html\"") && page.contains("Watch for it."));
    assert!(markdown.contains("- If the broker may die and nothing may be lost: amqp kept everything"));
    let json: serde_json::Value = serde_json::from_str(&grid.to_json().unwrap()).unwrap();
    assert_eq!(json["rows"][1]["cells"][0]["lost"], 15_090);
    assert_eq!(json["rows"][1]["cells"][0]["harm"], "lost-silent");
}

#[test]
fn what_users_write_is_no_markup() {
    let evil = "<b>|`\"&";
    let run = run_with(|run| run.label = evil.into());
    let grid = overview(&[source(evil, vec![run])]);
    for form in [grid.to_page(), svg::svg(&grid)] {
        assert!(!form.contains("<b>|"), "{form}");
    }
    assert!(grid.to_markdown().contains("&lt;b&gt;\\|"), "{}", grid.to_markdown());
}

#[test]
fn files_of_another_are_not_replaced_unasked() {
    let dir = tempfile::tempdir().unwrap();
    grid().write(dir.path(), false).unwrap();
    let error = grid().write(dir.path(), false).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    grid().write(dir.path(), true).unwrap();
    let mut names: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), OVERVIEW_FILES.len(), "{names:?}");
}
