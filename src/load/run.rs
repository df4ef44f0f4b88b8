//! The state that all clients of one run share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::agent::Agent;
use super::attendance::Attendance;
use super::clock::LoadClock;
use super::cross::Cross;
use super::dial::Dialer;
use super::dialect::Dialect;
use super::ending::Ending;
use super::health::{LoadHealth, printable};
use super::refusal::Refusal;
use super::rehearsal::Rehearsal;
use super::roster::Roster;
use super::slow::Slowness;
use super::storm::Storms;
use super::text::Texts;
use super::traffic::Traffic;
use ledger::{Event, Ledger, Plan};
use scenario::Transport;

/// How long publishers that have a connection may take to hand over the messages that are due: the time of some
/// writes.
const HAND_OVER: Duration = Duration::from_millis(200);

/// The state that all clients of one run share.
#[derive(Debug)]
pub(super) struct LoadRun {
    pub(super) plan: Plan,
    pub(super) clock: LoadClock,
    pub(super) texts: Texts,
    pub(super) dialect: Dialect,
    /// How subscribers hear.
    pub(super) transport: Transport,
    /// How often a subscriber asks over [`Transport::Poll`].
    pub(super) poll_every: Duration,
    pub(super) traffic: Traffic,
    pub(super) dialer: Dialer,
    pub(super) roster: Roster,
    pub(super) attendance: Attendance,
    pub(super) slowness: Slowness,
    pub(super) storms: Storms,
    pub(super) rehearsal: Rehearsal,
    pub(super) health: LoadHealth,
    pub(super) resend: bool,
    pub(super) keeps_history: bool,
    /// Whether the first subscribers observe who is said to be in their rooms.
    pub(super) watches_presence: bool,
    /// Number of messages of the measured load that the schedule has given out and that no publisher has handed over
    /// yet.
    pub(super) waiting: watch::Sender<usize>,
    pub(super) ledger: Arc<Mutex<Ledger>>,
    /// What makes this load generator one of several; `None` for one that plays all clients.
    pub(super) agent: Option<Agent>,
    /// What is still to come from the others.
    pub(super) cross: Mutex<Cross>,
}

impl LoadRun {
    /// Locks the ledger, for one entry.
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the ledger of an event, and writes it down where this is one of several agents. Gives whether an observer has
    /// to ask who is there.
    pub(super) fn tell(&self, event: &Event, at: Duration) -> bool {
        let mut ledger = self.ledger();
        let Some(agent) = &self.agent else { return ledger.tell(event, at) };
        // In the order of the ledger, so that whoever reads it tells another ledger the same.
        agent.recorder.record(event, at);
        if let Event::Received { s, n, .. } = *event
            && !agent.plays(self.plan.publisher(n))
        {
            // This ledger is never told that the message was sent. The joined one will be.
            drop(ledger);
            self.cross.lock().unwrap_or_else(PoisonError::into_inner).received(s, self.plan.place(n));
            return false;
        }
        ledger.tell(event, at)
    }

    /// Whether this load generator plays a client, given its number among the publishers or among the subscribers.
    pub(super) fn plays(&self, client: usize) -> bool {
        self.agent.as_ref().is_none_or(|agent| agent.plays(client))
    }

    /// Records that a connection over which a client could publish or listen was ended, and not by the load. In a
    /// dialect without answers that is the only way in which a server can say what it minds.
    pub(super) fn disconnected(&self, client: usize, ending: &Ending) {
        let (at, clause) = (self.clock.now(), printable(&ending.clause()));
        self.tell(&Event::Disconnected { why: clause.as_str().into() }, at);
        self.roster.waiting(client, Refusal::of_server(clause));
    }

    /// Waits until the messages that the schedule gave out were handed over for writing. It does not wait long,
    /// because a publisher without a connection keeps its messages.
    pub(super) async fn handed_over(&self) {
        let mut waiting = self.waiting.subscribe();
        let _ = timeout(HAND_OVER, waiting.wait_for(|count| *count == 0)).await;
    }

    /// Whether a message goes from a publisher to a subscriber, where they are now: the pattern has a path, and the
    /// subscriber is played here and is not away on purpose.
    pub(super) fn reaches(&self, publisher: usize, subscriber: usize) -> bool {
        self.plays(subscriber)
            && !self.attendance.is_away(subscriber)
            && self
                .plan
                .has_path(self.roster.publisher_node(publisher), self.roster.subscriber_node(subscriber))
    }
}

/// The name by which clients know a room.
pub(super) fn room_name(room: usize) -> String {
    format!("room-{room}")
}

/// Reports it as a problem if a client's task ends although nobody asked it to: otherwise the run would measure less
/// than it claims.
#[derive(Debug)]
pub(super) struct Lifeline<'a> {
    pub(super) health: &'a LoadHealth,
    pub(super) client: &'a str,
    pub(super) cancel: &'a CancellationToken,
}

impl Drop for Lifeline<'_> {
    fn drop(&mut self) {
        if !self.cancel.is_cancelled() {
            self.health.problem(format!("the load generator's client {} ended unasked", self.client));
        }
    }
}
