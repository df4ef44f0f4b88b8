//! The two ways in which a message comes to a subscriber.

/// How a message came to a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// As it was said.
    Live,
    /// Out of the history.
    Replay {
        /// Which replay of this subscriber, counted up.
        round: u32,
    },
}
