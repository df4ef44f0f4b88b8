//! Positive controls at the borders: between replay and live, before the load and after it, and between two answers to one
//! message.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

use pubsub_lab::ledger::{Contradictions, Counts, FaultTimes, Settled, judge};
use pubsub_lab::load::LoadGenerator;

use crate::controls::{left, leisurely, settings};
use crate::support::faulty::{Each, Faults, FaultyServer, Harm};
use crate::support::load::until;
use crate::support::report::{Ended, conclusive};

/// Runs a load of which one subscriber misses some on purpose, until the ledger says this.
async fn returning(faults: Faults, holds: impl FnMut(&Settled) -> bool) -> (Settled, FaultyServer) {
    let server = FaultyServer::start(2, Faults { history: true, ..faults }).await;
    let load = left(&server, true).await;
    let done = until(&load, holds).await;
    load.finish().await;
    (done, server)
}

fn nothing_lost(settled: &Settled) -> bool {
    settled.debts.owed == 360 && settled.debts.lost == 0 && settled.messages.acked == 120
}

#[tokio::test]
async fn a_clean_return_brings_nothing_twice_and_nothing_in_the_wrong_place() {
    let (done, _) = returning(Faults::default(), nothing_lost).await;
    assert_eq!(done.counts, Counts::default());
    assert_eq!(done.recovered.len(), done.debts.recovered);
}

#[tokio::test]
async fn a_server_that_replays_its_whole_history_is_found() {
    let (done, server) =
        returning(Faults { replay_everything: true, ..Faults::default() }, nothing_lost).await;
    let probes = server.told().iter().filter(|(_, _, text)| !text.contains(".load.")).count();
    let held_again = (server.replayed() - probes) as u64 - done.debts.recovered;
    assert!(held_again >= 20, "{held_again}");
    assert_eq!(done.counts, Counts { held_again, ..Counts::default() });
}

#[tokio::test]
async fn a_server_that_gives_every_replayed_message_once_more_live_is_found() {
    let faults = Faults { live_after_replay: true, ..Faults::default() };
    let (done, server) =
        returning(faults, |settled| nothing_lost(settled) && settled.debts.recovered == 0).await;
    let live_again = server.replayed() as u64;
    assert!(live_again >= 40, "{live_again}");
    assert_eq!(done.counts, Counts { live_again, ..Counts::default() });
    assert_eq!((done.debts.delivered, done.recovered.len()), (360, 0));
}

#[tokio::test]
async fn a_server_that_replays_older_messages_after_a_newer_live_one_is_found() {
    let faults = Faults { live_before_replay: true, ..Faults::default() };
    let (done, server) = returning(faults, nothing_lost).await;
    let replay_after_live = server.replayed() as u64;
    assert!(replay_after_live >= 39, "{replay_after_live}");
    assert_eq!(done.counts, Counts { replay_after_live, ..Counts::default() });
    assert_eq!(done.debts.recovered, replay_after_live);
}

#[tokio::test]
async fn what_was_confirmed_and_lost_is_a_broken_promise_whatever_is_answered_later() {
    let harm = Harm { lose: Some(Each(20)), ..Harm::default() };
    let faults = Faults {
        confirm: true,
        doubt: Some(Each(20)),
        harm: HashMap::from([(1, harm)]),
        ..Faults::default()
    };
    let server = FaultyServer::start(2, faults).await;
    let load = LoadGenerator::start(settings(&server, leisurely(2))).await.unwrap();
    load.begin();
    load.schedule_ended().await;
    let contradictions = Contradictions { unknown_after_ack: 6, ..Contradictions::default() };
    let over =
        |s: &Settled| s.messages.sent == 120 && s.debts.lost == 6 && s.contradictions == contradictions;
    let done = until(&load, over).await;
    assert_eq!((done.messages.acked, done.messages.unknown), (120, 0));
    assert_eq!((done.debts.lost_confirmed, done.debts.lost_unknown), (6, 0));
    let notes = judge(&done, &load.finish().await, &[]).reasons.notes;
    let said = "a node could not tell whether a message went out: on purpose (6 times)";
    let contradicted = "6 messages were answered with `unknown` after they had been acknowledged";
    assert_eq!(notes, [said, contradicted]);
}

#[tokio::test]
async fn a_server_that_never_comes_back_harms_with_every_message_that_nobody_could_send() {
    let server = FaultyServer::start(1, Faults::default()).await;
    let load = LoadGenerator::start(settings(&server, leisurely(1))).await.unwrap();
    let begin = load.begin();
    until(&load, |settled| settled.messages.acked >= 20).await;
    server.kill(0);
    let killed = load.now() - begin;
    load.schedule_ended().await;
    until(&load, |settled| settled.messages.due == 120).await;
    let fault = FaultTimes {
        what: "kill everything".into(),
        begin: killed,
        heal_begin: Some(killed + Duration::from_millis(1)),
        healed: None,
        deliberate: false,
        planned: None,
    };
    let (ledger, ended) = (load.ledger(), load.now());
    let settled = ledger.lock().unwrap_or_else(PoisonError::into_inner).settle(&[fault], ended);
    assert!(settled.messages.unsent > 0, "{:?}", settled.messages);
    // What was on its way when the server died may be lost, too; the last message was due at 1.19 s.
    let impact = settled.times.impact_ms.unwrap();
    assert!((settled.messages.unsent - 1) * 10 <= impact && impact < 1_190, "{impact}");
    assert_eq!((settled.times.recovery_ms, settled.times.not_recovered), (None, true));
    load.finish().await;
}

/// One publisher, three subscribers: 60 messages in 600 ms.
const SCENARIO: &str = "
title = \"Before and after\"
[load]
publishers = 1
subscribers = 3
rate = 100
warm_up = \"100ms\"
duration = \"600ms\"
drain = \"5s\"
[expect]
lost = 0
duplicates = 0
corrupted = 0
unexpected = 0
foreign = 0
";

async fn bench(faults: Faults) -> Ended {
    let server = FaultyServer::start(2, faults).await;
    let urls = server.urls();
    tokio::task::block_in_place(|| conclusive(SCENARIO, &["--url", &urls[0], "--url", &urls[1]]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_copy_of_the_last_message_is_waited_for() {
    let again_after = Some((Each(1), Duration::from_millis(800)));
    let harm = Harm { again_after, ..Harm::default() };
    let ended = bench(Faults { harm: HashMap::from([(0, harm)]), ..Faults::default() }).await;
    let run = ended.run("attached", 1);
    assert_eq!(run.counts(["owed", "delivered", "duplicates"]), [180, 180, 60], "{:#}", run.brief());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_damaged_or_foreign_before_the_load_is_a_note() {
    // Most of the warm-up comes after the load has begun, and is of the warm-up all the same.
    let damage_warm_up = Some(Duration::from_millis(150));
    let ended = bench(Faults { damage_warm_up, greets: true, ..Faults::default() }).await;
    let run = ended.run("attached", 0);
    assert_eq!(run["verdict"], "valid");
    assert_eq!(run.counts(["corrupted", "foreign", "unexpected", "lost"]), [0; 4], "{:#}", run.brief());
    for note in
        ["before the load, 30 receipts were corrupted", "before the load, 3 receipts came from other runs"]
    {
        assert!(run.why().contains(&note), "{:?}", run.why());
    }
}
