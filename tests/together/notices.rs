//! Positive controls of what a subscriber knows: servers that drop messages in silence, that say so, and that lie.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::time::Duration;

use pubsub_lab::ledger::{Settled, Verdict, judge};

use crate::controls::{AllCounts, harming, left, measure};
use crate::support::faulty::{Each, Faults, FaultyServer, Harm};
use crate::support::load::until;

#[tokio::test]
async fn what_is_dropped_without_a_word_is_lost_in_silence() {
    let harm = Harm { lose: Some(Each(10)), ..Harm::default() };
    let (settled, harness) = measure(harming(1, harm), AllCounts::losing(12)).await;
    assert_eq!((settled.debts.lost_silent, settled.denied), (12, 0));
    let judgement = judge(&settled, &harness, &[]);
    assert_eq!(judgement.verdict, Verdict::Valid, "it promised nothing: {:?}", judgement.reasons);
}

#[tokio::test]
async fn who_is_told_at_the_place_of_the_loss_knows_of_it() {
    let harm = Harm { lag: Some(Each(10)), ..Harm::default() };
    measure(harming(1, harm), AllCounts::losing(12).told(12)).await;
}

#[tokio::test]
async fn a_notice_of_one_loss_says_nothing_of_another() {
    // The 25th, 50th, 75th and 100th come before the notice in place of the 110th, and each is followed by one that comes.
    let harm = Harm { lag: Some(Each(110)), lose: Some(Each(25)), ..Harm::default() };
    measure(harming(1, harm), AllCounts::losing(5).told(1)).await;
}

#[tokio::test]
async fn a_gap_covers_what_was_lost_since_the_moment_that_it_names() {
    for (ago, told) in [(Duration::from_secs(600), 9), (Duration::ZERO, 0)] {
        // The last loss is that of the 117th, two messages before the notice.
        let harm = Harm { lose: Some(Each(13)), gap: Some((Each(119), ago)), ..Harm::default() };
        measure(harming(1, harm), AllCounts::losing(9).told(told)).await;
    }
}

#[tokio::test]
async fn an_absence_tells_who_was_away_that_it_missed_something() {
    let server = FaultyServer::start(2, Faults::default()).await;
    let load = left(&server, false).await;
    let done = until(&load, |s| s.messages.acked == 120 && s.times.impact_ms.is_none()).await;
    assert!(done.debts.lost >= 40, "{:?}", done.debts);
    assert_eq!((done.debts.lost_told, done.debts.lost_silent), (done.debts.lost, 0));
    load.finish().await;
}

#[tokio::test]
async fn a_replay_that_admits_that_it_is_a_part_tells_of_the_rest() {
    let faults = Faults { history: true, replay_at_most: Some(10), ..Faults::default() };
    let server = FaultyServer::start(2, faults).await;
    let load = left(&server, true).await;
    let over =
        |s: &Settled| s.messages.acked == 120 && s.debts.recovered == 10 && s.times.impact_ms.is_none();
    let done = until(&load, over).await;
    assert!(done.debts.lost >= 30, "{:?}", done.debts);
    assert_eq!((done.debts.lost_told, done.debts.lost_silent), (done.debts.lost, 0));
    load.finish().await;
}

#[tokio::test]
async fn a_replay_that_lies_is_found_and_violates_whatever_was_expected() {
    let faults = Faults { history: true, forget_replayed: Some(3), ..Faults::default() };
    let server = FaultyServer::start(2, faults).await;
    let load = left(&server, true).await;
    let over = |s: &Settled| {
        s.messages.acked == 120 && s.debts.recovered == server.replayed() as u64 && s.debts.lost == 1
    };
    let done = until(&load, over).await;
    assert_eq!((done.debts.lost_told, done.debts.lost_silent, done.denied), (0, 1, 1));
    let judgement = judge(&done, &load.finish().await, &[]);
    assert_eq!(judgement.verdict, Verdict::Violated);
    let said = "a delivery had been acknowledged and was missing after a replay that said it had brought everything (`recovered: all`)";
    assert_eq!(judgement.reasons.violations, [said]);
}
