//! What the log says of those who were turned away: a browser tells its user nothing of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

use super::callers::shown;

/// How long the log says nothing more of a kind. A page that is turned away tries again every second.
const SILENCE: Duration = Duration::from_secs(60);

/// Who was turned away lately, by kind of reason.
#[derive(Debug, Default)]
pub struct TurnedAway(Mutex<BTreeMap<&'static str, Spell>>);

/// A time in which the log says nothing of a kind.
#[derive(Debug)]
struct Spell {
    since: Instant,
    /// Number of those turned away meanwhile.
    unsaid: u64,
}

impl TurnedAway {
    /// Records that a request with these headers was turned away. The first of its kind is a warning in the log, and then
    /// one a minute at the most, with the number of those between.
    pub fn record(&self, kind: &'static str, reason: &str, headers: &HeaderMap) {
        let Some(unsaid) = self.due(kind, Instant::now()) else { return };
        let of = |name| headers.get(name).and_then(|value| value.to_str().ok()).map_or("none".into(), shown);
        let (host, origin) = (of(HOST), of(ORIGIN));
        let more = match unsaid {
            0 => String::new(),
            more => format!(" ({more} more since the last warning)"),
        };
        tracing::warn!(host, origin, "a client was turned away: {reason}{more}");
    }

    /// Number of those of a kind of whom nothing was said; `None` if nothing is to be said now.
    fn due(&self, kind: &'static str, now: Instant) -> Option<u64> {
        let mut spells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match spells.get_mut(kind) {
            Some(spell) if now.saturating_duration_since(spell.since) < SILENCE => {
                spell.unsaid += 1;
                None
            }
            spell => {
                let unsaid = spell.map_or(0, |spell| spell.unsaid);
                spells.insert(kind, Spell { since: now, unsaid: 0 });
                Some(unsaid)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_kind_is_told_and_then_one_a_minute() {
        let (away, start) = (TurnedAway::default(), Instant::now());
        let at = |kind, seconds| away.due(kind, start + Duration::from_secs(seconds));
        assert_eq!([at("host", 0), at("host", 1), at("host", 59)], [Some(0), None, None]);
        assert_eq!(at("origin", 2), Some(0));
        assert_eq!([at("host", 60), at("host", 61), at("host", 120)], [Some(2), None, Some(1)]);
    }
}
