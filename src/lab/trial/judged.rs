//! The end of a run: its evidence becomes the row of the report.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Trial, locked_out};
use crate::interruption::RunCut;
use crate::strikes::Strikes;
use ledger::{self, Harness, Ledger, Plan, Settled, grouped};
use load::LockedOut;
use report::RunReport;
use report::story::{self, Began, Sources};

/// What somebody may have forgotten whose nodes do not hear each other.
const PEERS_HINT: &str = "hint: the command of a server can tell each node of the others, by `{peers}`, or of a broker \
     that they share, such as `{redis}`";

/// The evidence that the measurement of a run brings.
pub(super) struct Evidence {
    pub(super) ledger: Arc<Mutex<Ledger>>,
    pub(super) harness: Harness,
    pub(super) strikes: Strikes,
    /// The clients that were to be connected again in the end, and were not.
    pub(super) locked_out: Vec<LockedOut>,
    /// When the measured load began.
    pub(super) began: Began,
    pub(super) plan: Plan,
    pub(super) ended: Duration,
    /// Where the run was cut; `None` for a run that came to its end.
    pub(super) cut: Option<RunCut>,
}

impl Trial<'_> {
    /// The row of the report for this evidence.
    pub(super) fn judged(&self, evidence: Evidence, deaths: Vec<String>) -> RunReport {
        let Evidence { ledger, mut harness, strikes, locked_out, began, plan, ended, cut } = evidence;
        let cut_why = cut.map(|cut| cut.why(self.scenario.load.duration)).unwrap_or_default();
        harness.problems.splice(0..0, cut_why);
        harness.problems.extend(strikes.problems);
        harness.violations.extend(deaths);
        locked_out::blame(&locked_out, &strikes.times, &mut harness);
        let settled = ledger.lock().unwrap_or_else(PoisonError::into_inner).settle(&strikes.times, ended);
        add_disconnects(&settled, &mut harness);
        if settled.nodes_apart && self.subject.pattern().is_none() {
            harness.notes.push(PEERS_HINT.to_owned());
        }
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

/// Adds how the server ended connections to what the report says. What nothing explains may be the cause of everything
/// else, and stands first.
fn add_disconnects(settled: &Settled, harness: &mut Harness) {
    harness.causes.splice(0..0, settled.disconnects.iter().map(ledger::Disconnect::clause));
    harness.notes.extend(match settled.early_disconnects {
        0 => None,
        1 => Some("before the load, a server ended a connection".to_owned()),
        times => Some(format!("before the load, a server ended {} connections", grouped(times))),
    });
}
