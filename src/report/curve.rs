//! The runs of a matrix: one block for each pattern, and the curve of its figures over what was varied.

use std::collections::BTreeMap;

use serde_json::Value;

use super::column::Column;
use super::grid::{empty, finish};
use super::label::{Names, bare, subject};
use super::latency::steady;
use super::numbers::percent;
use super::phrases::reasons;
use super::run_words::sentence;
use super::{Report, RunReport};
use ledger::{Verdict, grouped};
use scenario::{Count, Figure, Quantile};

/// Whether a column stands beside the parameters in the table.
fn is_shown(column: &Column) -> bool {
    match column {
        Column::Figure(Figure::Count(count), _) => matches!(count, Count::Lost | Count::Duplicates),
        Column::Figure(figure, _) => matches!(figure, Figure::Share(_) | Figure::Quantile(..)),
        Column::Met => false,
        Column::Verdict => true,
    }
}

/// Every run of a matrix.
pub(super) struct Curves<'a> {
    /// The names of the parameters that were varied.
    keys: Vec<&'a str>,
    /// Each subject and its runs, in the order in which they ran.
    blocks: Vec<(&'a str, Vec<&'a RunReport>)>,
    /// Whether the runs looked for the first value that violates an expectation.
    seeks: bool,
    names: Names,
}

impl<'a> Curves<'a> {
    /// The curves of a report; `None` if it is not of a matrix.
    pub(super) fn of(report: &'a Report) -> Option<Self> {
        let mut keys: Vec<&str> =
            report.runs.iter().flat_map(|run| run.params.keys().map(String::as_str)).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut blocks: Vec<(&str, Vec<&RunReport>)> = Vec::new();
        for run in &report.runs {
            match blocks.iter_mut().find(|(name, _)| *name == subject(run)) {
                Some((_, runs)) => runs.push(run),
                None => blocks.push((subject(run), vec![run])),
            }
        }
        // A subject that is not run at all is not run for each value alike: one row is enough.
        for (_, runs) in &mut blocks {
            if !runs.iter().any(|run| run.was_made()) {
                runs.truncate(1);
            }
        }
        let seeks = report.scenario["matrix"]["until"] == "violated";
        (!keys.is_empty()).then_some(Self { keys, blocks, seeks, names: Names::of_all(report) })
    }

    /// The table, with `gap` blanks between its columns.
    pub(super) fn table(&self, gap: u16) -> String {
        let (header, rows) = self.cells();
        let mut table = empty();
        table.set_header(header);
        table.add_rows(rows);
        self.spaced(&finish(table, gap))
    }

    /// The table's header and rows.
    pub(super) fn cells(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let columns: Vec<_> = Column::all().filter(is_shown).collect();
        let names = columns.iter().map(|column| match column.heading() {
            heading if column.shows(Figure::Count(Count::Duplicates)) => heading.tight.to_owned(),
            heading if matches!(column, Column::Figure(Figure::Quantile(..), _)) => {
                heading.wide.replace('\n', " ")
            }
            heading => heading.row.to_owned(),
        });
        let keys = self.keys.iter().map(|key| (*key).to_owned());
        let run = self.names.are_numbered().then(|| "run".to_owned());
        let header = std::iter::once(String::new()).chain(keys).chain(run).chain(names).collect();
        let mut rows = Vec::new();
        for (subject, runs) in &self.blocks {
            for (i, run) in runs.iter().enumerate() {
                let name = if i == 0 { *subject } else { "" };
                let params = self.keys.iter().map(|key| match run.params.get(*key) {
                    Some(value) if run.was_made() => number(value),
                    _ => "-".into(),
                });
                let repeat = self.names.are_numbered().then(|| match run.was_made() {
                    true => run.repeat.to_string(),
                    false => "-".into(),
                });
                let cells = columns.iter().map(|column| column.cell(run));
                rows.push(
                    std::iter::once(name.to_owned()).chain(params).chain(repeat).chain(cells).collect(),
                );
            }
        }
        (header, rows)
    }

    /// Puts an empty line between two blocks.
    fn spaced(&self, table: &str) -> String {
        let mut lines: Vec<_> = table.lines().collect();
        let rows: usize = self.blocks.iter().map(|(_, runs)| runs.len()).sum();
        let mut at = lines.len() - rows;
        for (_, runs) in &self.blocks[..self.blocks.len().saturating_sub(1)] {
            at += runs.len();
            lines.insert(at, "");
            at += 1;
        }
        lines.join("\n") + "\n"
    }

