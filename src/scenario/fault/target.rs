//! The targets of faults.

use std::fmt;

use serde_json::Value;

use super::groups::{parts, side};
use super::link::{End, Link, number};
use crate::Pattern;

/// The target that a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// The third-party server that the pattern needs.
    Broker,
    /// The history service, which keeps the messages, where the pattern has one.
    History,
    /// One node, counted from 0.
    Node(usize),
    /// Every node.
    AllNodes,
    /// A node that the seed chooses, anew for each strike.
    AnyNode,
    /// A percentage of the subscribers, chosen by the seed.
    Subscribers(u8),
    /// One subscriber, counted from 0.
    Subscriber(usize),
    /// A subscriber that the seed chooses, anew for each strike.
    AnySubscriber,
    /// A link between two ends.
    Link(Link),
    /// Groups between which nothing passes. A member that is in no group is on a [`side`](super::side) all the same.
    Groups(Vec<Vec<End>>),
    /// The load as a whole.
    Load,
    /// The unknown target of a `run`: whatever its command strikes.
    Unknown,
}

impl Target {
    /// Reads the word of the file for a process: `broker`, `history`, `node 1`, `node *`, `node any`.
    pub fn parse(text: &str) -> Option<Target> {
        match End::parse(text)? {
            End::Broker => Some(Target::Broker),
            End::History => Some(Target::History),
            End::Node(n) => Some(Target::Node(n)),
            End::AllNodes => Some(Target::AllNodes),
            End::AnyNode => Some(Target::AnyNode),
            End::Clients => None,
        }
    }

    /// Reads the word of the file for one subscriber: `subscriber 3`, `subscriber any`.
    pub fn parse_subscriber(text: &str) -> Option<Target> {
        let mut words = text.split_whitespace();
        match (words.next()?, words.next()?, words.next()) {
            ("subscriber", "any", None) => Some(Target::AnySubscriber),
            ("subscriber", n, None) => number(n).map(Target::Subscriber),
            _ => None,
        }
    }

    /// Whether a cluster of this pattern with this number of nodes has the target.
    pub fn exists_in(&self, pattern: Pattern, nodes: usize) -> bool {
        match self {
            Target::Broker => pattern.has_broker(),
            Target::History => pattern.has_history(),
            Target::Link(link) => link.exists_in(pattern, nodes),
            Target::Groups(groups) => {
                let services = [End::Broker, End::History].into_iter().filter(|end| end.exists_in(pattern));
                pattern.crosses_nodes() && parts(groups, (0..nodes).map(End::Node).chain(services))
            }
            _ => true,
        }
    }

    /// The process, or each of several, as an end of links; `None` for a target that is no process.
    pub fn end(&self) -> Option<End> {
        match self {
            Target::Broker => Some(End::Broker),
            Target::History => Some(End::History),
            Target::Node(n) => Some(End::Node(*n)),
            Target::AllNodes => Some(End::AllNodes),
            Target::AnyNode => Some(End::AnyNode),
            _ => None,
        }
    }

    /// Whether the target is this process, or includes it.
    pub fn strikes(&self, one: End) -> bool {
        self.end().is_some_and(|end| end.means(one))
    }

    /// Whether the target lies on the way from the one to the other.
    pub fn lies_between(&self, from: End, to: End) -> bool {
        match self {
            Target::Link(link) => link.leads(from, to) || (!link.one_way && link.leads(to, from)),
            // A client stands on the side of its node.
            Target::Groups(_) if from == End::Clients || to == End::Clients => false,
            Target::Groups(groups) => side(groups, from) != side(groups, to),
            _ => false,
        }
    }

