//! Slice: bytes pass in pieces, with pauses between them. Of several the smallest piece and the longest pause
//! hold. Sockets do not collect (TCP_NODELAY), so that each piece is a write and a packet of its own.

use std::time::Duration;

use tokio::time::Instant;

use super::force::Force;
use scenario::Condition;

/// The slices in force in one direction of one connection.
#[derive(Debug, Default)]
pub(super) struct Slice {
    in_force: Option<(usize, Duration)>,
    /// When the last piece passed, of those that were sliced.
    last: Option<Instant>,
}

impl Slice {
    /// Takes over what is in force now.
    pub(super) fn update(&mut self, forces: &[Force]) {
        self.in_force = forces
            .iter()
            .filter_map(|force| match force.condition {
                Condition::Slice { bytes, pause } => {
                    Some((usize::try_from(bytes).unwrap_or(usize::MAX).max(1), pause))
                }
                _ => None,
            })
            .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
        if self.in_force.is_none() {
            self.last = None;
        }
    }

    pub(super) fn is_clear(&self) -> bool {
        self.in_force.is_none()
    }

    /// How many of the wanted bytes may pass now, or when it is worth to ask again.
    pub(super) fn allow(&self, wanted: usize, now: Instant) -> Result<usize, Instant> {
        let Some((bytes, pause)) = self.in_force else { return Ok(wanted) };
        match self.last.map(|last| last + pause) {
            Some(again) if again > now => Err(again),
            _ => Ok(wanted.min(bytes)),
        }
    }

    /// A piece has passed.
    pub(super) fn passed(&mut self) {
        if self.in_force.is_some() {
            // Measured after the write, so that the pause is not shorter by its duration.
            self.last = Some(Instant::now());
        }
    }
}
