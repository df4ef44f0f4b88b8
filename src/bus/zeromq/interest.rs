//! The rooms that this node wants, and what each connected publisher was told of them.
//!
//! ZMTP confirms no subscription. But PING and PONG go the same way, in order: a PONG whose PING was sent after a
//! SUBSCRIBE says that the publisher has read both. A node of ours has then taken the subscription in; libzmq
//! answers a little earlier, before its socket does. A peer of ZMTP 3.0 knows no PING: for it a subscription
//! counts as confirmed once it is written.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::{Notify, watch};

use super::{message, zmtp};
use crate::BusError;
use wire::Room;

/// What the node wants to hear, and who knows it.
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
    /// Rooms of which it was told otherwise than is wanted now. Never more than `told` and the wanted rooms have
    /// together, however often a room changes while the publisher does not read.
    stale: HashSet<Room>,
    /// How many changes there were.
    changes: u64,
    /// How many of them it was asked to confirm.
    asked: u64,
    /// How many of them it has confirmed.
    confirmed: watch::Sender<u64>,
    /// It did not confirm in time, and is not waited for until it does.
    silent: bool,
    /// The context of a PING that is not answered. A later one makes it pointless.
    pong: Option<Bytes>,
    wake: Arc<Notify>,
}

/// A publisher's confirmation that is not there yet.
pub(super) struct Unconfirmed {
    id: u64,
    wanted: u64,
    confirmed: watch::Receiver<u64>,
}

/// A connected publisher's place in the interest; dropped with the connection.
pub(super) struct Listing {
    interest: Arc<Interest>,
    id: u64,
    /// Whether it speaks ZMTP 3.1.
    commands: bool,
    wake: Arc<Notify>,
}

impl Interest {
    /// Whether the node wants a room.
    pub(super) fn wants(&self, room: &Room) -> bool {
        self.lock().rooms.contains(room)
    }

    /// From now on the node wants a room, or no longer does. Every publisher is told, in its own time.
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

    /// The connected publishers that have not confirmed everything until now.
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

    /// These had their time: they are not waited for until they confirm something.
    pub(super) fn give_up_on(&self, late: &[Unconfirmed]) {
        let mut state = self.lock();
        for unconfirmed in late.iter().filter(|unconfirmed| !unconfirmed.is_there()) {
            if let Some(publisher) = state.publishers.get_mut(&unconfirmed.id) {
                publisher.silent = true;
            }
        }
    }

    /// Another publisher is connected. It will be told of every room.
    pub(super) fn list(self: &Arc<Self>, commands: bool) -> Listing {
        let mut state = self.lock();
        let wake = Arc::new(Notify::new());
        let publisher = Publisher {
            told: HashSet::new(),
            stale: state.rooms.clone(),
            // That it is listed at all is news: it waits for the PING that says so.
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

    /// Nothing is wanted any more.
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
    /// Resolves when it is there, or the publisher is gone.
    pub(super) async fn resolved(&mut self) {
        let wanted = self.wanted;
        // An error is the end of the connection: nothing comes over it any more.
        let _ = self.confirmed.wait_for(|confirmed| *confirmed >= wanted).await;
    }

    fn is_there(&self) -> bool {
        *self.confirmed.borrow() >= self.wanted
    }
}

impl Listing {
    /// Resolves when there may be something to tell.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// What the publisher is to be told next, as bytes, and how many changes it then knows. `None` if it knows
    /// everything.
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
        // Once for each state of things: one who does not answer is not asked again and again.
        if self.commands && publisher.asked < publisher.changes {
            publisher.asked = publisher.changes;
            zmtp::put_ping(&mut out, publisher.changes);
        }
        let known = publisher.changes;
        (!out.is_empty()).then_some((out, known))
    }

    /// The news was written.
    pub(super) fn written(&self, changes: u64) {
        if !self.commands {
            self.confirm(changes);
        }
    }

    /// The publisher answers a PING.
    pub(super) fn pong(&self, context: &[u8]) {
        if let Ok(number) = context.try_into() {
            self.confirm(u64::from_be_bytes(number));
        }
    }

    /// The publisher asks for a PONG.
    pub(super) fn ping(&self, context: Bytes) {
        if let Some(publisher) = self.interest.lock().publishers.get_mut(&self.id) {
            publisher.pong = Some(context);
        }
        self.wake.notify_one();
    }

    fn confirm(&self, changes: u64) {
        if let Some(publisher) = self.interest.lock().publishers.get_mut(&self.id) {
            // A stranger may confirm what was never asked.
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
