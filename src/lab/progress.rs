//! What a cluster tells about its own start.

/// How far the start of a cluster has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The lab waits for this member now.
    Waiting(String),
    /// The broker serves; the text says for people what it is.
    Broker(String),
    /// The history serves; the text says where.
    History(String),
    /// A node serves. Nodes are reported in their order.
    Node {
        /// The number of the node, counted from 0.
        index: usize,
        /// The URL of the node, as a browser takes it.
        url: String,
    },
}
