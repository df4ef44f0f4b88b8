//! How far deliveries are on the disk, as the writer tells the consumer.

/// The last delivery that is on the disk, with everything before it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The subscription by which it came; 0 is none.
    pub epoch: u64,
    /// The broker's number for it.
    pub tag: u64,
}
