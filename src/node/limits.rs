//! The bounds of a node. Each is a flag with a default, and each has a clear answer when it is crossed.

use std::time::Duration;

/// The shortest of the durations below. A client with no time at all would be gone before it could answer, or would
/// be pinged without pause.
const SHORTEST: Duration = Duration::from_millis(10);
/// The longest of all durations of a node: whoever wants more wants no bound, and a clock has an end.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The bounds of a node.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Largest WebSocket message in bytes; a larger one closes the connection with 1009
    #[arg(long, default_value_t = 64 * 1024, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1024..=16 * 1024 * 1024))]
    pub max_frame: u64,

    /// Longest text of a message in bytes; a longer one is refused (too_long)
    #[arg(long, default_value_t = 16 * 1024, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..=8 * 1024 * 1024))]
    pub max_text: u64,

    /// Most rooms that one session may be in
    #[arg(long, default_value_t = 64, value_name = "N")]
    pub max_rooms: usize,

    /// Most clients of this node; any more get HTTP 503
    #[arg(long, default_value_t = 12_000, value_name = "N")]
    pub max_clients: usize,

    /// Messages per second that one session may publish; any more are refused (rate_limited). 0 means no limit
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub max_rate: u32,

    /// Frames that may wait for one client; any more are dropped and counted
    #[arg(long, default_value_t = 1024, value_name = "FRAMES", value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub outbox: u32,

    /// How long a client may read nothing at all before its connection is closed with 1013
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    pub slow_after: Duration,

    /// How often a client is pinged
    #[arg(long, default_value = "20s", value_name = "TIME", value_parser = duration)]
    pub ping_every: Duration,

    /// How long a client may leave a ping unanswered before it counts as gone
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = duration)]
    pub pong_within: Duration,

    /// How long a session can be continued, from 1s to 30days; it is renewed while its client is there
    #[arg(long, default_value = "1day", value_name = "TIME", value_parser = lifetime)]
    pub session_lifetime: Duration,

    /// Most members of a room in which joining and leaving are announced; in a larger room the announcements would
    /// outnumber what people say
    #[arg(long, default_value_t = 256, value_name = "N")]
    pub presence_limit: usize,
}

impl Default for Limits {
    /// What the flags stand at if none is given.
    fn default() -> Self {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            limits: Limits,
        }
        <Line as clap::Parser>::parse_from([""]).limits
    }
}

/// The most bytes that JSON needs for one byte of a text: a control character is `\u0001`.
const ESCAPED: u64 = 6;
/// Number of bytes of an envelope beside its text: the names, the ids, the room.
const BESIDE_THE_TEXT: u64 = 64 * 1024;
/// The longest envelope that nodes send each other for themselves, in bytes: the counts of members in 2,000 rooms.
const COUNTS: u64 = 2 * 1024 * 1024;

impl Limits {
    /// The longest envelope that a node with these limits publishes, in bytes.
    pub fn longest_envelope(&self) -> usize {
        let of_text = self.max_text.saturating_mul(ESCAPED).saturating_add(BESIDE_THE_TEXT);
        usize::try_from(of_text.max(COUNTS)).unwrap_or(usize::MAX)
    }
}

/// Reads a duration of a node's flag, at most a day. The error is a clause for people.
pub fn at_most_a_day(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) | Err(humantime::DurationError::NumberOverflow) => Err("24h is the longest".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// The shortest time for which a session continues.
const SHORTEST_LIFETIME: Duration = Duration::from_secs(1);
/// The longest time for which a session continues.
const LONGEST_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Reads the lifetime of sessions. The error is a clause for people.
fn lifetime(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(lifetime) if lifetime < SHORTEST_LIFETIME => Err("1s is the shortest".into()),
        Ok(lifetime) if lifetime <= LONGEST_LIFETIME => Ok(lifetime),
        Ok(_) | Err(humantime::DurationError::NumberOverflow) => Err("30days is the longest".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = at_most_a_day(text)?;
    if duration < SHORTEST {
        return Err(format!("{} is the shortest", humantime::format_duration(SHORTEST)));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_ten_milliseconds_to_a_day() {
        let read = |text| duration(text).map(|time| time.as_millis());
        assert_eq!([read("10ms"), read("24h")], [Ok(10), Ok(86_400_000)]);
        assert_eq!(read("9ms"), Err("10ms is the shortest".into()));
        for huge in ["86400001ms", "500000000000y", "99999999999999999999s"] {
            assert_eq!(read(huge), Err("24h is the longest".into()), "{huge}");
        }
        assert_eq!(at_most_a_day("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn a_session_lasts_a_second_to_thirty_days() {
        assert_eq!(lifetime("1s"), Ok(Duration::from_secs(1)));
        assert_eq!(lifetime("30days"), Ok(Duration::from_secs(2_592_000)));
        assert_eq!(lifetime("999ms"), Err("1s is the shortest".into()));
        assert_eq!(lifetime("2592001s"), Err("30days is the longest".into()));
        assert!(lifetime("soon").is_err());
    }
}
