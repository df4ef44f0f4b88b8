//! Nodes that do not hear each other: the paths that never worked are all the paths between certain nodes.

use std::collections::BTreeMap;

use super::ledger::Ledger;

/// The fewest paths that show it. Fewer may as well be a client that was forgotten.
const LEAST: usize = 4;

impl Ledger {
    /// Whether the paths that never worked are all those between certain nodes, and none within a node.
    pub(super) fn nodes_apart(&self) -> bool {
        let plan = &self.plan;
        let nodes =
            |publisher, subscriber| (plan.publisher_node(publisher), plan.subscriber_node(subscriber));
        let mut dead = BTreeMap::<(usize, usize), usize>::new();
        for path in &self.unverified {
            *dead.entry(nodes(path.publisher, path.subscriber)).or_default() += 1;
        }
        let on = |node: usize, clients: usize, at: fn(&super::Plan, usize) -> usize| {
            (0..clients).filter(|client| at(plan, *client) == node).count()
        };
        let all = |(from, to): (usize, usize)| {
            on(from, plan.publishers, super::Plan::publisher_node)
                * on(to, plan.subscribers, super::Plan::subscriber_node)
        };
        self.unverified.len() >= LEAST
            && dead.iter().all(|(pair, paths)| pair.0 != pair.1 && *paths == all(*pair))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ledger, Plan};

    fn apart(dead: impl Fn(usize, usize) -> bool) -> bool {
        let plan = Plan {
            publishers: 3,
            subscribers: 6,
            nodes: 3,
            rooms: 1,
            rate: 1.0,
            surges: vec![],
            messages: 1,
            crosses_nodes: true,
        };
        let mut ledger = Ledger::new(plan);
        for (publisher, subscriber) in (0..3).flat_map(|p| (0..6).map(move |s| (p, s))) {
            if dead(publisher, subscriber) {
                ledger.unverified_path(publisher, subscriber);
            }
        }
        ledger.nodes_apart()
    }

    #[test]
    fn all_paths_between_nodes_are_told_from_those_of_a_client() {
        assert!(apart(|p, s| p != s % 3), "three islands");
        assert!(apart(|p, s| (p == 2) != (s % 3 == 2)), "node 2 alone");
        assert!(!apart(|_, s| s == 1), "a client that hears nobody, on its own node either");
        assert!(!apart(|p, s| p != s % 3 && s != 4), "some of the paths between nodes work");
        assert!(!apart(|p, s| p == 0 && s % 3 == 1), "too few");
        assert!(!apart(|_, _| false));
    }
}
