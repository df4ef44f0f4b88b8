//! The links that a fault may name: `node 1 -> broker`, `node 0 <-> node 2`, `client * <-> node 1`.

use std::fmt;

use crate::Pattern;

/// One end of a link, or one member of a partition's group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// The third-party server that the pattern needs.
    Broker,
    /// The history service, which keeps the messages.
    History,
    /// One node, counted from 0.
    Node(usize),
    /// Every node.
    AllNodes,
    /// A node that the seed chooses.
    AnyNode,
    /// Every client of the load, publishers and subscribers.
    Clients,
}

/// A link between two ends; a one-way link means only what goes from the first end to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Link {
    /// The first end.
    pub from: End,
    /// The second end.
    pub to: End,
    /// Whether only bytes from the first end to the second are meant.
    pub one_way: bool,
}

impl End {
    /// Reads the word of the file: `broker`, `history`, `node 1`, `node *`, `node any`, `client *`.
    pub fn parse(text: &str) -> Option<End> {
        let mut words = text.split_whitespace();
        match (words.next()?, words.next(), words.next()) {
            ("broker", None, None) => Some(End::Broker),
            ("history", None, None) => Some(End::History),
            ("client" | "clients", Some("*"), None) => Some(End::Clients),
            ("node", Some("*"), None) => Some(End::AllNodes),
            ("node", Some("any"), None) => Some(End::AnyNode),
            ("node", Some(n), None) => number(n).map(End::Node),
            _ => None,
        }
    }

    /// Whether the end is a node, whichever one.
    pub fn is_node(self) -> bool {
        matches!(self, End::Node(_) | End::AllNodes | End::AnyNode)
    }

    /// Whether this end means the given one: a node, a service, or the clients. `AnyNode` means no node, because it is
    /// not known yet which one will be drawn.
    pub fn means(self, one: End) -> bool {
        self == one && self != End::AnyNode || self == End::AllNodes && matches!(one, End::Node(_))
    }

    pub(super) fn exists_in(self, pattern: Pattern) -> bool {
        match self {
            End::Broker => pattern.has_broker(),
            End::History => pattern.has_history(),
            _ => true,
        }
    }
}

/// Reads a whole number of digits alone: `+1` parses as a number too, and is refused here.
pub(super) fn number(digits: &str) -> Option<usize> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

impl Link {
    /// Reads the words of the file. A link whose arrow points to the left is turned round.
    pub fn parse(text: &str) -> Option<Link> {
        let both = |arrow: &str| {
            let (one, other) = text.split_once(arrow)?;
            Some((End::parse(one)?, End::parse(other)?))
        };
        // The longest arrow is looked for first, because the others are contained in it.
        if text.contains("<->") {
            both("<->").map(|(from, to)| Link { from, to, one_way: false })
        } else if text.contains("->") {
            both("->").map(|(from, to)| Link { from, to, one_way: true })
        } else {
            both("<-").map(|(to, from)| Link { from, to, one_way: true })
        }
    }

    /// Whether the lab can have such a link at all: between a node and the broker, the history, another node or its
    /// clients, and between the history and the broker.
    pub fn is_possible(self) -> bool {
        let (a, b) = (self.from, self.to);
        match (a.is_node(), b.is_node()) {
            (true, true) => a != b || a == End::AllNodes,
            (true, false) | (false, true) => true,
            (false, false) => matches!((a, b), (End::Broker, End::History) | (End::History, End::Broker)),
        }
    }

    /// Whether the first end of the link means `from`, and the second end means `to`.
    pub fn leads(self, from: End, to: End) -> bool {
        self.from.means(from) && self.to.means(to)
    }

    /// Whether the link is one between nodes, for which a cluster needs at least two.
    pub fn is_of_nodes(self) -> bool {
        self.from.is_node() && self.to.is_node()
    }

