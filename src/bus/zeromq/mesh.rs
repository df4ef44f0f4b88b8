//! Which nodes of the mesh are connected, in both directions.
//!
//! Nodes start in any order, and each connects to the others. So for a moment a node may be connected to a peer whose
//! wishes it does not know yet, or which it does not hear yet. A publish in that moment would be lost although
//! everybody is there (ZeroMQ's slow joiner). Therefore the bus is up, and a subscribe effective, once this node
//! hears every node that it speaks to and has been told what that node wants. Nobody is waited for longer than a
//! second, and a stranger not at all: only the nodes at the addresses that this node was told of are.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::zmtp::NodeId;

/// The state of the mesh as this node sees it.
pub(super) struct Mesh {
    me: NodeId,
    state: watch::Sender<State>,
}

struct State {
    /// The peers that this node was told of, each at its place.
    peers: Vec<Peer>,
    /// The nodes that are connected to our SUB socket, and the number of their connections.
    heard: HashMap<NodeId, usize>,
}

/// One address that this node was told of.
#[derive(Default)]
struct Peer {
    stage: Stage,
    /// The node that was found at the address last. It is remembered when the connection ends: what that node sends may
    /// still come over its own connection.
    node: Option<NodeId>,
    /// Whether this node waited for the peer in vain: the peer may not know this node.
    excused: bool,
}

/// How far the connection of our XPUB socket to a peer is.
#[derive(Default, PartialEq, Eq)]
enum Stage {
    /// The first attempt to connect is under way.
    #[default]
    Undecided,
    Away,
    /// Somebody has taken the connection, and has not said yet who it is.
    Greeted,
    Connected {
        /// Whether the node has said what it wants.
        told: bool,
    },
}

/// A node to which one of our XPUB sockets is connected; dropped with the connection.
pub(super) struct Spoken {
    mesh: Arc<Mesh>,
    place: usize,
}

/// A node that is connected to our SUB socket; dropped with the connection.
pub(super) struct Heard<'a>(&'a Mesh, NodeId);

impl Mesh {
    /// The mesh of a node that was told of so many peers. Each has a place, counted from 0.
    pub(super) fn new(peers: usize) -> Self {
        let me = format!("{:016x}", rand::random::<u64>()).into();
        let peers = std::iter::repeat_with(Peer::default).take(peers).collect();
        Self { me, state: watch::Sender::new(State { peers, heard: HashMap::new() }) }
    }

    /// This node's name in handshakes.
    pub(super) fn me(&self) -> &NodeId {
        &self.me
    }

    /// Whether this is the node at an address that this node was told of. Anybody else is a stranger.
    pub(super) fn knows(&self, node: &NodeId) -> bool {
        self.state.borrow().peers.iter().any(|peer| peer.node.as_ref() == Some(node))
    }

    /// Records that an attempt to connect to a peer has ended without a node to speak to.
    pub(super) fn away(&self, place: usize) {
        self.set(place, Stage::Away);
    }

    /// Records that a peer took the connection, and is being asked who it is.
    pub(super) fn greeted(&self, place: usize) {
        self.set(place, Stage::Greeted);
    }

    fn set(&self, place: usize, stage: Stage) {
        self.state.send_if_modified(|state| match state.peers.get_mut(place) {
            Some(peer) if peer.stage != stage => {
                peer.stage = stage;
                true
            }
            _ => false,
        });
    }

    /// Records that this node is connected to another, which is the peer at this place. Gives `None` if it already was:
    /// that node has two addresses, and would get every message twice.
    pub(super) fn speak_to(self: &Arc<Self>, place: usize, node: &NodeId) -> Option<Spoken> {
        let fresh = self.state.send_if_modified(|state| {
            if state.is_spoken_to(node) {
                return false;
            }
            let Some(peer) = state.peers.get_mut(place) else { return false };
            *peer =
                Peer { stage: Stage::Connected { told: false }, node: Some(node.clone()), excused: false };
            true
        });
        fresh.then(|| Spoken { mesh: Arc::clone(self), place })
    }

    /// Resolves when this node is no longer connected to the given node.
    pub(super) async fn lost(&self, node: &NodeId) {
        // The sender is in this struct, so it cannot be gone.
        let _ = self.state.subscribe().wait_for(|state| !state.is_spoken_to(node)).await;
    }

    /// Records that a node is connected to this one.
    pub(super) fn listen_to(&self, node: NodeId) -> Heard<'_> {
        self.state.send_modify(|state| *state.heard.entry(node.clone()).or_default() += 1);
        Heard(self, node)
    }

    /// Resolves when this node hears every node that it speaks to, knows what each of them wants, and no peer is about
    /// to be connected.
    pub(super) async fn whole(&self) {
        // The sender is in this struct, so it cannot be gone.
        let _ = self.state.subscribe().wait_for(State::is_whole).await;
    }

    /// Stops waiting for the peers that are missing now, until they connect anew.
    pub(super) fn excuse(&self) {
        self.state.send_if_modified(|state| {
            let State { peers, heard } = state;
            let missing = peers.iter_mut().filter(|peer| peer.is_missing(heard));
            missing.map(|peer| peer.excused = true).count() > 0
        });
    }
}

