//! The rooms that this node wants, against what the broker has confirmed. For buses with a broker.
//!
//! Not a queue of commands but one entry a room, so that an outage of any length holds no more than the rooms
//! and those who wait for them.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::{BoxFuture, BusError};
use wire::Room;

type Waiter = oneshot::Sender<Result<(), BusError>>;

/// What the subscribing connection has to bring about.
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
    /// True once the broker had confirmed it, on whatever connection.
    established: bool,
    /// Those to tell once the room is as wanted.
    waiting: Vec<Waiter>,
    /// Those to tell once the command under way is confirmed.
    moving: Vec<Waiter>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Actual {
    #[default]
    Off,
    /// A command is under way.
    Moving,
    On,
}

/// Commands to send: rooms of the one kind and of the other.
#[derive(Default)]
pub(super) struct Work {
    pub(super) subscribe: Vec<Room>,
    pub(super) unsubscribe: Vec<Room>,
}

impl Interest {
    /// Wants a room. The future waits through an outage.
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
        // A new connection begins with every room anyway.
        if rooms.connected {
            rooms.dirty.push(room);
            self.changed.notify_one();
        }
        answer
    }

    /// Wants a room no longer.
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

    /// Resolves when a room was wanted, or no longer, since the last time.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// A new connection, which has no room yet.
    pub(super) fn connected(&self) {
        let mut rooms = self.lock();
        rooms.connected = true;
        rooms.dirty = rooms.entries.keys().cloned().collect();
    }

    /// The connection ended, and every subscription with it.
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

    /// What to tell the broker now.
    pub(super) fn take(&self) -> Work {
        let rooms = &mut *self.lock();
        let mut work = Work::default();
        for room in rooms.dirty.drain(..) {
            let Some(entry) = rooms.entries.get_mut(&room) else { continue };
            let list = match (entry.wanted, entry.actual) {
                (true, Actual::Off) => &mut work.subscribe,
                (false, Actual::On) => &mut work.unsubscribe,
                // Named twice, or wanted otherwise and then as before.
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

    /// The broker confirmed it.
    pub(super) fn confirmed(&self, room: &Room, subscribed: bool) {
        let mut rooms = self.lock();
        let Some(entry) = rooms.entries.get_mut(room) else { return };
        entry.actual = if subscribed { Actual::On } else { Actual::Off };
        entry.established |= subscribed;
        for waiter in entry.moving.drain(..) {
            // The one that asked may be gone.
            let _ = waiter.send(Ok(()));
        }
        if entry.is_over() {
            rooms.entries.remove(room);
        }
    }

    /// The broker refused to subscribe a room. True if it never had it, and those who asked were told; false if the
    /// node counts on it.
    pub(super) fn refused(&self, room: &Room, reason: &str) -> bool {
        let mut rooms = self.lock();
        let Some(entry) = rooms.entries.get_mut(room) else { return true };
        if entry.established {
            return false;
        }
        entry.actual = Actual::Off;
        for waiter in entry.moving.drain(..) {
            // The one that asked may be gone.
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

    /// Tells all who wait that the bus is closed.
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
        // Those who gave up waiting would pile up in a long outage.
        if self.waiting.len() == self.waiting.capacity() {
            self.waiting.retain(|waiter| !waiter.is_closed());
        }
        let (waiter, answer) = oneshot::channel();
        self.waiting.push(waiter);
        Box::pin(async { answer.await.unwrap_or(Err(BusError::Closed)) })
    }

    fn answer_all(&mut self, answer: &Result<(), BusError>) {
        for waiter in self.moving.drain(..).chain(self.waiting.drain(..)) {
            // The one that asked may be gone.
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
