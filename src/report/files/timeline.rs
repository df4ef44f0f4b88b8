//! `timeline.csv`: a row for each slice of each run, for spreadsheets and notebooks.

use std::io;

use super::super::label::bare;
use super::super::{Report, RunReport};
use crate::cost::cost_at;
use ledger::Slice;

/// The file's name in the directory of a run.
pub const TIMELINE_FILE: &str = "timeline.csv";

/// The text of the file. What does not exist is an empty field. `lost_node_0`, `lost_node_1` and so on hold the lost
/// debts by node.
pub fn timeline_csv(report: &Report) -> io::Result<String> {
    let slices = report.runs.iter().flat_map(|run| &run.timeline);
    let nodes = slices.map(|slice| slice.lost_by_node.len()).max().unwrap_or(0);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let by_node = (0..nodes).map(|node| format!("lost_node_{node}"));
    let names = NAMES.iter().map(|name| (*name).to_owned());
    writer.write_record(names.chain(by_node))?;
    for run in &report.runs {
        for slice in &run.timeline {
            let by_node =
                (0..nodes).map(|node| slice.lost_by_node.get(node).copied().unwrap_or(0).to_string());
            writer.write_record(fields(run, slice).into_iter().chain(by_node))?;
        }
    }
    let text = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(text).map_err(io::Error::other)
}

const NAMES: [&str; 29] = [
    "run",
    "label",
    "pattern",
    "params",
    "repeat",
    "phase",
    "at_ms",
    "sent",
    "acked",
    "refused",
    "unknown",
    "delivered",
    "late",
    "duplicates",
    "received",
    "recovered",
    "lost",
    "online",
    "p50_us",
    "p99_us",
    "max_us",
    "spread_p50_us",
    "spread_max_us",
    "nodes_cpu_us",
    "nodes_rss_mib",
    "broker_cpu_us",
    "broker_rss_mib",
    "history_cpu_us",
    "history_rss_mib",
];

fn fields(run: &RunReport, slice: &Slice) -> [String; NAMES.len()] {
    let some = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    let mib = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let cost = run.cost.as_ref().and_then(|cost| cost_at(cost, slice.at_ms)).unwrap_or_default();
    let params: Vec<_> = run.params.iter().map(|(key, value)| format!("{key}={}", bare(value))).collect();
    [
        run.id.clone(),
        run.label.clone(),
        run.pattern.clone(),
        params.join(" "),
        run.repeat.to_string(),
        phase(run, slice.at_ms).to_owned(),
        slice.at_ms.to_string(),
        slice.sent.to_string(),
        slice.acked.to_string(),
        slice.refused.to_string(),
        slice.unknown.to_string(),
        slice.delivered.to_string(),
        some(slice.late),
        some(slice.duplicates),
        slice.received.to_string(),
        slice.recovered.to_string(),
        slice.lost.to_string(),
        some(slice.online),
        some(slice.p50_us),
        some(slice.p99_us),
        some(slice.max_us),
        some(slice.spread_p50_us),
        some(slice.spread_max_us),
        some(cost.nodes_cpu_us),
        mib(cost.nodes_rss_mib),
        some(cost.broker_cpu_us),
        mib(cost.broker_rss_mib),
        some(cost.history_cpu_us),
        mib(cost.history_rss_mib),
    ]
}

/// The phase of the run; empty where no interval says it.
fn phase(run: &RunReport, at_ms: u64) -> &'static str {
    let after = run.intervals.partition_point(|interval| interval.at_ms <= at_ms);
    let last = after.checked_sub(1).and_then(|last| run.intervals.get(last));
    last.filter(|interval| at_ms < interval.at_ms.saturating_add(interval.length_ms))
        .map_or("", |interval| interval.phase.name())
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{redis, report};
    use super::*;
    use crate::IntervalReport;
    use ledger::{CostSample, Phase, RunCost};

    #[test]
    fn a_row_has_every_field_of_its_slice_and_is_quoted() {
        let mut run = redis();
        run.label = "mine, \"fast\"".into();
        run.params = [("rate".into(), 100.into())].into();
        run.intervals = vec![IntervalReport { at_ms: 0, length_ms: 100, phase: Phase::Fault, latency: None }];
        let slice = Slice { at_ms: 0, sent: 3, lost: 2, lost_by_node: vec![0, 2], ..Slice::default() };
        run.timeline = vec![slice, Slice { at_ms: 100, p50_us: Some(7), ..Slice::default() }];
        let look = |at_ms, mib| CostSample {
            at_ms,
            nodes_cpu_us: Some(1_200),
            nodes_rss_mib: Some(mib),
            ..CostSample::default()
        };
        // The second slice was looked at, the first was not.
        run.cost = Some(RunCost { timeline: vec![look(150, 20.5), look(200, 21.0)], ..RunCost::default() });
        let text = timeline_csv(&report(vec![run])).unwrap();
        let expected = "\
run,label,pattern,params,repeat,phase,at_ms,sent,acked,refused,unknown,delivered,late,duplicates,received,recovered,lost,online,p50_us,\
p99_us,max_us,spread_p50_us,spread_max_us,nodes_cpu_us,nodes_rss_mib,broker_cpu_us,broker_rss_mib,history_cpu_us,\
history_rss_mib,lost_node_0,lost_node_1
redis-1,\"mine, \"\"fast\"\"\",redis,rate=100,1,fault,0,3,0,0,0,0,,,0,0,2,,,,,,,,,,,,,0,2
redis-1,\"mine, \"\"fast\"\"\",redis,rate=100,1,,100,0,0,0,0,0,,,0,0,0,,7,,,,,1200,20.5,,,,,0,0
";
        assert_eq!(text, expected);
    }

    #[test]
    fn every_field_of_a_slice_is_a_column() {
        let slice = Slice { lost_by_node: vec![1], ..Slice::default() };
        let fields = serde_json::to_value(slice).unwrap();
        for name in fields.as_object().unwrap().keys().filter(|name| *name != "lost_by_node") {
            assert!(NAMES.contains(&name.as_str()), "{name} is no column");
        }
    }
}
