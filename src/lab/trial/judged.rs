//! The end of a run: its evidence becomes the row of the report.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Trial, locked_out};
use crate::interruption::RunCut;
use crate::strikes::Strikes;
use ledger::{self, Harness, Ledger, Plan, RunCost, Settled, TrafficFigures, grouped};
use load::LockedOut;
use report::RunReport;
use report::story::{self, Began, Sources};
use scenario::Expectation;

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
    /// What passed between subscribers and nodes.
    pub(super) traffic: Option<TrafficFigures>,
    /// What the run took of its machine; `None` if nothing could be measured.
    pub(super) cost: Option<RunCost>,
    /// Whether the dialect has answers. Without them some figures say nothing about the server.
    pub(super) answers: bool,
}

impl Trial<'_> {
    /// The row of the report for this evidence.
    pub(super) fn judged(&self, evidence: Evidence, deaths: Vec<String>) -> RunReport {
        let Evidence { ledger, mut harness, strikes, locked_out, began, plan, ended, cut, .. } = evidence;
        let Evidence { traffic, cost, answers, .. } = evidence;
        let cut_why = cut.map(|cut| cut.why(self.scenario.load.duration)).unwrap_or_default();
        harness.problems.splice(0..0, cut_why);
        harness.problems.extend(strikes.problems);
        harness.violations.extend(deaths);
        locked_out::blame(&locked_out, &strikes.times, &mut harness);
        let mut settled = ledger.lock().unwrap_or_else(PoisonError::into_inner).settle(&strikes.times, ended);
        let received = settled.debts.delivered + settled.debts.recovered;
        settled.traffic = traffic.map(|traffic| traffic.over(received));
        settled.cost = cost.map(|cost| cost.over(received));
        add_disconnects(&settled, &mut harness);
        if settled.nodes_apart && self.subject.pattern().is_none() {
            // Of many notes only the first few are told in a sentence, and this one is what to do.
            harness.notes.insert(0, PEERS_HINT.to_owned());
        }
        // An expectation bounds the whole of a run and says nothing about a part of it.
        let expectations = if cut.is_some() { Vec::new() } else { self.subject.expectations(self.scenario) };
        let (expectations, left_out) = askable(expectations, answers);
        harness.notes.extend(left_out);
        let judgement = ledger::judge(&settled, &harness, &expectations);
        let (label, pattern) = (self.label.as_str(), self.subject.pattern_name());
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
pub(super) fn add_disconnects(settled: &Settled, harness: &mut Harness) {
    harness.causes.splice(0..0, settled.disconnects.iter().map(ledger::Disconnect::clause));
    harness.notes.extend(match settled.early_disconnects {
        0 => None,
        1 => Some("before the load, a server ended a connection".to_owned()),
        times => Some(format!("before the load, a server ended {} connections", grouped(times))),
    });
}

/// The expectations that can be asked of a run, and a note that names the others. In a dialect without answers every
/// message is `unknown`, whatever the server does.
pub(super) fn askable(expectations: Vec<Expectation>, answers: bool) -> (Vec<Expectation>, Option<String>) {
    let (left_out, asked): (Vec<_>, Vec<_>) =
        expectations.into_iter().partition(|expectation| !answers && expectation.is_of_answers());
    let named: Vec<_> = left_out.iter().map(|expectation| format!("`{expectation}`")).collect();
    let note = match named.len() {
        0 => None,
        1 => Some("was"),
        _ => Some("were"),
    };
    (
        asked,
        note.map(|was| format!("{} {was} not asked, because the dialect has no answers", named.join(", "))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::software::{Server, Software};
    use ledger::{Arrival, FaultTimes, Judgement, Verdict};
    use scenario::{Overrides, Pattern, Scenario, Shipped};

    /// Judges a server that does everything right in a dialect that has no answers.
    fn ideal_plain_server(scenario: &Scenario) -> Judgement {
        let (publishers, subscribers, nodes, rooms, rate, messages) = (3, 6, 3, 1, 100.0, 300);
        let crosses_nodes = true;
        let plan =
            Plan { publishers, subscribers, nodes, rooms, rate, surges: vec![], messages, crosses_nodes };
        let mut ledger = Ledger::new(plan.clone());
        let (begin, trip) = (Duration::from_secs(1), Duration::from_millis(1));
        plan.all_subscribers().for_each(|s| ledger.subscribed(s, plan.subscriber_node(s), trip));
        ledger.begin(begin);
        for n in 0..messages {
            let at = begin + plan.due(n);
            ledger.sent(n, plan.publisher_node(plan.publisher(n)), at);
            plan.all_subscribers().for_each(|s| ledger.received(s, n, Arrival::Live, at + trip));
        }
        let (expectations, note) = askable(scenario.expectations_for(None), false);
        let harness = Harness { notes: note.into_iter().collect(), ..Harness::default() };
        // Whatever struck it, it was well again at once.
        let (what, at) = (String::from("storm"), Duration::from_secs(1));
        let (heal_begin, healed) = (Some(at), Some(at));
        let fault = FaultTimes { what, begin: at, heal_begin, healed, deliberate: false, planned: None };
        ledger::judge(&ledger.settle(&[fault], Duration::from_secs(9)), &harness, &expectations)
    }

    #[test]
    fn every_shipped_scenario_is_passed_by_an_ideal_server_without_answers() {
        let server = Server { label: "mine".into(), command: String::new(), broker: None };
        let mut left_out = 0;
        for shipped in Shipped::all() {
            let name = shipped.name;
            let scenario = Scenario::load(&name, &Overrides::new()).unwrap();
            if Software::Server(server.clone()).applies(&scenario).is_err() {
                continue;
            }
            let judgement = ideal_plain_server(&scenario);
            assert_eq!(judgement.verdict, Verdict::Valid, "{name}: {:?}", judgement.reasons);
            if scenario.expectations_for(None).iter().any(|expectation| expectation.figure == "unknown") {
                left_out += 1;
                let [note] = &judgement.reasons.notes[..] else { panic!("{name}: {:?}", judgement.reasons) };
                assert!(note.contains("`unknown = 0`"), "{name}: {note}");
                assert!(note.ends_with("not asked, because the dialect has no answers"), "{name}: {note}");
            }
        }
        assert!(left_out >= 7, "{left_out} scenarios expect answers");
    }

    #[test]
    fn control_a_dialect_with_answers_is_asked_everything() {
        let steady = Scenario::load("steady", &Overrides::new()).unwrap();
        let all = steady.expectations_for(Some(Pattern::named("redis").unwrap()));
        assert_eq!(askable(all.clone(), true), (all.clone(), None));
        let (asked, _) = askable(all.clone(), false);
        let gone: Vec<_> =
            all.iter().filter(|one| !asked.contains(one)).map(|one| one.figure.as_str()).collect();
        assert_eq!(gone, ["refused", "unknown", "lost_confirmed"]);
    }
}
