//! Who is connected to the SUB socket, and what strangers may take of this node.
//!
//! Anybody who reaches the port may connect. A connection counts as a peer's if it names the node that was found at an
//! address that this node was told of; every other one is a stranger's. Peers are given what they need. Strangers have
//! a bounded number of places, of which a newcomer gets that of the one that has been silent longest, and may hold a
//! bounded number of bytes together.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::mesh::Mesh;
use super::zmtp::{NodeId, Terms};

/// Number of strangers at a time. Whoever has not said yet who it is counts as one.
const STRANGERS: usize = 256;
/// Number of connections at a time that count as one peer's. A peer has one, and for a while a second if the first one
/// broke unnoticed.
const OF_ONE_PEER: usize = 4;
/// Number of bytes that all strangers together may hold of what is not whole yet, beside one longest message.
const HELD_TOGETHER: usize = 16 << 20;

/// The connections to the SUB socket.
pub(super) struct Guests {
    mesh: Arc<Mesh>,
    /// Number of strangers at a time.
    strangers: usize,
    /// Number of bytes that all strangers together may hold.
    held: usize,
    began: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    /// In the order in which they came.
    all: BTreeMap<u64, Arc<Entry>>,
}

#[derive(Default)]
struct Entry {
    /// The node that the connection names, if it does.
    node: OnceLock<NodeId>,
    /// When something came from it last, in milliseconds since the bus began.
    heard: AtomicU64,
    /// Number of bytes that it holds of what is not whole yet.
    held: AtomicUsize,
    dismissed: CancellationToken,
}

/// One connection to the SUB socket; dropped with it.
pub(super) struct Guest {
    guests: Arc<Guests>,
    id: u64,
    entry: Arc<Entry>,
}

impl Guests {
    /// No connection yet. `longest` is the longest message in bytes: there is always room for one.
    pub(super) fn new(mesh: &Arc<Mesh>, longest: usize) -> Self {
        Self::up_to(mesh, STRANGERS, HELD_TOGETHER.saturating_add(longest.saturating_mul(2)))
    }

    fn up_to(mesh: &Arc<Mesh>, strangers: usize, held: usize) -> Self {
        Self { mesh: Arc::clone(mesh), strangers, held, began: Instant::now(), state: Mutex::default() }
    }

    /// Gives a place to a connection that was accepted. If strangers have all places, the one that has been silent
    /// longest loses its own.
    pub(super) fn admit(self: &Arc<Self>) -> Guest {
        let entry = Arc::new(Entry { heard: AtomicU64::new(self.now()), ..Entry::default() });
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        state.all.insert(id, Arc::clone(&entry));
        let strangers = self.strangers_of(&state);
        if strangers.len() > self.strangers {
            let silent = strangers.iter().min_by_key(|(_, entry)| entry.heard.load(Ordering::Relaxed));
            if let Some((id, entry)) = silent.cloned() {
                entry.dismissed.cancel();
                state.all.remove(&id);
            }
        }
        drop(state);
        Guest { guests: Arc::clone(self), id, entry }
    }

    /// The strangers, in the order in which they came. What a connection says of itself is not believed for ever: a
    /// node has few connections.
    fn strangers_of(&self, state: &State) -> Vec<(u64, Arc<Entry>)> {
        let mut of_peers: HashMap<&NodeId, usize> = HashMap::new();
        let mut strangers = Vec::new();
        for (id, entry) in &state.all {
            if let Some(node) = entry.node.get().filter(|node| self.mesh.knows(node)) {
                let count = of_peers.entry(node).or_default();
                *count += 1;
                if *count <= OF_ONE_PEER {
                    continue;
                }
            }
            strangers.push((*id, Arc::clone(entry)));
        }
        strangers
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// Records the node that the connection names.
    pub(super) fn introduce(&self, node: NodeId) {
        // A connection shakes hands once.
        let _ = self.entry.node.set(node);
    }

    /// Records that something came from it.
    pub(super) fn record_sign(&self) {
        self.entry.heard.store(self.guests.now(), Ordering::Relaxed);
    }

    /// Resolves when its place was given to another.
    pub(super) async fn dismissed(&self) {
        self.entry.dismissed.cancelled().await;
    }

    /// Whether it counts as a peer's.
    pub(super) fn is_peer(&self) -> bool {
        let state = self.guests.lock();
        state.all.contains_key(&self.id)
            && !self.guests.strangers_of(&state).iter().any(|(id, _)| *id == self.id)
    }

    fn may_hold(&self, bytes: usize) -> bool {
        let state = self.guests.lock();
        self.entry.held.store(bytes, Ordering::Relaxed);
        let strangers = self.guests.strangers_of(&state);
        let is_stranger = strangers.iter().any(|(id, _)| *id == self.id);
        let held = strangers.iter().map(|(_, entry)| entry.held.load(Ordering::Relaxed)).sum::<usize>();
        bytes == 0 || !is_stranger || held <= self.guests.held
    }
}

impl Terms for Arc<Guest> {
    fn may_hold(&self, bytes: usize) -> bool {
        Guest::may_hold(self, bytes)
    }

    fn may_take_its_time(&self) -> bool {
        self.is_peer()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.guests.lock().all.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Room for two strangers that hold 100 bytes together, and one peer, which is `n`.
    fn guests() -> Arc<Guests> {
        let mesh = Arc::new(Mesh::new(1));
        drop(mesh.speak_to(0, &"n".into()));
        Arc::new(Guests::up_to(&mesh, 2, 100))
    }

    fn of(guests: &Arc<Guests>, node: &str) -> Guest {
        let guest = guests.admit();
        guest.introduce(node.into());
        guest
    }

    fn is_dismissed(guest: &Guest) -> bool {
        guest.dismissed().now_or_never().is_some()
    }

    #[test]
    fn a_newcomer_gets_the_place_of_the_stranger_that_was_silent_longest() {
        let guests = guests();
        let peer = of(&guests, "n");
        let (first, second) = (of(&guests, "a stranger's name"), guests.admit());
        // The second one came later, and was silent longer.
        second.entry.heard.store(0, Ordering::Relaxed);
        first.entry.heard.store(u64::MAX, Ordering::Relaxed);
        let third = guests.admit();
        assert!(is_dismissed(&second));
        assert!(![&peer, &first, &third].into_iter().any(is_dismissed));
        // The place of one that leaves is free.
        drop(first);
        let fourth = guests.admit();
        assert!(!is_dismissed(&third) && !is_dismissed(&fourth));
    }

    #[test]
    fn a_crowd_under_a_peers_name_is_a_crowd_of_strangers() {
        let guests = guests();
        let peer = of(&guests, "n");
        let crowd: Vec<_> = std::iter::repeat_with(|| of(&guests, "n")).take(20).collect();
        assert!(peer.is_peer() && !is_dismissed(&peer));
        assert_eq!(crowd.iter().filter(|guest| guest.is_peer()).count(), OF_ONE_PEER - 1);
        assert_eq!(guests.lock().all.len(), OF_ONE_PEER + 2);
        assert!(!crowd.last().is_some_and(is_dismissed));
    }

    #[test]
    fn strangers_hold_so_much_together_and_a_peer_what_it_needs() {
        let guests = guests();
        let (peer, first, second) = (of(&guests, "n"), guests.admit(), guests.admit());
        assert!(first.may_hold(60) && second.may_hold(40));
        assert!(peer.may_hold(1_000));
        assert!(first.may_hold(60), "a peer takes nothing from them");
        assert!(!second.may_hold(41));
        assert!(second.may_hold(0) && first.may_hold(100));
        drop(first);
        assert!(second.may_hold(100));
    }
}