    /// Whether a cluster of this pattern with this number of nodes has the link.
    pub fn exists_in(self, pattern: Pattern, nodes: usize) -> bool {
        let ends = self.from.exists_in(pattern) && self.to.exists_in(pattern);
        ends && (!self.is_of_nodes() || pattern.links_nodes() && nodes > 1)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Broker => f.write_str("broker"),
            End::History => f.write_str("history"),
            End::Node(n) => write!(f, "node {n}"),
            End::AllNodes => f.write_str("node *"),
            End::AnyNode => f.write_str("node any"),
            End::Clients => f.write_str("client *"),
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.from, if self.one_way { "->" } else { "<->" }, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        let link = |from, to, one_way| Some(Link { from, to, one_way });
        assert_eq!(Link::parse("node 1 -> broker"), link(End::Node(1), End::Broker, true));
        assert_eq!(Link::parse("broker<-node 1"), link(End::Node(1), End::Broker, true));
        assert_eq!(Link::parse(" node 0 <-> node 2 "), link(End::Node(0), End::Node(2), false));
        assert_eq!(Link::parse("client * <-> node any"), link(End::Clients, End::AnyNode, false));
        for wrong in ["", "node 1", "node 1 - broker", "node 1 -> ", "node x <-> broker", "a <-> b <-> c"] {
            assert_eq!(Link::parse(wrong), None, "{wrong:?}");
        }
        for text in ["node 1 -> broker", "client * <-> node 1", "history <-> broker", "node any <-> node *"] {
            let link = Link::parse(text).unwrap();
            assert_eq!((link.to_string().as_str(), link.is_possible()), (text, true));
        }
        for text in ["broker <-> broker", "client * <-> broker", "node 1 -> node 1", "client * -> history"] {
            assert!(!Link::parse(text).unwrap().is_possible(), "{text}");
        }
    }

    #[test]
    fn ends() {
        let all = [End::Broker, End::History, End::Node(1), End::AllNodes, End::AnyNode, End::Clients];
        let words = ["broker", "history", "node 1", "node *", "node any", "client *"];
        assert_eq!(all.map(|end| end.to_string()), words);
        assert_eq!(words.map(End::parse), all.map(Some));
        assert_eq!(End::parse("clients *"), Some(End::Clients));
        for wrong in
            ["", "client", "client 1", "client * 1", "history 1", "node * *", "node any 1", "node +1"]
        {
            assert_eq!(End::parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(all.map(End::is_node), [false, false, true, true, true, false]);
        // It is not known yet which node `node any` will be.
        assert_eq!(all.map(|end| end.means(End::Node(1))), [false, false, true, true, false, false]);
        assert_eq!(all.map(|end| end.means(End::Node(2))), [false, false, false, true, false, false]);
        assert_eq!(all.map(|end| end.means(End::Broker)), [true, false, false, false, false, false]);
        assert_eq!(all.map(|end| end.means(End::History)), [false, true, false, false, false, false]);
        assert_eq!(all.map(|end| end.means(End::Clients)), [false, false, false, false, false, true]);
        assert_eq!(all.map(|end| end.means(End::AnyNode)), [false; 6]);
    }

    #[test]
    fn a_link_goes_from_every_node_to_every_other_and_from_none_to_itself() {
        let link = |from, to| Link { from, to, one_way: false };
        assert!(link(End::AllNodes, End::AllNodes).is_possible());
        assert!(link(End::Node(0), End::Node(1)).is_possible());
        assert!(!link(End::AnyNode, End::AnyNode).is_possible());
        assert!(!link(End::Node(1), End::Node(1)).is_possible());
        assert!(
            link(End::Broker, End::Node(1)).is_possible() && link(End::AnyNode, End::Clients).is_possible()
        );
        assert!(
            link(End::AllNodes, End::AnyNode).is_of_nodes()
                && !link(End::AllNodes, End::Broker).is_of_nodes()
        );
        assert!(
            !link(End::Broker, End::AllNodes).is_of_nodes() && !link(End::Broker, End::History).is_of_nodes()
        );
    }

    #[test]
    fn what_a_pattern_has() {
        let has = |text: &str| {
            let link = Link::parse(text).unwrap();
            [Pattern::Local, Pattern::Redis, Pattern::Zeromq, Pattern::Amqp]
                .map(|pattern| link.exists_in(pattern, 3))
        };
        assert_eq!(has("node 1 -> broker"), [false, true, false, true]);
        assert_eq!(has("node 1 <-> node 2"), [false, false, true, false]);
        assert_eq!(has("history <-> broker"), [false, false, false, true]);
        assert_eq!(has("client * <-> node 2"), [true; 4]);
        // A node is not linked to itself.
        for text in ["node * <-> node *", "node any <-> node *"] {
            let link = Link::parse(text).unwrap();
            assert_eq!([1, 2].map(|nodes| link.exists_in(Pattern::Zeromq, nodes)), [false, true], "{text}");
        }
    }
}