    /// What happened in each run that is not valid, then what each curve shows.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut said = Vec::new();
        for (subject, runs) in &self.blocks {
            let mut shown = Vec::new();
            for curve in self.curves(subject, runs) {
                shown.extend(curve.sentence(self.seeks));
            }
            said.extend(
                runs.iter()
                    .filter(|run| run.verdict != Verdict::Valid && !run.sought)
                    .map(|run| sentence(run, self.names)),
            );
            said.extend(shown);
        }
        said
    }

    /// What a search found for each subject: the highest value that was sustained, as a clause. Empty if the runs are no
    /// search.
    pub(super) fn found(&self) -> Vec<(String, String)> {
        if !self.seeks {
            return Vec::new();
        }
        let found = |(subject, runs): &(&str, Vec<&'a RunReport>)| {
            let curves = self.curves(subject, runs);
            let found: Vec<_> = curves.iter().filter_map(Curve::found).collect();
            (!found.is_empty()).then(|| ((*subject).to_owned(), found.join("; ")))
        };
        self.blocks.iter().filter_map(found).collect()
    }

    /// The runs of each subject as curves: one curve for each combination of all that was varied except what changes
    /// fastest.
    pub(super) fn all(&self) -> Vec<Curve<'a>> {
        self.blocks.iter().flat_map(|(subject, runs)| self.curves(subject, runs)).collect()
    }

    /// The curves of one subject: one for each repetition and each combination of all that was varied except the
    /// parameter that changes fastest. What was cut short is no point of a curve.
    fn curves(&self, subject: &str, runs: &[&'a RunReport]) -> Vec<Curve<'a>> {
        let made: Vec<_> = runs.iter().copied().filter(|run| run.was_made() && !run.partial).collect();
        let first: Vec<_> = made.iter().copied().filter(|run| run.repeat == 1).collect();
        let Some(moving) = moving(&first) else { return Vec::new() };
        let mut curves: Vec<((BTreeMap<_, _>, u32), Curve)> = Vec::new();
        for run in made {
            let others: BTreeMap<&str, String> = run
                .params
                .iter()
                .filter(|(key, _)| *key != moving)
                .map(|(key, value)| (key.as_str(), bare(value)))
                .collect();
            let others = (others, run.repeat);
            match curves.iter_mut().find(|(known, _)| *known == others) {
                Some((_, curve)) => curve.runs.push(run),
                None => {
                    let words = others.0.iter().map(|(key, value)| format!(" {key}={value}"));
                    let number = self.names.are_numbered().then(|| format!(" #{}", run.repeat));
                    let name = std::iter::once(subject.to_owned()).chain(words).chain(number).collect();
                    curves.push((others, Curve { name, moving, runs: vec![run] }));
                }
            }
        }
        curves.into_iter().map(|(_, curve)| curve).collect()
    }
}

/// The parameter that differs between the first two runs. If none does it is the rate, and without a rate the first.
fn moving<'a>(runs: &[&'a RunReport]) -> Option<&'a str> {
    let first = runs.first()?;
    let differs =
        |key: &&String| runs.get(1).is_some_and(|second| second.params.get(*key) != first.params.get(*key));
    let key =
        first.params.keys().find(differs).or_else(|| first.params.get_key_value("rate").map(|(key, _)| key));
    key.or_else(|| first.params.keys().next()).map(String::as_str)
}

/// Runs that differ in one parameter.
pub(super) struct Curve<'a> {
    /// The subject, and the parameters that stay: `redis nodes=3`.
    pub(super) name: String,
    /// The name of the parameter that does not stay.
    pub(super) moving: &'a str,
    /// The runs in the order in which they ran.
    pub(super) runs: Vec<&'a RunReport>,
}

