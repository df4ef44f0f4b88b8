//! The processes that died unasked in a run, and when.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use crate::process::Death;

/// The most characters of a log's line that stand in the report.
const LINE: usize = 160;

/// The deaths of a run.
#[derive(Debug, Default)]
pub(super) struct Deaths {
    /// When the measured load began, or begins: the first message is due then.
    began: OnceLock<Instant>,
    clauses: Mutex<Vec<String>>,
}

impl Deaths {
    /// Records when the measured load begins.
    pub(super) fn load_begins(&self, at: Instant) {
        self.began.get_or_init(|| at);
    }

    /// Records a death of this moment.
    pub(super) fn record(&self, death: &Death, at: Instant) {
        let since = self.began.get().and_then(|began| at.checked_duration_since(*began));
        let when = match since {
            Some(since) => format!("at {:.1} s", since.as_secs_f64()),
            None => "before the load".to_owned(),
        };
        let clause = format!("{} died unasked {when}: {}{}", death.name, death.how, last_words(death));
        self.clauses.lock().unwrap_or_else(PoisonError::into_inner).push(clause);
    }

    /// A clause for each death, in their order.
    pub(super) fn into_clauses(self) -> Vec<String> {
        self.clauses.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last line of the log that says something, as the end of a sentence.
fn last_words(death: &Death) -> String {
    let plain = |line: &String| line.chars().filter(|c| !c.is_control()).take(LINE).collect::<String>();
    let lines = death.log.iter().rev().map(plain);
    let line = lines.map(|line| line.trim().to_owned()).find(|line| !line.is_empty());
    line.map(|line| format!("; its log ends with \"{line}\"")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_death_has_its_moment_and_its_last_words() {
        let died = |name: &str, log: &[&str]| Death {
            name: name.to_owned(),
            how: "killed by SIGKILL".to_owned(),
            log: log.iter().map(|line| (*line).to_owned()).collect(),
        };
        let (deaths, now) = (Deaths::default(), Instant::now());
        deaths.record(&died("node 0", &["panic: \u{1b}[31mno memory", " "]), now);
        deaths.load_begins(now + Duration::from_secs(1));
        deaths.record(&died("node 1", &[]), now);
        deaths.record(&died("node 2", &["ready", "too many messages"]), now + Duration::from_millis(3_140));
        assert_eq!(
            deaths.into_clauses(),
            [
                "node 0 died unasked before the load: killed by SIGKILL; its log ends with \"panic: [31mno memory\"",
                "node 1 died unasked before the load: killed by SIGKILL",
                "node 2 died unasked at 2.1 s: killed by SIGKILL; its log ends with \"too many messages\"",
            ]
        );
    }
}
