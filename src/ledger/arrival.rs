//! The two ways in which a message comes to a subscriber.

/// How a message came to a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The message came live, as it was said.
    Live,
    /// The message came out of the history.
    Replay {
        /// The number of the replay among those of this subscriber, counted up.
        round: u32,
    },
}
