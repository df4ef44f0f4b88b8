//! How long a bus or a history pauses between two attempts to connect.

use std::time::Duration;

/// The pause after a failure that does not mend itself, long enough not to fill the broker's log.
const LASTING_PAUSE: Duration = Duration::from_secs(1);

/// The pauses between attempts: each twice as long as the one before, up to a bound.
pub struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// Begins with the pause `first`, before jitter; no pause is longer than `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// The pause before the next attempt. A `lasting` failure does not mend itself, so it is tried again more rarely.
    pub fn pause(&mut self, lasting: bool) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        if lasting { LASTING_PAUSE } else { jitter(pause) }
    }

    /// Begins again with the first pause, because there was a connection.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// A random pause between half of the given one and all of it, so that nodes do not reconnect in step.
fn jitter(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_again_after_a_connection() {
        let mut backoff = Backoff::new(MS(50), MS(200));
        for most in [50, 100, 200, 200] {
            let pause = backoff.pause(false);
            assert!((MS(most) / 2..=MS(most)).contains(&pause), "{pause:?} of {most}");
        }
        backoff.reset();
        assert!(backoff.pause(false) <= MS(50));
        assert_eq!(backoff.pause(true), Duration::from_secs(1));
        assert!(
            (MS(100)..=MS(200)).contains(&backoff.pause(false)),
            "a lasting failure counts as an attempt"
        );
    }
}
