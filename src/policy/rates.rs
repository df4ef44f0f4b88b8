//! Messages a second, counted by rule, room and person.
//!
//! Overflow policy: once there are [`SWEEP_AT`] counts, those that are full again are forgotten before another is added.
//! A count fills up within a second, so at most those of one second stay.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use node::Bucket;

/// Number of counts at which those that are full again are first forgotten.
const SWEEP_AT: usize = 4096;
/// How long a count takes to fill up.
const FULL_AFTER: Duration = Duration::from_secs(1);

/// What a count is of.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Of {
    rule: usize,
    room: String,
    /// The session; `None` for everybody together.
    person: Option<String>,
}

/// The messages a second of every rule that bounds them.
#[derive(Debug, Default)]
pub(super) struct Rates(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    buckets: HashMap<Of, (Bucket, Instant)>,
    sweep_at: usize,
}

impl Rates {
    /// Counts a message. Gives false if it is one too many.
    pub(super) fn take(
        &self,
        rule: usize,
        room: &str,
        person: Option<&str>,
        rate: u32,
        now: Instant,
    ) -> bool {
        let counts = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.buckets.len() >= counts.sweep_at.max(SWEEP_AT) {
            counts.buckets.retain(|_, (_, used)| now.saturating_duration_since(*used) < FULL_AFTER);
            counts.sweep_at = counts.buckets.len() * 2;
        }
        let of = Of { rule, room: room.to_owned(), person: person.map(str::to_owned) };
        let (bucket, used) = counts.buckets.entry(of).or_insert_with(|| (Bucket::new(rate), now));
        *used = now;
        bucket.take(now).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_room_and_person_has_its_own_count() {
        let rates = Rates::default();
        let now = Instant::now();
        let taken = |rule, room, person| (0..9).filter(|_| rates.take(rule, room, person, 3, now)).count();
        assert_eq!(taken(0, "a", None), 3);
        assert_eq!(taken(0, "a", None), 0);
        assert_eq!([taken(0, "b", None), taken(1, "a", None), taken(0, "a", Some("1"))], [3, 3, 3]);
        assert_eq!(taken(0, "a", Some("2")), 3);
    }

    #[test]
    fn counts_that_are_full_again_are_forgotten() {
        let rates = Rates::default();
        let begin = Instant::now();
        for n in 0..10 * SWEEP_AT {
            // A thousand people a second, each of whom speaks once.
            let now = begin + Duration::from_millis(n as u64);
            assert!(rates.take(0, "a", Some(&n.to_string()), 1, now));
        }
        assert!(rates.0.lock().unwrap().buckets.len() <= SWEEP_AT);
    }
}
