//! What a run took of its machine and what passed over its connections, as the page and `timeline.csv` say it.

use super::RunReport;
use super::numbers::{amount, span};
use ledger::{CostSample, PartCost, RunCost, TrafficFigures, grouped};

/// The length of a slice of the timeline, in milliseconds.
const SLICE_MS: u64 = 100;

/// The name of a row, and what it says of a run.
type Row = (&'static str, fn(&RunReport) -> String);

/// The rows of the page's table; `-` for a part that the lab did not measure.
pub(super) const ROWS: [Row; 15] = [
    ("CPU time per delivery", |run| {
        of(run, |cost| Some(format!("{} us", amount(cost.cpu_us_per_delivery?))))
    }),
    ("CPU time of the nodes per delivery", |run| {
        of(run, |cost| Some(format!("{} us", amount(cost.nodes_cpu_us_per_delivery?))))
    }),
    ("memory at its highest", |run| of(run, |cost| Some(mib(cost.rss_mib)))),
    ("nodes: CPU time", |run| of(run, |cost| Some(span(cost.nodes?.cpu_us)))),
    ("nodes: memory at rest, at its highest", |run| of(run, |cost| Some(memory(cost.nodes?)))),
    ("broker: CPU time", |run| of(run, |cost| Some(span(cost.broker?.cpu_us)))),
    ("broker: memory at rest, at its highest", |run| of(run, |cost| Some(memory(cost.broker?)))),
    ("history: CPU time", |run| of(run, |cost| Some(span(cost.history?.cpu_us)))),
    ("history: memory at rest, at its highest", |run| of(run, |cost| Some(memory(cost.history?)))),
    ("HTTP requests of the subscribers", |run| passed(run, |traffic| Some(grouped(traffic.requests)))),
    ("bytes to the subscribers, from them", |run| {
        passed(run, |traffic| Some(format!("{}, {}", grouped(traffic.bytes_in), grouped(traffic.bytes_out))))
    }),
    ("bytes per delivery, both ways", |run| passed(run, |traffic| Some(amount(traffic.bytes_per_delivery?)))),
    ("times that it was looked at", |run| of(run, |cost| Some(cost.samples.to_string()))),
    ("CPU time of looking, the lab's own", |run| of(run, |cost| Some(span(cost.sampling_us)))),
    ("CPU time of looking, for each look", |run| {
        of(run, |cost| Some(span(cost.sampling_us / cost.samples.max(1))))
    }),
];

fn of(run: &RunReport, read: impl Fn(&RunCost) -> Option<String>) -> String {
    run.cost.as_ref().and_then(read).unwrap_or_else(|| "-".into())
}

fn passed(run: &RunReport, read: impl Fn(&TrafficFigures) -> Option<String>) -> String {
    run.traffic.as_ref().and_then(read).unwrap_or_else(|| "-".into())
}

fn memory(part: PartCost) -> String {
    format!("{}, {}", mib(part.rss_rest_mib), mib(part.rss_max_mib))
}

fn mib(mib: f64) -> String {
    format!("{} MiB", amount(mib))
}

/// The first look at the processes within the slice that begins at this moment.
pub(super) fn cost_at(cost: &RunCost, slice_ms: u64) -> Option<CostSample> {
    let first = cost.timeline.partition_point(|look| look.at_ms < slice_ms);
    cost.timeline.get(first).filter(|look| look.at_ms < slice_ms + SLICE_MS).copied()
}

#[cfg(test)]
mod tests {
    use super::super::sample::run_with;
    use super::*;

    #[test]
    fn a_part_that_was_not_measured_is_a_dash() {
        let nodes = PartCost { cpu_us: 2_500_000, rss_rest_mib: 20.0, rss_max_mib: 31.25 };
        let cost = RunCost {
            nodes: Some(nodes),
            rss_mib: 31.25,
            samples: 4,
            sampling_us: 2_000,
            ..RunCost::default()
        };
        let said = |cost: Option<RunCost>| {
            let traffic = TrafficFigures {
                requests: 1_200,
                bytes_in: 5_000_000,
                bytes_out: 70_000,
                bytes_per_delivery: Some(302.4),
            };
            let run = run_with(|run| (run.traffic, run.cost) = (cost.is_some().then_some(traffic), cost));
            ROWS.map(|(_, cell)| cell(&run))
        };
        let cost_of_nodes = ["-", "-", "31.2 MiB", "2.5 s", "20.0 MiB, 31.2 MiB", "-", "-", "-", "-"];
        let rest = ["1,200", "5,000,000, 70,000", "302", "4", "2.0 ms", "0.50 ms"];
        assert_eq!(said(Some(cost)).to_vec(), [&cost_of_nodes[..], &rest].concat());
        assert_eq!(said(None), ["-"; 15]);
    }

    #[test]
    fn a_slice_has_the_first_look_within_it() {
        let timeline =
            [0, 199, 200, 260, 400].map(|at_ms| CostSample { at_ms, ..CostSample::default() }).to_vec();
        let cost = RunCost { timeline, ..RunCost::default() };
        let found = [0, 100, 200, 300, 400, 500].map(|slice| cost_at(&cost, slice).map(|look| look.at_ms));
        assert_eq!(found, [Some(0), Some(199), Some(200), None, Some(400), None]);
    }
}
