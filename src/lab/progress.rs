//! What a cluster tells of its own start.

/// How far a start has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// What is waited for now.
    Waiting(String),
    /// The broker serves; what it is, for people.
    Broker(String),
    /// The history serves; where.
    History(String),
    /// A node serves. Told in the order of the nodes.
    Node {
        /// Which, counted from 0.
        index: usize,
        /// Where, as a browser takes it.
        url: String,
    },
}
