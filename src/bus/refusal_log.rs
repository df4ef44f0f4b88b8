//! The refusals of a bus in the node's log: the first of each code in its own words, and later how many more there were.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::PublishOutcome;

/// How long after a line the next one of the same code may come.
const PAUSE: Duration = Duration::from_secs(10);

/// When each code was last written down, and how many refusals came since. The codes are our own, and few.
#[derive(Debug, Default)]
pub(super) struct RefusalLog(Mutex<BTreeMap<&'static str, (Instant, u64)>>);

impl RefusalLog {
    /// Writes an outcome down if it is a refusal and none of its code was written down lately.
    pub(super) fn record(&self, outcome: &PublishOutcome) {
        if let PublishOutcome::Refused { code, reason } = outcome
            && let Some(more) = self.due(code, Instant::now())
        {
            match more {
                0 => tracing::warn!("a publish was refused: {code}: {reason}"),
                more => tracing::warn!(
                    "a publish was refused: {code}: {reason} ({more} more since the last line)"
                ),
            }
        }
    }

    /// The number of refusals of this code that were not written down, if one may be written down now.
    fn due(&self, code: &'static str, now: Instant) -> Option<u64> {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match codes.get_mut(code) {
            Some((last, more)) if now.saturating_duration_since(*last) < PAUSE => {
                *more += 1;
                None
            }
            Some(entry) => Some(std::mem::replace(entry, (now, 0)).1),
            None => {
                codes.insert(code, (now, 0));
                Some(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_code_is_written_down_and_then_their_number() {
        let (log, now) = (RefusalLog::default(), Instant::now());
        assert_eq!([log.due("rejected", now), log.due("bus_down", now)], [Some(0); 2]);
        assert_eq!([log.due("rejected", now), log.due("rejected", now + PAUSE / 2)], [None; 2]);
        assert_eq!(log.due("rejected", now + PAUSE), Some(2));
        assert_eq!(log.due("rejected", now + PAUSE), None);
    }
}
