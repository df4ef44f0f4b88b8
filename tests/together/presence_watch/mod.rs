//! Positive controls of the watch on presence: servers that forget, invent, keep and flap by known numbers, and an honest
//! one, against the real load generator.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

mod server;

use std::sync::PoisonError;
use std::time::Duration;

use pubsub_lab::ledger::{FaultTimes, Plan, PresenceFigures};
use pubsub_lab::load::{Dialect, LoadGenerator, Settings};
use pubsub_lab::scenario::{Action, Fault, Target};

use crate::support::load::{self, eventually, settled, until};
use crate::support::report::{conclusive, short};
use server::{Lies, PresenceServer};

const SECOND: Duration = Duration::from_secs(1);
/// Number of subscribers. Each of the two nodes has half of them, and the first of each observes.
const PEOPLE: u64 = 12;
const OBSERVERS: u64 = 2;

/// A load of twelve subscribers in one room, of which the first two observe; half of all leave if a fault says so.
async fn begun(lies: Lies, faults: Vec<Fault>) -> (PresenceServer, LoadGenerator) {
    let server = PresenceServer::start(lies).await;
    let plan = Plan { subscribers: 12, ..load::plan(2) };
    let mut settings = Settings { faults, ..load::settings(server.urls(), Dialect::V1, plan) };
    settings.load.presence = true;
    let load = LoadGenerator::start(settings).await.unwrap();
    load.begin();
    load.schedule_ended().await;
    (server, load)
}

fn counts(presence: &PresenceFigures) -> (u64, u64, u64) {
    (presence.phantoms, presence.missing, presence.flaps)
}

/// Waits until phantoms, missing people and flaps are exactly these, and looks whether they still are in the end.
async fn until_exactly(load: LoadGenerator, expected: (u64, u64, u64)) {
    until(&load, |settled| settled.presence.as_ref().map(counts) == Some(expected)).await;
    let ledger = load.ledger();
    load.finish().await;
    let ended = ledger.lock().unwrap_or_else(PoisonError::into_inner).settle(&[], SECOND * 3_600);
    let presence = ended.presence.unwrap();
    assert_eq!((counts(&presence), presence.observers), (expected, OBSERVERS));
}

/// Waits until everybody has been there for so long that all are judged: two seconds, by the definition of the figures.
async fn all_are_judged() {
    tokio::time::sleep(SECOND * 5 / 2).await;
}

fn half_leave() -> Vec<Fault> {
    let at = Duration::ZERO;
    vec![Fault { at, duration: Some(SECOND), action: Action::Leave, target: Target::Subscribers(50) }]
}

/// Everybody drops and comes back. Gives the storm as it was.
async fn storm(load: &LoadGenerator) -> FaultTimes {
    let began = load.begin();
    let begin = load.now() - began;
    assert!(load.storm(None, SECOND * 10).await);
    let at = Duration::ZERO;
    let planned = Fault { at, duration: None, action: Action::Storm, target: Target::AllNodes };
    let (what, healed) = (planned.to_string(), Some(load.now() - began));
    FaultTimes { what, begin, heal_begin: Some(begin), healed, deliberate: false, planned: Some(planned) }
}

/// The figures after these faults, at this moment.
fn after(load: &LoadGenerator, faults: &[FaultTimes]) -> PresenceFigures {
    let ledger = load.ledger();
    let ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
    ledger.settle(faults, load.now()).presence.unwrap()
}

#[tokio::test]
async fn an_honest_server_is_found_without_fault() {
    let (server, load) = begun(Lies::default(), half_leave()).await;
    all_are_judged().await;
    let storm = storm(&load).await;
    eventually("every list is right again", || !after(&load, std::slice::from_ref(&storm)).not_settled).await;
    assert!(after(&load, &[storm]).settled_ms.is_some());
    assert!(load.leave(0, SECOND * 5).await);
    eventually("they have left", || server.gone().len() == 6).await;
    // Who went is judged five seconds after that, and the server has waited for three of them.
    all_are_judged().await;
    assert_eq!(settled(&load).presence.as_ref().map(counts), Some((0, 0, 0)));
    assert!(load.come(0, SECOND * 5).await);
    all_are_judged().await;
    until_exactly(load, (0, 0, 0)).await;
}

#[tokio::test]
async fn who_is_forgotten_is_missing_for_each_observer() {
    let (_server, load) = begun(Lies { forgets: vec!["sub-7", "sub-10"], ..Lies::default() }, vec![]).await;
    until_exactly(load, (0, 2 * OBSERVERS, 0)).await;
}

