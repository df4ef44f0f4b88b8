//! The rules: what the conditions of all links mean for one direction of one connection.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::conditions::rule;
use super::force::{ConditionKey, ConnectionFate, Force, Rule};
use super::proxy_link::{Flow, LinkCounters, ProxyLink};

/// One link that a proxy obeys.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) link: ProxyLink,
    /// Whether the forward direction of the link is the proxy's back.
    pub(super) reversed: bool,
    /// The proxy's own number on this link.
    pub(super) number: u64,
}

impl Attached {
    pub(super) fn direction(&self, of_proxy: Flow) -> Flow {
        if self.reversed { of_proxy.opposite() } else { of_proxy }
    }
}

/// The rules that hold in one direction of one connection, and how far each condition has come there.
#[derive(Debug)]
pub(super) struct Rules {
    links: Arc<[Attached]>,
    direction: Flow,
    /// The number of the connection within its proxy.
    connection: u64,
    bell: watch::Receiver<()>,
    /// Whether the connection has to be reset.
    pub(super) cut: bool,
    /// Whether nothing passes, as in a blackhole.
    pub(super) black: bool,
    /// The rules of the conditions in force, by whether they are asked last and by the name of their condition.
    chain: BTreeMap<(bool, &'static str), Box<dyn Rule>>,
}

impl Rules {
    pub(super) fn new(
        links: Arc<[Attached]>,
        direction: Flow,
        connection: u64,
        bell: watch::Receiver<()>,
    ) -> Self {
        let mut rules =
            Self { links, direction, connection, bell, cut: false, black: false, chain: BTreeMap::new() };
        rules.update();
        rules
    }

    /// Takes over changed conditions, if there are any. True if a condition was healed that has held chunks back.
    pub(super) fn refresh(&mut self) -> bool {
        matches!(self.bell.has_changed(), Ok(true)) && self.update()
    }

    fn update(&mut self) -> bool {
        // The bell is marked as seen first: a change after this rings again.
        self.bell.borrow_and_update();
        let (mut forces, mut bandwidths) = (Vec::new(), Vec::new());
        for (index, attached) in self.links.iter().enumerate() {
            let (in_force, bandwidth) = attached.link.in_force(attached.direction(self.direction));
            bandwidths.extend(bandwidth);
            forces.extend(in_force.into_iter().map(|(hold, condition)| {
                let seed = self.seed(attached, hold.0);
                Force { key: ConditionKey { link: index, hold: hold.0 }, condition, seed }
            }));
        }
        for Force { condition, .. } in &forces {
            let rule = rule(*condition);
            self.chain.entry((rule.is_asked_last(), condition.name())).or_insert(rule);
        }
        let mut healed = false;
        for rule in self.chain.values_mut() {
            healed |= rule.update(&forces, &bandwidths);
        }
        self.chain.retain(|_, rule| !rule.is_clear());
        let has = |fate| self.chain.values().any(|rule| rule.fate() == fate);
        (self.cut, self.black) = (has(ConnectionFate::Reset), has(ConnectionFate::Stands));
        healed
    }

    fn seed(&self, attached: &Attached, hold: u64) -> [u8; 32] {
        let path = attached.number << 1 | u64::from(attached.direction(self.direction) == Flow::Back);
        let mut seed = [0; 32];
        for (part, of) in [attached.link.seed(), hold, path, self.connection].into_iter().enumerate() {
            seed[part * 8..][..8].copy_from_slice(&of.to_le_bytes());
        }
        seed
    }

    /// Whether bytes pass untouched.
    pub(super) fn is_clear(&self) -> bool {
        self.chain.is_empty()
    }

    /// How long the chunk that just arrived is held back.
    pub(super) fn delay(&mut self) -> Duration {
        self.chain.values_mut().map(|rule| rule.delay()).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// The longest time for which a chunk can be held back now.
    pub(super) fn longest_delay(&self) -> Duration {
        self.chain.values().map(|rule| rule.longest_delay()).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// Number of bytes that still pass before the connection is closed; `None` where nothing closes it.
    pub(super) fn left(&self) -> Option<u64> {
        self.chain.values().filter_map(|rule| rule.left()).min()
    }

    /// Number of the wanted bytes that may pass now; the error is the instant at which to ask again.
    pub(super) fn allow(&mut self, wanted: usize, now: Instant) -> Result<usize, Instant> {
        self.chain.values_mut().try_fold(wanted, |wanted, rule| rule.allow(wanted, now))
    }

    /// Resolves when a condition was struck or healed since the last refresh.
    pub(super) async fn changed(&self) {
        // The bell is cloned, so that its change still counts as unseen.
        let mut bell = self.bell.clone();
        if bell.changed().await.is_err() {
            // The proxy is gone, so nothing changes any more.
            std::future::pending().await
        }
    }

    /// Records that this number of bytes has passed.
    pub(super) fn passed(&mut self, bytes: usize) {
        // Most connections have no condition, and need no look at the clock.
        if !self.is_clear() {
            let now = Instant::now();
            for rule in self.chain.values_mut() {
                rule.passed(bytes, now);
            }
        }
        for attached in self.links.iter() {
            attached.link.counters().passed(attached.direction(self.direction), bytes);
        }
    }

    /// Adds one to a counter of each link.
    pub(super) fn count(&self, counter: impl Fn(&LinkCounters) -> &AtomicU64) {
        for attached in self.links.iter() {
            counter(attached.link.counters()).fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
