//! Everything that the ledger is told of while a run lasts, as values: what can be written down and told again later.

use std::time::Duration;

use super::arrival::Arrival;
use super::ledger::Ledger;
use super::message::Answer;
use super::people::PeopleNews;

/// One thing that the ledger is told. Its moment is told beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The measured load begins.
    Begin,
    /// No probe has come over this path.
    UnverifiedPath {
        /// The number of the publisher.
        publisher: usize,
        /// The number of the subscriber.
        subscriber: usize,
    },
    /// A message was handed over for writing: [`Ledger::sent`].
    Sent {
        /// The number of the message.
        n: usize,
        /// The node of its publisher.
        node: usize,
    },
    /// A node answered a message: [`Ledger::answered_at`].
    Answered {
        /// The number of the message.
        n: usize,
        /// What the node said.
        answer: Answer,
    },
    /// A new connection of a subscriber begins: [`Ledger::connected`].
    Connected {
        /// The number of the subscriber.
        s: usize,
    },
    /// A subscriber is online: [`Ledger::subscribed`], [`Ledger::subscribed_with_all`].
    Subscribed {
        /// The number of the subscriber.
        s: usize,
        /// The node to which it is connected.
        node: usize,
        /// Whether a replay has brought everything that it missed.
        all: bool,
    },
    /// A subscriber was told that it may have missed something: [`Ledger::noticed`], [`Ledger::noticed_since`].
    Noticed {
        /// The number of the subscriber.
        s: usize,
        /// Since when it may have missed something, if it was told that.
        since: Option<Duration>,
    },
    /// A subscriber is offline: [`Ledger::closed`].
    Closed {
        /// The number of the subscriber.
        s: usize,
    },
    /// A subscriber goes offline on purpose: [`Ledger::left`].
    Left {
        /// The number of the subscriber.
        s: usize,
    },
    /// An observer was told of the people in its room: [`Ledger::told_of_people`].
    ToldOfPeople {
        /// The number of the subscriber that observes.
        s: usize,
        /// What it was told.
        news: PeopleNews,
    },
    /// The watching of presence ends.
    PresenceEnds,
    /// A subscriber received a message of this run, unharmed: [`Ledger::received`].
    Received {
        /// The number of the subscriber.
        s: usize,
        /// The number of the message.
        n: usize,
        /// How it came.
        arrival: Arrival,
    },
    /// A subscriber received what was never sent, or what is not of its room.
    Unexpected {
        /// The number of the subscriber.
        s: usize,
    },
    /// A subscriber received a text with a wrong checksum.
    Corrupted {
        /// The number of the subscriber.
        s: usize,
    },
    /// Some subscriber received a damaged text of the probe or the warm-up.
    CorruptedRehearsal,
    /// A subscriber received a text of another run.
    Foreign {
        /// The number of the subscriber.
        s: usize,
    },
    /// A connection was ended, and not by the load: [`Ledger::disconnected`].
    Disconnected {
        /// How it ended, as a clause.
        why: Box<str>,
    },
}

impl Ledger {
    /// Records an event of this moment, since the run's zero. Gives whether an observer has to ask who is there, which
    /// only [`Event::ToldOfPeople`] ever brings about.
    pub fn tell(&mut self, event: &Event, at: Duration) -> bool {
        match event {
            Event::Begin => self.begin(at),
            Event::UnverifiedPath { publisher, subscriber } => self.unverified_path(*publisher, *subscriber),
            Event::Sent { n, node } => self.sent(*n, *node, at),
            Event::Answered { n, answer } => self.answered_at(*n, *answer, at),
            Event::Connected { s } => self.connected(*s),
            Event::Subscribed { s, node, all: false } => self.subscribed(*s, *node, at),
            Event::Subscribed { s, node, all: true } => self.subscribed_with_all(*s, *node, at),
            Event::Noticed { s, since: None } => self.noticed(*s, at),
            Event::Noticed { s, since: Some(since) } => self.noticed_since(*s, *since, at),
            Event::Closed { s } => self.closed(*s, at),
            Event::Left { s } => self.left(*s, at),
            Event::ToldOfPeople { s, news } => return self.told_of_people(*s, news.clone(), at),
            Event::PresenceEnds => self.presence_ends(at),
            Event::Received { s, n, arrival } => self.received(*s, *n, *arrival, at),
            Event::Unexpected { s } => self.unexpected(*s, at),
            Event::Corrupted { s } => self.corrupted(*s, at),
            Event::CorruptedRehearsal => self.corrupted_rehearsal(),
            Event::Foreign { s } => self.foreign(*s, at),
            Event::Disconnected { why } => self.disconnected(why, at),
        }
        false
    }
}
