//! When the measured load began, on the clock that the processes write.

/// When the measured load began, as Unix time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Began(i64);

impl Began {
    /// The load that began at this moment, in Unix microseconds.
    pub fn at(unix_us: i64) -> Self {
        Self(unix_us)
    }

    /// The moment at which the load began, in Unix milliseconds, rounded to the nearest.
    pub fn unix_ms(self) -> Option<u64> {
        u64::try_from(self.0.saturating_add(500).div_euclid(1_000)).ok()
    }

    /// Number of microseconds from the moment at which the load began to another, which is in Unix microseconds.
    pub fn since(self, unix_us: u64) -> i64 {
        i64::try_from(unix_us).unwrap_or(i64::MAX).saturating_sub(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_from_there_and_may_be_before_it() {
        let began = Began::at(1_700_000_000_000_999);
        assert_eq!(began.unix_ms(), Some(1_700_000_000_001), "rounded, as every time of a report");
        assert_eq!([1_700_000_000_001_000, 1_700_000_000_000_000].map(|us| began.since(us)), [1, -999]);
        // A time that no clock shows is taken to be far away, and nothing overflows.
        assert_eq!(began.since(u64::MAX), i64::MAX - 1_700_000_000_000_999);
        assert_eq!(
            [-1_000, -501, 499, 500].map(|us| Began::at(us).unix_ms()),
            [None, None, Some(0), Some(1)]
        );
    }
}
