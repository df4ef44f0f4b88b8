//! The rooms that this node wants, compared with what the broker has confirmed, for buses with a broker.
//!
//! The state is not a queue of commands but one entry for each room, so that an outage of any length holds no more
//! than the rooms and the futures that wait for them.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::{BoxFuture, BusError};
use wire::Room;

type Waiter = oneshot::Sender<Result<(), BusError>>;

/// The subscriptions that the subscribing connection has to bring about.
#[derive(Default)]
pub(super) struct Interest {
    rooms: Mutex<Rooms>,
    changed: Notify,
}

#[derive(Default)]
struct Rooms {
    entries: HashMap<Room, Entry>,
    /// Rooms whose entry may differ from what the broker has.
    dirty: Vec<Room>,
    connected: bool,
    closed: bool,
}

#[derive(Default)]
struct Entry {
    wanted: bool,
    actual: Actual,
    /// Whether the broker has ever confirmed the room, on any connection.
    established: bool,
    /// The futures to resolve once the broker's state is as wanted.
    waiting: Vec<Waiter>,
    /// The futures to resolve once the command under way is confirmed.
    moving: Vec<Waiter>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Actual {
    #[default]
    Off,
    /// A command for the room is under way.
    Moving,
    On,
}

/// Commands to send: the rooms to subscribe and the rooms to unsubscribe.
#[derive(Default)]
pub(super) struct Work {
    pub(super) subscribe: Vec<Room>,
    pub(super) unsubscribe: Vec<Room>,
}

impl Interest {
    /// Records that the node wants a room. The future waits through an outage.
    pub(super) fn subscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>> {
        let mut rooms = self.lock();
        if rooms.closed {
            return at_once(Err(BusError::Closed));
        }
        let entry = rooms.entries.entry(room.clone()).or_default();
        if entry.wanted && entry.actual == Actual::On {
            return at_once(Ok(()));
        }
        entry.wanted = true;
        let answer = entry.wait();
        // While there is no connection nothing is to be sent: a new connection begins with every room anyway.
        if rooms.connected {
            rooms.dirty.push(room);
            self.changed.notify_one();
        }
        answer
    }

    /// Records that the node no longer wants a room.
    pub(super) fn unsubscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>> {
        let mut rooms = self.lock();
        if rooms.closed {
            return at_once(Err(BusError::Closed));
        }
        let connected = rooms.connected;
        let Some(entry) = rooms.entries.get_mut(&room) else { return at_once(Ok(())) };
        entry.wanted = false;
        if !connected {
            entry.answer_all(&Ok(()));
            rooms.entries.remove(&room);
            return at_once(Ok(()));
        }
        let answer = entry.wait();
        rooms.dirty.push(room);
        self.changed.notify_one();
        answer
    }

    /// Resolves when a room was wanted or given up since the last call.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Records that there is a new connection, which has no subscription yet.
    pub(super) fn connected(&self) {
        let mut rooms = self.lock();
        rooms.connected = true;
        rooms.dirty = rooms.entries.keys().cloned().collect();
    }

    /// Records that the connection ended, and every subscription with it.
    pub(super) fn disconnected(&self) {
        let mut rooms = self.lock();
        rooms.connected = false;
        rooms.dirty.clear();
        rooms.entries.retain(|_, entry| {
            entry.actual = Actual::Off;
            entry.waiting.append(&mut entry.moving);
            if !entry.wanted {
                entry.answer_all(&Ok(()));
            }
            entry.wanted
        });
    }

    /// Takes the commands that are to be sent to the broker now.
    pub(super) fn take(&self) -> Work {
        let rooms = &mut *self.lock();
        let mut work = Work::default();
        for room in rooms.dirty.drain(..) {
            let Some(entry) = rooms.entries.get_mut(&room) else { continue };
            let list = match (entry.wanted, entry.actual) {
                (true, Actual::Off) => &mut work.subscribe,
                (false, Actual::On) => &mut work.unsubscribe,
                // The room is on the list twice, or it was changed and changed back.
                (_, Actual::Moving) => continue,
                (wanted, _) => {
                    entry.answer_all(&Ok(()));
                    if !wanted {
                        rooms.entries.remove(&room);
                    }
                    continue;
                }
            };
            entry.actual = Actual::Moving;
            entry.moving.append(&mut entry.waiting);
            list.push(room);
        }
        work
    }

    /// Records that the broker confirmed a command for a room.
    pub(super) fn confirmed(&self, room: &Room, subscribed: bool) {
        let mut rooms = self.lock();
        let Some(entry) = rooms.entries.get_mut(room) else { return };
        entry.actual = if subscribed { Actual::On } else { Actual::Off };
        entry.established |= subscribed;
        for waiter in entry.moving.drain(..) {
            // An error means that the caller is gone.
            let _ = waiter.send(Ok(()));
        }
        if entry.is_over() {
            rooms.entries.remove(room);
        }
    }

    /// Records that the broker refused to subscribe to a room. Gives true if the room was never subscribed before,
    /// and its waiting callers got the error; false if the node counts on the subscription.
    pub(super) fn refused(&self, room: &Room, reason: &str) -> bool {
        let mut rooms = self.lock();
        let Some(entry) = rooms.entries.get_mut(room) else { return true };
        if entry.established {
            return false;
        }
        entry.actual = Actual::Off;
        for waiter in entry.moving.drain(..) {
            // An error means that the caller is gone.
            let _ = waiter.send(Err(BusError::Refused(reason.into())));
        }
        if entry.waiting.is_empty() {
            rooms.entries.remove(room);
        }
        true
    }

    /// Whether the node wants a room at this moment.
    pub(super) fn wants(&self, room: &Room) -> bool {
        self.lock().entries.get(room).is_some_and(|entry| entry.wanted)
    }

    /// Tells every waiting caller that the bus is closed.
    pub(super) fn close(&self) {
        let mut rooms = self.lock();
        rooms.closed = true;
        for (_, mut entry) in rooms.entries.drain() {
            entry.answer_all(&Err(BusError::Closed));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn wait(&mut self) -> BoxFuture<Result<(), BusError>> {
        // Callers that gave up waiting are removed first: in a long outage they would pile up.
        if self.waiting.len() == self.waiting.capacity() {
            self.waiting.retain(|waiter| !waiter.is_closed());
        }
        let (waiter, answer) = oneshot::channel();
        self.waiting.push(waiter);
        Box::pin(async { answer.await.unwrap_or(Err(BusError::Closed)) })
    }

    fn answer_all(&mut self, answer: &Result<(), BusError>) {
        for waiter in self.moving.drain(..).chain(self.waiting.drain(..)) {
            // An error means that the caller is gone.
            let _ = waiter.send(answer.clone());
        }
    }

    fn is_over(&self) -> bool {
        !self.wanted && self.actual == Actual::Off && self.waiting.is_empty()
    }
}

fn at_once(answer: Result<(), BusError>) -> BoxFuture<Result<(), BusError>> {
    Box::pin(std::future::ready(answer))
}