impl Curve<'_> {
    fn sentence(&self, seeks: bool) -> Option<String> {
        let said = if seeks { self.sought() } else { self.course() }?;
        Some(format!("{}: {said}.", self.name))
    }

    /// The place of the run that ended the search, and in words the highest value before it that was sustained.
    fn end(&self) -> (Option<usize>, Option<String>) {
        let crossing = self.runs.iter().position(|run| run.verdict == Verdict::Violated);
        let stop = crossing.or_else(|| self.runs.iter().position(|run| run.verdict == Verdict::Inconclusive));
        let sustained = self.runs[..stop.unwrap_or(self.runs.len())]
            .iter()
            .rev()
            .find(|run| run.verdict == Verdict::Valid)
            .map(|run| self.words(run));
        (stop, sustained)
    }

    /// The highest value that was sustained, as a clause; `None` without any run.
    fn found(&self) -> Option<String> {
        match self.end() {
            (None, Some(most)) => Some(format!("sustained {most}, the most that was tried")),
            (Some(_), Some(most)) => Some(format!("sustained {most}")),
            (Some(stop), None) => Some(format!("not even {}", self.words(self.runs[stop]))),
            (None, None) => None,
        }
    }

    /// Says which value was still sustained, and what broke at the next.
    fn sought(&self) -> Option<String> {
        let (stop, sustained) = self.end();
        let Some(stop) = stop.map(|at| self.runs[at]) else {
            return sustained.map(|most| format!("the highest value, {most}, was still sustained"));
        };
        let here = self.words(stop);
        let why = why(stop);
        Some(match (stop.verdict, sustained) {
            (Verdict::Violated, Some(most)) => {
                format!("sustained {most}; at {} {why}", self.value(stop))
            }
            (Verdict::Violated, None) => format!("not even {here}: {why}"),
            (_, sustained) => {
                let limit = if why.contains("load generator") {
                    format!("the load generator itself was the limit at {here}")
                } else {
                    format!("{here} proved nothing: {why}")
                };
                match sustained {
                    Some(most) => format!("sustained {most}; {limit}"),
                    None => limit,
                }
            }
        })
    }

    /// Says how latency and loss went from the first value to the last.
    fn course(&self) -> Option<String> {
        let (first, last) = (self.runs.first()?, self.runs.last()?);
        let p99 = |run: &RunReport| steady(run, Quantile::P99).map(|latency| latency.words());
        let on_time = |run: &RunReport| run.debts.and_then(|debts| debts.on_time_share()).map(percent);
        let (from, to) = (self.value(first), self.words(last));
        if self.runs.len() == 1 {
            return Some(format!("at {to}, p99 is {} and {} came on time", p99(last)?, on_time(last)?));
        }
        let latency = match (p99(first), p99(last)) {
            (Some(before), Some(after)) => format!("p99 went from {before} to {after}"),
            (Some(_), None) => "in the end nothing was delivered".into(),
            (None, _) => return None,
        };
        let share = match (on_time(first)?, on_time(last)?) {
            (before, after) if before == after => format!("the share on time stayed {after}"),
            (before, after) => format!("the share on time went from {before} to {after}"),
        };
        Some(format!("from {from} to {to}, {latency}, and {share}"))
    }

    /// The value of the moving parameter in a run: `6,400`.
    pub(super) fn value(&self, run: &RunReport) -> String {
        run.params.get(self.moving).map(number).unwrap_or_default()
    }

    /// The value of the moving parameter in a run, with its unit: `6,400 messages/s`.
    pub(super) fn words(&self, run: &RunReport) -> String {
        let value = self.value(run);
        let (one, many) = match self.moving {
            "rate" => ("message/s", "messages/s"),
            "payload" => ("byte", "bytes"),
            "nodes" => ("node", "nodes"),
            "subscribers" => ("subscriber", "subscribers"),
            "publishers" => ("publisher", "publishers"),
            "rooms" => ("room", "rooms"),
            key => return format!("{key} {value}"),
        };
        format!("{value} {}", if value == "1" { one } else { many })
    }
}

/// What was wrong with a run, by the expectations that were not met; without any, by the run's reasons.
fn why(run: &RunReport) -> String {
    let unmet = run.outcomes.iter().filter(|outcome| !outcome.met).filter_map(|outcome| outcome.why.clone());
    let unmet: Vec<_> = unmet.collect();
    let sorted = run.sorted_reasons();
    match (run.verdict, unmet.is_empty(), sorted.all().next()) {
        (Verdict::Violated, false, _) => reasons(&unmet),
        (_, _, Some(first)) => first.clone(),
        _ => "an expectation was not met".into(),
    }
}

fn number(value: &Value) -> String {
    value.as_u64().map_or_else(|| bare(value), grouped)
}

#[cfg(test)]
#[path = "curve_tests.rs"]
mod tests;
