//! The rooms that this node wants, and what each connected publisher has been told about them.
//!
//! ZMTP does not confirm subscriptions. But PING and PONG travel the same way, in order: a PONG whose PING was sent
//! after a SUBSCRIBE says that the publisher has read both. One of our nodes has then taken the subscription in;
//! libzmq answers a little earlier, before its socket has. A peer that speaks ZMTP 3.0 knows no PING: for it a
//! subscription counts as confirmed once it is written.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::{Notify, watch};

use super::{message, zmtp};
use crate::BusError;
use wire::Room;

/// The rooms that the node wants, and which publishers know of them.
#[derive(Default)]
pub(super) struct Interest {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rooms: HashSet<Room>,
    publishers: HashMap<u64, Publisher>,
    next: u64,
    closed: bool,
}

/// One connected publisher.
struct Publisher {
    told: HashSet<Room>,
    /// Rooms about which the publisher was last told otherwise than is wanted now. There are never more than `told`
    /// and the wanted rooms have together, however often a room changes while the publisher does not read.
    stale: HashSet<Room>,
    /// Number of changes so far that concern this publisher.
    changes: u64,
    /// Number of changes that the publisher was asked to confirm.
    asked: u64,
    /// Number of changes that the publisher has confirmed.
    confirmed: watch::Sender<u64>,
    /// Whether the publisher failed to confirm in time. It is not waited for until it confirms something.
    silent: bool,
    /// The context of the publisher's PING that is not answered yet. A later PING makes an earlier one pointless.
    pong: Option<Bytes>,
    wake: Arc<Notify>,
}

/// A publisher's confirmation that has not come yet.
pub(super) struct Unconfirmed {
    id: u64,
    wanted: u64,
    confirmed: watch::Receiver<u64>,
}

/// The entry of a connected publisher; dropped with the connection.
pub(super) struct Listing {
    interest: Arc<Interest>,
    id: u64,
    /// Whether the publisher speaks ZMTP 3.1, in which subscriptions are commands.
    commands: bool,
    wake: Arc<Notify>,
}

impl Interest {
    /// Whether the node wants a room.
    pub(super) fn wants(&self, room: &Room) -> bool {
        self.lock().rooms.contains(room)
    }

    /// Records that the node wants a room from now on, or no longer does. Every publisher is told as soon as it
    /// reads.
    pub(super) fn change(&self, room: &Room, wanted: bool) -> Result<(), BusError> {
        let mut state = self.lock();
        if state.closed {
            return Err(BusError::Closed);
        }
        let changed = if wanted { state.rooms.insert(room.clone()) } else { state.rooms.remove(room) };
        if changed {
            state.publishers.values_mut().for_each(|publisher| publisher.change(room, wanted));
        }
        Ok(())
    }

    /// The connected publishers that have not confirmed all changes made until now.
    pub(super) fn unconfirmed(&self) -> Vec<Unconfirmed> {
        let state = self.lock();
        let missing = state.publishers.iter().filter(|(_, publisher)| !publisher.silent);
        missing
            .map(|(id, publisher)| Unconfirmed {
                id: *id,
                wanted: publisher.changes,
                confirmed: publisher.confirmed.subscribe(),
            })
            .filter(|unconfirmed| !unconfirmed.is_there())
            .collect()
    }

    /// Stops waiting for these publishers, which had their time, until they confirm something.
    pub(super) fn give_up_on(&self, late: &[Unconfirmed]) {
        let mut state = self.lock();
        for unconfirmed in late.iter().filter(|unconfirmed| !unconfirmed.is_there()) {
            if let Some(publisher) = state.publishers.get_mut(&unconfirmed.id) {
                publisher.silent = true;
            }
        }
    }

    /// Adds a publisher that has connected. It will be told of every room.
    pub(super) fn list(self: &Arc<Self>, commands: bool) -> Listing {
        let mut state = self.lock();
        let wake = Arc::new(Notify::new());
        let publisher = Publisher {
            told: HashSet::new(),
            stale: state.rooms.clone(),
            // The listing itself counts as a change: a subscribe waits for the PONG that confirms it.
            changes: 1,
            asked: 0,
            confirmed: watch::Sender::new(0),
            silent: false,
            pong: None,
            wake: Arc::clone(&wake),
        };
        let id = state.next;
        state.next += 1;
        state.publishers.insert(id, publisher);
        drop(state);
        Listing { interest: Arc::clone(self), id, commands, wake }
    }

    /// Withdraws every room, because the bus is closing.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.rooms.clear();
    }

    /// Whether the bus was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Publisher {
    fn change(&mut self, room: &Room, wanted: bool) {
        if self.told.contains(room) == wanted {
            self.stale.remove(room);
        } else {
            self.stale.insert(room.clone());
        }
        self.changes += 1;
        self.wake.notify_one();
    }
}

impl Unconfirmed {
    /// Resolves when the confirmation is there, or when the publisher is gone.
    pub(super) async fn resolved(&mut self) {
        let wanted = self.wanted;
        // An error means that the connection ended, and nothing comes over it any more.
        let _ = self.confirmed.wait_for(|confirmed| *confirmed >= wanted).await;
    }

    fn is_there(&self) -> bool {
        *self.confirmed.borrow() >= self.wanted
    }
}

impl Listing {
    /// Resolves when there may be something to tell the publisher.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// The bytes to send to the publisher next, and the number of changes that it knows after reading them. `None` if
    /// it knows all changes.
    pub(super) fn news(&self) -> Option<(BytesMut, u64)> {
        let mut state = self.interest.lock();
        let publisher = state.publishers.get_mut(&self.id)?;
        let mut out = BytesMut::new();
        if let Some(context) = publisher.pong.take() {
            zmtp::put_pong(&mut out, &context);
        }
        let stale = std::mem::take(&mut publisher.stale);
        for room in stale {
            let topic = message::topic(&room);
            if publisher.told.remove(&room) {
                zmtp::put_cancel(&mut out, self.commands, topic.as_bytes());
            } else {
                zmtp::put_subscribe(&mut out, self.commands, topic.as_bytes());
                publisher.told.insert(room);
            }
        }
        // The publisher is asked only once after each change, so that one which does not answer is not asked again
        // and again.
        if self.commands && publisher.asked < publisher.changes {
            publisher.asked = publisher.changes;
            zmtp::put_ping(&mut out, publisher.changes);
        }
        let known = publisher.changes;
        (!out.is_empty()).then_some((out, known))
    }

    /// Records that the bytes of [`Listing::news`] were written.
    pub(super) fn written(&self, changes: u64) {
        if !self.commands {
            self.confirm(changes);
        }
    }

    /// Takes the publisher's answer to a PING.
    pub(super) fn pong(&self, context: &[u8]) {
        if let Ok(number) = context.try_into() {
            self.confirm(u64::from_be_bytes(number));
        }
    }

    /// Takes the publisher's request for a PONG.
    pub(super) fn ping(&self, context: Bytes) {
        if let Some(publisher) = self.interest.lock().publishers.get_mut(&self.id) {
            publisher.pong = Some(context);
        }
        self.wake.notify_one();
    }

    fn confirm(&self, changes: u64) {
        if let Some(publisher) = self.interest.lock().publishers.get_mut(&self.id) {
            // A stranger may confirm more changes than it was asked about.
            let changes = changes.min(publisher.changes);
            publisher.silent = false;
            publisher.confirmed.send_if_modified(|confirmed| {
                let more = changes > *confirmed;
                *confirmed = changes.max(*confirmed);
                more
            });
        }
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        self.interest.lock().publishers.remove(&self.id);
    }
}
