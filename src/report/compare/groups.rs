//! Puts the runs of the sides beside each other, and says what their figures show.

use std::cmp::Ordering;

use super::super::RunReport;
use super::super::label::{label, subject};
use super::comparison::{Compared, Direction, Group, Side, Value};
use super::noise::{MARKED_BELOW, chance, leaning, smallest};
use super::pool::{of_run, of_side};
use super::unit::Unit;
use ledger::Verdict;
use scenario::{Better, Distribution, Figure, Quantile, Share};

/// The names of the runs that were made on any side, in the order of the first side that has them.
pub(super) fn keys(sides: &[Side]) -> Vec<String> {
    let mut keys = Vec::new();
    let runs = sides.iter().flat_map(|side| &side.reports).flat_map(|report| &report.runs);
    for run in runs.filter(|run| run.was_made()) {
        let key = label(run);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Compares the runs of one name, and warns of what a reader must know of them.
pub(super) fn group(name: &str, sides: &[Side], warnings: &mut Vec<String>) -> Group {
    let runs: Vec<Vec<&RunReport>> = sides.iter().map(|side| runs_of(side, name)).collect();
    for (side, runs) in sides.iter().zip(&runs) {
        warnings.extend(warning(name, side, runs));
    }
    let compared = |figure: Figure| Some(compared(figure, figure.better()?, &runs));
    let figures: Vec<_> = Figure::all().filter_map(compared).collect();
    for (i, side) in sides.iter().enumerate().skip(1) {
        if looks_faster(&figures, i) {
            warnings.push(format!(
                "{name}: latency is of delivered messages only, and fewer came on time in {}",
                side.name
            ));
        }
    }
    let first = runs.iter().flatten().next();
    Group {
        name: name.to_owned(),
        label: first.map(|run| subject(run).to_owned()).unwrap_or_default(),
        params: first.map(|run| run.params.clone()).unwrap_or_default(),
        no_noise_known: too_few(&runs),
        runs: runs.iter().map(Vec::len).collect(),
        figures,
    }
}

/// The runs of a side that were made and have this name.
fn runs_of<'a>(side: &'a Side, name: &str) -> Vec<&'a RunReport> {
    let runs = side.reports.iter().flat_map(|report| &report.runs);
    runs.filter(|run| run.was_made() && label(run) == name).collect()
}

fn warning(name: &str, side: &Side, runs: &[&RunReport]) -> Vec<String> {
    let place = &side.name;
    if runs.is_empty() {
        return vec![format!("{name}: there is no such run in {place}")];
    }
    let mut said = Vec::new();
    match runs.iter().filter(|run| run.verdict == Verdict::Inconclusive).count() {
        0 => {}
        doubtful => said.push(format!(
            "{name}: {doubtful} of {} runs in {place} inconclusive; nothing is marked against figures that prove nothing",
            runs.len()
        )),
    }
    if runs.iter().any(|run| run.partial) {
        said.push(format!(
            "{name}: a run in {place} was interrupted, and its counts are of a part of it only"
        ));
    }
    if runs.iter().any(|run| run.harness_limited) {
        said.push(format!(
            "{name}: the load generator was late in {place}, so that its latency is an upper bound"
        ));
    }
    let whole = |run: &&&RunReport| run.latency_us.is_some() == run.distributions.latency.is_some();
    if runs.len() > 1 && runs.iter().filter(whole).count() < runs.len() {
        said.push(format!(
            "{name}: a run in {place} is of an older version and has no distribution, so that its quantiles cannot be pooled"
        ));
    }
    said
}

/// The reason why no run can be told from noise; `None` if some two sides can be told apart.
fn too_few(runs: &[Vec<&RunReport>]) -> Option<String> {
    let (first, others) = runs.split_first()?;
    let enough = |other: &Vec<&RunReport>| smallest(first.len(), other.len()) <= MARKED_BELOW;
    if others.iter().any(enough) {
        return None;
    }
    let counts: Vec<_> = runs.iter().map(|runs| runs.len().to_string()).collect();
    Some(if runs.iter().all(|runs| runs.len() <= 1) {
        "one run a side: no noise known; repeat with --runs 5".into()
    } else {
        format!(
            "too few runs ({}) to tell a difference from noise; repeat with --runs 5",
            counts.join(" and ")
        )
    })
}

fn compared(figure: Figure, better: Better, runs: &[Vec<&RunReport>]) -> Compared {
    let baseline = runs.first().and_then(|runs| of_side(figure, runs));
    let each = |runs: &[&RunReport]| runs.iter().map(|run| of_run(figure, run)).collect::<Vec<_>>();
    let conclusive = |runs: &[&RunReport]| runs.iter().all(|run| run.verdict != Verdict::Inconclusive);
    let first: Vec<f64> =
        runs.first().map(|runs| each(runs)).unwrap_or_default().into_iter().flatten().collect();
    let side = |(i, runs_here): (usize, &Vec<&RunReport>)| {
        let value = of_side(figure, runs_here);
        let all = each(runs_here);
        let own: Vec<f64> = all.iter().copied().flatten().collect();
        let pair = baseline.zip(value).filter(|_| i > 0);
        let difference = pair.map(|(before, after)| after - before);
        let p =
            difference.and_then(|_| chance(&first, &own)).filter(|_| smallest(first.len(), own.len()) < 1.0);
        let conclusive = conclusive(runs_here) && runs.first().is_some_and(|runs| conclusive(runs));
        let leans = leaning(&first, &own);
        let differs = difference.is_some_and(|difference| difference.partial_cmp(&0.0) == Some(leans));
        let complete = own.len() == all.len() && runs.first().is_some_and(|runs| runs.len() == first.len());
        Value {
            value,
            runs: all,
            difference,
            ratio: pair.filter(|(before, _)| *before != 0.0).map(|(before, after)| after / before),
            direction: difference.map(|difference| direction(better, difference)),
            p,
            beyond_noise: conclusive && complete && differs && p.is_some_and(|p| p <= MARKED_BELOW),
        }
    };
    let sides = runs.iter().enumerate().map(side).collect();
    Compared { figure: figure.name(), unit: Unit::of(figure), better, sides }
}

fn direction(better: Better, difference: f64) -> Direction {
    match (better, difference.total_cmp(&0.0)) {
        // Two equal values differ by +0, never by -0.
        (_, Ordering::Equal) => Direction::Same,
        (Better::Neither, _) => Direction::NoJudgement,
        (Better::Lower, Ordering::Less) | (Better::Higher, Ordering::Greater) => Direction::Better,
        _ => Direction::Worse,
    }
}

/// Whether a side looks faster, and yet paid fewer of its debts in time.
fn looks_faster(figures: &[Compared], side: usize) -> bool {
    let direction = |figure: Figure| {
        let compared = figures.iter().find(|compared| compared.figure == figure.name());
        compared.and_then(|compared| compared.sides[side].direction)
    };
    let latency = |quantile| direction(Figure::Quantile(Distribution::Latency, quantile));
    direction(Figure::Share(Share::OnTime)) == Some(Direction::Worse)
        && [Quantile::P50, Quantile::P99].into_iter().any(|at| latency(at) == Some(Direction::Better))
}

#[cfg(test)]
#[path = "groups_tests.rs"]
mod tests;
