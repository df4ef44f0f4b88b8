//! Which nodes of the mesh are connected, in both directions.
//!
//! Nodes start in any order, and each connects to the others. So for a moment a node may be connected to a peer whose
//! wishes it does not know yet, or which it does not hear yet. A publish in that moment would be lost although
//! everybody is there (ZeroMQ's slow joiner). Therefore the bus is up, and a subscribe effective, once this node
//! hears every node that it speaks to and has been told what that node wants. Nobody is waited for longer than a
//! second.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::watch;

use super::zmtp::NodeId;

/// The state of the mesh as this node sees it.
pub(super) struct Mesh {
    me: NodeId,
    state: watch::Sender<State>,
}

#[derive(Default)]
struct State {
    /// Number of peers to which the first attempt to connect is still under way.
    undecided: usize,
    /// The nodes to which one of our XPUB sockets is connected, and whether each has said what it wants.
    spoken_to: HashMap<NodeId, bool>,
    /// The nodes that are connected to our SUB socket, and the number of their connections.
    heard: HashMap<NodeId, usize>,
    /// The nodes for which this one waited in vain: they may not know this node.
    excused: HashSet<NodeId>,
}

/// A node to which one of our XPUB sockets is connected; dropped with the connection.
pub(super) struct Spoken(Arc<Mesh>, NodeId);

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

    /// Records that the first attempt to connect to one peer has ended.
    pub(super) fn decided(&self) {
        self.state.send_modify(|state| state.undecided = state.undecided.saturating_sub(1));
    }

    /// Records that this node is connected to another. Gives `None` if it already was: that node has two addresses,
    /// and would get every message twice.
    pub(super) fn speak_to(self: &Arc<Self>, node: &NodeId) -> Option<Spoken> {
        let fresh = self.state.send_if_modified(|state| match state.spoken_to.entry(node.clone()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(false);
                true
            }
        });
        fresh.then(|| Spoken(Arc::clone(self), node.clone()))
    }

    /// Resolves when this node is no longer connected to the given node.
    pub(super) async fn lost(&self, node: &NodeId) {
        // The sender is in this struct, so it cannot be gone.
        let _ = self.state.subscribe().wait_for(|state| !state.spoken_to.contains_key(node)).await;
    }

    /// Records that a node is connected to this one.
    pub(super) fn listen_to(&self, node: NodeId) -> Heard<'_> {
        self.state.send_modify(|state| *state.heard.entry(node.clone()).or_default() += 1);
        Heard(self, node)
    }

    /// Resolves when this node hears every node that it speaks to, and knows what each of them wants.
    pub(super) async fn whole(&self) {
        // The sender is in this struct, so it cannot be gone.
        let _ = self.state.subscribe().wait_for(State::is_whole).await;
    }

    /// Stops waiting for the nodes that are missing now.
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

impl Spoken {
    /// Records that the node has said what it wants.
    pub(super) fn record_wishes(&self) {
        self.0.state.send_if_modified(|state| {
            let told = state.spoken_to.get_mut(&self.1);
            told.is_some_and(|told| !std::mem::replace(told, true))
        });
    }
}

impl Drop for Spoken {
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
        let (mesh, node) = (Arc::new(Mesh::new(0)), NodeId::from("n"));
        let spoken = mesh.speak_to(&node).unwrap();
        assert!(!is_whole(&mesh));
        spoken.record_wishes();
        assert!(!is_whole(&mesh));
        let heard = mesh.listen_to(node.clone());
        assert!(is_whole(&mesh));
        let heard_twice = mesh.listen_to(node);
        drop(heard);
        assert!(is_whole(&mesh), "the other connection is there");
        drop(heard_twice);
        assert!(!is_whole(&mesh));
    }

    #[test]
    fn a_node_that_nobody_speaks_to_is_not_missed() {
        let mesh = Mesh::new(0);
        drop(mesh.listen_to("n".into()));
        assert!(is_whole(&mesh));
    }

    #[test]
    fn a_node_is_spoken_to_once_and_again_when_that_is_over() {
        let (mesh, node) = (Arc::new(Mesh::new(0)), NodeId::from("n"));
        let spoken = mesh.speak_to(&node).unwrap();
        assert!(mesh.speak_to(&node).is_none());
        assert!(mesh.lost(&node).now_or_never().is_none());
        drop(spoken);
        assert!(mesh.lost(&node).now_or_never().is_some());
        assert!(mesh.speak_to(&node).is_some());
    }

    #[test]
    fn whoever_is_excused_is_not_waited_for_until_it_comes_again() {
        let (mesh, node) = (Arc::new(Mesh::new(0)), NodeId::from("n"));
        let spoken = mesh.speak_to(&node).unwrap();
        mesh.excuse();
        assert!(is_whole(&mesh));
        drop(spoken);
        let _spoken = mesh.speak_to(&node).unwrap();
        assert!(!is_whole(&mesh));
    }
}
