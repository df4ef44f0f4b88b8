//! Delay: every chunk leaves so long after its arrival, in order. Delays that overlap add up.

use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::link::bandwidth::Bucket;
use crate::link::force::{ConditionKey, Force, Rule};
use scenario::{Condition, kinds};

/// The delays in force in one direction of one connection.
#[derive(Debug, Default)]
pub(super) struct Delays(Vec<DelayInForce>);

#[derive(Debug)]
struct DelayInForce {
    key: ConditionKey,
    low: Duration,
    high: Duration,
    /// Of its own, so that no other fault and no other connection changes what it draws.
    draws: ChaCha8Rng,
}

impl Rule for Delays {
    fn update(&mut self, forces: &[Force], _: &[Arc<Bucket>]) -> bool {
        let before = self.0.len();
        self.0.retain(|one| forces.iter().any(|force| force.key == one.key));
        let healed = self.0.len() < before;
        for force in forces {
            if let Condition::Delay(kinds::Delay { by, jitter }) = force.condition
                && !self.0.iter().any(|one| one.key == force.key)
            {
                let (low, high) = (by.saturating_sub(jitter), by.saturating_add(jitter));
                self.0.push(DelayInForce {
                    key: force.key,
                    low,
                    high,
                    draws: ChaCha8Rng::from_seed(force.seed),
                });
            }
        }
        healed
    }

    fn is_clear(&self) -> bool {
        self.0.is_empty()
    }

    fn delay(&mut self) -> Duration {
        self.0.iter_mut().map(DelayInForce::draw).fold(Duration::ZERO, Duration::saturating_add)
    }

    fn longest_delay(&self) -> Duration {
        self.0.iter().map(|one| one.high).fold(Duration::ZERO, Duration::saturating_add)
    }
}

impl DelayInForce {
    fn draw(&mut self) -> Duration {
        // The upper 53 bits: as many as a fraction has.
        let fraction = (self.draws.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        self.low.saturating_add((self.high - self.low).mul_f64(fraction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn force(hold: u64, seed: u8) -> Force {
        let condition = Condition::Delay(kinds::Delay {
            by: Duration::from_millis(100),
            jitter: Duration::from_millis(40),
        });
        Force { key: ConditionKey { link: 0, hold }, condition, seed: [seed; 32] }
    }

    fn draws(forces: &[Force]) -> Vec<Duration> {
        let mut delay = Delays::default();
        delay.update(forces, &[]);
        (0..1_000).map(|_| delay.delay()).collect()
    }

    #[test]
    fn draws_fill_the_range_evenly_and_do_not_leave_it() {
        let drawn = draws(&[force(1, 1)]);
        let within = |from, to| drawn.iter().filter(|by| (from..to).contains(&by.as_millis())).count();
        assert_eq!(within(60, 140), 1_000);
        for quarter in [60, 80, 100, 120] {
            assert!((200..300).contains(&within(quarter, quarter + 20)), "{}", within(quarter, quarter + 20));
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_does_not() {
        assert_eq!(draws(&[force(1, 1)]), draws(&[force(1, 1)]));
        assert_ne!(draws(&[force(1, 1)]), draws(&[force(1, 2)]));
    }

    #[test]
    fn another_delay_adds_up_and_changes_nothing_in_what_the_first_draws() {
        let (one, other, both) =
            (draws(&[force(1, 1)]), draws(&[force(2, 2)]), draws(&[force(1, 1), force(2, 2)]));
        for (n, sum) in both.iter().enumerate() {
            assert_eq!(one[n] + other[n], *sum);
        }
    }

    #[test]
    fn a_healed_one_is_gone_and_the_other_goes_on() {
        let mut delay = Delays::default();
        assert!(!delay.update(&[force(1, 1), force(2, 2)], &[]));
        delay.delay();
        assert!(delay.update(&[force(2, 2)], &[]));
        assert_eq!(delay.delay(), draws(&[force(2, 2)])[1]);
        assert_eq!(delay.longest_delay(), Duration::from_millis(140));
    }

    #[test]
    fn the_longest_of_several_is_their_sum_and_of_none_nothing() {
        let mut delay = Delays::default();
        assert!(delay.is_clear());
        assert_eq!((delay.delay(), delay.longest_delay()), (Duration::ZERO, Duration::ZERO));
        let cut = Force { condition: Condition::Cut, ..force(3, 3) };
        assert!(!delay.update(&[cut], &[]) && delay.is_clear(), "a cut is no delay");
        assert!(!delay.update(&[force(1, 1), force(2, 2)], &[]));
        assert!(!delay.is_clear());
        assert_eq!(delay.longest_delay(), Duration::from_millis(280));
        assert!(!delay.update(&[force(1, 1), force(2, 2)], &[]), "nothing was healed");
        assert_eq!(delay.longest_delay(), Duration::from_millis(280));
        assert!(delay.update(&[], &[]) && delay.is_clear());
    }

    #[test]
    fn the_same_number_on_two_lines_is_two_delays() {
        let other = Force { key: ConditionKey { link: 1, hold: 1 }, ..force(1, 2) };
        let mut delay = Delays::default();
        delay.update(&[force(1, 1), other], &[]);
        assert_eq!(delay.longest_delay(), Duration::from_millis(280));
        assert!(delay.update(&[other], &[]));
        assert_eq!(delay.longest_delay(), Duration::from_millis(140));
    }
}
