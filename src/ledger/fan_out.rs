//! How far apart the live recipients of one message are: the time from the first to the last of them.

/// The live receipts of one message, as microseconds after its intended send time.
#[derive(Debug, Clone, Copy)]
pub(super) struct FanOut {
    first_us: u32,
    last_us: u32,
    recipients: u32,
}

impl FanOut {
    /// The fan-out of a message that nobody has yet.
    pub(super) const NOBODY: Self = Self { first_us: u32::MAX, last_us: 0, recipients: 0 };

    /// Counts one more recipient, this many microseconds after the intended send time.
    pub(super) fn reached(&mut self, late_us: u64) {
        // A time of more than an hour counts as an hour, as in the histograms.
        let late = u32::try_from(late_us).unwrap_or(u32::MAX);
        self.first_us = self.first_us.min(late);
        self.last_us = self.last_us.max(late);
        self.recipients += 1;
    }

    /// The time from the first to the last recipient, in microseconds; `None` with fewer than two recipients.
    pub(super) fn spread_us(self) -> Option<u64> {
        (self.recipients >= 2).then(|| u64::from(self.last_us - self.first_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_from_the_first_to_the_last_of_at_least_two() {
        let mut fan_out = FanOut::NOBODY;
        assert_eq!(fan_out.spread_us(), None);
        fan_out.reached(700);
        assert_eq!(fan_out.spread_us(), None);
        fan_out.reached(300);
        assert_eq!(fan_out.spread_us(), Some(400));
        fan_out.reached(500);
        assert_eq!(fan_out.spread_us(), Some(400));
        fan_out.reached(1_300);
        assert_eq!(fan_out.spread_us(), Some(1_000));
    }
}
