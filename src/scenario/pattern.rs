//! The patterns: how the nodes of a cluster reach each other, which is the user's choice.

use std::fmt;

/// How the nodes of a cluster reach each other, which is the user's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pattern {
    /// One process alone; nothing crosses nodes.
    Local,
    /// A Redis broker with publish/subscribe.
    Redis,
    /// ZeroMQ peers without a broker.
    Zeromq,
    /// A durable AMQP broker (RabbitMQ) and a history service.
    Amqp,
}

/// The properties of one pattern. Other code asks for a property here, and never for a pattern by its name.
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

/// What becomes of a message that cannot reach the other nodes because the way is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The pattern has no way to other nodes.
    NoWay,
    /// The message is lost by the broker, or by the node's call to the broker.
    Lost,
    /// The message waits in the sockets of its node as long as there is room.
    InSockets,
    /// The message waits in an outbox of its node, or in a queue of the broker.
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

    /// The word for the pattern on the command line and in the scenario file.
    pub fn name(self) -> &'static str {
        self.record().name
    }

    /// The pattern that somebody means who names the product, or writes its name in another way.
    pub fn meant_by(word: &str) -> Option<Self> {
        match word.to_lowercase().as_str() {
            "rabbitmq" | "rabbit" | "rmq" | "amqps" => Some(Self::Amqp),
            "zmq" | "0mq" | "\u{f8}mq" | "zero-mq" => Some(Self::Zeromq),
            "valkey" | "redis-pubsub" | "rediss" => Some(Self::Redis),
            name => Self::named(name),
        }
    }

    /// The pattern with this name.
    pub fn named(name: &str) -> Option<Pattern> {
        Self::ALL.into_iter().find(|pattern| pattern.name() == name)
    }

    /// Whether this version can run the pattern.
    pub fn is_built(self) -> bool {
        Self::BUILT.contains(&self)
    }

    /// The name for people of the server that the pattern needs, if it needs one.
    pub fn broker(self) -> Option<&'static str> {
        self.record().broker
    }

    /// Whether the pattern has a broker, which faults can strike.
    pub fn has_broker(self) -> bool {
        self.broker().is_some()
    }

    /// Whether the pattern has a history service, which faults can strike.
    pub fn has_history(self) -> bool {
        self.record().has_history
    }

    /// Whether a message reaches the clients of other nodes.
    pub fn crosses_nodes(self) -> bool {
        self.record().crosses_nodes
    }

    /// Whether the pattern's nodes connect to each other, so that faults can strike such links.
    pub fn links_nodes(self) -> bool {
        self.record().links_nodes
    }

    /// What an ack says, where that is less than that somebody else has the message. The text ends the sentence that
    /// begins with `an ack of zeromq says only that`.
    pub fn weak_ack(self) -> Option<&'static str> {
        self.record().weak_ack
    }

    /// What becomes of a message that cannot reach the other nodes because the way is cut.
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

    #[test]
    fn an_ack_of_a_pattern_without_a_broker_between_nodes_says_less_than_it_seems() {
        let weak: Vec<_> = Pattern::ALL.into_iter().filter(|pattern| pattern.weak_ack().is_some()).collect();
        assert_eq!(weak, [Pattern::Zeromq]);
        assert!(Pattern::Zeromq.weak_ack().is_some_and(|it| it.contains("sockets took the message")));
    }

    #[test]
    fn the_name_of_a_product_leads_to_its_pattern() {
        assert_eq!(Pattern::meant_by("RabbitMQ"), Some(Pattern::Amqp));
        assert_eq!(["zmq", "0mq", "ZeroMQ"].map(Pattern::meant_by), [Some(Pattern::Zeromq); 3]);
        assert_eq!(Pattern::meant_by("kafka"), None);
    }
}
