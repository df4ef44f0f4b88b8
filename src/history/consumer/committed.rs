//! Which deliveries are on the disk, as the writer tells the consumer.

/// The last delivery that is on the disk together with everything before it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The subscription by which the delivery came; 0 means no subscription.
    pub epoch: u64,
    /// The broker's number for the delivery.
    pub tag: u64,
}
