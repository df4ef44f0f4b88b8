//! A proxied link: what all its proxies share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::bandwidth::{self, Bucket};
use scenario::Condition;

/// The direction of the bytes that a condition concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The bytes from the dialling side to the upstream.
    Forward,
    /// The bytes from the upstream to the dialling side.
    Back,
    /// The bytes of both directions.
    Both,
}

/// One of the two directions of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Forward,
    Back,
}

impl Flow {
    pub(super) fn opposite(self) -> Self {
        match self {
            Flow::Forward => Flow::Back,
            Flow::Back => Flow::Forward,
        }
    }

    fn is_of(self, way: Way) -> bool {
        match way {
            Way::Forward => self == Flow::Forward,
            Way::Back => self == Flow::Back,
            Way::Both => true,
        }
    }
}

/// One condition in force on one link: what [`ProxyLink::heal`] takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConditionHold(pub(super) u64);

/// What happened on a link since the link was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// Number of connections that a proxy accepted. Nobody sees the connections that the kernel refuses during a cut.
    pub accepted: u64,
    /// Number of connections that were accepted and then reset because the upstream could not be reached.
    pub refused: u64,
    /// Number of connections reset by a cut.
    pub reset: u64,
    /// Number of connections closed by a limit.
    pub limited: u64,
    /// Number of times that a port could not be opened again after a cut, because another program had taken it.
    pub port_taken: u64,
    /// Number of times that a pump stopped reading because its queue was full, which makes the sender wait.
    pub held_back: u64,
    /// Number of bytes passed from the dialling side to the upstream.
    pub bytes_forward: u64,
    /// Number of bytes passed from the upstream to the dialling side.
    pub bytes_back: u64,
}

/// A link on which proxies stand: the conditions now in force, the bandwidth and the counters, which all its proxies
/// share. Clones are one link.
#[derive(Debug, Clone)]
pub struct ProxyLink(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    seed: u64,
    state: Mutex<State>,
    counts: LinkCounters,
}

#[derive(Debug, Default)]
struct State {
    struck: Vec<Struck>,
    holds: u64,
    proxies: u64,
    /// One sender for each proxy, to wake its pumps.
    bells: Vec<watch::Sender<()>>,
    /// The bandwidth of each direction, while a throttle holds.
    forward: Option<Arc<Bucket>>,
    back: Option<Arc<Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Struck {
    hold: ConditionHold,
    condition: Condition,
    way: Way,
}

#[derive(Debug, Default)]
pub(super) struct LinkCounters {
    pub(super) accepted: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) reset: AtomicU64,
    pub(super) limited: AtomicU64,
    pub(super) port_taken: AtomicU64,
    pub(super) held_back: AtomicU64,
    forward: AtomicU64,
    back: AtomicU64,
}

impl ProxyLink {
    /// A link without conditions. Whatever a jitter draws comes from the seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Inner { seed, state: Mutex::default(), counts: LinkCounters::default() }))
    }

    /// Puts a condition in force. It applies to every byte that is sent after this returns. A cut ignores the way,
    /// because a reset ends both directions.
    pub fn apply(&self, condition: Condition, way: Way) -> ConditionHold {
        let way = if condition == Condition::Cut { Way::Both } else { way };
        let mut state = self.state();
        state.holds += 1;
        let hold = ConditionHold(state.holds);
        state.struck.push(Struck { hold, condition, way });
        state.changed();
        hold
    }

    /// Takes a condition away. Other conditions stay; one that was healed already changes nothing.
    pub fn heal(&self, hold: ConditionHold) {
        let mut state = self.state();
        state.struck.retain(|struck| struck.hold != hold);
        state.changed();
    }

    /// What happened on the link since the link was made.
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

    /// Joins a proxy to the link. The bell rings at every change; the result is the proxy's own number, in the order of
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

    pub(super) fn counters(&self) -> &LinkCounters {
        &self.0.counts
    }

    /// The conditions in force in one direction, in the order in which they were struck.
    pub(super) fn in_force(&self, direction: Flow) -> (Vec<(ConditionHold, Condition)>, Option<Arc<Bucket>>) {
        let state = self.state();
        let bucket = match direction {
            Flow::Forward => &state.forward,
            Flow::Back => &state.back,
        };
        (state.of(direction).map(|struck| (struck.hold, struck.condition)).collect(), bucket.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(&self, direction: Flow) -> impl Iterator<Item = &Struck> {
        self.struck.iter().filter(move |struck| direction.is_of(struck.way))
    }

    fn changed(&mut self) {
        let lowest = |direction| bandwidth::lowest(self.of(direction).map(|struck| struck.condition));
        let (forward, back) = (lowest(Flow::Forward), lowest(Flow::Back));
        bandwidth::renew(&mut self.forward, forward);
        bandwidth::renew(&mut self.back, back);
        // A proxy that has ended no longer listens to its bell.
        self.bells.retain(|bell| bell.send(()).is_ok());
    }
}

impl LinkCounters {
    pub(super) fn passed(&self, direction: Flow, bytes: usize) {
        let counter = match direction {
            Flow::Forward => &self.forward,
            Flow::Back => &self.back,
        };
        counter.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[path = "proxy_link_tests.rs"]
mod tests;
