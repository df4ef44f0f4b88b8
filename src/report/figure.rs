//! The figures of a report's table: what each is called, and how it is read out of a run.

use super::numbers::{millis, percent};
use super::{Quantiles, Report, RunReport};
use ledger::{Debts, Messages, Verdict, grouped};

/// Reads a figure out of a run; `None` for a figure that does not exist there.
type Value = fn(&RunReport) -> Option<String>;

/// One figure of a table. The on-time share stands before any latency: latency is only of what was delivered,
/// so that a pattern that loses its slow messages looks fast.
pub(super) struct Figure {
    /// The name of the figure in a table where figures are rows.
    pub(super) name: &'static str,
    /// The heading of the figure in a table where figures are columns, in its lines.
    pub(super) heading: &'static str,
    /// The heading in less width.
    pub(super) tight: &'static str,
    value: Value,
}

const fn figure(name: &'static str, heading: &'static str, tight: &'static str, value: Value) -> Figure {
    Figure { name, heading, tight, value }
}

/// Every figure, in the order of the table.
pub(super) static FIGURES: [Figure; 20] = [
    figure("sent", "sent", "sent", |run| message(run, |m| m.sent)),
    figure(UNSENT, "unsent", "un-\nsent", |run| message(run, |m| m.unsent)),
    figure("acked", "acked", "acked", |run| message(run, |m| m.acked)),
    figure("refused", "refused", "re-\nfused", |run| message(run, |m| m.refused)),
    figure("unknown", "un-\nknown", "un-\nknown", |run| message(run, |m| m.unknown)),
    figure("owed", "owed", "owed", |run| debt(run, |d| d.owed)),
    figure("on time", "on\ntime", "on\ntime", |run| run.debts.as_ref()?.on_time.map(percent)),
    figure("delivered", "deliv-\nered", "deliv-\nered", |run| debt(run, |d| d.delivered)),
    figure("recovered", "recov-\nered", "re-\ncov.", |run| debt(run, |d| d.recovered)),
    figure("lost", "lost", "lost", |run| debt(run, |d| d.lost)),
    figure("  of it confirmed", "of it\nconf.", "of it\nconf.", |run| debt(run, |d| d.lost_confirmed)),
    figure("  of it handed", "of it\nhanded", "of it\nhand.", |run| debt(run, |d| d.lost_handed)),
    figure("duplicates", "dupli-\ncates", "dupl.", |run| run.duplicates.map(grouped)),
    figure("reordered", "reor-\ndered", "reor-\ndered", |run| run.reordered.map(grouped)),
    figure("p50 (ms)", "p50\nms", "p50\nms", |run| latency(run, |l| l.p50)),
    figure("p99 (ms)", "p99\nms", "p99\nms", |run| latency(run, |l| l.p99)),
    figure("max (ms)", "max\nms", "max\nms", |run| latency(run, |l| l.max)),
    figure("impact (ms)", "impact\nms", "imp.\nms", |run| run.impact_ms.map(grouped)),
    figure("recovery (ms)", "recov-\nery ms", "recov.\nms", |run| run.recovery_ms.map(grouped)),
    figure("verdict", "verdict", "verdict", |run| Some(verdict(run).into())),
];

/// The name of the figure that stands in the table only where there is something to tell: nearly always everything is
/// sent.
const UNSENT: &str = "unsent";

/// The figures of this report's table.
pub(super) fn figures(report: &Report) -> Vec<&'static Figure> {
    let unsent = report.runs.iter().any(|run| run.messages.is_some_and(|messages| messages.unsent > 0));
    FIGURES.iter().filter(|figure| unsent || figure.name != UNSENT).collect()
}

/// A figure of a run as a cell; `-` for a figure that does not exist.
pub(super) fn value(figure: &Figure, run: &RunReport) -> String {
    (figure.value)(run).unwrap_or_else(|| "-".into())
}

fn message(run: &RunReport, count: fn(&Messages) -> u64) -> Option<String> {
    run.messages.as_ref().map(|messages| grouped(count(messages)))
}

fn debt(run: &RunReport, count: fn(&Debts) -> u64) -> Option<String> {
    run.debts.as_ref().map(|debts| grouped(count(debts)))
}

fn latency(run: &RunReport, at: fn(&Quantiles) -> u64) -> Option<String> {
    let mark = if run.harness_limited { "*" } else { "" };
    run.latency_us.as_ref().map(|latency| millis(at(latency)) + mark)
}

/// What a table calls the verdict of a run.
pub(super) fn verdict(run: &RunReport) -> &'static str {
    match run.verdict {
        // A partial run is inconclusive as well, and this is why.
        _ if run.partial => "partial",
        Verdict::Valid => "valid",
        Verdict::Violated => "violated",
        Verdict::Inconclusive => "inconclusive",
        Verdict::NotApplicable => "n/a",
    }
}
