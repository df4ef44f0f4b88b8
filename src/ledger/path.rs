//! A path, named by the numbers of its two ends.

use serde::{Deserialize, Serialize};

/// A way from a publisher to a subscriber.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Path {
    /// The number of the publisher at the path's start, counted from 0.
    pub publisher: usize,
    /// The number of the subscriber at the path's end, counted from 0.
    pub subscriber: usize,
}
