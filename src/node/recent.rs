//! The client's own message ids that each session used recently, to refuse an id that comes again with another text.
//!
//! The ids belong to the identity and not to the connection: a client that continues its session here and counts from
//! 1 again gets a refusal. Otherwise its message would be acknowledged, and then dropped on its way as a second copy.
//!
//! Overflow policy: a session forgets its oldest ids first. Among sessions without a connection, the one that left
//! first is forgotten whole, and counted.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Number of ids after which a session begins a new generation and forgets the one before the last. It is what fits into
/// a table of 1,024 places.
const GENERATION: usize = 896;
/// Number of sessions without a connection that are remembered.
const AWAY: usize = 4096;
/// Number of ids that all sessions without a connection may have together. They take 16 MB at most.
const AWAY_IDS: usize = 500_000;

/// The recently used ids of all sessions of a node. Cheap to clone.
#[derive(Clone, Default)]
pub struct Recent(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// The sessions, by the public id of the identity.
    sessions: HashMap<Arc<str>, One>,
    /// The sessions without a connection, in the order in which they left.
    away: BTreeMap<u64, Arc<str>>,
    away_ids: usize,
    departures: u64,
}

struct One {
    ids: Arc<Mutex<RecentIds>>,
    /// Number of the session's connections. There may be two: a client often connects again before its old connection
    /// is found dead.
    connections: usize,
    /// The session's key in [`Known::away`], and the number of its ids when it left.
    left: Option<(u64, usize)>,
}

impl Recent {
    /// The remembered ids of an identity. They are not forgotten while anybody holds this handle.
    pub fn of(&self, identity: &Arc<str>) -> Remembered {
        let mut known = self.known();
        let new = || One { ids: Arc::default(), connections: 0, left: None };
        let one = known.sessions.entry(identity.clone()).or_insert_with(new);
        one.connections += 1;
        let (ids, left) = (one.ids.clone(), one.left.take());
        if let Some((departure, count)) = left {
            known.away.remove(&departure);
            known.away_ids -= count;
        }
        Remembered { ids, identity: identity.clone(), recent: self.clone() }
    }

