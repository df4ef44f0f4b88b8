//! The rooms that this node wants, and what each connected publisher has been told about them.
//!
//! ZMTP does not confirm subscriptions. But PING and PONG travel the same way, in order: a PONG whose PING was sent
//! after a SUBSCRIBE says that the publisher has read both. One of our nodes has then taken the subscription in;
//! libzmq answers a little earlier, before its socket has. A peer that speaks ZMTP 3.0 knows no PING: for it a
//! subscription counts as confirmed once it is written.
//!
//! Every publisher is told, and only peers are waited for. A peer is waited for by its name: it has confirmed a change
//! as soon as one of its connections has. So neither a connection that broke unnoticed nor a stranger that takes the
//! peer's name holds anybody up.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::TryFutureExt;
use futures_util::future::select_ok;
use tokio::sync::{Notify, watch};

use super::message;
use super::zmtp::{self, NodeId};
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
    /// The peers that failed to confirm in time. They are not waited for until they confirm something.
    silent: HashSet<NodeId>,
    next: u64,
    closed: bool,
}

/// One connected publisher.
struct Publisher {
    /// The node that the publisher says it is.
    node: Option<NodeId>,
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
    /// The context of the publisher's PING that is not answered yet. A later PING makes an earlier one pointless.
    pong: Option<Bytes>,
    wake: Arc<Notify>,
}

/// A peer's confirmation that has not come yet.
pub(super) struct Unconfirmed {
    node: NodeId,
    /// Never empty.
    connections: Vec<Awaited>,
}

/// One of a peer's connections, by each of which it may confirm.
struct Awaited {
    id: u64,
    /// Number of changes that are to be confirmed.
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

    /// The connected peers that have not confirmed all changes made until now. `is_peer` tells peers from strangers.
    pub(super) fn unconfirmed(&self, is_peer: impl Fn(&NodeId) -> bool) -> Vec<Unconfirmed> {
        let state = self.lock();
        let mut peers: HashMap<&NodeId, Vec<Awaited>> = HashMap::new();
        for (id, publisher) in &state.publishers {
            if let Some(node) = &publisher.node
                && !state.silent.contains(node)
                && is_peer(node)
            {
                let confirmed = publisher.confirmed.subscribe();
                let awaited = Awaited { id: *id, wanted: publisher.changes, confirmed };
                peers.entry(node).or_default().push(awaited);
            }
        }
        let all =
            peers.into_iter().map(|(node, connections)| Unconfirmed { node: node.clone(), connections });
        all.filter(|unconfirmed| !unconfirmed.is_there()).collect()
    }

    /// Stops waiting for these peers, which had their time, until they confirm something.
    pub(super) fn give_up_on(&self, late: &[Unconfirmed], is_peer: impl Fn(&NodeId) -> bool) {
        let mut state = self.lock();
        let State { publishers, silent, .. } = &mut *state;
        silent.retain(is_peer);
        for Unconfirmed { node, connections } in late.iter().filter(|unconfirmed| !unconfirmed.is_there()) {
            if connections.iter().any(|connection| publishers.contains_key(&connection.id)) {
                silent.insert(node.clone());
            }
        }
    }

    /// Adds a publisher that has connected, with the node that it says it is. It will be told of every room.
    pub(super) fn list(self: &Arc<Self>, commands: bool, node: Option<NodeId>) -> Listing {
        let mut state = self.lock();
        let wake = Arc::new(Notify::new());
        let publisher = Publisher {
            node,
            told: HashSet::new(),
            stale: state.rooms.clone(),
            // The listing itself counts as a change: a subscribe waits for the PONG that confirms it.
            changes: 1,
            asked: 0,
            confirmed: watch::Sender::new(0),
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
    /// Resolves when the confirmation is there, or when the peer is gone.
    pub(super) async fn resolved(&mut self) {
        let connections = self.connections.iter_mut().map(|Awaited { wanted, confirmed, .. }| {
            Box::pin(confirmed.wait_for(|confirmed| *confirmed >= *wanted).map_ok(drop))
        });
        // An error means that all connections ended, and nothing comes over them any more.
        let _ = select_ok(connections).await;
    }

    fn is_there(&self) -> bool {
        self.connections.iter().any(|connection| *connection.confirmed.borrow() >= connection.wanted)
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

    /// Number of changes that the publisher was asked to confirm, if it has not done so.
    pub(super) fn asked(&self) -> Option<u64> {
        let state = self.interest.lock();
        let publisher = state.publishers.get(&self.id)?;
        (*publisher.confirmed.borrow() < publisher.asked).then_some(publisher.asked)
    }

    /// Whether the publisher has confirmed this number of changes.
    pub(super) fn has_confirmed(&self, changes: u64) -> bool {
        let state = self.interest.lock();
        state.publishers.get(&self.id).is_some_and(|publisher| *publisher.confirmed.borrow() >= changes)
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
        let mut state = self.interest.lock();
        let State { publishers, silent, .. } = &mut *state;
        if let Some(publisher) = publishers.get_mut(&self.id) {
            // A stranger may confirm more changes than it was asked about.
            let changes = changes.min(publisher.changes);
            publisher.node.as_ref().map(|node| silent.remove(node));
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
