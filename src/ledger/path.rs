//! A path, named by the numbers of its two ends.

use serde::{Deserialize, Serialize};

/// A way from a publisher to a subscriber.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Path {
    /// The publisher's number.
    pub publisher: usize,
    /// The subscriber's number.
    pub subscriber: usize,
}
