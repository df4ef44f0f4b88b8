//! The figures that are compared, and which way is better.

use serde::Serialize;

use super::super::{Quantiles, RunReport};
use ledger::{Debts, Messages};

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// A lower value is better.
    Lower,
    /// A higher value is better.
    Higher,
    /// The figure only says what was asked for, or what a pattern is: no judgement.
    Neither,
}

/// A figure's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A number of things.
    Count,
    /// A share of the whole, 0 to 1.
    Share,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
}

/// A distribution that quantiles are read off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Latency,
    Service,
    FanOut,
}

/// How a figure is read out of runs.
pub(super) enum Read {
    /// The figure is read out of each run; a side has the median of its runs.
    Run(fn(&RunReport) -> Option<f64>),
    /// The share on time of all debts of a side.
    OnTime,
    /// A quantile that is read off the sum of the runs' distributions.
    Quantile(Source, fn(&Quantiles) -> u64),
}

pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    pub(super) better: Better,
    pub(super) read: Read,
}

const fn figure(name: &'static str, unit: Unit, better: Better, read: Read) -> Figure {
    Figure { name, unit, better, read }
}

use Better::{Higher, Lower, Neither};
use Read::{OnTime, Quantile, Run};
use Unit::{Count, Ms, Share, Us};

/// The figures in the order of the table. Refusals and losses of every kind are better lower; what was asked for
/// (`sent`, `owed`), what a pattern has no way for and what came by replay (better than lost, worse than live) is not
/// judged.
pub(super) static FIGURES: [Figure; 30] = [
    figure("sent", Count, Neither, Run(|run| messages(run, |m| m.sent))),
    figure("unsent", Count, Lower, Run(|run| messages(run, |m| m.unsent))),
    figure("acked", Count, Higher, Run(|run| messages(run, |m| m.acked))),
    figure("refused", Count, Lower, Run(|run| messages(run, |m| m.refused))),
    figure("unknown", Count, Lower, Run(|run| messages(run, |m| m.unknown))),
    figure("owed", Count, Neither, Run(|run| debts(run, |d| d.owed))),
    figure("on_time", Share, Higher, OnTime),
    figure("delivered", Count, Higher, Run(|run| debts(run, |d| d.delivered))),
    figure("recovered", Count, Neither, Run(|run| debts(run, |d| d.recovered))),
    figure("lost", Count, Lower, Run(|run| debts(run, |d| d.lost))),
    figure("lost_confirmed", Count, Lower, Run(|run| debts(run, |d| d.lost_confirmed))),
    figure("lost_handed", Count, Lower, Run(|run| debts(run, |d| d.lost_handed))),
    figure("lost_refused", Count, Lower, Run(|run| debts(run, |d| d.lost_refused))),
    figure("lost_unknown", Count, Lower, Run(|run| debts(run, |d| d.lost_unknown))),
    figure("lost_no_path", Count, Neither, Run(|run| debts(run, |d| d.lost_no_path))),
    figure("lost_online", Count, Lower, Run(|run| debts(run, |d| d.lost_online))),
    figure("lost_offline", Count, Lower, Run(|run| debts(run, |d| d.lost_offline))),
    figure("duplicates", Count, Lower, Run(|run| count(run.duplicates))),
    figure("reordered", Count, Lower, Run(|run| count(run.reordered))),
    figure("replay_reordered", Count, Lower, Run(|run| count(run.replay_reordered))),
    figure("p50", Us, Lower, Quantile(Source::Latency, |q| q.p50)),
    figure("p90", Us, Lower, Quantile(Source::Latency, |q| q.p90)),
    figure("p99", Us, Lower, Quantile(Source::Latency, |q| q.p99)),
    figure("p999", Us, Lower, Quantile(Source::Latency, |q| q.p999)),
    figure("max", Us, Lower, Quantile(Source::Latency, |q| q.max)),
    figure("service_p99", Us, Lower, Quantile(Source::Service, |q| q.p99)),
    figure("fan_out_p99", Us, Lower, Quantile(Source::FanOut, |q| q.p99)),
    figure("impact", Ms, Lower, Run(|run| count(run.impact_ms))),
    figure("recovery", Ms, Lower, Run(|run| count(run.recovery_ms))),
    figure("ready", Ms, Lower, Run(|run| count(run.ready_ms))),
];

fn messages(run: &RunReport, of: fn(&Messages) -> u64) -> Option<f64> {
    count(run.messages.as_ref().map(of))
}

fn debts(run: &RunReport, of: fn(&Debts) -> u64) -> Option<f64> {
    count(run.debts.as_ref().map(of))
}

fn count(count: Option<u64>) -> Option<f64> {
    count.map(|count| count as f64)
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{quantiles, run_with};
    use super::*;

    #[test]
    fn every_figure_is_read_where_it_stands() {
        let run = run_with(|run| {
            run.messages = Some(Messages { due: 99, sent: 1, unsent: 2, acked: 3, refused: 4, unknown: 5 });
            run.debts = Some(Debts {
                owed: 6,
                on_time: Some(0.7),
                delivered: 8,
                recovered: 9,
                lost: 10,
                lost_confirmed: 11,
                lost_handed: 12,
                lost_refused: 13,
                lost_unknown: 14,
                lost_no_path: 15,
                lost_online: 16,
                lost_offline: 17,
            });
            (run.duplicates, run.reordered, run.replay_reordered) = (Some(18), Some(19), Some(20));
            run.latency_us = Some(Quantiles { p50: 21, p90: 22, p99: 23, p999: 24, max: 25 });
            (run.service_us, run.fan_out_us) = (quantiles(1, 26, 99), quantiles(1, 27, 99));
            (run.impact_ms, run.recovery_ms, run.ready_ms) = (Some(28), Some(29), Some(30));
        });
        let read: Vec<_> = FIGURES.iter().map(|figure| figure.of_run(&run)).collect();
        let mut expected: Vec<_> = (1..=30).map(|n| Some(f64::from(n))).collect();
        expected[6] = Some(0.7);
        assert_eq!(read, expected);
        let none = RunReport::inconclusive("redis-1", "redis", "redis", "no figures".into());
        assert!(FIGURES.iter().all(|figure| figure.of_run(&none).is_none()));
    }

    #[test]
    fn what_a_user_wants_is_better_and_what_was_asked_for_is_not_judged() {
        let named = |better| -> Vec<_> {
            FIGURES.iter().filter(|figure| figure.better == better).map(|figure| figure.name).collect()
        };
        assert_eq!(named(Higher), ["acked", "on_time", "delivered"]);
        assert_eq!(named(Neither), ["sent", "owed", "recovered", "lost_no_path"]);
    }
}
