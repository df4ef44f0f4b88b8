//! The choice a user makes: how the nodes reach each other.

use std::fmt;

/// The choice a user makes: how the nodes reach each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pattern {
    /// One process; nothing crosses nodes.
    Local,
    /// A Redis broker, publish/subscribe.
    Redis,
    /// ZeroMQ peers, no broker.
    Zeromq,
    /// Durable AMQP: RabbitMQ and a history service.
    Amqp,
}

/// What one pattern is. What others ask about a pattern is answered here, and asked nowhere by its name.
#[derive(Debug)]
struct Record {
    name: &'static str,
    broker: Option<&'static str>,
    has_history: bool,
    crosses_nodes: bool,
    links_nodes: bool,
    weak_ack: Option<&'static str>,
    held: Held,
}

/// What becomes of a message whose way to the other nodes is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// There is no such way.
    NoWay,
    /// The broker, or the node's call to it, loses it.
    Lost,
    /// It waits in the sockets of its node as long as there is room.
    InSockets,
    /// It waits in an outbox of its node, or in a queue of the broker.
    InQueues,
}

const LOCAL: Record = Record {
    name: "local",
    broker: None,
    has_history: false,
    crosses_nodes: false,
    links_nodes: false,
    weak_ack: None,
    held: Held::NoWay,
};

const REDIS: Record = Record {
    name: "redis",
    broker: Some("Redis"),
    has_history: false,
    crosses_nodes: true,
    links_nodes: false,
    weak_ack: None,
    held: Held::Lost,
};

const ZEROMQ: Record = Record {
    name: "zeromq",
    broker: None,
    has_history: false,
    crosses_nodes: true,
    links_nodes: true,
    weak_ack: Some("its sockets took the message"),
    held: Held::InSockets,
};

const AMQP: Record = Record {
    name: "amqp",
    broker: Some("RabbitMQ"),
    has_history: true,
    crosses_nodes: true,
    links_nodes: false,
    weak_ack: None,
    held: Held::InQueues,
};

impl Pattern {
    /// Every pattern that has a name, in the order of tables.
    pub const ALL: [Pattern; 4] = [Pattern::Local, Pattern::Redis, Pattern::Zeromq, Pattern::Amqp];
    /// The patterns that this version can run.
    pub const BUILT: [Pattern; 4] = Self::ALL;

    fn record(self) -> &'static Record {
        match self {
            Pattern::Local => &LOCAL,
            Pattern::Redis => &REDIS,
            Pattern::Zeromq => &ZEROMQ,
            Pattern::Amqp => &AMQP,
        }
    }

    /// The word of the command line and of the scenario file.
    pub fn name(self) -> &'static str {
        self.record().name
    }

    /// The pattern of this name.
    pub fn named(name: &str) -> Option<Pattern> {
        Self::ALL.into_iter().find(|pattern| pattern.name() == name)
    }

    /// Whether this version can run it.
    pub fn is_built(self) -> bool {
        Self::BUILT.contains(&self)
    }

    /// What people call the server that it needs, if it needs one.
    pub fn broker(self) -> Option<&'static str> {
        self.record().broker
    }

    /// Whether it has a broker, a target for faults.
    pub fn has_broker(self) -> bool {
        self.broker().is_some()
    }

    /// Whether it has a history service, a target for faults.
    pub fn has_history(self) -> bool {
        self.record().has_history
    }

    /// Whether a message reaches the clients of other nodes.
    pub fn crosses_nodes(self) -> bool {
        self.record().crosses_nodes
    }

    /// Whether its nodes connect to each other: such a link is a target for faults.
    pub fn links_nodes(self) -> bool {
        self.record().links_nodes
    }

    /// What an ack says, where that is less than that somebody else has the message: an end of the sentence
    /// `an ack of zeromq says only that`.
    pub fn weak_ack(self) -> Option<&'static str> {
        self.record().weak_ack
    }

    /// What becomes of a message whose way to the other nodes is cut.
    pub fn held(self) -> Held {
        self.record().held
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_has_its_name_and_what_it_is_made_of() {
        let names = ["local", "redis", "zeromq", "amqp"];
        assert_eq!(Pattern::ALL.map(Pattern::name), names);
        assert_eq!(names.map(Pattern::named), Pattern::ALL.map(Some));
        assert_eq!(Pattern::named("rabbit"), None);
        assert_eq!(Pattern::ALL.map(Pattern::is_built), [true; 4]);
        assert_eq!(Pattern::ALL.map(Pattern::has_broker), [false, true, false, true]);
        assert_eq!(Pattern::ALL.map(Pattern::has_history), [false, false, false, true]);
        assert_eq!(Pattern::ALL.map(Pattern::crosses_nodes), [false, true, true, true]);
        assert_eq!(Pattern::ALL.map(Pattern::links_nodes), [false, false, true, false]);
        assert_eq!(Pattern::ALL.map(Pattern::broker), [None, Some("Redis"), None, Some("RabbitMQ")]);
        assert_eq!(format!("{:6}|{}", Pattern::Amqp, Pattern::Local), "amqp  |local");
    }
}
