//! When each message is due: the rate of the load, and its surges.
//!
//! The rate is constant between two moments at which a surge begins or ends, so a schedule is a row of segments.
//! Without surges there is one segment, and message `n` is due `n / rate` seconds after the load begins.

use std::time::Duration;

use super::time::nanos;
use scenario::{Action, Fault, kinds};

/// A stretch of time in which the rate of the load is multiplied by a factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surge {
    /// When the surge begins, since the measured load began.
    pub from: Duration,
    /// When the surge ends, since the measured load began.
    pub until: Duration,
    /// The factor by which the rate is multiplied. Where surges overlap, their factors multiply.
    pub factor: f64,
}

impl Surge {
    /// The surges among the faults of a run.
    pub fn among(faults: &[Fault]) -> Vec<Surge> {
        let surge = |fault: &Fault| match fault.action {
            Action::Surge(kinds::Surge { factor }) => {
                Some(Surge { from: fault.at, until: fault.heals_at().unwrap_or(Duration::MAX), factor })
            }
            _ => None,
        };
        faults.iter().filter_map(surge).collect()
    }

    fn holds(&self, at: u64) -> bool {
        (nanos(self.from)..nanos(self.until)).contains(&at)
    }
}

/// The rate from a moment on, until the next segment begins.
#[derive(Debug, Clone, Copy)]
struct Segment {
    /// When the segment begins, in nanoseconds since the load began.
    from: u64,
    /// Number of messages due before the segment, the last of them in part.
    before: f64,
    /// Messages a second.
    rate: f64,
}

impl Segment {
    /// The number of messages of the schedule until a moment of this segment.
    fn until(&self, at: u64) -> f64 {
        self.before + self.rate * (at - self.from) as f64 / 1e9
    }
}

/// When each message of a schedule is due. Built once for each schedule: a look-up allocates nothing.
#[derive(Debug, Clone)]
pub struct Tempo {
    /// The segments in the order in which they begin; the first begins with the load, the last never ends.
    segments: Vec<Segment>,
}

impl Tempo {
    /// Makes a schedule of `rate` messages a second, with surges.
    pub fn new(rate: f64, surges: &[Surge]) -> Self {
        let mut changes: Vec<u64> =
            surges.iter().flat_map(|surge| [surge.from, surge.until]).map(nanos).chain([0]).collect();
        changes.sort_unstable();
        changes.dedup();
        let mut segments: Vec<Segment> = Vec::with_capacity(changes.len());
        for from in changes {
            let before = segments.last().map_or(0.0, |last| last.until(from));
            let factors = surges.iter().filter(|surge| surge.holds(from)).map(|surge| surge.factor);
            segments.push(Segment { from, before, rate: rate * factors.product::<f64>() });
        }
        Self { segments }
    }

    /// When message `n` is due, since the load began. Never before message `n - 1`.
    pub fn due(&self, n: usize) -> Duration {
        let n = n as f64;
        let next = self.segments.partition_point(|segment| segment.before <= n);
        let Some(segment) = next.checked_sub(1).and_then(|i| self.segments.get(i)) else {
            return Duration::ZERO;
        };
        let after = ((n - segment.before) * 1e9 / segment.rate).round() as u64;
        let due = segment.from.saturating_add(after);
        Duration::from_nanos(self.segments.get(next).map_or(due, |next| due.min(next.from)))
    }

    /// Number of `messages` that are due when the load has lasted this long; those of that very moment are.
    pub fn due_by(&self, elapsed: Duration, messages: usize) -> usize {
        let (mut due, mut not_due) = (0, messages);
        while due < not_due {
            let middle = due + (not_due - due) / 2;
            if self.due(middle) <= elapsed {
                due = middle + 1;
            } else {
                not_due = middle;
            }
        }
        due
    }

    /// Number of messages that a load of this duration has, rounded to the nearest.
    pub fn count(&self, duration: Duration) -> usize {
        match self.segments.as_slice() {
            [one] => (one.rate * duration.as_secs_f64()).round() as usize,
            segments => {
                let end = nanos(duration);
                let last = segments.iter().rfind(|segment| segment.from <= end);
                last.map_or(0, |segment| segment.until(end).round() as usize)
            }
        }
    }
}

#[cfg(test)]
#[path = "tempo_tests.rs"]
mod tests;
