//! A token bucket: a number of tokens for each second, and at most one second's worth at once.

use std::time::{Duration, Instant};

/// A bucket of tokens.
#[derive(Debug)]
pub struct Bucket {
    per_second: u32,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    /// A full bucket. A rate of 0 never runs out.
    pub fn new(per_second: u32) -> Self {
        Self { per_second, tokens: f64::from(per_second), filled: Instant::now() }
    }

    /// Takes one token, or gives the time until there is one.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        if self.per_second == 0 {
            return Ok(());
        }
        self.fill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / f64::from(self.per_second)))
    }

    /// Takes `tokens` even if the bucket has fewer, for work that is already done. Gives the time until the debt is
    /// paid.
    pub fn owe(&mut self, tokens: u32, now: Instant) -> Option<Duration> {
        if self.per_second == 0 {
            return None;
        }
        self.fill(now);
        self.tokens -= f64::from(tokens);
        (self.tokens < 0.0).then(|| Duration::from_secs_f64(-self.tokens / f64::from(self.per_second)))
    }

    fn fill(&mut self, now: Instant) {
        let rate = f64::from(self.per_second);
        let since = now.saturating_duration_since(self.filled);
        self.filled = now;
        self.tokens = (self.tokens + since.as_secs_f64() * rate).min(rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_at_once_and_then_the_rate() {
        let mut bucket = Bucket::new(10);
        let start = bucket.filled;
        assert_eq!((0..20).filter(|_| bucket.take(start).is_ok()).count(), 10);
        let wait = bucket.take(start).unwrap_err();
        assert!(wait <= Duration::from_millis(100), "{wait:?}");
        assert!(bucket.take(start + Duration::from_millis(101)).is_ok());
        assert!(bucket.take(start + Duration::from_millis(102)).is_err());
    }

    #[test]
    fn a_debt_is_paid_before_anything_else() {
        let mut bucket = Bucket::new(10);
        let start = bucket.filled;
        assert_eq!(bucket.owe(10, start), None);
        assert_eq!(bucket.owe(5, start), Some(Duration::from_millis(500)));
        assert_eq!(bucket.owe(5, start), Some(Duration::from_secs(1)));
        assert!(bucket.take(start + Duration::from_secs(1)).is_err());
        assert!(bucket.take(start + Duration::from_millis(1101)).is_ok());
    }

    #[test]
    fn zero_is_off() {
        let mut bucket = Bucket::new(0);
        let start = bucket.filled;
        assert!((0..10_000).all(|_| bucket.take(start).is_ok() && bucket.owe(9, start).is_none()));
    }
}
