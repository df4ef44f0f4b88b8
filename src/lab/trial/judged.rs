//! The end of a run: its evidence becomes the row of the report.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Trial;
use crate::interruption::RunCut;
use crate::strikes::Strikes;
use ledger::{self, Harness, Ledger, Plan, RunCost};
use report::RunReport;
use report::story::{self, Began, Sources};

/// The evidence that the measurement of a run brings.
pub(super) struct Evidence {
    pub(super) ledger: Arc<Mutex<Ledger>>,
    pub(super) harness: Harness,
    pub(super) strikes: Strikes,
    /// When the measured load began.
    pub(super) began: Began,
    pub(super) plan: Plan,
    pub(super) ended: Duration,
    /// Where the run was cut; `None` for a run that came to its end.
    pub(super) cut: Option<RunCut>,
    /// What the run took of its machine; `None` if nothing could be measured.
    pub(super) cost: Option<RunCost>,
}

impl Trial<'_> {
    /// The row of the report for this evidence.
    pub(super) fn judged(&self, evidence: Evidence, deaths: Vec<String>) -> RunReport {
        let Evidence { ledger, mut harness, strikes, began, plan, ended, cut, cost } = evidence;
        let cut_why = cut.map(|cut| cut.why(self.scenario.load.duration)).unwrap_or_default();
        harness.problems.splice(0..0, cut_why);
        harness.problems.extend(strikes.problems);
        harness.violations.extend(deaths);
        let mut settled = ledger.lock().unwrap_or_else(PoisonError::into_inner).settle(&strikes.times, ended);
        settled.cost = cost.map(|cost| cost.over(settled.debts.delivered + settled.debts.recovered));
        // An expectation bounds the whole of a run and says nothing about a part of it.
        let expectations = if cut.is_some() { Vec::new() } else { self.subject.expectations(self.scenario) };
        let judgement = ledger::judge(&settled, &harness, &expectations);
        let (label, pattern) = (self.subject.label(), self.subject.pattern_name());
        let run = RunReport::new(&self.id, label, pattern, &settled, &judgement, &harness, &strikes.times);
        let sources = Sources {
            plan: &plan,
            pattern: self.subject.pattern(),
            times: &strikes.times,
            traces: self.traces().then_some(self.logs.as_path()),
            began,
        };
        let stories = story::tell(&sources, &settled.testimonies);
        RunReport { partial: cut.is_some(), began_unix_ms: began.unix_ms(), stories, ..run }
    }
}
