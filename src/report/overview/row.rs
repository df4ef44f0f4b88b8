//! The rows of the grid: one for each scenario or, where a scenario is made in several ways, for each of them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::OverviewSource;
use super::cell::{Cell, sought};
use super::condition::condition;
use crate::label::{bare, column};
use crate::{Report, RunReport};

/// What became of one scenario over every subject.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Row {
    /// The name of the scenario, and what was varied, where something was: `fan-out subscribers=200`.
    pub name: String,
    /// The scenario's title.
    pub title: String,
    /// What the scenario says one should watch for.
    pub watch: Option<String>,
    /// What happens in it, as the first half of a sentence: `a broker may die`; `null` where nothing breaks, and where
    /// too much does for a clause.
    pub condition: Option<String>,
    /// The cells that there are, in the order of the columns. A subject over which the scenario was not run has none.
    pub cells: Vec<Cell>,
}

impl Row {
    /// The cell of a column.
    pub fn cell(&self, subject: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.subject == subject)
    }
}

/// The runs that make a row, before they are counted.
struct Group<'a> {
    name: String,
    /// What the row is of, without what tells nothing about the load or the faults.
    scenario: Value,
    report: &'a Report,
    runs: Vec<(&'a RunReport, Option<&'a str>)>,
    found: Vec<(String, String)>,
}

/// The columns and the rows of the grid.
pub(super) fn rows(sources: &[OverviewSource]) -> (Vec<String>, Vec<Row>) {
    let mut groups: Vec<Group> = Vec::new();
    let mut subjects: Vec<String> = Vec::new();
    for OverviewSource { report, page } in sources {
        let found = sought(report);
        let scenario = comparable(&report.scenario);
        for run in &report.runs {
            let name = row_name(report, run, !found.is_empty());
            let column = column(run);
            if !subjects.contains(&column) {
                subjects.push(column);
            }
            let same = |group: &&mut Group| group.name == name && group.scenario == scenario;
            let entry = (run, page.as_deref());
            match groups.iter_mut().find(same) {
                Some(group) => {
                    group.runs.push(entry);
                    let new = found.iter().filter(|one| !group.found.contains(one));
                    let new: Vec<_> = new.cloned().collect();
                    group.found.extend(new);
                }
                None => {
                    let scenario = scenario.clone();
                    groups.push(Group { name, scenario, report, runs: vec![entry], found: found.clone() });
                }
            }
        }
    }
    subjects.sort_by_key(|subject| place(subject));
    let mut names: Vec<String> = Vec::new();
    let rows = groups.iter().map(|group| {
        names.push(group.name.clone());
        let times = names.iter().filter(|name| **name == group.name).count();
        row(group, times, &subjects)
    });
    (subjects.clone(), rows.collect())
}

/// Our patterns stand in their own order, and somebody's servers after them.
fn place(subject: &str) -> usize {
    scenario::Pattern::ALL.iter().position(|pattern| pattern.name() == subject).unwrap_or(usize::MAX)
}

fn row(group: &Group, times: usize, subjects: &[String]) -> Row {
    let cells = subjects.iter().filter_map(|subject| {
        let own: Vec<_> = group.runs.iter().filter(|(run, _)| column(run) == *subject).collect();
        let runs: Vec<_> = own.iter().map(|(run, _)| *run).collect();
        let mut cell = Cell::of(subject, &runs, own.first().and_then(|(_, page)| *page))?;
        let found: Vec<_> =
            group.found.iter().filter(|(name, _)| name == subject).map(|(_, found)| found.clone()).collect();
        cell.sought = (!found.is_empty()).then(|| found.join("; "));
        Some(cell)
    });
    let word = |key: &str| group.report.scenario[key].as_str().map(str::to_owned);
    // The same name with another load is another thing, and must not pass for a repetition.
    let number = if times > 1 { format!(" ({times})") } else { String::new() };
    Row {
        name: format!("{}{number}", group.name),
        title: word("title").unwrap_or_else(|| group.name.clone()),
        watch: word("watch"),
        condition: condition(&group.runs.iter().map(|(run, _)| *run).collect::<Vec<_>>()),
        cells: cells.collect(),
    }
}

/// The name of a run's row. All runs of a search share one.
fn row_name(report: &Report, run: &RunReport, searched: bool) -> String {
    let mut name = report.scenario["name"].as_str().unwrap_or("scenario").to_owned();
    let several = report.scenario["load"]["transport"].as_array().is_some_and(|all| all.len() > 1);
    if let Some(transport) = run.transport.as_ref().filter(|_| several) {
        name += &format!(" {transport}");
    }
    if !searched {
        for (key, value) in &run.params {
            name += &format!(" {key}={}", bare(value));
        }
    }
    name
}

/// What of a scenario decides whether two runs are of the same thing.
fn comparable(scenario: &Value) -> Value {
    let mut kept = scenario.clone();
    if let Some(map) = kept.as_object_mut() {
        for key in ["title", "watch", "patterns", "expect"] {
            map.remove(key);
        }
    }
    kept
}
