//! What the clients tell the ledger: sendings, answers, presence and receipts.

use std::time::Duration;

use super::arrival::Arrival;
use super::early::Early;
use super::ledger::Ledger;
use super::message::Answer;
use super::observers::Observers;
use super::people::PeopleNews;
use super::time::nanos;
use scenario::Count;

impl Ledger {
    /// Records that message `n` was handed over for writing by a client on this node. Later calls for the same message
    /// are resends; the first one counts.
    pub fn sent(&mut self, n: usize, node: usize, at: Duration) {
        let due = nanos(self.tempo.due(n));
        let Some(message) = self.messages.get_mut(n).filter(|message| !message.sent()) else { return };
        message.sent_at = nanos(at);
        message.node = node_number(node);
        let (early, sent_at, answer) = (message.early, message.sent_at, message.answer);
        self.latest_sent = self.latest_sent.max(Some(sent_at));
        self.tally.sent += 1;
        if let Some(answer) = answer {
            self.tally.answers[answer as usize] += 1;
        }
        self.timeline.sent(due);
        let (room, place) = (self.plan.room(n), self.plan.place(n));
        for i in 0..self.rooms[room].len() {
            self.owe(self.rooms[room][i], n, place);
        }
        if early {
            for receipt in self.early.take(n) {
                self.account(receipt);
            }
            if self.unpaid[n] == 0 {
                self.witness.paid(n);
            }
        }
    }

    /// Records that the node answered message `n` at this moment.
    pub fn answered_at(&mut self, n: usize, answer: Answer, at: Duration) {
        if self.take_answer(n, answer) {
            self.witness.answered(n, nanos(at));
        }
    }

    /// Records that the node answered message `n`, nobody knows when.
    pub fn answered(&mut self, n: usize, answer: Answer) {
        self.take_answer(n, answer);
    }

    /// Records an answer. Gives whether it is the one that holds from now on.
    fn take_answer(&mut self, n: usize, answer: Answer) -> bool {
        let Some(message) = self.messages.get_mut(n) else { return false };
        let before = message.answer;
        let holds = message.record_answer(answer);
        if holds && message.sent() {
            if let Some(before) = before {
                self.tally.answers[before as usize] -= 1;
            }
            self.tally.answers[answer as usize] += 1;
        }
        holds
    }

    /// Records that a new connection of this subscriber begins. What came live over an earlier one says nothing about the
    /// order of what a replay brings over this one.
    pub fn connected(&mut self, s: usize) {
        if let Some(subscriber) = self.subscribers.get_mut(s) {
            subscriber.connected();
            self.observers.iter_mut().for_each(|observers| observers.approach(s));
        }
    }

    /// Records that `subscribed` arrived: this subscriber is online from here, for the first time or after a reconnect,
    /// perhaps on another node than before. That it was away tells it that it may have missed something.
    pub fn subscribed(&mut self, s: usize, node: usize, at: Duration) {
        self.enter(s, node, false, at);
    }

    /// Records that `subscribed` arrived, with the promise that a replay has brought everything that was missed.
    pub fn subscribed_with_all(&mut self, s: usize, node: usize, at: Duration) {
        self.enter(s, node, true, at);
    }

    /// Records that this subscriber was told that it may have missed something just before this moment: `lagged`.
    pub fn noticed(&mut self, s: usize, at: Duration) {
        if let Some(subscriber) = self.subscribers.get_mut(s) {
            subscriber.noticed(nanos(at));
        }
    }

    /// Records that this subscriber was told that it may have missed something that was sent since a moment: `gap`.
    pub fn noticed_since(&mut self, s: usize, since: Duration, at: Duration) {
        if let Some(subscriber) = self.subscribers.get_mut(s) {
            subscriber.noticed_since(nanos(since), nanos(at));
        }
    }

    fn enter(&mut self, s: usize, node: usize, whole: bool, at: Duration) {
        let Some(subscriber) = self.subscribers.get_mut(s) else { return };
        let (at, node) = (nanos(at), node_number(node));
        let before = subscriber.presence.last();
        if before.is_some_and(|before| !before.online) {
            subscriber.returned(whole, at);
        }
        subscriber.presence.online(node, at);
        self.observers.iter_mut().for_each(|observers| observers.enter(s, node, at));
        // Another task may already have told of a message that was sent after this moment.
        let debts_change = before.is_none_or(|before| before.node != node && !self.plan.crosses_nodes);
        if debts_change && self.latest_sent >= Some(at) {
            let room = subscriber.room;
            for n in 0..self.messages.len() {
                if self.plan.room(n) == room && self.messages[n].sent() && self.messages[n].sent_at >= at {
                    self.owe(s, n, self.plan.place(n));
                }
            }
        }
    }

    /// Records that the client saw the close: this subscriber is offline from here.
    pub fn closed(&mut self, s: usize, at: Duration) {
        if let Some(subscriber) = self.subscribers.get_mut(s) {
            subscriber.presence.offline(nanos(at));
            self.observers.iter_mut().for_each(|observers| observers.leave(s, false, nanos(at)));
        }
    }

