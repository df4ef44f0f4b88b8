//! One run in the report.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::ledger::{Debts, FaultTimes, Harness, Judgement, Messages, Path, Settled, Slice, Verdict};

/// One run. What does not exist is `null`; in a run that was not made, that is every figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Unique in the report: `redis-1`.
    pub id: String,
    /// What tables and sentences call it.
    pub label: String,
    /// The pattern's name.
    pub pattern: String,
    /// What was varied for this run, by name.
    #[serde(default)]
    pub params: BTreeMap<String, serde_json::Value>,
    /// Which repetition it is, counted from 1.
    #[serde(default = "first")]
    pub repeat: u32,
    /// What it proves.
    pub verdict: Verdict,
    /// The reasons, the ones that decided first.
    pub why: Vec<String>,
    /// What became of the messages.
    pub messages: Option<Messages>,
    /// What became of the debts.
    pub debts: Option<Debts>,
    /// Further copies: again live, or again within one replay.
    pub duplicates: Option<u64>,
    /// Debts overtaken by one with a higher sequence of the same publisher and room.
    pub reordered: Option<u64>,
    /// The same within a replay.
    pub replay_reordered: Option<u64>,
    /// Debts received though their message was refused.
    pub refused_but_delivered: Option<u64>,
    /// Receipts of something never sent, or not of the room.
    pub unexpected: Option<u64>,
    /// Receipts with a wrong checksum.
    pub corrupted: Option<u64>,
    /// Receipts of another run's texts.
    pub foreign: Option<u64>,
    /// Paths that never worked while probing.
    #[serde(default)]
    pub unverified_paths: Vec<Path>,
    /// First live receipt minus intended send time.
    pub latency_us: Option<Quantiles>,
    /// First live receipt minus actual send time.
    pub service_us: Option<Quantiles>,
    /// First receipt by replay minus intended send time.
    pub recovered_us: Option<Quantiles>,
    /// How late the harness published.
    pub publish_delay_us: Option<Quantiles>,
    /// How late the harness received.
    pub loop_lag_us: Option<Quantiles>,
    /// The latency is as much the harness's as the pattern's.
    #[serde(default)]
    pub harness_limited: bool,
    /// From the first harmed intended send time to the end of the last harm.
    pub impact_ms: Option<u64>,
    /// The end of the last harm minus the last begin of healing.
    pub recovery_ms: Option<u64>,
    /// How long the healed target took to be ready.
    pub ready_ms: Option<u64>,
    /// What struck, and when it was healed.
    #[serde(default)]
    pub faults: Vec<FaultReport>,
    /// The run in slices of 100 ms.
    #[serde(default)]
    pub timeline: Vec<Slice>,
}

fn first() -> u32 {
    1
}

/// A distribution of microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantiles {
    /// The median.
    pub p50: u64,
    /// The 90th percentile.
    pub p90: u64,
    /// The 99th percentile.
    pub p99: u64,
    /// The 99.9th percentile.
    pub p999: u64,
    /// The largest.
    pub max: u64,
}

impl Quantiles {
    /// `None` for a histogram in which nothing was recorded.
    pub fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let at = |quantile| histogram.value_at_quantile(quantile);
        let quantiles =
            || Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: histogram.max() };
        (!histogram.is_empty()).then(quantiles)
    }
}

/// One fault; every time is in milliseconds since the measured load began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultReport {
    /// As the scenario words it: `kill broker`.
    pub what: String,
    /// It struck.
    pub begin_ms: u64,
    /// Healing began.
    pub heal_begin_ms: Option<u64>,
    /// The target was ready again.
    pub healed_ms: Option<u64>,
}

impl From<&FaultTimes> for FaultReport {
    fn from(fault: &FaultTimes) -> Self {
        Self {
            what: fault.what.clone(),
            begin_ms: whole_ms(fault.begin),
            heal_begin_ms: fault.heal_begin.map(whole_ms),
            healed_ms: fault.healed.map(whole_ms),
        }
    }
}

/// Milliseconds, rounded to the nearest.
fn whole_ms(time: Duration) -> u64 {
    u64::try_from((time + Duration::from_micros(500)).as_millis()).unwrap_or(u64::MAX)
}

impl RunReport {
    /// A run that was made.
    pub fn new(
        id: &str,
        label: &str,
        pattern: &str,
        settled: &Settled,
        judgement: &Judgement,
        harness: &Harness,
        faults: &[FaultTimes],
    ) -> Self {
        Self {
            verdict: judgement.verdict,
            why: judgement.why.clone(),
            messages: Some(settled.messages),
            debts: Some(settled.debts),
            duplicates: Some(settled.duplicates),
            reordered: Some(settled.reordered),
            replay_reordered: Some(settled.replay_reordered),
            refused_but_delivered: Some(settled.refused_but_delivered),
            unexpected: Some(settled.unexpected),
            corrupted: Some(settled.corrupted),
            foreign: Some(settled.foreign),
            unverified_paths: settled.unverified_paths.clone(),
            latency_us: Quantiles::of(&settled.latency),
            service_us: Quantiles::of(&settled.service),
            recovered_us: Quantiles::of(&settled.recovered),
            publish_delay_us: Quantiles::of(&harness.publish_delay),
            loop_lag_us: Quantiles::of(&harness.loop_lag),
            harness_limited: judgement.harness_limited,
            impact_ms: settled.impact_ms,
            recovery_ms: settled.recovery_ms,
            ready_ms: settled.ready_ms,
            faults: faults.iter().map(FaultReport::from).collect(),
            timeline: settled.timeline.clone(),
            ..Self::not_applicable(id, label, pattern, Vec::new())
        }
    }

