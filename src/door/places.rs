//! The places of the connections that have asked for nothing yet, or for nothing more.
//!
//! Such a connection costs little and may stay, but it may not keep anybody out. When all places are taken, a newcomer
//! gets the place of the connection that has been idle longest, as soon as that was given a moment to ask.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Number of connections that may be idle at a time.
const PLACES: usize = 1_024;
/// How long a connection may be idle in any case. Those of a crowd that comes all at once each get to ask.
const MOMENT: Duration = Duration::from_secs(1);

/// The places of idle connections.
#[derive(Debug)]
pub(super) struct Places {
    number: usize,
    idle: Mutex<Idle>,
    /// Wakes a newcomer that waits for a place.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Idle {
    next: u64,
    /// The idle connections, by their turn: the one that has been idle longest first.
    connections: BTreeMap<u64, IdleConnection>,
}

#[derive(Debug)]
struct IdleConnection {
    since: Instant,
    lost: Arc<Notify>,
}

/// The place of one connection; dropped with it.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    /// The connection's turn while it is idle.
    turn: Mutex<Option<u64>>,
    lost: Arc<Notify>,
}

impl Default for Places {
    fn default() -> Self {
        Self::new(PLACES)
    }
}

impl Places {
    fn new(number: usize) -> Self {
        Self { number, idle: Mutex::default(), freed: Notify::new() }
    }

    /// Takes a place for a newcomer. Waits while all are taken by connections that are to have their moment.
    pub(super) async fn take(self: &Arc<Self>) -> Place {
        loop {
            let moment = match self.make_room() {
                Ok(()) => break,
                Err(moment) => moment,
            };
            tokio::select! {
                () = sleep_until(moment) => {}
                () = self.freed.notified() => {}
            }
        }
        let lost = Arc::new(Notify::new());
        let turn = self.lock().enter(&lost);
        Place { places: Arc::clone(self), turn: Mutex::new(Some(turn)), lost }
    }

    /// Lets those go that have been idle longest until a place is free. The error is the instant at which to try again.
    fn make_room(&self) -> Result<(), Instant> {
        let mut idle = self.lock();
        while idle.connections.len() >= self.number
            && let Some(longest) = idle.connections.first_entry()
        {
            let moment = longest.get().since + MOMENT;
            if moment > Instant::now() {
                return Err(moment);
            }
            longest.remove().lost.notify_one();
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    fn enter(&mut self, lost: &Arc<Notify>) -> u64 {
        let turn = self.next;
        self.next += 1;
        self.connections.insert(turn, IdleConnection { since: Instant::now(), lost: Arc::clone(lost) });
        turn
    }
}

impl Place {
    /// Records that the connection has asked for something. It is not let go until [`Place::rest`].
    pub(super) fn work(&self) {
        if let Some(turn) = self.turn().take() {
            self.places.lock().connections.remove(&turn);
            self.places.freed.notify_one();
        }
    }

    /// Records that the connection has its answer, and is idle again.
    pub(super) fn rest(&self) {
        let turn = self.places.lock().enter(&self.lost);
        self.turn().replace(turn);
    }

    /// Resolves when the place was given to another connection.
    pub(super) async fn lost(&self) {
        self.lost.notified().await;
    }

    fn turn(&self) -> MutexGuard<'_, Option<u64>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.work();
    }
}

#[cfg(test)]
mod tests_of_the_machine {
    use tokio::time::timeout;

    use super::*;

    async fn is_lost(place: &Place) -> bool {
        timeout(Duration::ZERO, place.lost()).await.is_ok()
    }

    #[tokio::test]
    async fn a_newcomer_gets_the_place_of_the_one_that_was_idle_longest_after_its_moment() {
        let places = Arc::new(Places::new(2));
        let began = Instant::now();
        let (first, second) = (places.take().await, places.take().await);
        // The first one asks and has its answer, and so it has its turn after the second.
        first.work();
        first.rest();
        let third = places.take().await;
        assert!(began.elapsed() >= MOMENT);
        assert!(is_lost(&second).await && !is_lost(&first).await && !is_lost(&third).await);
    }

    #[tokio::test]
    async fn one_that_works_or_leaves_makes_room_at_once() {
        let places = Arc::new(Places::new(2));
        let began = Instant::now();
        let (first, second) = (places.take().await, places.take().await);
        first.work();
        let third = places.take().await;
        drop(second);
        let _fourth = places.take().await;
        assert!(began.elapsed() < MOMENT);
        assert!(!is_lost(&first).await && !is_lost(&third).await);
        // Nor is it let go while it works, however long that takes.
        let _fifth = places.take().await;
        assert!(is_lost(&third).await && !is_lost(&first).await);
    }
}
