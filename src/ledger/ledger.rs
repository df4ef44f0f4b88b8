//! The ledger's books: everything that is kept from one event to the next.

use std::collections::BTreeSet;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::before_load::BeforeLoad;
use super::disconnects::Disconnects;
use super::early::EarlyReceipts;
use super::fan_out::FanOut;
use super::harm::Harm;
use super::histogram::micros_histogram;
use super::message::Message;
use super::moments::Seen;
use super::observers::Observers;
use super::path::Path;
use super::plan::Plan;
use super::shares::Shares;
use super::subscriber::Subscriber;
use super::tally::Tally;
use super::tempo::Tempo;
use super::time::nanos;
use super::timeline::Timeline;
use super::witness::Witness;

/// Who was owed which message, and what became of each debt. Costs one byte a debt.
#[derive(Debug)]
pub struct Ledger {
    pub(super) plan: Plan,
    /// When each message is due, built once from the plan: each receipt asks when its message was due.
    pub(super) tempo: Tempo,
    pub(super) begin: Option<u64>,
    /// The latest sending told so far, in nanoseconds since the run's zero.
    pub(super) latest_sent: Option<u64>,
    pub(super) messages: Vec<Message>,
    /// For each message, the number of debts that are worth waiting for and not yet paid.
    pub(super) unpaid: Vec<u32>,
    /// For each message, how far apart its recipients are.
    pub(super) fan_out: Vec<FanOut>,
    pub(super) subscribers: Vec<Subscriber>,
    /// For each room, the numbers of its subscribers.
    pub(super) rooms: Vec<Vec<usize>>,
    pub(super) early: EarlyReceipts,
    pub(super) tally: Tally,
    pub(super) seen: Seen,
    /// The harm of debts that came too late. What was lost or never sent is known at the end.
    pub(super) harm: Harm,
    /// What came before the measured load.
    pub(super) before: BeforeLoad,
    pub(super) timeline: Timeline,
    pub(super) latency: Histogram<u64>,
    pub(super) service: Histogram<u64>,
    pub(super) unverified: BTreeSet<Path>,
    pub(super) disconnects: Disconnects,
    pub(super) witness: Witness,
    /// Who watches the people in the rooms; `None` if nobody does.
    pub(super) observers: Option<Observers>,
    /// How agents share the clients; `None` if one has them all.
    pub(super) shares: Option<Shares>,
}

impl Ledger {
    /// An empty ledger. Everything a receipt needs is allocated here.
    pub fn new(plan: Plan) -> Self {
        let mut rooms = vec![Vec::new(); plan.rooms];
        for s in plan.all_subscribers() {
            rooms[plan.subscriber_room(s)].push(s);
        }
        let tempo = plan.tempo();
        Self {
            begin: None,
            latest_sent: None,
            messages: vec![Message::UNSENT; plan.messages],
            unpaid: vec![0; plan.messages],
            fan_out: vec![FanOut::NOBODY; plan.messages],
            subscribers: plan.all_subscribers().map(|s| Subscriber::new(&plan, s)).collect(),
            rooms,
            early: EarlyReceipts::default(),
            tally: Tally::default(),
            seen: Seen::default(),
            harm: Harm::default(),
            before: BeforeLoad::default(),
            timeline: Timeline::new(plan.messages.checked_sub(1).map(|last| nanos(tempo.due(last)))),
            latency: micros_histogram(),
            service: micros_histogram(),
            unverified: BTreeSet::new(),
            disconnects: Disconnects::default(),
            witness: Witness::new(&plan),
            observers: None,
            shares: None,
            tempo,
            plan,
        }
    }

    /// Has the first [`observers`](Plan::observers) of the subscribers watch who is said to be in their room. To be told
    /// before anybody subscribes.
    pub fn watch_presence(&mut self) {
        self.observers = Some(Observers::new(&self.plan));
    }

    /// The arithmetic of the run.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Records that the measured load begins: every intended send time counts from here. To be told before any sending.
    pub fn begin(&mut self, at: Duration) {
        self.begin = Some(nanos(at));
    }

    /// Records that the path from this publisher to this subscriber never worked while probing. Its debts stay owed.
    pub fn unverified_path(&mut self, publisher: usize, subscriber: usize) {
        self.unverified.insert(Path { publisher, subscriber });
    }

    /// Number of debts that are not yet paid and that have a path. Costs nothing to ask.
    pub fn outstanding(&self) -> u64 {
        self.tally.outstanding
    }

    /// Number of messages that were sent and have no answer yet. Costs nothing to ask.
    pub fn unanswered(&self) -> u64 {
        self.tally.sent - self.tally.answers.iter().sum::<u64>()
    }
}
