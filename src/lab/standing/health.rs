//! How the processes of a cluster are, and how one of them comes back.

use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;

use super::super::cluster::Cluster;
use super::super::error::LabError;
use super::super::service::Service;
use super::{called, end_of};
use fault::Victim;
use scenario::End;

/// How long a broker in a container may take to answer whoever asks how it is.
const ASKED: Duration = Duration::from_secs(1);

/// How a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// The process serves.
    Serves,
    /// The process runs, and does not serve: it waits for somebody, or has just started.
    NotReady,
    /// The process stands still.
    Paused,
    /// The process does not run.
    Down,
    /// The process is the user's, and was not asked.
    NotOurs,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Health::Serves => "serves",
            Health::NotReady => "runs, and does not serve",
            Health::Paused => "paused",
            Health::Down => "down",
            Health::NotOurs => "not the lab's",
        })
    }
}

impl Cluster {
    /// Every process of the cluster: its nodes, its history, its broker.
    pub(super) fn ends(&self) -> Vec<End> {
        let nodes = (0..self.size()).map(End::Node);
        let history = self.history().map(|_| End::History);
        let broker = self.broker().map(|_| End::Broker);
        nodes.chain(history).chain(broker).collect()
    }

    /// The process that the lab started as this one; `None` for a broker in a container, or one of the user's.
    pub(super) fn service(&self, end: End) -> Option<&Service> {
        match end {
            End::Node(n) => self.node(n),
            End::History => self.history(),
            End::Broker => self.broker()?.services().next(),
            End::AllNodes | End::AnyNode | End::Clients => None,
        }
    }

    /// How a process is that is neither down nor paused by hand.
    pub(super) async fn health(&self, end: End) -> Health {
        let serves = match (self.service(end), self.broker()) {
            (Some(service), _) => service.serves().await,
            (None, Some(broker)) if broker.is_external() => return Health::NotOurs,
            (None, Some(broker)) => {
                tokio::time::timeout(ASKED, broker.ready()).await.is_ok_and(|it| it.is_ok())
            }
            (None, None) => false,
        };
        if serves { Health::Serves } else { Health::NotReady }
    }

    /// Starts a process again that does not run, or lets one go on that is paused.
    pub(super) async fn bring_back(&self, end: End, is_paused: bool) -> Result<(), LabError> {
        match (self.broker(), self.service(end)) {
            (Some(broker), _) if end == End::Broker => come_back(broker, is_paused).await,
            (_, Some(service)) => come_back(service, is_paused).await,
            _ => Ok(()),
        }
    }

    /// Waits until these processes serve. Gives the names of those that run and do not serve in time.
    ///
    /// # Errors
    /// When one of them has ended.
    pub(super) async fn not_ready_within(
        &self,
        ends: &[End],
        limit: Duration,
    ) -> Result<Vec<String>, LabError> {
        let asked = ends.iter().map(async |end| match (self.service(*end), self.broker()) {
            (Some(service), _) => match service.ready_within(limit).await {
                Err(error) if !service.is_running() => Err(error),
                ready => Ok(ready.err().map(|_| called(&end_of(*end)))),
            },
            (None, Some(broker)) => {
                let ready = tokio::time::timeout(limit, broker.ready()).await;
                Ok((!ready.is_ok_and(|ready| ready.is_ok())).then(|| called(&end_of(*end))))
            }
            (None, None) => Ok(None),
        });
        let late: Result<Vec<Option<String>>, LabError> = join_all(asked).await.into_iter().collect();
        Ok(late?.into_iter().flatten().collect())
    }
}

async fn come_back<V: Victim>(victim: &V, is_paused: bool) -> Result<(), V::Error> {
    if is_paused { victim.thaw().await } else { victim.revive().await }
}
