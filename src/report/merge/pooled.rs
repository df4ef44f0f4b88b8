//! Pools several runs of one name into one.

use std::collections::BTreeMap;
use std::ops::Add;

use hdrhistogram::Histogram;

use super::super::compare::merged;
use super::super::label::subject;
use super::super::{
    Distributions, Encoded, IntervalReport, Percentiles, Quantiles, RunReport, percentile_curve,
};
use ledger::{Counts, Debts, Messages, Outcome, Phase, PresenceFigures, Reasons, TrafficFigures, Verdict};
use scenario::Distribution;

/// The runs as one run, and the notes on what makes it doubtful. There is at least one run.
pub(super) fn pooled(runs: &[&RunReport]) -> (RunReport, Vec<String>) {
    let first = runs[0];
    let latency = together(runs, Distribution::Latency);
    let service = together(runs, Distribution::Service);
    let recovered = together(runs, Distribution::Recovered);
    let fan_out = together(runs, Distribution::FanOut);
    let publish_delay = together(runs, Distribution::PublishDelay);
    let intervals = phases(runs);
    let reasons = reasons(runs);
    let notes: Vec<_> = reasons.all().cloned().collect();
    let run = RunReport {
        params: first.params.clone(),
        dialect: first.dialect.clone(),
        transport: first.transport.clone(),
        verdict: verdict(runs),
        partial: runs.iter().any(|run| run.partial),
        messages: runs.iter().filter_map(|run| run.messages).reduce(Messages::add),
        debts: runs.iter().filter_map(|run| run.debts).reduce(Debts::add),
        counts: runs.iter().map(|run| run.counts).fold(Counts::default(), Counts::add),
        presence: runs.iter().filter_map(|run| run.presence).reduce(PresenceFigures::add),
        traffic: traffic(runs),
        overruns: runs.iter().filter_map(|run| run.overruns).reduce(u64::saturating_add),
        latency_us: latency.quantiles(),
        service_us: service.quantiles(),
        recovered_us: recovered.quantiles(),
        fan_out_us: fan_out.quantiles(),
        publish_delay_us: publish_delay.quantiles(),
        phases_us: intervals
            .iter()
            .filter_map(|(phase, _, sum)| Some((*phase, Quantiles::of(sum)?.at_most(longest(runs, *phase)))))
            .collect(),
        harness_limited: runs.iter().any(|run| run.harness_limited),
        began_unix_ms: runs.iter().filter_map(|run| run.began_unix_ms).min(),
        intervals: intervals.iter().map(|(phase, span, sum)| interval(*phase, *span, sum)).collect(),
        percentiles: Percentiles {
            latency: latency.curve(),
            service: service.curve(),
            fan_out: fan_out.curve(),
        },
        distributions: Distributions {
            latency: latency.encoded(),
            service: service.encoded(),
            recovered: recovered.encoded(),
            fan_out: fan_out.encoded(),
            publish_delay: publish_delay.encoded(),
        },
        reasons: reasons.clone(),
        outcomes: outcomes(runs),
        ..RunReport::not_applicable(&first.id, subject(first), &first.pattern, notes.clone())
    };
    (run, notes)
}

/// What passed in all runs, for each debt that was received in them.
fn traffic(runs: &[&RunReport]) -> Option<TrafficFigures> {
    let counted = || runs.iter().filter_map(|run| run.traffic.zip(run.debts));
    let received = counted().map(|(_, debts)| debts.delivered + debts.recovered).sum();
    Some(counted().map(|(traffic, _)| traffic).reduce(TrafficFigures::add)?.over(received))
}

/// The sum of one distribution of some runs, if there is one, and the largest value in it.
struct Sum(Option<Histogram<u64>>, Option<u64>);

impl Sum {
    fn quantiles(&self) -> Option<Quantiles> {
        Some(Quantiles::of(self.0.as_ref()?)?.at_most(self.1))
    }

    fn encoded(&self) -> Option<Encoded> {
        self.0.as_ref().and_then(Encoded::of)
    }

    fn curve(&self) -> Vec<super::super::PercentilePoint> {
        self.0.as_ref().map(|sum| percentile_curve(sum, self.1)).unwrap_or_default()
    }
}

