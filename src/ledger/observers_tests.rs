//! Made-up histories of observers, and what they add up to.

use std::time::Duration;

use scenario::{Action, Fault, Target};

use super::*;

const SECOND: u64 = 1_000_000_000;

/// Two nodes and one room of four subscribers, of whom the first two observe.
fn plan(crosses_nodes: bool) -> Plan {
    Plan {
        publishers: 1,
        subscribers: 4,
        nodes: 2,
        rooms: 1,
        rate: 1.0,
        surges: vec![],
        messages: 1,
        crosses_nodes,
    }
}

fn person(s: usize) -> Person {
    Person { id: format!("id-{s}").into(), subscriber: Some(s) }
}

fn stranger(id: &str) -> Person {
    Person { id: id.into(), subscriber: None }
}

/// Observers that have been right for ten seconds: everybody is there, and everybody is listed.
fn watching(crosses_nodes: bool) -> Observers {
    let mut all = Observers::new(&plan(crosses_nodes));
    (0..4).for_each(|s| all.enter(s, s as u32 % 2, SECOND));
    for observer in 0..2 {
        let seen = |s: &usize| crosses_nodes || s % 2 == observer;
        let list: Vec<_> = (0..4).filter(seen).map(person).collect();
        assert!(!all.hear(observer, PeopleNews::Number(list.len() as u64), true, SECOND));
        assert!(!all.hear(observer, PeopleNews::All(list), true, SECOND));
    }
    assert_eq!(figures(&all, 10), PresenceFigures { observers: 2, ..PresenceFigures::default() });
    all
}

/// The figures of a run without faults, at this second.
fn figures(all: &Observers, second: u64) -> PresenceFigures {
    all.figures(SECOND, &[], second * SECOND)
}

fn counts(all: &Observers, second: u64) -> (u64, u64, u64) {
    let PresenceFigures { phantoms, missing, flaps, .. } = figures(all, second);
    (phantoms, missing, flaps)
}

#[test]
fn who_is_forgotten_or_invented_counts_once_for_each_observer() {
    let mut all = watching(true);
    all.hear(0, PeopleNews::Went(person(3), 3), true, 10 * SECOND);
    assert_eq!(counts(&all, 10), (0, 1, 0));
    all.hear(1, PeopleNews::Came(stranger("ghost"), 5), true, 11 * SECOND);
    assert_eq!(counts(&all, 11), (1, 1, 0));
    // Both observers were told nothing of somebody who left for good.
    all.leave(2, false, 12 * SECOND);
    assert_eq!([16, 17].map(|second| counts(&all, second)), [(1, 1, 0), (3, 1, 0)]);
    for (observer, members) in [(0, 2), (1, 4)] {
        all.hear(observer, PeopleNews::Went(person(2), members), true, 18 * SECOND);
    }
    assert_eq!(counts(&all, 18), (1, 1, 0));
}

#[test]
fn who_comes_is_missing_only_after_a_while() {
    let mut all = watching(true);
    all.leave(3, true, 10 * SECOND);
    for observer in 0..2 {
        all.hear(observer, PeopleNews::Went(person(3), 3), true, 13 * SECOND);
    }
    assert_eq!(counts(&all, 20), (0, 0, 0));
    all.enter(3, 0, 20 * SECOND);
    assert_eq!([21, 22].map(|second| counts(&all, second)), [(0, 0, 0), (0, 2, 0)]);
    all.hear(0, PeopleNews::Came(person(3), 4), true, 23 * SECOND);
    assert_eq!(counts(&all, 23), (0, 1, 0));
}

#[test]
fn a_flap_takes_back_what_was_told_of_who_did_nothing() {
    let mut all = watching(true);
    let flap = |all: &mut Observers, at: u64| {
        all.hear(0, PeopleNews::Went(person(3), 3), true, at);
        all.hear(0, PeopleNews::Came(person(3), 4), true, at + SECOND);
    };
    flap(&mut all, 10 * SECOND);
    assert_eq!(counts(&all, 12), (0, 0, 1));
    // A page that is loaded again was there all the time.
    all.leave(3, false, 14 * SECOND);
    all.hear(0, PeopleNews::Went(person(3), 3), true, 14 * SECOND);
    all.enter(3, 0, 15 * SECOND);
    all.hear(0, PeopleNews::Came(person(3), 4), true, 15 * SECOND);
    assert_eq!(counts(&all, 18), (0, 0, 2));
    // Somebody who was away for long was told of rightly, however late.
    all.leave(3, false, 20 * SECOND);
    all.hear(0, PeopleNews::Went(person(3), 3), true, 23 * SECOND);
    all.enter(3, 0, 30 * SECOND);
    all.hear(0, PeopleNews::Came(person(3), 4), true, 31 * SECOND);
    flap(&mut all, 31 * SECOND);
    assert_eq!(counts(&all, 40), (0, 0, 2), "the news may still be on its way");
    flap(&mut all, 40 * SECOND);
    assert_eq!(counts(&all, 42), (0, 0, 3));
}