    /// The value in the file behind the action's key.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Target::Groups(groups) => {
                let words = |group: &Vec<_>| group.iter().map(End::to_string).collect::<Vec<_>>();
                groups.iter().map(words).collect::<Vec<_>>().into()
            }
            Target::Subscribers(percent) => format!("{percent}%").into(),
            one => one.to_string().into(),
        }
    }

    /// Whether both targets include one process, or both are shares of the subscribers that leave and join.
    pub(crate) fn meets(&self, other: &Target) -> bool {
        use Target::{AllNodes, AnyNode, Broker, History, Node, Subscribers};
        match (self, other) {
            (Broker, Broker) | (History, History) | (Subscribers(_), Subscribers(_)) => true,
            (Node(one), Node(other)) => one == other,
            (AllNodes | AnyNode, Node(_) | AllNodes | AnyNode) | (Node(_), AllNodes | AnyNode) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Broker => f.write_str("broker"),
            Target::History => f.write_str("history"),
            Target::Subscribers(percent) => write!(f, "{percent}% of the subscribers"),
            Target::Node(n) => write!(f, "node {n}"),
            Target::AllNodes => f.write_str("node *"),
            Target::AnyNode => f.write_str("node any"),
            Target::Subscriber(n) => write!(f, "subscriber {n}"),
            Target::AnySubscriber => f.write_str("subscriber any"),
            Target::Link(link) => link.fmt(f),
            Target::Groups(groups) => {
                for (i, group) in groups.iter().enumerate() {
                    let members: Vec<_> = group.iter().map(End::to_string).collect();
                    write!(f, "{}{}", if i > 0 { " | " } else { "" }, members.join(", "))?;
                }
                Ok(())
            }
            Target::Load => f.write_str("the load"),
            Target::Unknown => f.write_str("a command"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        assert_eq!(Target::parse("broker"), Some(Target::Broker));
        assert_eq!(Target::parse("node 12"), Some(Target::Node(12)));
        assert_eq!(Target::parse(" node  * "), Some(Target::AllNodes));
        assert_eq!(Target::parse("node any"), Some(Target::AnyNode));
        assert_eq!(Target::parse("history"), Some(Target::History));
        for wrong in [
            "", "node", "node -1", "node +1", "node x", "node 1 2", "Broker", "broker 1", "node1", "50%",
            "client *",
        ] {
            assert_eq!(Target::parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(Target::parse("node 99999999999999999999999"), None);
        assert_eq!(Target::parse_subscriber("subscriber 3"), Some(Target::Subscriber(3)));
        assert_eq!(Target::parse_subscriber("subscriber any"), Some(Target::AnySubscriber));
        for wrong in ["subscriber", "subscriber *", "subscriber -1", "node 1", "subscriber 1 2"] {
            assert_eq!(Target::parse_subscriber(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_target_is_written_as_it_is_read() {
        for word in ["broker", "history", "node 12", "node *", "node any"] {
            assert_eq!(Target::parse(word).map(|target| target.to_string()).as_deref(), Some(word));
        }
        for word in ["subscriber 3", "subscriber any"] {
            assert_eq!(
                Target::parse_subscriber(word).map(|target| target.to_string()).as_deref(),
                Some(word)
            );
        }
        let link = Link { from: End::Node(1), to: End::Broker, one_way: true };
        assert_eq!(Target::Link(link).to_string(), "node 1 -> broker");
        assert_eq!(Target::Subscribers(50).to_string(), "50% of the subscribers");
        let groups = Target::Groups(vec![vec![End::Node(0)], vec![End::Node(1), End::Broker]]);
        assert_eq!(groups.to_string(), "node 0 | node 1, broker");
        assert_eq!(
            [Target::Load, Target::Unknown].map(|target| target.to_string()),
            ["the load", "a command"]
        );
    }

    #[test]
    fn what_a_pattern_has() {
        let patterns = [Pattern::Local, Pattern::Redis, Pattern::Zeromq, Pattern::Amqp];
        let has = |target: Target| patterns.map(|pattern| target.exists_in(pattern, 3));
        assert_eq!(has(Target::Broker), [false, true, false, true]);
        assert_eq!(has(Target::History), [false, false, false, true]);
        assert_eq!(has(Target::Node(1)), [true; 4]);
        let link = Link { from: End::Node(1), to: End::Broker, one_way: true };
        assert_eq!(has(Target::Link(link)), [false, true, false, true]);
        let group = |ends: &[End]| Target::Groups(vec![ends.to_vec()]);
        assert_eq!(has(group(&[End::Node(0)])), [false, true, true, true]);
        assert_eq!(has(group(&[End::Broker])), [false, true, false, true]);
        assert_eq!(has(group(&[End::History])), [false, false, false, true]);
    }

    #[test]
    fn what_lies_on_the_way_from_one_to_another() {
        use End::{Broker, Clients, History};
        let node = End::Node;
        let link = |text: &str| Target::Link(Link::parse(text).unwrap());
        for (target, there, back) in [
            (link("node 1 <-> broker"), true, true),
            (link("node 1 -> broker"), true, false),
            (link("node 1 <- broker"), false, true),
            (link("node * -> broker"), true, false),
            (link("node 2 <-> broker"), false, false),
            (Target::Groups(vec![vec![node(1)]]), true, true),
            (Target::Groups(vec![vec![node(1), Broker]]), false, false),
            (Target::Node(1), false, false),
        ] {
            let lies = (target.lies_between(node(1), Broker), target.lies_between(Broker, node(1)));
            assert_eq!(lies, (there, back), "{target}");
        }
        let parted = Target::Groups(vec![vec![node(0)], vec![node(1), node(2)]]);
        // Nobody names the broker, so it stands with the larger group.
        assert!(parted.lies_between(node(0), Broker) && parted.lies_between(History, node(0)));
        assert!(!parted.lies_between(node(1), Broker) && !parted.lies_between(Broker, History));
        assert!(!parted.lies_between(Clients, node(0)) && !parted.lies_between(node(0), Clients));
        assert!(link("client * <-> node 0").lies_between(Clients, node(0)));
    }

    #[test]
    fn which_process_is_struck() {
        use End::{Broker, Clients, History, Node};
        let struck = |target: Target| [Broker, History, Node(1), Clients].map(|end| target.strikes(end));
        assert_eq!(struck(Target::Broker), [true, false, false, false]);
        assert_eq!(struck(Target::History), [false, true, false, false]);
        assert_eq!(struck(Target::Node(1)), [false, false, true, false]);
        assert_eq!(struck(Target::Node(2)), [false; 4]);
        assert_eq!(struck(Target::AllNodes), [false, false, true, false]);
        assert_eq!(struck(Target::Subscriber(1)), [false; 4]);
    }

    #[test]
    fn what_strikes_the_same_process() {
        use Target::*;
        for (one, other) in [
            (Broker, Broker),
            (History, History),
            (Node(1), Node(1)),
            (Node(1), AllNodes),
            (AllNodes, AllNodes),
            (AnyNode, Node(2)),
            (AnyNode, AnyNode),
            (Subscribers(10), Subscribers(20)),
        ] {
            assert!(one.meets(&other) && other.meets(&one));
        }
        for (one, other) in [
            (Broker, Node(0)),
            (Broker, AllNodes),
            (Broker, History),
            (History, AllNodes),
            (Node(1), Node(2)),
            (Subscribers(50), AllNodes),
            (Subscriber(1), Subscriber(1)),
        ] {
            assert!(!one.meets(&other) && !other.meets(&one));
        }
    }
}
