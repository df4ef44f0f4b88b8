//! The cluster of a scenario.

/// What stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Chat servers.
    pub nodes: usize,
}
