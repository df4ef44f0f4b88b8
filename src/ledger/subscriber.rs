//! A subscriber: its debts, its presence, and the order in which it saw things.

use super::arrival::Arrival;
use super::debt::Debt;
use super::notices::{Belief, Notices};
use super::plan::Plan;
use super::presence::Presence;
use super::replayed::Replayed;

/// One subscriber of the run.
#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) room: usize,
    /// The debts by [`Plan::place`] among the messages of the subscriber's room.
    pub(super) debts: Vec<Debt>,
    pub(super) presence: Presence,
    /// Number of its debts that were delivered live, but late.
    pub(super) late: u64,
    /// For each publisher, one more than the highest sequence received live.
    live_next: Vec<u32>,
    /// For each publisher, one more than the highest sequence received live over the present connection.
    live_here: Vec<u32>,
    /// For each publisher, when something of it was last received, in nanoseconds since the run's zero; 0 for
    /// never.
    heard: Vec<u64>,
    /// For each publisher, one more than the highest sequence received in the current replay. Empty until there is a
    /// replay: most runs have none.
    replay_next: Vec<u32>,
    round: Option<u32>,
    /// How late those debts were that came first by replay.
    pub(super) replayed: Replayed,
    notices: Notices,
}

/// What one receipt was, seen from its subscriber.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) live: bool,
    /// Whether nothing of this debt had arrived before, in any way.
    pub(super) first: bool,
    /// Whether the receipt is a further copy: again live, or again within one replay.
    pub(super) again: bool,
    /// Whether it is the first receipt of its kind, and something with a higher sequence came before it.
    pub(super) disordered: bool,
    /// Whether it came by replay for the first time in this replay, and something with a higher sequence had come live
    /// over the same connection before.
    pub(super) after_live: bool,
}

impl Seen {
    /// Whether a replay brought what the subscriber held already.
    pub(super) fn held_again(self) -> bool {
        !self.live && !self.first && !self.again
    }

    /// Whether it came live after it had come by replay.
    pub(super) fn live_again(self) -> bool {
        self.live && !self.first && !self.again
    }
}

impl Subscriber {
    pub(super) fn new(plan: &Plan, s: usize) -> Self {
        let room = plan.subscriber_room(s);
        Self {
            room,
            debts: vec![Debt::default(); plan.room_messages(room)],
            presence: Presence::default(),
            late: 0,
            live_next: vec![0; plan.publishers],
            live_here: vec![0; plan.publishers],
            heard: vec![0; plan.publishers],
            replay_next: Vec::new(),
            round: None,
            replayed: Replayed::default(),
            notices: Notices::default(),
        }
    }

    /// Forgets what came live over an earlier connection.
    pub(super) fn connected(&mut self) {
        self.live_here.fill(0);
    }

    /// Records a notice that something may be missing.
    pub(super) fn noticed(&mut self, at: u64) {
        self.notices.hole(at, &self.live_next);
    }

    /// Records a notice that something sent since a moment may be missing.
    pub(super) fn noticed_since(&mut self, since: u64, at: u64) {
        self.notices.gap(since, at);
    }

    /// Records that the subscriber is back, and whether it was told that it now has everything. Its own absence is a
    /// notice unless it was.
    pub(super) fn returned(&mut self, whole: bool, at: u64) {
        match whole {
            true => self.notices.promise(at, &self.live_next),
            false => self.noticed(at),
        }
    }

    /// What the subscriber has reason to believe of a message that it never received: this publisher's number `seq`, sent
    /// at this moment. Who is away at the end knows that it missed what came after the last message that it received.
    pub(super) fn belief(&self, publisher: usize, seq: usize, sent_at: u64) -> Belief {
        let received = self.live_next.get(publisher).is_none_or(|next| seq < *next as usize);
        match self.presence.last() {
            Some(stay) if !stay.online && !received => Belief::Told,
            _ => self.notices.belief(publisher, seq, sent_at),
        }
    }

    /// When something of a publisher was last received, in nanoseconds since the run's zero; 0 for never.
    pub(super) fn heard(&self, publisher: usize) -> u64 {
        self.heard.get(publisher).copied().unwrap_or(0)
    }

    /// Records a receipt of the message at this place, which is its publisher's number `seq`. `None` for a place that
    /// this room does not have.
    pub(super) fn receive(
        &mut self,
        place: usize,
        publisher: usize,
        seq: usize,
        arrival: Arrival,
        at: u64,
    ) -> Option<Seen> {
        if let Arrival::Replay { round } = arrival {
            self.enter(round);
        }
        let live = arrival == Arrival::Live;
        let debt = self.debts.get_mut(place)?;
        let before = *debt;
        let (again, next) = if live {
            debt.receive_live();
            (before.live(), self.live_next.get_mut(publisher)?)
        } else {
            debt.receive_replayed();
            (before.in_round(), self.replay_next.get_mut(publisher)?)
        };
        *self.heard.get_mut(publisher)? = at;
        let this = u32::try_from(seq).unwrap_or(u32::MAX).saturating_add(1);
        let disordered = !again && *next > this;
        *next = this.max(*next);
        let here = self.live_here.get_mut(publisher)?;
        let after_live = !live && !again && *here > this;
        if live {
            *here = this.max(*here);
        }
        Some(Seen { live, first: !before.received(), again, disordered, after_live })
    }

    /// Begins another replay with a clean memory. Clearing is a sweep over bytes, once for each replay.
    fn enter(&mut self, round: u32) {
        if self.round != Some(round) {
            self.round = Some(round);
            self.debts.iter_mut().for_each(Debt::leave_round);
            self.replay_next.clear();
            self.replay_next.resize(self.live_next.len(), 0);
        }
    }
}
