//! Times as the ledger keeps them: nanoseconds since the run's zero, or since the measured load began.

use std::time::Duration;

/// A debt that is received later than this after its intended send time is not on time, and is harmed.
pub const ON_TIME: Duration = Duration::from_secs(1);
/// [`ON_TIME`] in nanoseconds.
pub(super) const ON_TIME_NANOS: u64 = 1_000_000_000;

/// The value that stands for the time of what has not happened so far.
pub(super) const NEVER: u64 = u64::MAX;

/// A time in nanoseconds; never [`NEVER`].
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).min(NEVER - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_does_not_fit_is_the_latest_that_is_not_never() {
        assert_eq!(nanos(Duration::from_millis(3)), 3_000_000);
        assert_eq!([nanos(Duration::MAX), nanos(Duration::from_nanos(u64::MAX))], [u64::MAX - 1; 2]);
        assert_eq!(nanos(ON_TIME), ON_TIME_NANOS);
    }
}