fn together(runs: &[&RunReport], of: Distribution) -> Sum {
    let with = || runs.iter().filter(|run| run.distribution(of).is_some());
    let largest = with().filter_map(|run| run.quantiles(of)).map(|us| us.max).max();
    Sum(merged(with().filter_map(|run| run.distribution(of))), largest)
}

/// The latency of each phase, and the time from which to which the runs were in it, in milliseconds.
fn phases(runs: &[&RunReport]) -> Vec<(Phase, (u64, u64), Histogram<u64>)> {
    let mut phases: BTreeMap<Phase, Vec<&IntervalReport>> = BTreeMap::new();
    for interval in runs.iter().flat_map(|run| &run.intervals) {
        phases.entry(interval.phase).or_default().push(interval);
    }
    let pooled = |(phase, intervals): (Phase, Vec<&IntervalReport>)| {
        let from = intervals.iter().map(|interval| interval.at_ms).min()?;
        let to = intervals.iter().map(|interval| interval.at_ms + interval.length_ms).max()?;
        Some((phase, (from, to), merged(intervals.iter().filter_map(|interval| interval.latency.as_ref()))?))
    };
    phases.into_iter().filter_map(pooled).collect()
}

/// The largest latency of a phase, as the runs tell it: the histograms know their bucket only.
fn longest(runs: &[&RunReport], phase: Phase) -> Option<u64> {
    runs.iter().filter_map(|run| run.phases_us.get(&phase)).map(|us| us.max).max()
}

fn interval(phase: Phase, (from, to): (u64, u64), sum: &Histogram<u64>) -> IntervalReport {
    IntervalReport { at_ms: from, length_ms: to - from, phase, latency: Encoded::of(sum) }
}

/// The worst verdict of the runs: one violation violates, one doubt makes doubtful.
fn verdict(runs: &[&RunReport]) -> Verdict {
    let any = |verdict| runs.iter().any(|run| run.verdict == verdict);
    if any(Verdict::Violated) {
        Verdict::Violated
    } else if any(Verdict::Inconclusive) {
        Verdict::Inconclusive
    } else {
        Verdict::Valid
    }
}

/// What became of each expectation in all runs together: it was met if no run broke it. A value belongs to a run alone.
fn outcomes(runs: &[&RunReport]) -> Vec<Outcome> {
    let mut pooled: Vec<Outcome> = Vec::new();
    for outcome in runs.iter().flat_map(|run| &run.outcomes) {
        match pooled.iter_mut().find(|known| known.expectation == outcome.expectation) {
            Some(known) if known.met => *known = alone(outcome),
            Some(_) => {}
            None => pooled.push(alone(outcome)),
        }
    }
    pooled
}

/// The outcome without what only one run can say.
fn alone(outcome: &Outcome) -> Outcome {
    Outcome { value: None, from_ms: None, to_ms: None, ..outcome.clone() }
}

/// How many runs were judged how, by what that does to the verdict of all.
fn reasons(runs: &[&RunReport]) -> Reasons {
    let mut reasons = Reasons::default();
    let count = |verdict| runs.iter().filter(|run| run.verdict == verdict).count();
    for (verdict, word, list) in [
        (Verdict::Violated, "violated", &mut reasons.violations),
        (Verdict::Inconclusive, "inconclusive", &mut reasons.doubts),
    ] {
        match count(verdict) {
            0 => {}
            some => list.push(format!("{some} of {} runs {word}", runs.len())),
        }
    }
    match runs.iter().filter(|run| run.partial).count() {
        0 => {}
        some => reasons.doubts.push(format!("{some} of {} runs interrupted", runs.len())),
    }
    let without = |run: &&&RunReport| run.latency_us.is_some() && run.distributions.latency.is_none();
    match runs.iter().filter(without).count() {
        0 => {}
        some => reasons
            .notes
            .push(format!("{some} of {} runs without a distribution, and not in the latency", runs.len())),
    }
    if !reasons.violations.is_empty() {
        // One violation violates: what another run did not prove changes nothing.
        reasons.notes.splice(0..0, std::mem::take(&mut reasons.doubts));
    }
    reasons
}
