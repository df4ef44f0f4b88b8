//! One member that catches up: what is said meanwhile is held back until it has been told what it missed.
//!
//! Three parties work on it. The rooms hand it what comes live. The replay feeds its connection as fast as the client
//! takes the frames. When the replay is over, the frames that were held back follow, except those that were in the
//! replay. From then on live messages go straight to the connection; those that the replay sent already are second
//! copies and are skipped, because a node's live feed may lag behind the history.
//!
//! Overflow policy: a message that finds the client's outbox full, or [`HELD`] or [`HELD_FOR_SLOW`] frames held back, is
//! dropped, and so is what follows: the member is [`Behind`]. Once half of the outbox has drained, exactly what was
//! dropped is fed out of the history, and so on until nothing was dropped meanwhile. `lagged {missed}` takes the place
//! of what the history does not bring.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::behind::Behind;
use super::client_connection::{Fed, Offered};
use super::frame;
use super::member::Member;
use super::replayed::Replayed;
use wire::{Envelope, NodeFrame};

/// Number of frames that may be held back for one member.
pub const HELD: usize = 10_000;
/// Number of frames that may be held back for a member while it is caught up because it was slow. Little is said in that
/// time, and what is too much is brought by the next replay.
pub const HELD_FOR_SLOW: usize = 1_000;
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
    /// Whether a task is at work: from the request for a replay or a catch-up until nothing is held back, and nothing
    /// that was dropped is to be brought.
    working: bool,
    /// The most live frames to hold back; `None` while none are.
    holding: Option<usize>,
    held: VecDeque<(u64, Bytes)>,
    /// What was dropped, and is to be brought later. Its place is behind the last frame held.
    behind: Option<Behind>,
    /// What was dropped, and is being brought. Its place is before the first frame held.
    bringing: Option<Behind>,
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

    /// A member whose outbox was too full for this message.
    pub fn behind(member: Member, hasher: RandomState, dropped: &Envelope, id: u64) -> Self {
        let state = State { behind: Some(Behind::new(dropped, id)), ..State::default() };
        Self { member, hasher, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was dropped and is not brought yet. Gives the number of messages.
    pub fn give_up(&self) -> u64 {
        let mut state = self.state();
        let lost = [state.behind.take(), state.bringing.take()];
        lost.iter().flatten().map(Behind::lost).sum()
    }

    /// Begins to hold live frames back for a replay that the client asks for, and gives the number of this request.
    /// Frames that are held back already stay.
    pub fn begin(&self) -> u64 {
        let mut state = self.state();
        state.run += 1;
        (state.working, state.holding) = (true, Some(HELD));
        state.run
    }

    /// Gives the number of a new run if something was dropped and nobody is at work on it.
    pub fn begin_catching(&self) -> Option<u64> {
        let mut state = self.state();
        if state.working || state.behind.is_none() {
            return None;
        }
        state.run += 1;
        state.working = true;
        Some(state.run)
    }

    /// The id of the first message that was dropped and is to be brought.
    pub fn behind_since(&self) -> Option<Arc<str>> {
        self.state().behind.as_ref().map(Behind::first_id)
    }

    /// Begins to hold live frames back while what was dropped is brought, and gives its first message.
    pub fn hold(&self, run: u64) -> Unfed {
        let state = &mut *self.state();
        if state.run == run && state.bringing.is_none() {
            state.bringing = state.behind.take();
            state.holding = Some(HELD_FOR_SLOW);
        }
        let first = state.bringing.as_ref().and_then(|bringing| {
            let id = self.hasher.hash_one(&*bringing.first_id());
            let first = bringing.first();
            let json = self.member.shown(first).replayed(first).filter(|_| bringing.lacks(id))?;
            Some((id, frame::text(&json)))
        });
        first.into_iter().collect()
    }

    /// Stops every replay requested so far: their tasks can feed nothing more.
    pub fn cut(&self) {
        self.state().run += 1;
    }

    /// Takes a live frame.
    pub fn take_live(&self, envelope: &Envelope, id: u64, frame: &Bytes) -> Offered {
        let state = &mut *self.state();
        if state.replayed.take(id) {
            second_copy();
            return Offered::Nothing;
        }
        if let Some(behind) = &mut state.behind {
            behind.add(id);
            return Offered::Dropped;
        }
        let offered = match state.holding {
            Some(most) if state.held.len() < most => {
                state.held.push_back((id, frame.clone()));
                Offered::Waits
            }
            Some(_) => Offered::Dropped,
            None => self.member.connection.offer_kept(frame),
        };
        if offered == Offered::Dropped {
            state.behind = Some(Behind::new(envelope, id));
        }
        offered
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
                match &mut state.bringing {
                    // The copy that came live was dropped, so that none is to come.
                    Some(bringing) => bringing.bring(id),
                    None => state.replayed.add(id),
                }
                Some(frame)
            })
        })
        .await?;
        metrics::counter!("pubsub_lab_replayed_frames_total").increment(count);
        Ok(())
    }

    /// Whether a replay is to feed the message with this hash: if something that was dropped is being brought, nothing
    /// else is to come.
    pub fn wants(&self, id: u64) -> bool {
        self.state().bringing.as_ref().is_none_or(|bringing| bringing.lacks(id))
    }

    /// Whether everything that was dropped is brought, so that a replay need not go on.
    pub fn is_brought(&self) -> bool {
        self.state().bringing.as_ref().is_some_and(Behind::is_brought)
    }

    /// Whether something was dropped, and this run is to bring it.
    pub fn is_behind(&self, run: u64) -> bool {
        let state = self.state();
        state.run == run && state.working && state.behind.is_some()
    }

    /// Sends the frames that were held back, as far as the client takes them at once, and before them `lagged` in place
    /// of what was not brought. After [`Fed::All`] nothing is held back any more: from now on the member receives each
    /// message live, unless it [is behind](CatchUp::is_behind).
    pub fn let_out(&self, run: u64) -> Fed {
        let state = &mut *self.state();
        if state.run != run {
            return Fed::Gone;
        }
        let State { held, replayed, bringing, .. } = state;
        let fed = self.member.connection.feed(|| {
            if let Some(missed) = bringing.take().map(|bringing| bringing.lost()).filter(|lost| *lost > 0) {
                metrics::counter!("pubsub_lab_replay_dropped_frames_total").increment(missed);
                return Some(frame::text(&NodeFrame::Lagged { missed }.json()));
            }
            while let Some((id, frame)) = held.pop_front() {
                if !replayed.take(id) {
                    return Some(frame);
                }
                second_copy();
            }
            None
        });
        if fed == Fed::All {
            state.holding = None;
            state.held = VecDeque::new();
            state.replayed.settle();
            state.over = Some(Instant::now());
            state.working = state.behind.is_some();
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
        !state.working && state.behind.is_none() && (state.replayed.is_empty() || state.over.is_none_or(late))
    }
}

fn second_copy() {
    metrics::counter!("pubsub_lab_replay_copies_dropped_total").increment(1);
}