impl State {
    fn is_spoken_to(&self, node: &NodeId) -> bool {
        let mut connected = self.peers.iter().filter(|peer| matches!(peer.stage, Stage::Connected { .. }));
        connected.any(|peer| peer.node.as_ref() == Some(node))
    }

    fn is_whole(&self) -> bool {
        !self.peers.iter().any(|peer| peer.is_missing(&self.heard))
    }
}

impl Peer {
    /// Whether the peer is waited for.
    fn is_missing(&self, heard: &HashMap<NodeId, usize>) -> bool {
        !self.excused
            && match self.stage {
                Stage::Undecided | Stage::Greeted => true,
                Stage::Away => false,
                Stage::Connected { told } => {
                    !told || !self.node.as_ref().is_some_and(|node| heard.contains_key(node))
                }
            }
    }
}

impl Spoken {
    /// Records that the node has said what it wants.
    pub(super) fn record_wishes(&self) {
        self.mesh.set(self.place, Stage::Connected { told: true });
    }
}

impl Drop for Spoken {
    fn drop(&mut self) {
        self.mesh.state.send_modify(|state| {
            if let Some(peer) = state.peers.get_mut(self.place) {
                (peer.stage, peer.excused) = (Stage::Away, false);
            }
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

    /// A mesh whose one peer was tried once, and the name of a node.
    fn tried() -> (Arc<Mesh>, NodeId) {
        let mesh = Arc::new(Mesh::new(1));
        mesh.away(0);
        (mesh, NodeId::from("n"))
    }

    #[test]
    fn it_is_whole_once_every_attempt_has_ended() {
        let mesh = Mesh::new(2);
        mesh.away(0);
        assert!(!is_whole(&mesh));
        mesh.away(1);
        assert!(is_whole(&mesh));
        mesh.away(1);
        assert!(is_whole(&mesh));
        assert!(is_whole(&Mesh::new(0)));
    }

    #[test]
    fn a_peer_that_takes_a_connection_is_waited_for_until_it_has_said_who_it_is() {
        let (mesh, node) = tried();
        mesh.greeted(0);
        assert!(!is_whole(&mesh));
        mesh.away(0);
        assert!(is_whole(&mesh));
        mesh.greeted(0);
        mesh.excuse();
        assert!(is_whole(&mesh), "it had its time");
        mesh.away(0);
        mesh.greeted(0);
        assert!(is_whole(&mesh), "and does not get it again by taking one connection after the other");
        let _spoken = mesh.speak_to(0, &node).unwrap();
        assert!(!is_whole(&mesh), "a node is a reason to wait");
    }

    #[test]
    fn a_node_that_is_spoken_to_has_to_be_heard_and_to_say_what_it_wants() {
        let (mesh, node) = tried();
        let spoken = mesh.speak_to(0, &node).unwrap();
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
    fn a_node_that_nobody_speaks_to_is_a_stranger_and_not_missed() {
        let mesh = Mesh::new(0);
        let node = NodeId::from("n");
        let heard = mesh.listen_to(node.clone());
        assert!(!mesh.knows(&node));
        drop(heard);
        assert!(is_whole(&mesh));
    }

    #[test]
    fn the_node_at_a_peers_address_is_known_until_another_is_found_there() {
        let (mesh, node) = tried();
        drop(mesh.speak_to(0, &node).unwrap());
        assert!(mesh.knows(&node), "its own connection may outlive ours");
        let _spoken = mesh.speak_to(0, &"another".into()).unwrap();
        assert!(!mesh.knows(&node) && mesh.knows(&"another".into()));
    }

    #[test]
    fn a_node_is_spoken_to_once_and_again_when_that_is_over() {
        let (mesh, node) = (Arc::new(Mesh::new(2)), NodeId::from("n"));
        let spoken = mesh.speak_to(0, &node).unwrap();
        assert!(mesh.speak_to(1, &node).is_none());
        assert!(mesh.lost(&node).now_or_never().is_none());
        drop(spoken);
        assert!(mesh.lost(&node).now_or_never().is_some());
        assert!(mesh.speak_to(1, &node).is_some());
    }

    #[test]
    fn whoever_is_excused_is_not_waited_for_until_it_comes_again() {
        let (mesh, node) = tried();
        let spoken = mesh.speak_to(0, &node).unwrap();
        mesh.excuse();
        assert!(is_whole(&mesh));
        drop(spoken);
        let _spoken = mesh.speak_to(0, &node).unwrap();
        assert!(!is_whole(&mesh));
    }
}
