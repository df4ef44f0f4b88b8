use std::time::Duration;

use proptest::prelude::*;

use super::*;
use ledger::{Answer, Arrival, Event, Harness, PeopleNews, Person};

fn news() -> impl Strategy<Value = PeopleNews> {
    let person = ("\\PC{0,8}", proptest::option::of(0..9_usize))
        .prop_map(|(id, subscriber)| Person { id: id.into(), subscriber });
    prop_oneof![
        proptest::collection::vec(person.clone(), 0..4).prop_map(PeopleNews::All),
        Just(PeopleNews::TooMany),
        (person.clone(), any::<u64>()).prop_map(|(person, number)| PeopleNews::Came(person, number)),
        (person, any::<u64>()).prop_map(|(person, number)| PeopleNews::Went(person, number)),
        any::<u64>().prop_map(PeopleNews::Number),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let answer = [Answer::Confirmed, Answer::Handed, Answer::Refused, Answer::Unknown];
    let pair = (any::<usize>(), 0..5_usize);
    prop_oneof![
        Just(Event::Begin),
        Just(Event::PresenceEnds),
        Just(Event::CorruptedRehearsal),
        pair.clone().prop_map(|(publisher, subscriber)| Event::UnverifiedPath { publisher, subscriber }),
        pair.clone().prop_map(|(n, node)| Event::Sent { n, node }),
        pair.clone().prop_map(move |(n, which)| Event::Answered { n, answer: answer[which % 4] }),
        pair.clone().prop_map(|(s, node)| Event::Subscribed { s, node, all: node % 2 == 0 }),
        pair.clone().prop_map(|(n, s)| Event::Received { s, n, arrival: Arrival::Live }),
        (pair, any::<u32>()).prop_map(|((n, s), round)| Event::Received {
            s,
            n,
            arrival: Arrival::Replay { round }
        }),
        (any::<usize>(), 0..7).prop_map(|(s, which)| match which {
            0 => Event::Connected { s },
            1 => Event::Closed { s },
            2 => Event::Left { s },
            3 => Event::Unexpected { s },
            4 => Event::Corrupted { s },
            5 => Event::Foreign { s },
            _ => Event::Noticed { s, since: None },
        }),
        (any::<usize>(), any::<u64>())
            .prop_map(|(s, ns)| Event::Noticed { s, since: Some(Duration::from_nanos(ns)) }),
        (any::<usize>(), news()).prop_map(|(s, news)| Event::ToldOfPeople { s, news }),
        "\\PC{0,20}".prop_map(|why| Event::Disconnected { why: why.into() }),
    ]
}

fn written(events: &[(Event, u64)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(directory.path()).unwrap();
    events.iter().for_each(|(event, at)| recorder.record(event, Duration::from_nanos(*at)));
    assert_eq!(recorder.finish().unwrap(), events.len() as u64);
    directory
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_written_is_read_again(events in proptest::collection::vec((event(), 0..u64::MAX / 2), 0..40)) {
        let directory = written(&events);
        let log = EventLog::open(directory.path()).unwrap();
        let read: Vec<_> = log.events().map(|told| told.unwrap()).map(|told| (told.event, told.at.as_nanos() as u64)).collect();
        prop_assert_eq!(log.len(), events.len() as u64);
        prop_assert_eq!(read, events);
    }
}

#[test]
fn a_file_that_was_cut_anywhere_is_known() {
    let events: Vec<_> = (0..200).map(|n| (Event::Sent { n, node: n % 3 }, 1_000 * n as u64)).collect();
    let directory = written(&events);
    let path = directory.path().join(EVENTS_FILE);
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = EventLog::open(directory.path()).unwrap_err();
        assert!(matches!(error, PartError::Cut(_)), "{length}: {error}");
    }
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    let error = EventLog::open(directory.path()).unwrap_err();
    assert!(matches!(error, PartError::Damaged(_)), "{error}");
    std::fs::write(&path, "something else").unwrap();
    assert!(matches!(EventLog::open(directory.path()).unwrap_err(), PartError::Strange(_)));
}

#[test]
fn an_agent_that_ends_early_leaves_a_log_that_is_known_to_be_cut() {
    let directory = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(directory.path()).unwrap();
    recorder.record(&Event::Begin, Duration::ZERO);
    drop(recorder);
    assert!(matches!(EventLog::open(directory.path()).unwrap_err(), PartError::Cut(_)));
}

#[test]
fn a_receipt_takes_few_bytes() {
    let events: Vec<_> = (0..100_000_u64)
        .map(|n| {
            (Event::Received { s: n as usize % 5_000, n: n as usize, arrival: Arrival::Live }, n * 9_000)
        })
        .collect();
    let directory = written(&events);
    let bytes = std::fs::metadata(directory.path().join(EVENTS_FILE)).unwrap().len();
    assert!(bytes < 10 * 100_000, "{bytes}");
}

#[test]
fn distributions_have_the_same_quantiles_after_they_were_written() {
    let mut harness = Harness::default();
    for value in (1..50_000).step_by(37) {
        harness.publish_delay.saturating_record(value);
    }
    harness.problems.push("subscriber 3 could not connect within 60 s".into());
    let text = serde_json::to_string(&harness).unwrap();
    let read: Harness = serde_json::from_str(&text).unwrap();
    for quantile in [0.0, 0.5, 0.9, 0.99, 0.999, 1.0] {
        let of = |harness: &Harness| harness.publish_delay.value_at_quantile(quantile);
        assert_eq!(of(&read), of(&harness), "{quantile}");
    }
    assert_eq!((read.loop_lag.len(), read.problems), (0, harness.problems));
}

#[test]
fn clients_are_dealt_out_so_that_everybody_has_some() {
    let shares: Vec<_> = (1..=3).map(|agent| Share { agent, of: 3 }).collect();
    let own = |share: &Share| (0..8).filter(|client| share.has(*client)).collect::<Vec<_>>();
    assert_eq!(shares.iter().map(own).collect::<Vec<_>>(), [vec![0, 3, 6], vec![1, 4, 7], vec![2, 5]]);
    assert_eq!(Share::agent_of(5, 3), 3);
}