    fn left(&self, identity: &Arc<str>) {
        let known = &mut *self.known();
        let Some(one) = known.sessions.get_mut(identity) else { return };
        one.connections -= 1;
        if one.connections > 0 {
            return;
        }
        let count = one.ids.lock().unwrap_or_else(PoisonError::into_inner).len();
        known.departures += 1;
        known.away_ids += count;
        one.left = Some((known.departures, count));
        known.away.insert(known.departures, identity.clone());
        while (known.away.len() > AWAY || known.away_ids > AWAY_IDS)
            && let Some((_, first)) = known.away.pop_first()
        {
            if let Some(One { left: Some((_, count)), .. }) = known.sessions.remove(&first) {
                known.away_ids -= count;
            }
            metrics::counter!("pubsub_lab_sessions_forgotten_total").increment(1);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's handle to the ids that its session used recently. All connections of that session share them.
pub struct Remembered {
    ids: Arc<Mutex<RecentIds>>,
    identity: Arc<str>,
    recent: Recent,
}

impl Remembered {
    /// Records an id with the room and the text for which it stands. Gives false if it stood for another message
    /// before.
    pub fn record(&self, id: &str, room: &str, text: &str) -> bool {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).record(id, room, text)
    }
}

impl Drop for Remembered {
    fn drop(&mut self) {
        self.recent.left(&self.identity);
    }
}

/// The ids that one session used recently. Only hashes are kept. A table is at least half full once it has more than a few
/// ids, and nothing is ever taken out of it: so an id costs 15 to 30 bytes.
#[derive(Debug, Default)]
struct RecentIds {
    hasher: RandomState,
    latest: Generation,
    before: Generation,
}

/// What each id stood for: 8 bytes of its hash, and 4 of the hash of its content. In halves, they need no padding.
type Generation = HashMap<[u32; 2], u32>;

impl RecentIds {
    fn record(&mut self, id: &str, room: &str, text: &str) -> bool {
        let (id, content) = (self.hasher.hash_one(id), self.hasher.hash_one((room, text)));
        let (id, content) = ([id as u32, (id >> 32) as u32], content as u32);
        if let Some(before) = self.latest.get(&id).or_else(|| self.before.get(&id)) {
            return *before == content;
        }
        if self.latest.len() == GENERATION {
            self.before = std::mem::take(&mut self.latest);
        }
        self.latest.insert(id, content);
        true
    }

    fn len(&self) -> usize {
        self.latest.len() + self.before.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: usize) -> Arc<str> {
        number.to_string().into()
    }

    #[test]
    fn the_same_again_is_fine_and_another_text_is_not() {
        let ids = Recent::default().of(&name(1));
        assert!(ids.record("1", "r", "a"));
        assert!(ids.record("1", "r", "a"));
        assert!(!ids.record("1", "r", "b"));
        assert!(!ids.record("1", "other", "a"));
        assert!(ids.record("2", "r", "b"));
    }

    #[test]
    fn a_session_has_one_memory_however_often_it_comes() {
        let recent = Recent::default();
        let old = recent.of(&name(1));
        assert!(old.record("1", "r", "a"));
        // The session connects again before its old connection is found dead.
        let new = recent.of(&name(1));
        assert!(!new.record("1", "r", "b"));
        drop(old);
        drop(new);
        assert!(!recent.of(&name(1)).record("1", "r", "b"));
        assert!(recent.of(&name(2)).record("1", "r", "b"), "another session's ids are its own");
    }

    #[test]
    fn the_memory_of_a_session_is_bounded() {
        let mut ids = RecentIds::default();
        assert!((0..10 * GENERATION).all(|n| ids.record(&n.to_string(), "r", "a")));
        assert_eq!(ids.len(), 2 * GENERATION);
        let mut say = |n: usize| ids.record(&n.to_string(), "r", "b");
        assert!(!say(9 * GENERATION), "the last ones are remembered");
        assert!(!say(8 * GENERATION));
        assert!(say(8 * GENERATION - 1), "those before them are forgotten");
        assert!((0..10 * GENERATION).all(|n| ids.record(&format!("new {n}"), "r", "a")));
        assert!(ids.record("1", "r", "b"));
    }

    #[test]
    fn of_those_who_left_the_first_are_forgotten_and_never_one_who_is_here() {
        let recent = Recent::default();
        let here = recent.of(&name(0));
        assert!(here.record("1", "r", "a"));
        for n in 1..=AWAY + 1 {
            assert!(recent.of(&name(n)).record("1", "r", "a"));
        }
        assert_eq!(recent.known().sessions.len(), 1 + AWAY);
        assert!(!recent.of(&name(0)).record("1", "r", "b"));
        // A session that connects and leaves again is then the last one to have left.
        assert!(!recent.of(&name(2)).record("1", "r", "b"));
        assert!(recent.of(&name(AWAY + 2)).record("1", "r", "a"));
        assert!(!recent.of(&name(2)).record("1", "r", "b"));
        for forgotten in [1, 3] {
            assert!(recent.of(&name(forgotten)).record("1", "r", "b"));
        }
    }

    #[test]
    fn the_ids_of_those_who_left_are_bounded_together() {
        let recent = Recent::default();
        for n in 0..AWAY_IDS / GENERATION + 2 {
            let ids = recent.of(&name(n));
            for id in 0..GENERATION {
                ids.record(&id.to_string(), "r", "a");
            }
        }
        let known = recent.known();
        let held: usize = known.sessions.values().map(|one| one.ids.lock().unwrap().len()).sum();
        assert_eq!((held, known.away_ids), (AWAY_IDS / GENERATION * GENERATION, held));
        assert_eq!((known.sessions.len(), known.away.len()), (held / GENERATION, held / GENERATION));
        assert!(!known.sessions.contains_key("0") && !known.sessions.contains_key("1"));
    }
}

/// What the memory of a process says. It is the process of a test alone, which this test starts.
#[cfg(all(test, target_os = "linux"))]
mod tests_of_the_machine {
    use std::process::Command;

    use super::*;

    /// Says to the started process that it is the one that is measured.
    const MEASURED: &str = "PUBSUB_LAB_TEST_MEASURES_RECENT_IDS";
    const SESSIONS: usize = 400;

    #[test]
    fn a_remembered_id_costs_at_most_32_bytes() {
        if std::env::var_os(MEASURED).is_some() {
            // A full table, and one that has just outgrown half of it.
            let held = [GENERATION, GENERATION / 2 + 12].map(hold);
            held.iter().for_each(|(_, cost)| println!("an id costs {cost}"));
            return;
        }
        let name = "recent::tests_of_the_machine::a_remembered_id_costs_at_most_32_bytes";
        let mut command = Command::new(std::env::current_exe().unwrap());
        let done = command.args(["--exact", name, "--nocapture"]).env(MEASURED, "1").output().unwrap();
        let out = String::from_utf8_lossy(&done.stdout);
        let costs: Vec<f64> = out
            .split("an id costs ")
            .skip(1)
            .map(|rest| rest.lines().next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(costs.len(), 2, "{out}");
        assert!(costs.iter().all(|cost| (12.0..32.0).contains(cost)), "{costs:?}");
    }

    /// Sessions that have used so many ids, and the memory that each id costs, in bytes.
    fn hold(ids: usize) -> (Vec<RecentIds>, f64) {
        let before = resident_bytes();
        let held: Vec<RecentIds> = std::iter::repeat_with(|| {
            let mut recent = RecentIds::default();
            (0..ids).for_each(|n| assert!(recent.record(&n.to_string(), "r", "a")));
            recent
        })
        .take(SESSIONS)
        .collect();
        let grown = resident_bytes().saturating_sub(before);
        (held, grown as f64 / (SESSIONS * ids) as f64)
    }

    #[expect(clippy::unwrap_used, reason = "a test that cannot read its own memory fails")]
    fn resident_bytes() -> u64 {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
    }
}
