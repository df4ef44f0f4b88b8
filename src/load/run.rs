//! What all clients of one run share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_util::sync::CancellationToken;

use super::attendance::Attendance;
use super::clock::Clock;
use super::dial::Dialer;
use super::dialect::Dialect;
use super::health::Health;
use super::rehearsal::Rehearsal;
use super::roster::Roster;
use super::slow::Slowness;
use super::storm::Storms;
use super::text::Texts;
use ledger::{Ledger, Plan};

/// How long publishers that have a connection may take to hand over what is due: some writes' time.
const HAND_OVER: Duration = Duration::from_millis(200);

/// What all clients of one run share.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) plan: Plan,
    pub(super) clock: Clock,
    pub(super) texts: Texts,
    pub(super) dialect: Dialect,
    pub(super) dialer: Dialer,
    pub(super) roster: Roster,
    pub(super) attendance: Attendance,
    pub(super) slowness: Slowness,
    pub(super) storms: Storms,
    pub(super) rehearsal: Rehearsal,
    pub(super) health: Health,
    pub(super) resend: bool,
    pub(super) keeps_history: bool,
    /// Messages of the measured load that the schedule gave out and that nobody has handed over yet.
    pub(super) waiting: watch::Sender<usize>,
    pub(super) ledger: Arc<Mutex<Ledger>>,
}

impl Run {
    /// The ledger, for one entry.
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A server has closed a connection. Without answers that is the only way in which it can say what it minds.
    pub(super) fn closed_because(&self, why: Option<&CloseFrame>) {
        if let (Some(why), false) = (why, self.dialect == Dialect::V1) {
            let what = format!("a server closed a connection with {}: {}", u16::from(why.code), why.reason);
            self.health.remark(what.trim_end_matches([':', ' ']), 1);
        }
    }

    /// Waits until what the schedule gave out was handed over for writing; not for long, because a publisher
    /// without a connection keeps its messages.
    pub(super) async fn handed_over(&self) {
        let mut waiting = self.waiting.subscribe();
        let _ = timeout(HAND_OVER, waiting.wait_for(|count| *count == 0)).await;
    }

    /// Whether a message goes from one of these clients to the other, where they are now: the pattern has a path,
    /// and the subscriber is not away on purpose.
    pub(super) fn reaches(&self, publisher: usize, subscriber: usize) -> bool {
        !self.attendance.is_away(subscriber)
            && self
                .plan
                .has_path(self.roster.publisher_node(publisher), self.roster.subscriber_node(subscriber))
    }
}

/// The name that clients know a room by.
pub(super) fn room_name(room: usize) -> String {
    format!("room-{room}")
}

/// Says so when a client's task ends although nobody asked it to: without it the run would measure less than
/// it claims.
#[derive(Debug)]
pub(super) struct Lifeline<'a> {
    pub(super) health: &'a Health,
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