    /// Records that this subscriber goes offline on purpose, from here until it is subscribed again. What is sent
    /// meanwhile, or is on its way just then, is owed and counted as ever, and harms nobody.
    pub fn left(&mut self, s: usize, at: Duration) {
        if let Some(subscriber) = self.subscribers.get_mut(s) {
            subscriber.presence.left(nanos(at));
            self.observers.iter_mut().for_each(|observers| observers.leave(s, true, nanos(at)));
        }
    }

    /// Records what an observer was told of the people in its room. Gives whether it has to ask who is there, because it
    /// cannot know otherwise.
    pub fn told_of_people(&mut self, s: usize, news: PeopleNews, at: Duration) -> bool {
        let is_measured = self.is_measured(at);
        self.observers.as_mut().is_some_and(|observers| observers.hear(s, news, is_measured, nanos(at)))
    }

    /// Whether some observer's list of the people in its room is not the truth now.
    pub fn is_some_list_wrong(&self) -> bool {
        self.observers.as_ref().is_some_and(Observers::are_some_wrong)
    }

    /// Ends the watching of presence: what clients do from here on, because the run is over, counts nowhere.
    pub fn presence_ends(&mut self, at: Duration) {
        self.observers.iter_mut().for_each(|observers| observers.end(nanos(at)));
    }

    /// Records that subscriber `s` received a text that says message `n`, of this run and of its room, unharmed.
    /// Allocates nothing, except for receipts that are told before their sending.
    pub fn received(&mut self, s: usize, n: usize, arrival: Arrival, at: Duration) {
        let measured = self.is_measured(at);
        let (Some(subscriber), Some(message)) = (self.subscribers.get_mut(s), self.messages.get_mut(n))
        else {
            return self.unexpected(s, at);
        };
        if subscriber.presence.last().is_none() {
            return;
        }
        // A message of the load cannot come before the load.
        if !measured && !message.sent() {
            return self.unexpected(s, at);
        }
        self.timeline.received(nanos(at).saturating_sub(self.begin.unwrap_or(0)));
        let place = self.plan.place(n);
        if self.plan.room(n) != subscriber.room || (!message.sent() && self.early.is_full()) {
            return self.unexpected(s, at);
        }
        let outstanding = subscriber.debts.get(place).is_some_and(|debt| debt.outstanding());
        let (publisher, seq) = (self.plan.publisher(n), self.plan.seq(n));
        let Some(seen) = subscriber.receive(place, publisher, seq, arrival, nanos(at)) else {
            return self.unexpected(s, at);
        };
        if outstanding {
            self.unpaid[n] -= 1;
            self.tally.outstanding -= 1;
        }
        let receipt = Early { s, n, seen, at: nanos(at) };
        if message.sent() {
            self.account(receipt);
            if self.unpaid[n] == 0 {
                self.witness.paid(n);
            }
        } else {
            message.early = true;
            self.early.push(receipt);
        }
    }

    /// Records that subscriber `s` received what was never sent, or what is not of its room.
    pub fn unexpected(&mut self, _s: usize, at: Duration) {
        if !self.is_measured(at) {
            self.before.unexpected += 1;
            return;
        }
        self.tally.counts.unexpected += 1;
        self.seen.at[Count::Unexpected].include(nanos(at));
    }

    /// Records that subscriber `s` received a text with a wrong checksum.
    pub fn corrupted(&mut self, _s: usize, at: Duration) {
        if !self.is_measured(at) {
            self.before.corrupted += 1;
            return;
        }
        self.tally.counts.corrupted += 1;
        self.seen.at[Count::Corrupted].include(nanos(at));
    }

    /// Records that some subscriber received a text of the probe or the warm-up with a wrong checksum, whenever it came.
    pub fn corrupted_rehearsal(&mut self) {
        self.before.corrupted += 1;
    }

    /// Records that subscriber `s` received a text of another run.
    pub fn foreign(&mut self, _s: usize, at: Duration) {
        if !self.is_measured(at) {
            self.before.foreign += 1;
            return;
        }
        self.tally.counts.foreign += 1;
        self.seen.at[Count::Foreign].include(nanos(at));
    }

    /// Whether the measured load had begun at a moment. What came before it counts nowhere, and is only noted.
    fn is_measured(&self, at: Duration) -> bool {
        self.begin.is_some_and(|begin| nanos(at) >= begin)
    }

    /// Records that a connection over which a client could publish or listen was ended, and not by the load. `why` is a
    /// clause, the same for all that ended so: `a server closed a connection with 4001: heartbeat`.
    pub fn disconnected(&mut self, why: &str, at: Duration) {
        self.disconnects.record(why, nanos(at));
    }
}

fn node_number(node: usize) -> u32 {
    u32::try_from(node).unwrap_or(u32::MAX)
}
