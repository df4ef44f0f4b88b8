//! The cluster of a scenario.

/// The size of the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Number of chat servers.
    pub nodes: usize,
}
