//! Subscribers that read slowly on purpose: which ones, at which fault, and how a connection is slowed.
//!
//! The kernel buffers what nobody reads, by default up to some megabytes, so for a long time nobody would notice a
//! slow reader. A subscriber that some `slow` fault of the settings concerns therefore has a small receive buffer
//! ([`RECEIVE_BUFFER`]) for the whole run.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::time::{Instant, Sleep, sleep_until};

use scenario::kinds::Slow;
use scenario::{Action, Fault, Target, share_of};

/// Size of the receive buffer that the kernel is asked to give a subscriber that some fault makes slow, in bytes.
/// (Linux doubles it, for its own bookkeeping.)
pub(super) const RECEIVE_BUFFER: u32 = 16 * 1024;

/// The random stream of this choice. Clients have the streams from 0 on, and the choice of those that leave and join
/// has the last one.
const STREAM: u64 = u64::MAX - 1;

/// A read takes at most the bytes of this time. A reader that has read less than it might, or was woken late, may
/// make up for this much.
const BURST: Duration = Duration::from_millis(50);

/// The rate that stands for no limit.
const FREE: u64 = u64::MAX;

/// The subscribers that read slowly on purpose.
#[derive(Debug)]
pub(super) struct Slowness {
    /// For each fault, by its place in the scenario: its rate in bytes a second, and the subscribers that it
    /// concerns.
    groups: Vec<(u64, Vec<usize>)>,
    /// The taps of the subscribers that some fault concerns.
    taps: HashMap<usize, Arc<Tap>>,
}

impl Slowness {
    /// Chooses the subscribers for each fault. The same seed chooses the same ones.
    pub(super) fn new(faults: &[Fault], subscribers: usize, seed: u64) -> Self {
        let groups = choose(faults, subscribers, seed);
        let concerned = groups.iter().flat_map(|(_, group)| group);
        let taps = concerned.map(|subscriber| (*subscriber, Arc::default())).collect();
        Self { groups, taps }
    }

    /// The tap that limits a subscriber; `None` if no fault ever does.
    pub(super) fn tap(&self, subscriber: usize) -> Option<Arc<Tap>> {
        self.taps.get(&subscriber).cloned()
    }

    /// Records that this fault holds from now on.
    pub(super) fn slow(&self, fault: usize) {
        self.turn(fault, true);
    }

    /// Records that this fault no longer holds.
    pub(super) fn hurry(&self, fault: usize) {
        self.turn(fault, false);
    }

    fn turn(&self, fault: usize, holds: bool) {
        let Some((rate, group)) = self.groups.get(fault) else { return };
        for tap in group.iter().filter_map(|subscriber| self.taps.get(subscriber)) {
            tap.turn(fault, holds.then_some(*rate));
        }
    }
}

/// For each fault its rate, and the subscribers that it concerns. Each fault draws anew from all subscribers.
fn choose(faults: &[Fault], subscribers: usize, seed: u64) -> Vec<(u64, Vec<usize>)> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(STREAM);
    let mut all: Vec<usize> = (0..subscribers).collect();
    let group = |fault: &Fault| match (&fault.action, &fault.target) {
        (Action::Slow(Slow { bytes_per_second }), Target::Subscriber(one)) if *one < subscribers => {
            (*bytes_per_second, vec![*one])
        }
        (Action::Slow(Slow { bytes_per_second }), Target::Subscribers(percent)) => {
            all.shuffle(&mut random);
            (*bytes_per_second, all.iter().take(share_of(*percent, subscribers)).copied().collect())
        }
        _ => (FREE, Vec::new()),
    };
    faults.iter().map(group).collect()
}

/// How fast one subscriber may read. The faults set it, and the subscriber's connection obeys.
#[derive(Debug)]
pub(super) struct Tap {
    /// The rates of all faults that hold now, by the fault's place in the scenario.
    rates: Mutex<BTreeMap<usize, u64>>,
    /// The lowest of `rates`, where it can be read without a lock.
    lowest: AtomicU64,
    /// Wakes the connection that waits for its turn to read. A subscriber has one connection at a time.
    reader: AtomicWaker,
}

impl Default for Tap {
    fn default() -> Self {
        Self { rates: Mutex::default(), lowest: AtomicU64::new(FREE), reader: AtomicWaker::new() }
    }
}

impl Tap {
    fn turn(&self, fault: usize, rate: Option<u64>) {
        {
            let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
            match rate {
                Some(rate) => drop(rates.insert(fault, rate.max(1))),
                None => drop(rates.remove(&fault)),
            }
            self.lowest.store(rates.values().copied().min().unwrap_or(FREE), Ordering::Release);
        }
        self.reader.wake();
    }

    fn rate(&self) -> u64 {
        self.lowest.load(Ordering::Acquire)
    }
}

/// Slows one connection down to the rate of its tap.
#[derive(Debug)]
pub(super) struct Trickle {
    tap: Arc<Tap>,
    pace: Pace,
    alarm: Pin<Box<Sleep>>,
}

impl Trickle {
    /// Begins to obey this tap.
    pub(super) fn new(tap: Arc<Tap>) -> Self {
        let now = Instant::now();
        Self { tap, pace: Pace { rate: FREE, next: now }, alarm: Box::pin(sleep_until(now)) }
    }

