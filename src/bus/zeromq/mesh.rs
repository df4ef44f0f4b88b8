//! Who of the mesh is there, in both directions.
//!
//! Nodes start in any order, and each connects to the others: for a moment a node may speak to a peer of which it
//! does not know yet what it wants, or which it does not hear yet. A publish in that moment would be lost although
//! everybody is there (ZeroMQ's slow joiner). So the bus is up, and a subscribe effective, once this node hears every
//! node that it speaks to, and was told by it what it wants. Nobody is waited for longer than a second.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use tokio::sync::watch;

use super::zmtp::NodeId;

/// The state of the mesh as this node sees it.
pub(super) struct Mesh {
    me: NodeId,
    state: watch::Sender<State>,
}

#[derive(Default)]
struct State {
    /// Peers to which the first attempt to connect is still under way.
    undecided: usize,
    /// Nodes that an XPUB socket of ours is connected to, and whether they have said what they want.
    spoken_to: HashMap<NodeId, bool>,
    /// Nodes of which a connection to our SUB socket is there, and how many.
    heard: HashMap<NodeId, usize>,
    /// Nodes that were waited for in vain: they may not know this one.
    excused: HashSet<NodeId>,
}

/// A node that an XPUB socket of ours is connected to; dropped with the connection.
pub(super) struct Spoken<'a>(&'a Mesh, NodeId);

/// A node that is connected to our SUB socket; dropped with the connection.
pub(super) struct Heard<'a>(&'a Mesh, NodeId);

impl Mesh {
    pub(super) fn new(peers: usize) -> Self {
        let me = format!("{:016x}", rand::random::<u64>()).into();
        Self { me, state: watch::Sender::new(State { undecided: peers, ..State::default() }) }
    }

    /// This node's name in handshakes.
    pub(super) fn me(&self) -> &NodeId {
        &self.me
    }

    /// The first attempt to connect to one peer has ended.
    pub(super) fn decided(&self) {
        self.state.send_modify(|state| state.undecided = state.undecided.saturating_sub(1));
    }

    /// This node is connected to a node. `None` if it is already: the node has two addresses, and would get
    /// everything twice.
    pub(super) fn speak_to(&self, node: &NodeId) -> Option<Spoken<'_>> {
        let fresh = self.state.send_if_modified(|state| match state.spoken_to.entry(node.clone()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(false);
                true
            }
        });
        fresh.then(|| Spoken(self, node.clone()))
    }

    /// Resolves when this node is not connected to a node.
    pub(super) async fn lost(&self, node: &NodeId) {
        // The sender is ours.
        let _ = self.state.subscribe().wait_for(|state| !state.spoken_to.contains_key(node)).await;
    }

    /// A node is connected to this one.
    pub(super) fn hear(&self, node: NodeId) -> Heard<'_> {
        self.state.send_modify(|state| *state.heard.entry(node.clone()).or_default() += 1);
        Heard(self, node)
    }

    /// Resolves when this node hears every node that it speaks to, and knows what it wants.
    pub(super) async fn whole(&self) {
        // The sender is ours.
        let _ = self.state.subscribe().wait_for(State::is_whole).await;
    }

    /// Whoever is missing by now is not waited for again.
    pub(super) fn excuse(&self) {
        self.state.send_if_modified(|state| {
            let missing: Vec<NodeId> = state.missing().cloned().collect();
            let any = !missing.is_empty();
            state.excused.extend(missing);
            any
        });
    }
}

impl State {
    fn missing(&self) -> impl Iterator<Item = &NodeId> {
        let missing = self.spoken_to.iter().filter(|(node, told)| !**told || !self.heard.contains_key(*node));
        missing.map(|(node, _)| node).filter(|node| !self.excused.contains(*node))
    }

    fn is_whole(&self) -> bool {
        self.undecided == 0 && self.missing().next().is_none()
    }
}

impl Spoken<'_> {
    /// The node has said what it wants.
    pub(super) fn told(&self) {
        self.0.state.send_if_modified(|state| {
            let told = state.spoken_to.get_mut(&self.1);
            told.is_some_and(|told| !std::mem::replace(told, true))
        });
    }
}

impl Drop for Spoken<'_> {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| {
            state.spoken_to.remove(&self.1);
            state.excused.remove(&self.1);
        });
    }
}

impl Drop for Heard<'_> {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| {
            if let Some(count) = state.heard.get_mut(&self.1) {
                *count -= 1;
                if *count == 0 {
                    state.heard.remove(&self.1);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn is_whole(mesh: &Mesh) -> bool {
        mesh.whole().now_or_never().is_some()
    }

    #[test]
    fn it_is_whole_once_every_attempt_has_ended() {
        let mesh = Mesh::new(2);
        mesh.decided();
        assert!(!is_whole(&mesh));
        mesh.decided();
        assert!(is_whole(&mesh));
        mesh.decided();
        assert!(is_whole(&mesh));
        assert!(is_whole(&Mesh::new(0)));
    }

    #[test]
    fn a_node_that_is_spoken_to_has_to_be_heard_and_to_say_what_it_wants() {
        let (mesh, node) = (Mesh::new(0), NodeId::from("n"));
        let spoken = mesh.speak_to(&node).unwrap();
        assert!(!is_whole(&mesh));
        spoken.told();
        assert!(!is_whole(&mesh));
        let heard = mesh.hear(node.clone());
        assert!(is_whole(&mesh));
        let heard_twice = mesh.hear(node);
        drop(heard);
        assert!(is_whole(&mesh), "the other connection is there");
        drop(heard_twice);
        assert!(!is_whole(&mesh));
    }

    #[test]
    fn a_node_that_nobody_speaks_to_is_not_missed() {
        let mesh = Mesh::new(0);
        drop(mesh.hear("n".into()));
        assert!(is_whole(&mesh));
    }

    #[test]
    fn a_node_is_spoken_to_once_and_again_when_that_is_over() {
        let (mesh, node) = (Mesh::new(0), NodeId::from("n"));
        let spoken = mesh.speak_to(&node).unwrap();
        assert!(mesh.speak_to(&node).is_none());
        assert!(mesh.lost(&node).now_or_never().is_none());
        drop(spoken);
        assert!(mesh.lost(&node).now_or_never().is_some());
        assert!(mesh.speak_to(&node).is_some());
    }

    #[test]
    fn whoever_is_excused_is_not_waited_for_until_it_comes_again() {
        let (mesh, node) = (Mesh::new(0), NodeId::from("n"));
        let spoken = mesh.speak_to(&node).unwrap();
        mesh.excuse();
        assert!(is_whole(&mesh));
        drop(spoken);
        let _spoken = mesh.speak_to(&node).unwrap();
        assert!(!is_whole(&mesh));
    }
}