#[test]
fn who_was_never_there_and_comes_and_goes_flaps() {
    let mut all = watching(true);
    all.hear(0, PeopleNews::Came(stranger("ghost"), 5), true, 10 * SECOND);
    all.hear(0, PeopleNews::Went(stranger("ghost"), 4), true, 11 * SECOND);
    assert_eq!(counts(&all, 12), (0, 0, 1));
    // What was told before the load counts nowhere.
    all.hear(0, PeopleNews::Came(stranger("ghost"), 5), false, 12 * SECOND);
    all.hear(0, PeopleNews::Went(stranger("ghost"), 4), false, 13 * SECOND);
    assert_eq!(counts(&all, 14), (0, 0, 1));
}

#[test]
fn a_number_that_nobody_explains_makes_an_observer_ask() {
    let mut all = watching(true);
    assert!(!all.hear(0, PeopleNews::Number(4), true, 10 * SECOND));
    assert!(all.hear(0, PeopleNews::Number(7), true, 11 * SECOND));
    assert_eq!(counts(&all, 12), (3, 0, 0));
    assert!(!all.hear(0, PeopleNews::TooMany, true, 12 * SECOND));
    assert_eq!(counts(&all, 12), (3, 0, 0), "the number is held against the truth");
    assert!(!all.hear(0, PeopleNews::Number(2), true, 13 * SECOND));
    assert_eq!(counts(&all, 14), (0, 2, 0));
    assert!(all.hear(0, PeopleNews::Came(person(3), 4), true, 14 * SECOND), "people go by name again");
    assert_eq!(counts(&all, 15), (0, 0, 0));
}

#[test]
fn an_island_sees_its_own_people_alone() {
    let mut all = watching(false);
    all.hear(0, PeopleNews::Came(person(1), 3), true, 10 * SECOND);
    assert_eq!(counts(&all, 11), (1, 0, 0), "subscriber 1 is on the other node");
    all.hear(0, PeopleNews::Went(person(1), 2), true, 12 * SECOND);
    // An observer that moves to the other node sees those who are there.
    all.leave(0, false, 20 * SECOND);
    all.enter(0, 1, 21 * SECOND);
    all.hear(0, PeopleNews::Number(3), true, 21 * SECOND);
    all.hear(0, PeopleNews::All(vec![person(0), person(1), person(3)]), true, 21 * SECOND);
    all.hear(1, PeopleNews::Came(person(0), 3), true, 21 * SECOND);
    assert_eq!(counts(&all, 30), (0, 0, 1), "it came and went while it was on the other node");
}

#[test]
fn who_was_never_answered_lacks_everybody_in_the_end() {
    let mut all = watching(true);
    all.leave(0, false, 10 * SECOND);
    all.hear(1, PeopleNews::Went(person(0), 3), true, 13 * SECOND);
    assert_eq!(counts(&all, 30), (0, 0, 0), "who has no connection has no list");
    all.enter(0, 0, 30 * SECOND);
    all.hear(1, PeopleNews::Came(person(0), 4), true, 30 * SECOND);
    all.hear(0, PeopleNews::Number(4), true, 30 * SECOND);
    assert_eq!([34, 35].map(|second| counts(&all, second)), [(0, 0, 0), (0, 4, 0)]);
}

#[test]
fn lists_have_settled_when_every_observer_has_the_truth_again() {
    let mut all = watching(true);
    let at = |ms: u64| SECOND + ms * 1_000_000;
    let ms = Duration::from_millis;
    // Node 1 dies nine seconds after the load began, with an observer and subscriber 3.
    let planned = Fault { at: ms(9_000), duration: None, action: Action::Kill, target: Target::Node(1) };
    let kill = FaultTimes {
        what: planned.to_string(),
        begin: ms(9_000),
        heal_begin: None,
        healed: None,
        deliberate: false,
        planned: Some(planned),
    };
    let faults = [kill];
    all.leave(1, false, at(9_001));
    all.leave(3, false, at(9_002));
    let settling = |all: &Observers, end: u64| {
        let figures = all.figures(SECOND, &faults, at(end));
        (figures.settled_ms, figures.not_settled)
    };
    all.enter(1, 0, at(9_200));
    assert_eq!(settling(&all, 9_300), (None, true), "it has no list yet");
    all.hear(1, PeopleNews::Number(4), true, at(9_210));
    all.hear(1, PeopleNews::All((0..4).map(person).collect()), true, at(9_210));
    assert_eq!(
        settling(&all, 9_300),
        (None, true),
        "subscriber 3 is still away, and both have it in their lists"
    );
    all.enter(3, 0, at(9_700));
    assert_eq!(settling(&all, 9_800), (Some(700), false));
    // Somebody stays away for good, and one observer is told later than the other.
    all.leave(2, true, at(10_000));
    for (observer, moment) in [(0, 13_000), (1, 14_100)] {
        all.hear(observer, PeopleNews::Went(person(2), 3), true, at(moment));
    }
    assert_eq!(settling(&all, 20_000), (Some(5_100), false));
}

#[test]
fn what_comes_after_the_end_counts_nowhere() {
    let mut all = watching(true);
    all.end(20 * SECOND);
    all.leave(0, false, 21 * SECOND);
    all.hear(1, PeopleNews::Went(person(0), 3), true, 21 * SECOND);
    all.enter(0, 1, 22 * SECOND);
    assert_eq!(counts(&all, 60), (0, 0, 0));
}
