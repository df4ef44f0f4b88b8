//! The lines and arrows of a diagram, while they are drawn.

use super::diagram::{Arrow, Carries, Lane, LaneKind};
use super::party::{MOST, Party};

/// The key of a line, for those who draw arrows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Publisher(usize),
    Node(usize),
    Broker,
    History,
    /// A party, by its place among the parties.
    Party(usize),
}

/// A diagram that is being drawn.
#[derive(Debug)]
pub(super) struct Canvas {
    keys: Vec<Key>,
    lanes: Vec<Lane>,
    arrows: Vec<Arrow>,
}

/// The properties of an arrow beside its ends.
#[derive(Debug, Clone)]
pub(super) struct Stroke {
    pub(super) leaves: i64,
    pub(super) arrives: Option<i64>,
    pub(super) carries: Carries,
    pub(super) traced: bool,
    pub(super) note: Option<String>,
}

impl Canvas {
    /// A canvas with these lines, then the other nodes of the parties, then the parties. `home` is the publisher's
    /// node. Nodes that were `away` have a line where there is room: it shows what was broken.
    pub(super) fn new(fixed: Vec<Key>, parties: &[Party<'_>], home: Option<usize>, away: &[usize]) -> Self {
        let mut keys = fixed;
        for party in parties {
            let node = Key::Node(party.node);
            if !keys.contains(&node) {
                keys.push(node);
            }
        }
        for node in away.iter().map(|node| Key::Node(*node)) {
            if !keys.contains(&node) && keys.len() + parties.len() < MOST {
                keys.push(node);
            }
        }
        let lane = |kind, name, number: Option<usize>| {
            let node = home.filter(|_| kind == LaneKind::Publisher).map(|n| n as u64);
            Lane { kind, name, number: number.map(|n| n as u64), node }
        };
        let mut lanes: Vec<Lane> = keys
            .iter()
            .map(|key| match key {
                Key::Publisher(n) => lane(LaneKind::Publisher, format!("publisher {n}"), Some(*n)),
                Key::Node(n) => lane(LaneKind::Node, format!("node {n}"), Some(*n)),
                Key::History => lane(LaneKind::History, "history".into(), None),
                Key::Broker | Key::Party(_) => lane(LaneKind::Broker, "broker".into(), None),
            })
            .collect();
        keys.extend((0..parties.len()).map(Key::Party));
        lanes.extend(parties.iter().map(|party| Lane {
            node: Some(party.node as u64),
            ..lane(LaneKind::Subscriber, party.name(), Some(party.number()))
        }));
        Self { keys, lanes, arrows: Vec::new() }
    }

    /// The numbers of the nodes that have a line.
    pub(super) fn nodes(&self) -> Vec<usize> {
        let node = |key: &Key| match key {
            Key::Node(node) => Some(*node),
            _ => None,
        };
        self.keys.iter().filter_map(node).collect()
    }

    /// The key of the publisher's line.
    pub(super) fn publisher(&self) -> Key {
        self.keys.first().copied().unwrap_or(Key::Publisher(0))
    }

    /// Draws an arrow, if both of its ends have a line. An arrow never leads back in time: what was noted late happened
    /// earlier.
    pub(super) fn arrow(&mut self, from: Key, to: Key, stroke: Stroke) {
        let place = |key| self.keys.iter().position(|known| *known == key);
        let (Some(from), Some(to)) = (place(from), place(to)) else { return };
        let Stroke { leaves, arrives, carries, traced, note } = stroke;
        let leaves_us = arrives.map_or(leaves, |arrives| leaves.min(arrives));
        self.arrows.push(Arrow { from, to, leaves_us, arrives_us: arrives, carries, traced, note });
    }

    /// Whether an arrow to this line ends on the way.
    pub(super) fn ended(&self, to: Key) -> bool {
        let to = self.keys.iter().position(|known| *known == to);
        self.arrows.iter().any(|arrow| arrow.arrives_us.is_none() && Some(arrow.to) == to)
    }

    /// The lines of the diagram, and the arrows in the order of time.
    pub(super) fn finish(mut self) -> (Vec<Lane>, Vec<Arrow>) {
        let last = i64::MAX;
        self.arrows.sort_by_key(|arrow| (arrow.leaves_us, arrow.arrives_us.unwrap_or(last)));
        (self.lanes, self.arrows)
    }
}
