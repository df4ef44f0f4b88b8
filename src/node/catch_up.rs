//! One member that catches up: what is said meanwhile is held back until it has been told what it missed.
//!
//! Three hands are in it. The rooms hand it what comes live. The replay feeds its link as fast as the client takes it.
//! When the replay is over, what was held back follows, but for what was in the replay. From then on live messages go
//! straight to the link; those that the replay told already are second copies, and skipped: a node's live feed may
//! lag behind the history.
//!
//! Overflow policy: what finds [`HELD`] messages held back is dropped and counted, and `lagged {missed}` takes its
//! place; the replay is then `part`.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::frame;
use super::link::Fed;
use super::member::Member;
use super::replayed::Replayed;
use wire::{Envelope, NodeFrame};

/// Frames that are held back for one member.
pub const HELD: usize = 10_000;
/// How long after a replay a live copy may come.
const COPIES: Duration = Duration::from_secs(600);

/// One member that catches up.
#[derive(Debug)]
pub struct CatchUp {
    /// Who it is.
    pub member: Member,
    /// That of its room, so that an id is hashed once for all.
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts the askings. What works for an earlier one feeds nothing any more.
    run: u64,
    /// Live frames are held back.
    holding: bool,
    held: VecDeque<(u64, Bytes)>,
    /// Frames dropped since so many were held back; they would stand behind the last held one.
    missed: u64,
    replayed: Replayed,
    /// When the replay was over.
    over: Option<Instant>,
}

/// Frames of a replay that are not fed yet, each with the hash of its id.
pub type Unfed = VecDeque<(u64, Bytes)>;

/// What was asked for is no longer wanted: the client left, is going, or asked anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut;

impl CatchUp {
    /// A member for whom nothing is held back yet.
    pub fn new(member: Member, hasher: RandomState) -> Self {
        Self { member, hasher, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to hold back, and gives the number of this asking. What is held back already stays.
    pub fn begin(&self) -> u64 {
        let mut state = self.state();
        state.run += 1;
        state.holding = true;
        state.run
    }

    /// Lets nothing more be fed for the askings so far.
    pub fn cut(&self) {
        self.state().run += 1;
    }

    /// Takes a live frame. True when the link must be written.
    pub fn hear(&self, id: u64, frame: &Bytes, dropped: &mut u64) -> bool {
        let state = &mut *self.state();
        if state.replayed.take(id) {
            second_copy();
            return false;
        }
        if !state.holding {
            return self.member.link.offer(frame, dropped);
        }
        if state.missed > 0 || state.held.len() >= HELD {
            state.missed += 1;
            metrics::counter!("pubsub_lab_replay_dropped_frames_total").increment(1);
        } else {
            state.held.push_back((id, frame.clone()));
        }
        false
    }

    /// The hash of a message's id, as [`CatchUp::hear`] gets it.
    pub fn hash(&self, envelope: &Envelope) -> u64 {
        self.hasher.hash_one(&*envelope.id)
    }

    /// Feeds frames of a replay, all of them, as fast as the client takes them.
    ///
    /// # Errors
    /// When they are no longer wanted.
    pub async fn feed(&self, run: u64, mut frames: Unfed) -> Result<(), Cut> {
        let count = frames.len() as u64;
        self.as_drained(|| {
            let state = &mut *self.state();
            if state.run != run {
                return Fed::Gone;
            }
            self.member.link.feed(|| {
                let (id, frame) = frames.pop_front()?;
                state.replayed.note(id);
                Some(frame)
            })
        })
        .await?;
        metrics::counter!("pubsub_lab_replayed_frames_total").increment(count);
        Ok(())
    }

    /// Whether something was dropped while it was held back, and is not told yet.
    pub fn overflowed(&self) -> bool {
        self.state().missed > 0
    }

    /// Lets out what was held back, as far as the client takes it at once. With [`Fed::All`] nothing is held back any
    /// more: from now on the member hears what is said when it is said.
    pub fn let_out(&self, run: u64) -> Fed {
        let state = &mut *self.state();
        if state.run != run {
            return Fed::Gone;
        }
        let State { held, replayed, missed, .. } = state;
        let fed = self.member.link.feed(|| {
            while let Some((id, frame)) = held.pop_front() {
                if !replayed.take(id) {
                    return Some(frame);
                }
                second_copy();
            }
            let missed = std::mem::take(missed);
            (missed > 0).then(|| frame::text(&NodeFrame::Lagged { missed }.json()))
        });
        if fed == Fed::All {
            state.holding = false;
            state.held = VecDeque::new();
            state.replayed.settle();
            state.over = Some(Instant::now());
        }
        fed
    }

    /// Lets out what was held back, all of it, as fast as the client takes it.
    pub async fn let_all_out(&self, run: u64) -> Result<(), Cut> {
        self.as_drained(|| self.let_out(run)).await
    }

    async fn as_drained(&self, mut step: impl FnMut() -> Fed) -> Result<(), Cut> {
        loop {
            let mut drained = pin!(self.member.link.drained());
            // From here on, so that nothing is missed between the step and the wait.
            drained.as_mut().enable();
            match step() {
                Fed::All => return Ok(()),
                Fed::Full => drained.await,
                Fed::Gone => return Err(Cut),
            }
        }
    }

    /// Whether it is as any other member.
    pub fn is_over(&self, now: Instant) -> bool {
        let state = self.state();
        let late = |over| now.saturating_duration_since(over) >= COPIES;
        !state.holding && (state.replayed.is_empty() || state.over.is_none_or(late))
    }
}

fn second_copy() {
    metrics::counter!("pubsub_lab_replay_copies_dropped_total").increment(1);
}
