//! The figures that are compared, and which way is better.

use serde::Serialize;

use super::super::{Quantiles, RunReport};
use ledger::{Debts, Messages};

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Less of it.
    Lower,
    /// More of it.
    Higher,
    /// It only says what was asked for, or what a pattern is: no judgement.
    Neither,
}

/// A figure's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// How many.
    Count,
    /// A share of 1.
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

/// How a figure is read.
pub(super) enum Read {
    /// Of each run; a side has their median.
    Run(fn(&RunReport) -> Option<f64>),
    /// Of all debts of a side.
    OnTime,
    /// Of the sum of the runs' distributions.
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

/// In the order of the table. Refusals and losses of every kind are better lower; what was asked for (`sent`,
/// `owed`), what a pattern has no way for and what came by replay (better than lost, worse than live) is not judged.
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