    /// Resolves when bytes may be read. Gives the most that may be read, or no bound.
    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        // A connection without a limit waits for bytes alone, and then asks here again.
        if self.tap.rate() != FREE {
            // The waker is registered before the rate is read, so that a change between the two is seen.
            self.tap.reader.register(cx.waker());
        }
        self.pace.keep(self.tap.rate(), Instant::now());
        if self.pace.rate == FREE {
            return Poll::Ready(None);
        }
        if self.pace.next > Instant::now() {
            if self.alarm.deadline() != self.pace.next {
                self.alarm.as_mut().reset(self.pace.next);
            }
            ready!(self.alarm.as_mut().poll(cx));
        }
        Poll::Ready(Some(self.pace.most()))
    }

    /// Records that `bytes` bytes were read.
    pub(super) fn took(&mut self, bytes: usize) {
        self.pace.took(bytes, Instant::now());
    }
}

/// When how many bytes may be read. Pure: the caller gives the time.
#[derive(Debug)]
struct Pace {
    /// The rate in bytes a second.
    rate: u64,
    /// When the next byte may be read.
    next: Instant,
}

impl Pace {
    fn keep(&mut self, rate: u64, now: Instant) {
        if rate != self.rate {
            (self.rate, self.next) = (rate, now);
        }
    }

    /// The most bytes that one read may take.
    fn most(&self) -> usize {
        ((self.rate as f64 * BURST.as_secs_f64()) as usize).max(1)
    }

    fn took(&mut self, bytes: usize, now: Instant) {
        if self.rate != FREE {
            let from = now.checked_sub(BURST).map_or(self.next, |earliest| self.next.max(earliest));
            self.next = from + Duration::from_secs_f64(bytes as f64 / self.rate as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(target: Target, bytes_per_second: u64) -> Fault {
        Fault { at: Duration::ZERO, duration: None, action: Action::Slow(Slow { bytes_per_second }), target }
    }

    fn faults() -> [Fault; 4] {
        let leave = Fault { action: Action::Leave, ..slow(Target::Subscribers(50), 1) };
        [
            slow(Target::Subscriber(3), 100),
            leave,
            slow(Target::Subscribers(50), 10),
            slow(Target::Subscriber(9), 5),
        ]
    }

    #[test]
    fn the_seed_chooses() {
        let groups = choose(&faults(), 9, 7);
        assert_eq!(groups[0], (100, vec![3]));
        assert_eq!((groups[1].1.len(), groups[3].1.len()), (0, 0), "another action, and nobody");
        assert_eq!((groups[2].0, groups[2].1.len()), (10, share_of(50, 9)));
        assert_eq!(groups, choose(&faults(), 9, 7));
        assert!((0..9).any(|seed| choose(&faults(), 9, seed) != groups));
    }

    #[test]
    fn the_lowest_of_several_holds_and_each_is_healed_on_its_own() {
        let slowness =
            Slowness::new(&[slow(Target::Subscriber(0), 100), slow(Target::Subscriber(0), 10)], 2, 1);
        let tap = slowness.tap(0).unwrap();
        assert!(slowness.tap(1).is_none(), "no fault concerns it");
        let mut rates = vec![tap.rate()];
        for (fault, slows) in [(0, true), (1, true), (0, true), (1, false), (0, false), (7, false)] {
            if slows {
                slowness.slow(fault)
            } else {
                slowness.hurry(fault)
            }
            rates.push(tap.rate());
        }
        assert_eq!(rates, [FREE, 100, 10, 10, 100, FREE, FREE]);
    }

    #[test]
    fn so_many_bytes_a_second_and_no_more() {
        for (rate, late) in [(1, 0), (7, 3), (1000, 0), (1000, 40), (1_000_000, 2)] {
            let began = Instant::now();
            let end = began + Duration::from_secs(10);
            let mut pace = Pace { rate: FREE, next: began };
            pace.keep(rate, began);
            let mut read = 0;
            while pace.next < end {
                read += pace.most() as u64;
                // A timer is late, and the reader makes up for what it lost by that.
                pace.took(pace.most(), pace.next + Duration::from_millis(late));
            }
            assert!((rate * 10..=rate * 10 + rate / 10 + 1).contains(&read), "{read} at {rate} a second");
        }
    }

    #[test]
    fn who_has_not_read_for_long_may_not_make_up_for_all_of_it() {
        let began = Instant::now();
        let mut pace = Pace { rate: 1000, next: began };
        let later = began + Duration::from_secs(60);
        let mut read = 0;
        while pace.next <= later {
            read += pace.most();
            pace.took(pace.most(), later);
        }
        assert_eq!(read, 2 * pace.most());
    }
}

#[cfg(test)]
mod tests_of_the_machine {
    use std::future::poll_fn;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn who_waits_is_woken_at_once_when_it_is_over() {
        let tap = Arc::new(Tap::default());
        let mut trickle = Trickle::new(tap.clone());
        assert_eq!(poll_fn(|cx| trickle.poll_turn(cx)).await, None);
        tap.turn(0, Some(1));
        assert_eq!(poll_fn(|cx| trickle.poll_turn(cx)).await, Some(1));
        trickle.took(3600);
        let began = Instant::now();
        let mut waiting = Box::pin(poll_fn(|cx| trickle.poll_turn(cx)));
        assert_eq!((&mut waiting).now_or_never(), None);
        // `waiting` is polled first, and must be woken to be polled again.
        let (turn, ()) = tokio::join!(waiting, async { tap.turn(0, None) });
        assert_eq!(turn, None);
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    }
}
