//! What all proxies of one link share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::bandwidth::{self, Bucket};
use scenario::Condition;

/// Which bytes of a link a condition concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From who dials to the upstream.
    Forward,
    /// From the upstream to who dials.
    Back,
    /// All of them.
    Both,
}

/// One of the two directions of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Back,
}

impl Direction {
    pub(super) fn opposite(self) -> Self {
        match self {
            Direction::Forward => Direction::Back,
            Direction::Back => Direction::Forward,
        }
    }

    fn is_of(self, way: Way) -> bool {
        match way {
            Way::Forward => self == Direction::Forward,
            Way::Back => self == Direction::Back,
            Way::Both => true,
        }
    }
}

/// One condition in force on one line: what [`Line::heal`] takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hold(pub(super) u64);

/// What happened on a link since it exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// Connections that a proxy took. Those that the kernel refuses during a cut nobody sees.
    pub accepted: u64,
    /// Connections that were taken and reset because the upstream could not be reached.
    pub refused: u64,
    /// Connections reset by a cut.
    pub reset: u64,
    /// Connections closed by a limit.
    pub limited: u64,
    /// Times that a port could not be opened again after a cut, because another had taken it.
    pub port_taken: u64,
    /// Times that a pump stopped reading because its queue was full: the sender was made to wait.
    pub held_back: u64,
    /// Bytes passed on from who dials to the upstream.
    pub bytes_forward: u64,
    /// Bytes passed on from the upstream to who dials.
    pub bytes_back: u64,
}

/// What all proxies of one link share: the conditions now in force, its bandwidth, and its counters. Clones are
/// the same line.
#[derive(Debug, Clone)]
pub struct Line(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    seed: u64,
    state: Mutex<State>,
    counts: Counters,
}

#[derive(Debug, Default)]
struct State {
    struck: Vec<Struck>,
    holds: u64,
    proxies: u64,
    /// One a proxy, to wake its pumps.
    bells: Vec<watch::Sender<()>>,
    /// The bandwidth of each direction, while a throttle holds.
    forward: Option<Arc<Bucket>>,
    back: Option<Arc<Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Struck {
    hold: Hold,
    condition: Condition,
    way: Way,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) accepted: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) reset: AtomicU64,
    pub(super) limited: AtomicU64,
    pub(super) port_taken: AtomicU64,
    pub(super) held_back: AtomicU64,
    forward: AtomicU64,
    back: AtomicU64,
}

impl Line {
    /// A line without conditions. Of the seed comes what a jitter draws.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Inner { seed, state: Mutex::default(), counts: Counters::default() }))
    }

    /// Puts a condition in force. A byte that is sent after this returns is subject to it. A cut ignores the
    /// way: a reset ends both.
    pub fn apply(&self, condition: Condition, way: Way) -> Hold {
        let way = if condition == Condition::Cut { Way::Both } else { way };
        let mut state = self.state();
        state.holds += 1;
        let hold = Hold(state.holds);
        state.struck.push(Struck { hold, condition, way });
        state.changed();
        hold
    }

    /// Takes a condition away. Others stay; one that was healed already is no matter.
    pub fn heal(&self, hold: Hold) {
        let mut state = self.state();
        state.struck.retain(|struck| struck.hold != hold);
        state.changed();
    }

    /// What happened since the line exists.
    pub fn counts(&self) -> LinkCounts {
        let counts = &self.0.counts;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LinkCounts {
            accepted: read(&counts.accepted),
            refused: read(&counts.refused),
            reset: read(&counts.reset),
            limited: read(&counts.limited),
            port_taken: read(&counts.port_taken),
            held_back: read(&counts.held_back),
            bytes_forward: read(&counts.forward),
            bytes_back: read(&counts.back),
        }
    }

    /// Joins a proxy to the line. The bell rings at every change; the number is the proxy's own, in the order of
    /// joining.
    pub(super) fn join(&self, bell: watch::Sender<()>) -> u64 {
        let mut state = self.state();
        state.bells.push(bell);
        state.proxies += 1;
        state.proxies
    }

    pub(super) fn seed(&self) -> u64 {
        self.0.seed
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.0.counts
    }

    /// The conditions in force in one direction, in the order in which they were struck.
    pub(super) fn in_force(&self, direction: Direction) -> (Vec<(Hold, Condition)>, Option<Arc<Bucket>>) {
        let state = self.state();
        let bucket = match direction {
            Direction::Forward => &state.forward,
            Direction::Back => &state.back,
        };
        (state.of(direction).map(|struck| (struck.hold, struck.condition)).collect(), bucket.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(&self, direction: Direction) -> impl Iterator<Item = &Struck> {
        self.struck.iter().filter(move |struck| direction.is_of(struck.way))
    }

    fn changed(&mut self) {
        let lowest = |direction| bandwidth::lowest(self.of(direction).map(|struck| struck.condition));
        let (forward, back) = (lowest(Direction::Forward), lowest(Direction::Back));
        bandwidth::renew(&mut self.forward, forward);
        bandwidth::renew(&mut self.back, back);
        // A proxy that has ended listens to its bell no more.
        self.bells.retain(|bell| bell.send(()).is_ok());
    }
}

impl Counters {
    pub(super) fn passed(&self, direction: Direction, bytes: usize) {
        let counter = match direction {
            Direction::Forward => &self.forward,
            Direction::Back => &self.back,
        };
        counter.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
