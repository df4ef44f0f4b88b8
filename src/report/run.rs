//! One run in the report.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::debts::{self, DebtsJson};
use super::distribution::{Distributions, Encoded, IntervalReport, Percentiles};
use super::fault_report::{FaultReport, PlannedFault};
use super::joined::JoinedReport;
use super::link::{LinkReport, ProxyReport};
use super::quantiles::{Quantiles, by_phase, service_by_phase};
use super::story::Story;
use ledger::{
    Counts, Debts, FaultTimes, FigureSource, Harness, Judgement, Messages, Outcome, Path, Payer, Phase,
    PresenceFigures, Reasons, RunCost, Settled, SingleTimes, Slice, StoppedPath, TrafficFigures, Verdict,
};
use scenario::{Distribution, Quantile};

/// One run. What does not exist is `null`; in a run that was not made, that is every figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunReport {
    /// The name of the run, unique in the report: `redis-1`.
    pub id: String,
    /// What tables and sentences call the run.
    pub label: String,
    /// The name of the pattern that the run measured.
    pub pattern: String,
    /// What was varied for this run, by name.
    #[serde(default)]
    pub params: BTreeMap<String, serde_json::Value>,
    /// The number of the repetition, counted from 1.
    #[serde(default = "first")]
    pub repeat: u32,
    /// How the clients spoke to the nodes: `v1`, `plain`, or the name of a file.
    #[serde(default)]
    pub dialect: Option<String>,
    /// How the subscribers heard: `ws`, `sse`, `long-poll` or `poll`; `null` in an older report, and for a run that was not
    /// made.
    #[serde(default)]
    pub transport: Option<String>,
    /// What the run proves.
    pub verdict: Verdict,
    /// Whether the run was interrupted. Its figures are then those of that moment, and its verdict is `inconclusive`.
    #[serde(default)]
    pub partial: bool,
    /// Whether the run ended a search: its violation is what was looked for, and no failure of the bench.
    #[serde(default)]
    pub sought: bool,
    /// The reasons for the verdict, a clause for each; those that decided it stand first.
    pub why: Vec<String>,
    /// The same reasons, by what each does to the verdict. Empty lists in an older report.
    #[serde(default)]
    pub reasons: Reasons,
    /// What became of each expectation.
    #[serde(default)]
    pub outcomes: Vec<Outcome>,
    /// What became of the messages.
    pub messages: Option<Messages>,
    /// What became of the debts.
    #[serde(default, with = "debts")]
    #[schemars(with = "Option<DebtsJson>")]
    pub debts: Option<Debts>,
    /// What was counted beside messages and debts.
    #[serde(flatten)]
    pub counts: Counts<Option<u64>>,
    /// Paths that never worked while probing.
    #[serde(default)]
    pub unverified_paths: Vec<Path>,
    /// Paths that worked, and then worked no more until the end.
    #[serde(default)]
    pub stopped_paths: Vec<StoppedPath>,
    /// The subscribers that lost something or had it more than a second late, if they are five or fewer and there are
    /// others.
    #[serde(default)]
    pub payers: Vec<Payer>,
    /// Latency of debts delivered live, from the intended send time, in microseconds.
    pub latency_us: Option<Quantiles>,
    /// Latency of debts delivered live, from the actual send time, in microseconds.
    pub service_us: Option<Quantiles>,
    /// Latency of debts received by replay only, from the intended send time to the first receipt, in microseconds.
    pub recovered_us: Option<Quantiles>,
    /// The time from a message's first live recipient to its last, in microseconds, over all messages with at least two
    /// live recipients.
    #[serde(default)]
    pub fan_out_us: Option<Quantiles>,
    /// The latency of `latency_us` by the phase of the run, in microseconds; a phase in which nothing was delivered is
    /// left out.
    #[serde(default)]
    pub phases_us: BTreeMap<Phase, Quantiles>,
    /// The latency of `service_us` by the phase of the run, in microseconds; empty where nobody kept it.
    #[serde(default)]
    pub phases_service_us: BTreeMap<Phase, Quantiles>,
    /// How late the load generator published, in microseconds.
    pub publish_delay_us: Option<Quantiles>,
    /// How late the load generator received, in microseconds.
    pub loop_lag_us: Option<Quantiles>,
    /// Number of times that a queue of the load generator overflowed; `null` where nobody counted.
    #[serde(default)]
    pub overruns: Option<u64>,
    /// Whether the latency is as much the load generator's as the pattern's, and so an upper bound.
    #[serde(default)]
    pub harness_limited: bool,
    /// How long faults were felt.
    #[serde(flatten)]
    pub times: SingleTimes,
    /// Who was said to be in the rooms, held against who was there; left out where nobody watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<PresenceFigures>,
    /// What is particular to a run that several agents played together; left out for every other run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<JoinedReport>,
    /// What passed between subscribers and nodes; `null` where nobody counted it.
    #[serde(default)]
    pub traffic: Option<TrafficFigures>,
    /// What the run took of its machine; `null` where the lab started no process, or cannot see what one takes.
    #[serde(default)]
    pub cost: Option<RunCost>,
    /// The faults that were to strike, and when, as the seed chose them before the run.
    #[serde(default)]
    pub schedule: Vec<PlannedFault>,
    /// The faults that struck, and when they were healed.
    #[serde(default)]
    pub faults: Vec<FaultReport>,
    /// The links that went through a proxy, and what passed there.
    #[serde(default)]
    pub links: Vec<LinkReport>,
    /// The latency that the proxy of a link adds, in microseconds; `null` where no link went through a proxy.
    #[serde(default)]
    pub proxy_us: Option<ProxyReport>,
    /// When the measured load began, in milliseconds since the Unix epoch.
    #[serde(default)]
    pub began_unix_ms: Option<u64>,
    /// The run in slices of 100 ms.
    #[serde(default)]
    pub timeline: Vec<Slice>,
    /// The latency of the run by time and phase.
    #[serde(default)]
    pub intervals: Vec<IntervalReport>,
    /// The curves from which percentile charts are drawn.
    #[serde(default)]
    pub percentiles: Percentiles,
    /// The whole distributions behind the quantiles.
    #[serde(default)]
    pub distributions: Distributions,
    /// The ways of some messages that are worth looking at.
    #[serde(default)]
    pub stories: Vec<Story>,
    /// Messages whose receipts were not kept, for want of room, so that no story can be told of them; `null` where
    /// nobody counted.
    #[serde(default)]
    pub unwitnessed: Option<u64>,
}

