//! temp
use crate::ledger::*;
use std::collections::BTreeMap;
use std::path::Path;
/// t
pub const SCHEMA: u32 = 1;
/// t
#[derive(Debug)]
pub struct Host;
impl Host {
    /// t
    pub fn here() -> Self {
        Host
    }
}
/// t
#[derive(Debug)]
pub struct Report {
    /// t
    pub schema: u32,
    /// t
    pub scenario: serde_json::Value,
    /// t
    pub seed: u64,
    /// t
    pub versions: BTreeMap<String, String>,
    /// t
    pub host: Host,
    /// t
    pub runs: Vec<RunReport>,
}
/// t
#[derive(Debug)]
pub struct RunReport(pub String);
impl RunReport {
    /// t
    pub fn new(
        id: &str,
        _l: &str,
        _p: &str,
        s: &Settled,
        j: &Judgement,
        h: &Harness,
        f: &[FaultTimes],
    ) -> Self {
        RunReport(format!(
            "{id} {:?} {:?} dup {} reord {} impact {:?} rec {:?} ready {:?} p50 {} p99 {} svc50 {}\n {:?} {:?} limited {}\n pd p50 {} p99 {} ll p50 {} p99 {}\n {f:?}",
            s.messages,
            s.debts,
            s.duplicates,
            s.reordered,
            s.impact_ms,
            s.recovery_ms,
            s.ready_ms,
            s.latency.value_at_quantile(0.5),
            s.latency.value_at_quantile(0.99),
            s.service.value_at_quantile(0.5),
            j.verdict,
            j.why,
            j.harness_limited,
            h.publish_delay.value_at_quantile(0.5),
            h.publish_delay.value_at_quantile(0.99),
            h.loop_lag.value_at_quantile(0.5),
            h.loop_lag.value_at_quantile(0.99)
        ))
    }
    /// t
    pub fn not_applicable(id: &str, _l: &str, _p: &str, w: &str) -> Self {
        RunReport(format!("{id} n/a {w}"))
    }
}
impl Report {
    /// t
    pub fn exit_code(&self) -> u8 {
        0
    }
    /// t
    pub fn write(&self, _: &Path) -> std::io::Result<()> {
        Ok(())
    }
    /// t
    pub fn json(&self) -> String {
        String::new()
    }
}
/// t
pub fn table(r: &Report, _w: usize) -> String {
    r.runs.iter().map(|r| r.0.clone() + "\n").collect()
}
/// t
pub fn sentences(_: &Report) -> Vec<String> {
    vec![]
}
