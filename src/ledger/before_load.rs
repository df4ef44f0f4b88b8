//! What came before the measured load. It is counted nowhere else, and is no reason for a verdict.

/// Odd receipts from before the measured load began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BeforeLoad {
    /// Number of receipts of something never sent, or not of the room.
    pub unexpected: u64,
    /// Number of receipts with a wrong checksum, with those of the probe and the warm-up that came later.
    pub corrupted: u64,
    /// Number of receipts of another run's texts.
    pub foreign: u64,
}