fn first() -> u32 {
    1
}

impl RunReport {
    /// The report of a run that was made.
    pub fn new(
        id: &str,
        label: &str,
        pattern: &str,
        settled: &Settled,
        judgement: &Judgement,
        harness: &Harness,
        faults: &[FaultTimes],
    ) -> Self {
        let longest = settled.longest_us();
        Self {
            verdict: judgement.verdict,
            why: judgement.why(),
            reasons: judgement.reasons.clone(),
            messages: Some(settled.messages),
            debts: Some(settled.debts),
            counts: settled.counts.into(),
            outcomes: judgement.outcomes.clone(),
            unverified_paths: settled.unverified_paths.clone(),
            stopped_paths: settled.stopped_paths.clone(),
            payers: settled.payers.clone(),
            latency_us: Quantiles::of(&settled.latency).map(|us| us.at_most(longest)),
            // The time from the actual sending is never longer than from the intended one, so the same largest value
            // holds.
            service_us: Quantiles::of(&settled.service).map(|us| us.at_most(longest)),
            recovered_us: Quantiles::of(&settled.recovered),
            fan_out_us: Quantiles::of(&settled.fan_out).map(|us| us.at_most(settled.widest_us())),
            phases_us: by_phase(&settled.intervals, &settled.timeline),
            phases_service_us: service_by_phase(&settled.intervals),
            publish_delay_us: Quantiles::of(&harness.publish_delay),
            loop_lag_us: Quantiles::of(&harness.loop_lag),
            overruns: Some(harness.overruns),
            harness_limited: judgement.harness_limited,
            times: settled.times,
            presence: settled.presence,
            traffic: settled.traffic,
            cost: settled.cost.clone(),
            faults: faults.iter().map(FaultReport::from).collect(),
            timeline: settled.timeline.clone(),
            intervals: settled.intervals.iter().map(IntervalReport::from).collect(),
            percentiles: Percentiles::new(settled),
            distributions: Distributions::new(settled, harness),
            unwitnessed: Some(settled.testimonies.unwitnessed),
            ..Self::not_applicable(id, label, pattern, Vec::new())
        }
    }

    /// Whether a fault that was not healed was to be healed, had the run not been interrupted.
    pub(super) fn was_interrupted_before_healing(&self, fault: &FaultReport) -> bool {
        let heals = match &fault.planned {
            Some(planned) => planned.duration.is_some(),
            // An older report has the words alone, both of what was to strike and of what struck. Of several with the same
            // words it is the one that was to strike at that moment.
            None => {
                let equal = self.schedule.iter().filter(|plan| plan.what == fault.what);
                let meant = equal.min_by_key(|plan| plan.at_ms.abs_diff(fault.begin_ms));
                meant.is_some_and(|plan| plan.heal_ms.is_some())
            }
        };
        self.partial && fault.healed_ms.is_none() && heals
    }

