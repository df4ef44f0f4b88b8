//! The bounds on how much of the past is kept.

use std::str::FromStr;
use std::time::Duration;

/// One bound on what is kept. Messages beyond it are trimmed, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The most messages that are kept, of all rooms together.
    Messages(u64),
    /// The greatest age of a message that is kept, counted from when it was stored.
    Age(Duration),
}

impl Default for Keep {
    fn default() -> Self {
        Self::Messages(1_000_000)
    }
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let zero = || "nothing would be kept".to_owned();
        if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') && !text.is_empty() {
            return match text.replace('_', "").parse() {
                Ok(0) => Err(zero()),
                Ok(messages) => Ok(Self::Messages(messages)),
                Err(_) => Err("too many messages".into()),
            };
        }
        match humantime::parse_duration(text) {
            Ok(age) if age < Duration::from_millis(1) => Err(zero()),
            Ok(age) => Ok(Self::Age(age)),
            Err(_) => Err("give a number of messages (1000000) or an age (7d, 12h)".into()),
        }
    }
}

/// Several bounds, of which the strictest of each kind holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The most messages that are kept; `None` is no bound.
    pub messages: Option<u64>,
    /// The greatest age of a message, in milliseconds; `None` is no bound.
    pub age_ms: Option<u64>,
}

impl Bounds {
    /// The bounds that satisfy all of these.
    pub fn of(keep: &[Keep]) -> Self {
        let smaller = |known: Option<u64>, new: u64| Some(known.map_or(new, |known| known.min(new)));
        keep.iter().fold(Self::default(), |bounds, keep| match keep {
            Keep::Messages(count) => Self { messages: smaller(bounds.messages, *count), ..bounds },
            Keep::Age(age) => {
                let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
                Self { age_ms: smaller(bounds.age_ms, age), ..bounds }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_count_and_a_time_is_an_age() {
        assert_eq!("1000000".parse(), Ok(Keep::Messages(1_000_000)));
        assert_eq!("1_000".parse(), Ok(Keep::Messages(1_000)));
        assert_eq!("7d".parse(), Ok(Keep::Age(Duration::from_secs(7 * 86_400))));
        assert_eq!("1h 30m".parse(), Ok(Keep::Age(Duration::from_secs(5_400))));
        for wrong in ["", "_", "0", "0s", "-1", "1.5", "seven days", "99999999999999999999"] {
            assert!(wrong.parse::<Keep>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_strictest_of_each_kind_holds() {
        let keep = ["100", "1h", "50", "2h"].map(|text| text.parse().unwrap());
        assert_eq!(Bounds::of(&keep), Bounds { messages: Some(50), age_ms: Some(3_600_000) });
        assert_eq!(Bounds::of(&[]), Bounds::default());
    }
}
