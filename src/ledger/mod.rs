//! Stand-in until the ledger is merged.
#![allow(missing_docs, unused_variables)]
mod plan;
use hdrhistogram::Histogram;
pub use plan::Plan;
use std::time::Duration;
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    Confirmed,
    Handed,
    Refused,
    Unknown,
}
#[derive(Debug, Clone, Copy)]
pub enum Arrival {
    Live,
    Replay { round: u32 },
}
#[derive(Debug)]
pub struct Ledger {
    plan: Plan,
}
impl Ledger {
    pub fn new(plan: Plan) -> Self {
        Self { plan }
    }
    pub fn begin(&mut self, at: Duration) {}
    pub fn sent(&mut self, n: usize, node: usize, at: Duration) {}
    pub fn answered(&mut self, n: usize, answer: Answer) {}
    pub fn subscribed(&mut self, s: usize, node: usize, at: Duration) {}
    pub fn closed(&mut self, s: usize, at: Duration) {}
    pub fn received(&mut self, s: usize, n: usize, arrival: Arrival, at: Duration) {}
    pub fn unexpected(&mut self, s: usize) {}
    pub fn corrupted(&mut self, s: usize) {}
    pub fn foreign(&mut self, s: usize) {}
    pub fn unverified_path(&mut self, publisher: usize, subscriber: usize) {}
}
#[derive(Debug)]
pub struct Harness {
    pub publish_delay: Histogram<u64>,
    pub loop_lag: Histogram<u64>,
    pub overruns: u64,
    pub problems: Vec<String>,
    pub notes: Vec<String>,
}
