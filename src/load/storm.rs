//! A storm: which clients are to drop their connections and come back at once, and which have done so.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// The state of a client in a storm. The storm and the client both change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The client has no connection, or is not subscribed over it yet.
    Out,
    /// The client can publish, or is subscribed, on this node.
    In(usize),
    /// The client was told to drop its connection, and has not done so yet.
    Struck,
    /// The client has dropped its connection, and is not back yet.
    Returning,
}

/// The state of every client.
#[derive(Debug)]
pub(super) struct Storms {
    clients: Vec<watch::Sender<Standing>>,
}

impl Storms {
    /// The states of `clients` clients, none of which is connected.
    pub(super) fn new(clients: usize) -> Self {
        Self { clients: (0..clients).map(|_| watch::Sender::new(Standing::Out)).collect() }
    }

    /// Records that a client can publish, or is subscribed, on this node.
    pub(super) fn arrived(&self, client: usize, node: usize) {
        self.turn(client, |_| Standing::In(node));
    }

    /// Records that a client has lost or dropped its connection.
    pub(super) fn lost(&self, client: usize) {
        self.turn(client, |standing| match standing {
            Standing::Struck | Standing::Returning => Standing::Returning,
            Standing::Out | Standing::In(_) => Standing::Out,
        });
    }

    /// Records that a client goes away on purpose: no storm waits for it.
    pub(super) fn left(&self, client: usize) {
        self.turn(client, |_| Standing::Out);
    }

    /// Resolves when a client is to drop its connection.
    pub(super) async fn struck(&self, client: usize) {
        match self.clients.get(client) {
            Some(standing) => {
                let _ = standing.subscribe().wait_for(|standing| *standing == Standing::Struck).await;
            }
            None => std::future::pending().await,
        }
    }

    /// Tells all clients that are connected to this node (to any node for `None`) to drop their connections, and
    /// waits until they are back. Gives `false` if that takes longer than `limit`.
    pub(super) async fn strike(&self, node: Option<usize>, limit: Duration) -> bool {
        let is_meant = |standing: &Standing| match standing {
            Standing::In(on) => node.is_none_or(|node| node == *on),
            _ => false,
        };
        let strikes = |client: &&watch::Sender<Standing>| {
            client.send_if_modified(|standing| {
                let strikes = is_meant(standing);
                if strikes {
                    *standing = Standing::Struck;
                }
                strikes
            })
        };
        let struck: Vec<_> = self.clients.iter().filter(strikes).collect();
        let all_back = async {
            for client in struck {
                let back = |standing: &Standing| !matches!(standing, Standing::Struck | Standing::Returning);
                let _ = client.subscribe().wait_for(back).await;
            }
        };
        timeout(limit, all_back).await.is_ok()
    }

    fn turn(&self, client: usize, to: impl Fn(Standing) -> Standing) {
        if let Some(standing) = self.clients.get(client) {
            standing.send_modify(|standing| *standing = to(*standing));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn storms() -> Storms {
        let storms = Storms::new(4);
        [(0, 0), (1, 1), (2, 0)].into_iter().for_each(|(client, node)| storms.arrived(client, node));
        storms
    }

    fn struck_clients(storms: &Storms) -> Vec<usize> {
        (0..4).filter(|client| storms.struck(*client).now_or_never().is_some()).collect()
    }

    #[tokio::test]
    async fn a_storm_strikes_who_is_on_the_node_and_waits_for_them() {
        let storms = storms();
        assert_eq!(struck_clients(&storms), [0; 0]);
        let returning = async {
            assert_eq!(struck_clients(&storms), [0, 2]);
            for (client, to) in [(0, 0), (2, 1)] {
                storms.lost(client);
                assert!(!struck_clients(&storms).contains(&client), "once");
                storms.arrived(client, to);
            }
        };
        assert!(tokio::join!(storms.strike(Some(0), SECOND), returning).0);
        assert!(!storms.strike(None, Duration::ZERO).await, "nobody comes back");
        assert_eq!(struck_clients(&storms), [0, 1, 2]);
    }

    #[tokio::test]
    async fn nobody_waits_for_who_was_not_there_or_is_away_on_purpose() {
        let storms = storms();
        storms.lost(0);
        storms.lost(2);
        assert!(storms.strike(Some(0), Duration::ZERO).await);
        let leaving = async { storms.left(1) };
        assert!(tokio::join!(storms.strike(Some(1), SECOND), leaving).0);
    }
}
