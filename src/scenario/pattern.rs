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

impl Pattern {
    /// Every pattern that has a name, in the order of tables.
    pub const ALL: [Pattern; 4] = [Pattern::Local, Pattern::Redis, Pattern::Zeromq, Pattern::Amqp];
    /// The patterns that this version can run.
    pub const BUILT: [Pattern; 4] = Self::ALL;

    /// The word of the command line and of the scenario file.
    pub fn name(self) -> &'static str {
        match self {
            Pattern::Local => "local",
            Pattern::Redis => "redis",
            Pattern::Zeromq => "zeromq",
            Pattern::Amqp => "amqp",
        }
    }

    /// The pattern of this name.
    pub fn named(name: &str) -> Option<Pattern> {
        Self::ALL.into_iter().find(|pattern| pattern.name() == name)
    }

    /// Whether this version can run it.
    pub fn is_built(self) -> bool {
        Self::BUILT.contains(&self)
    }

    /// Whether it has a broker, a target for faults.
    pub fn has_broker(self) -> bool {
        matches!(self, Pattern::Redis | Pattern::Amqp)
    }

    /// Whether it has a history service, a target for faults.
    pub fn has_history(self) -> bool {
        self == Pattern::Amqp
    }

    /// Whether a message reaches the clients of other nodes.
    pub fn crosses_nodes(self) -> bool {
        self != Pattern::Local
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
        assert_eq!(format!("{:6}|{}", Pattern::Amqp, Pattern::Local), "amqp  |local");
    }
}