    /// Whether it was run at all.
    pub fn was_made(&self) -> bool {
        self.verdict != Verdict::NotApplicable
    }

    /// A run that never came to its load: there is no figure, only the reason.
    pub fn inconclusive(id: &str, label: &str, pattern: &str, why: String) -> Self {
        Self { verdict: Verdict::Inconclusive, ..Self::not_applicable(id, label, pattern, vec![why]) }
    }

    /// A run that was not made, because the fault's target does not exist in this pattern.
    pub fn not_applicable(id: &str, label: &str, pattern: &str, why: Vec<String>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            pattern: pattern.into(),
            params: BTreeMap::new(),
            repeat: first(),
            verdict: Verdict::NotApplicable,
            why,
            messages: None,
            debts: None,
            duplicates: None,
            reordered: None,
            replay_reordered: None,
            refused_but_delivered: None,
            unexpected: None,
            corrupted: None,
            foreign: None,
            unverified_paths: Vec::new(),
            latency_us: None,
            service_us: None,
            recovered_us: None,
            publish_delay_us: None,
            loop_lag_us: None,
            harness_limited: false,
            impact_ms: None,
            recovery_ms: None,
            ready_ms: None,
            faults: Vec::new(),
            timeline: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::ledger::{Answer, Arrival, Ledger, Plan, judge};

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Two messages to one subscriber: one delivered, one refused and lost.
    fn run() -> RunReport {
        let plan = Plan {
            publishers: 1,
            subscribers: 1,
            nodes: 1,
            rooms: 1,
            rate: 10.0,
            surges: vec![],
            messages: 2,
            crosses_nodes: true,
        };
        let mut ledger = Ledger::new(plan);
        ledger.subscribed(0, 0, ms(0));
        ledger.begin(ms(1_000));
        ledger.sent(0, 0, ms(1_000));
        ledger.answered(0, Answer::Handed);
        ledger.received(0, 0, Arrival::Live, ms(1_001));
        ledger.sent(1, 0, ms(1_100));
        ledger.answered(1, Answer::Refused);
        let what = "kill broker".to_owned();
        let faults = [FaultTimes {
            what,
            begin: ms(50),
            heal_begin: Some(ms(90)),
            healed: Some(Duration::from_micros(121_500)),
            deliberate: false,
        }];
        let (settled, harness) = (ledger.settle(&faults, ms(3_000)), Harness::default());
        RunReport::new(
            "redis-1",
            "redis",
            "redis",
            &settled,
            &judge(&settled, &harness, &[]),
            &harness,
            &faults,
        )
    }

    #[test]
    fn the_json_has_the_fields_of_the_design_in_their_order() {
        let quantiles = json!({"p50": 1000, "p90": 1000, "p99": 1000, "p999": 1000, "max": 1000});
        let expected = json!({
            "id": "redis-1", "label": "redis", "pattern": "redis", "params": {}, "repeat": 1,
            "verdict": "valid", "why": [],
            "messages": {"due": 2, "sent": 2, "unsent": 0, "acked": 1, "refused": 1, "unknown": 0},
            "debts": {
                "owed": 2, "delivered": 1, "recovered": 0, "lost": 1, "on_time": 0.5,
                "lost_confirmed": 0, "lost_handed": 0, "lost_refused": 1, "lost_unknown": 0, "lost_no_path": 0,
                "lost_online": 1, "lost_offline": 0
            },
            "duplicates": 0, "reordered": 0, "replay_reordered": 0, "refused_but_delivered": 0,
            "unexpected": 0, "corrupted": 0, "foreign": 0, "unverified_paths": [],
            "latency_us": quantiles, "service_us": quantiles, "recovered_us": null,
            "publish_delay_us": null, "loop_lag_us": null, "harness_limited": false,
            "impact_ms": 0, "recovery_ms": 10, "ready_ms": 32,
            "faults": [{"what": "kill broker", "begin_ms": 50, "heal_begin_ms": 90, "healed_ms": 122}],
            "timeline": [
                {"at_ms": 0, "sent": 1, "delivered": 1, "received": 1, "lost": 0, "p50_us": 1000, "p99_us": 1000},
                {"at_ms": 100, "sent": 1, "delivered": 0, "received": 0, "lost": 1, "p50_us": null, "p99_us": null}
            ]
        });
        assert_eq!(serde_json::to_value(run()).unwrap(), expected);
        // Order, which a JSON value does not keep.
        let text = serde_json::to_string(&run()).unwrap();
        let at = |key: &str| text.find(&format!("\"{key}\":")).unwrap();
        let keys = [
            "id",
            "label",
            "pattern",
            "params",
            "repeat",
            "verdict",
            "why",
            "messages",
            "debts",
            "duplicates",
        ];
        assert!(keys.is_sorted_by_key(|key| at(key)), "{text}");
    }

    #[test]
    fn a_run_that_was_not_made_has_no_figure_at_all() {
        let run = RunReport::not_applicable("local-1", "local", "local", vec!["local has no broker".into()]);
        let json = serde_json::to_value(run).unwrap();
        assert_eq!(json["verdict"], "not_applicable");
        for figure in
            ["messages", "debts", "duplicates", "latency_us", "impact_ms", "recovery_ms", "ready_ms"]
        {
            assert_eq!(json[figure], Value::Null, "{figure}");
        }
    }
}