#[tokio::test]
async fn who_is_invented_is_a_phantom_for_each_observer() {
    let (_server, load) = begun(Lies { invents: 3, ..Lies::default() }, vec![]).await;
    until_exactly(load, (3 * OBSERVERS, 0, 0)).await;
}

#[tokio::test]
async fn phantoms_and_missing_people_do_not_make_up_for_each_other() {
    let lies = Lies { forgets: vec!["sub-7", "sub-10", "sub-11"], invents: 3, ..Lies::default() };
    let (_server, load) = begun(lies, vec![]).await;
    until_exactly(load, (3 * OBSERVERS, 3 * OBSERVERS, 0)).await;
}

#[tokio::test]
async fn who_is_kept_after_leaving_is_a_phantom_for_each_observer_that_stays() {
    let (server, load) = begun(Lies { keeps: true, ..Lies::default() }, half_leave()).await;
    assert!(load.leave(0, SECOND * 5).await);
    eventually("they have left", || server.gone().len() == 6).await;
    let away = server.gone().iter().filter(|name| ["sub-0", "sub-1"].contains(&&***name)).count() as u64;
    let expected = (6 * (OBSERVERS - away), 0, 0);
    until_exactly(load, expected).await;
}

#[tokio::test]
async fn flaps_are_counted_one_by_one() {
    let (server, load) = begun(Lies::default(), vec![]).await;
    all_are_judged().await;
    server.flap("sub-5", 4);
    until_exactly(load, (0, 0, 4 * OBSERVERS)).await;
}

#[tokio::test]
async fn a_number_that_is_off_counts_with_the_difference() {
    for (off, expected) in [(2, (2 * OBSERVERS, 0, 0)), (-3, (0, 3 * OBSERVERS, 0)), (0, (0, 0, 0))] {
        let (_server, load) = begun(Lies { counts: Some(off), ..Lies::default() }, vec![]).await;
        all_are_judged().await;
        until_exactly(load, expected).await;
    }
}

#[tokio::test]
async fn a_server_that_does_not_say_who_is_there_lacks_everybody() {
    let (_server, load) = begun(Lies { is_mute: true, ..Lies::default() }, vec![]).await;
    until_exactly(load, (0, PEOPLE * OBSERVERS, 0)).await;
}

#[tokio::test]
async fn lists_have_settled_when_the_last_observer_has_its_own() {
    let late = SECOND * 3 / 2;
    let (_server, load) = begun(Lies { answers_late: Some(late), ..Lies::default() }, vec![]).await;
    all_are_judged().await;
    let storm = [storm(&load).await];
    let unsettled = after(&load, &storm);
    assert_eq!((unsettled.settled_ms, unsettled.not_settled), (None, true), "the answers are still to come");
    eventually("every list is right again", || !after(&load, &storm).not_settled).await;
    let settled_ms = after(&load, &storm).settled_ms.unwrap();
    assert!(u128::from(settled_ms) >= late.as_millis(), "{settled_ms} ms");
    until_exactly(load, (0, 0, 0)).await;
}

#[tokio::test]
async fn who_does_not_watch_has_no_figures() {
    let server = PresenceServer::start(Lies { invents: 3, ..Lies::default() }).await;
    let plan = Plan { subscribers: 12, ..load::plan(2) };
    let load = LoadGenerator::start(load::settings(server.urls(), Dialect::V1, plan)).await.unwrap();
    assert_eq!(settled(&load).presence, None);
    load.finish().await;
}

#[test]
fn the_bench_says_in_its_report_who_was_there() {
    let quick = |more: &str| format!("patterns = [\"local\"]\n{}", short(more));
    let expect = "[expect]\nphantoms = 0\nmissing = 0\nflaps = 0\nsettled = \"< 5s\"\n";
    let ended = conclusive(&quick(expect), &["--presence"]);
    let run = ended.run("local", 0);
    let presence = &run["presence"];
    assert_eq!(presence["observers"], 3, "{presence}");
    assert_eq!([&presence["phantoms"], &presence["missing"], &presence["flaps"]], [0, 0, 0], "{presence}");
    // No fault struck, so that there was nothing to settle.
    assert!(presence["settled_ms"].is_null(), "{presence}");
    let report = ended.report();
    assert_eq!(report.json()["scenario"]["load"]["presence"], true);
    assert!(ended.everything().contains("phantoms"), "{}", ended.everything());
    let without = conclusive(&quick(""), &[]);
    assert!(without.run("local", 0)["presence"].is_null());
}
