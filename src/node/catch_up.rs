//! One member that catches up: what is said meanwhile is held back until it has been told what it missed.
//!
//! Three parties work on it. The rooms hand it what comes live. The replay feeds its connection as fast as the client
//! takes the frames. When the replay is over, the frames that were held back follow, except those that were in the
//! replay. From then on live messages go straight to the connection; those that the replay sent already are second
//! copies and are skipped, because a node's live feed may lag behind the history.
//!
//! Overflow policy: a frame that finds [`HELD`] frames held back is dropped and counted, and `lagged {missed}` takes
//! its place; the replay is then `part`.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::client_connection::{Fed, Offered};
use super::frame;
use super::member::Member;
use super::replayed::Replayed;
use wire::{Envelope, NodeFrame};

/// Number of frames that may be held back for one member.
pub const HELD: usize = 10_000;
/// How long after a replay a live copy of a replayed message may still come.
const COPIES: Duration = Duration::from_secs(600);

/// One member that catches up.
#[derive(Debug)]
pub struct CatchUp {
    /// The client that catches up.
    pub member: Member,
    /// The hasher of the member's room. All members of a room share it, so that each id is hashed only once.
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Number of requests for a replay so far. A task that works for an earlier request feeds nothing any more.
    run: u64,
    /// Whether live frames are held back.
    holding: bool,
    held: VecDeque<(u64, Bytes)>,
    /// Number of frames dropped since [`HELD`] frames were held back. Their place is behind the last frame held.
    missed: u64,
    replayed: Replayed,
    /// When the last replay ended; `None` before the first one has.
    over: Option<Instant>,
}

/// Frames of a replay that are not fed yet, each with the hash of its id.
pub type Unfed = VecDeque<(u64, Bytes)>;

/// The error of a replay that is no longer wanted: the client left, is leaving, or asked for another one.
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

    /// Begins to hold live frames back, and gives the number of this request for a replay. Frames that are held back
    /// already stay.
    pub fn begin(&self) -> u64 {
        let mut state = self.state();
        state.run += 1;
        state.holding = true;
        state.run
    }

    /// Stops every replay requested so far: their tasks can feed nothing more.
    pub fn cut(&self) {
        self.state().run += 1;
    }

    /// Takes a live frame.
    pub fn take_live(&self, id: u64, frame: &Bytes) -> Offered {
        let state = &mut *self.state();
        if state.replayed.take(id) {
            second_copy();
            return Offered::Nothing;
        }
        if !state.holding {
            return self.member.connection.offer(frame);
        }
        if state.missed > 0 || state.held.len() >= HELD {
            state.missed += 1;
            metrics::counter!("pubsub_lab_replay_dropped_frames_total").increment(1);
            return Offered::Nothing;
        }
        state.held.push_back((id, frame.clone()));
        Offered::Waits
    }

    /// The hash of a message's id, as [`CatchUp::take_live`] expects it.
    pub fn hash(&self, envelope: &Envelope) -> u64 {
        self.hasher.hash_one(&*envelope.id)
    }

    /// Feeds all the given frames of a replay, as fast as the client takes them.
    ///
    /// # Errors
    /// When the replay is no longer wanted.
    pub async fn feed(&self, run: u64, mut frames: Unfed) -> Result<(), Cut> {
        let count = frames.len() as u64;
        self.as_drained(|| {
            let state = &mut *self.state();
            if state.run != run {
                return Fed::Gone;
            }
            self.member.connection.feed(|| {
                let (id, frame) = frames.pop_front()?;
                state.replayed.add(id);
                Some(frame)
            })
        })
        .await?;
        metrics::counter!("pubsub_lab_replayed_frames_total").increment(count);
        Ok(())
    }

    /// Whether frames were dropped while others were held back, and the client does not know of it yet.
    pub fn overflowed(&self) -> bool {
        self.state().missed > 0
    }

    /// Sends the frames that were held back, as far as the client takes them at once. After [`Fed::All`] nothing is
    /// held back any more: from now on the member receives each message live.
    pub fn let_out(&self, run: u64) -> Fed {
        let state = &mut *self.state();
        if state.run != run {
            return Fed::Gone;
        }
        let State { held, replayed, missed, .. } = state;
        let fed = self.member.connection.feed(|| {
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

    /// Sends all the frames that were held back, as fast as the client takes them.
    pub async fn let_all_out(&self, run: u64) -> Result<(), Cut> {
        self.as_drained(|| self.let_out(run)).await
    }

    async fn as_drained(&self, mut step: impl FnMut() -> Fed) -> Result<(), Cut> {
        loop {
            let mut drained = pin!(self.member.connection.drained());
            // The notification counts from here on, so that none is missed between the step and the wait.
            drained.as_mut().enable();
            match step() {
                Fed::All => return Ok(()),
                Fed::Full => drained.await,
                Fed::Gone => return Err(Cut),
            }
        }
    }

    /// Whether nothing distinguishes the member from an ordinary one any more.
    pub fn is_over(&self, now: Instant) -> bool {
        let state = self.state();
        let late = |over| now.saturating_duration_since(over) >= COPIES;
        !state.holding && (state.replayed.is_empty() || state.over.is_none_or(late))
    }
}

fn second_copy() {
    metrics::counter!("pubsub_lab_replay_copies_dropped_total").increment(1);
}
