//! `report.md`: the report as one pastes it into a pull request.

use std::fmt::Write as _;

use super::super::cells::cells;
use super::super::command::{command_alone, scenario_file, template_file};
use super::super::curve::Curves;
use super::super::interrupted;
use super::super::label::Names;
use super::super::run_words::sentence;
use super::super::sentences::sentences;
use super::super::verdict_words::phrase;
use super::super::{Report, RunReport};
use super::escape::{fenced, row, text};

/// The file's name in the directory of a run.
pub const MARKDOWN_FILE: &str = "report.md";

/// The text of the file.
pub fn markdown(report: &Report) -> String {
    let scenario = |key: &str| report.scenario.get(key).and_then(|value| value.as_str());
    let name = scenario("name").unwrap_or("scenario");
    let title = scenario("title").unwrap_or(name);
    let mut page = format!("## pubsub-lab: {}\n\n", text(title));
    for line in said(report) {
        let _ = writeln!(page, "- {line}");
    }
    page.push('\n');
    page += &table(report);
    page += &faults(report);
    page += &failed(report);
    page += &circumstances(report);
    page += "\n<details>\n<summary>Run it again</summary>\n\n";
    let template = template_file(report);
    page += match template {
        None => "With the scenario below as `scenario.toml`:\n\n",
        Some(_) => {
            "With the scenario below as `scenario.toml` and the template below it as `dialect.toml`:\n\n"
        }
    };
    page += &fenced("sh", &command_alone(report));
    for file in [Some(scenario_file(report).as_str()), template].into_iter().flatten() {
        page.push('\n');
        page += &fenced("toml", file);
    }
    page += "\n</details>\n";
    page
}

/// A verdict and a sentence for each run; for a matrix, a sentence for each curve.
fn said(report: &Report) -> Vec<String> {
    if Curves::of(report).is_some() {
        return sentences(report).iter().map(|sentence| text(sentence)).collect();
    }
    let names = Names::of_all(report);
    let line = |run: &RunReport| format!("**{}** {}", phrase(run), text(&sentence(run, names)));
    let whole = interrupted::of_report(report).map(|sentence| format!("**{}**", text(&sentence)));
    whole.into_iter().chain(report.runs.iter().map(line)).collect()
}

/// The table that a terminal shows.
fn table(report: &Report) -> String {
    let (header, rows) = cells(report);
    let mut table = row(&header);
    let rule = (0..header.len()).map(|i| if i == 0 { ":---" } else { "---:" });
    let _ = writeln!(table, "| {} |", rule.collect::<Vec<_>>().join(" | "));
    rows.iter().for_each(|cells| table += &row(cells));
    table
}

fn faults(report: &Report) -> String {
    let names = Names::of_all(report);
    let mut lines = String::new();
    for run in &report.runs {
        for fault in &run.faults {
            let at = |ms: u64| format!("{:.1} s", ms as f64 / 1_000.0);
            let not = if run.was_interrupted_before_healing(fault) { "not yet" } else { "never" };
            let or = |ms: Option<u64>| ms.map_or(not.into(), at);
            let cells = [
                names.whole(run),
                fault.what.clone(),
                at(fault.begin_ms),
                or(fault.heal_begin_ms),
                or(fault.healed_ms),
            ];
            lines += &row(&cells);
        }
    }
    if lines.is_empty() {
        return lines;
    }
    format!(
        "\n### Faults\n\n| run | fault | struck | healing began | ready |\n| :--- | :--- | ---: | ---: | ---: |\n{lines}"
    )
}

fn failed(report: &Report) -> String {
    let names = Names::of_all(report);
    let mut lines = String::new();
    for run in &report.runs {
        for outcome in run.outcomes.iter().filter(|outcome| !outcome.met) {
            let why = outcome.why.as_deref().unwrap_or("the bound does not hold");
            let _ = writeln!(
                lines,
                "- {}: `{}`: {}",
                text(&names.whole(run)),
                outcome.expectation.replace('`', "'"),
                text(why)
            );
        }
    }
    if lines.is_empty() { lines } else { format!("\n### Expectations that failed\n\n{lines}") }
}

/// The section on the machine, the versions and the seed.
fn circumstances(report: &Report) -> String {
    let host = &report.host;
    let mut machine = vec![format!("{} cores", host.cores)];
    machine.extend(host.cpu.clone());
    machine.extend(host.memory_mib.map(|mib| format!("{mib} MiB")));
    machine.push(format!("{} {}", host.os, host.arch));
    let versions: Vec<_> =
        report.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    format!("\n{}. {}. Seed {}.\n", text(&machine.join(", ")), text(&versions.join(", ")), report.seed)
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