    /// Whether the run was made at all.
    pub fn was_made(&self) -> bool {
        self.verdict != Verdict::NotApplicable
    }

    /// Whether clients spoke with the subject, and what it said could not be read, so that there is nothing to measure.
    pub fn is_unmeasured(&self) -> bool {
        // Of a run that was never tried nobody knows the dialect.
        !self.was_made() && self.dialect.is_some()
    }

    /// The report of a run that never came to its load: there is no figure, only the reason.
    pub fn inconclusive(id: &str, label: &str, pattern: &str, why: String) -> Self {
        Self { verdict: Verdict::Inconclusive, ..Self::not_applicable(id, label, pattern, vec![why]) }
    }

    /// The report of a run that was not made, because the fault's target does not exist in this pattern, or because what
    /// the subject says cannot be read.
    pub fn not_applicable(id: &str, label: &str, pattern: &str, why: Vec<String>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            pattern: pattern.into(),
            params: BTreeMap::new(),
            repeat: first(),
            dialect: None,
            transport: None,
            verdict: Verdict::NotApplicable,
            partial: false,
            sought: false,
            why,
            reasons: Reasons::default(),
            outcomes: Vec::new(),
            messages: None,
            debts: None,
            counts: Counts::default(),
            unverified_paths: Vec::new(),
            stopped_paths: Vec::new(),
            payers: Vec::new(),
            latency_us: None,
            service_us: None,
            recovered_us: None,
            fan_out_us: None,
            phases_us: BTreeMap::new(),
            phases_service_us: BTreeMap::new(),
            publish_delay_us: None,
            loop_lag_us: None,
            overruns: None,
            harness_limited: false,
            times: SingleTimes::default(),
            presence: None,
            joined: None,
            traffic: None,
            cost: None,
            schedule: Vec::new(),
            faults: Vec::new(),
            links: Vec::new(),
            proxy_us: None,
            began_unix_ms: None,
            timeline: Vec::new(),
            intervals: Vec::new(),
            percentiles: Percentiles::default(),
            distributions: Distributions::default(),
            stories: Vec::new(),
            unwitnessed: None,
        }
    }
}

impl RunReport {
    /// The quantiles of a distribution.
    pub(super) fn quantiles(&self, of: Distribution) -> Option<Quantiles> {
        match of {
            Distribution::Latency => self.latency_us,
            Distribution::Service => self.service_us,
            Distribution::Recovered => self.recovered_us,
            Distribution::FanOut => self.fan_out_us,
            Distribution::PublishDelay => self.publish_delay_us,
            Distribution::LoopLag => self.loop_lag_us,
        }
    }

    /// The distribution behind quantiles; `None` where it was not kept, and for the one that no report keeps.
    pub(super) fn distribution(&self, of: Distribution) -> Option<&Encoded> {
        let kept = &self.distributions;
        match of {
            Distribution::Latency => kept.latency.as_ref(),
            Distribution::Service => kept.service.as_ref(),
            Distribution::Recovered => kept.recovered.as_ref(),
            Distribution::FanOut => kept.fan_out.as_ref(),
            Distribution::PublishDelay => kept.publish_delay.as_ref(),
            Distribution::LoopLag => None,
        }
    }
}

impl FigureSource for RunReport {
    fn messages(&self) -> Option<&Messages> {
        self.messages.as_ref()
    }

    fn debts(&self) -> Option<&Debts> {
        self.debts.as_ref()
    }

    fn counts(&self) -> Counts<Option<u64>> {
        self.counts
    }

    fn paths(&self) -> Option<(usize, usize)> {
        self.messages.map(|_| (self.unverified_paths.len(), self.stopped_paths.len()))
    }

    fn quantile_us(&self, of: Distribution, quantile: Quantile) -> Option<u64> {
        self.quantiles(of).map(|quantiles| quantiles.at(quantile))
    }

    fn times(&self) -> SingleTimes {
        self.times
    }

    fn presence(&self) -> Option<&PresenceFigures> {
        self.presence.as_ref()
    }

    fn traffic(&self) -> Option<&TrafficFigures> {
        self.traffic.as_ref()
    }

    fn cost(&self) -> Option<&RunCost> {
        self.cost.as_ref()
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
