//! Positive controls: the real load generator and the real ledger against a server that fails by known numbers.
//! An instrument that cannot find what is there proves nothing when it finds nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails its test")]

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use pubsub_lab::ledger::{Counts, Debts, Harness, Messages, Path, Plan, Settled};
use pubsub_lab::load::{Dialect, LoadGenerator, Settings};
use pubsub_lab::scenario::{Action, Fault, Target};

use crate::support::faulty::{Ban, Each, End, Faults, FaultyServer, Harm};
use crate::support::load::{self, eventually, plan, settled, until};

const SECOND: Duration = Duration::from_secs(1);

/// The load of [`plan`] in 1.2 s, for what happens while it goes on: a machine that stands still for a moment must not stand still
/// for the rest of it.
pub(crate) fn leisurely(nodes: usize) -> Plan {
    Plan { rate: 100.0, ..plan(nodes) }
}

pub(crate) fn settings(server: &FaultyServer, plan: Plan) -> Settings {
    load::settings(server.urls(), Dialect::V1, plan)
}

/// Every count of a run; how many were on time is the machine's to say, and is compared with the latencies.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AllCounts {
    messages: Messages,
    debts: Debts,
    beside: Counts,
}

impl AllCounts {
    fn of(settled: &Settled) -> Self {
        let debts = Debts { on_time: 0, acked_debts: 0, ..settled.debts };
        Self { messages: settled.messages, debts, beside: settled.counts }
    }

    /// These counts, and others beside messages and debts.
    fn and(self, beside: Counts) -> Self {
        Self { beside, ..self }
    }

    /// Of a run of [`plan`] in which nothing goes wrong.
    fn clean() -> Self {
        let messages = Messages { due: 120, sent: 120, acked: 120, ..Messages::default() };
        let debts = Debts { owed: 360, delivered: 360, ..Debts::default() };
        Self { messages, debts, ..Self::default() }
    }

    /// The same, but for so many debts that were lost while everybody was online and every message was `handed`.
    pub(crate) fn losing(lost: u64) -> Self {
        let mut counts = Self::clean();
        counts.debts.delivered -= lost;
        (counts.debts.lost, counts.debts.lost_handed, counts.debts.lost_online) = (lost, lost, lost);
        counts.debts.lost_silent = lost;
        counts
    }

    /// The same, but for so many of the lost debts of which their subscribers were told.
    pub(crate) fn told(mut self, told: u64) -> Self {
        self.debts.lost_silent -= told;
        self.debts.lost_told = told;
        self
    }
}

/// Runs the whole load, and waits until the ledger holds exactly these counts.
pub(crate) async fn measure(faults: Faults, expected: AllCounts) -> (Settled, Harness) {
    let server = FaultyServer::start(2, faults).await;
    let load = LoadGenerator::start(settings(&server, plan(2))).await.unwrap();
    assert_eq!(load.probe(SECOND * 10).await, 0);
    load.warm_up().await;
    load.begin();
    load.schedule_ended().await;
    settle_as(load, &expected).await
}

/// Waits until the ledger holds exactly these counts.
async fn settle_as(load: LoadGenerator, expected: &AllCounts) -> (Settled, Harness) {
    let deadline = Instant::now() + SECOND * 10;
    while AllCounts::of(&settled(&load)) != *expected && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let ledger = load.ledger();
    let ended = load.now();
    let harness = load.finish().await;
    let settled = ledger.lock().unwrap_or_else(PoisonError::into_inner).settle(&[], ended);
    assert_eq!(AllCounts::of(&settled), *expected, "{:?} {:?}", harness.problems, harness.notes);
    assert_eq!((harness.overruns, &*harness.problems), (0, &[][..]));
    // Everybody of a room was there all the time, so that each message has equally many debts.
    let reachable = settled.debts.owed - settled.debts.lost_no_path;
    assert_eq!(settled.debts.acked_debts * settled.messages.sent, settled.messages.acked * reachable);
    let punctual = settled.latency.count_between(0, 1_000_000);
    assert_eq!(settled.debts.on_time_share(), Some(punctual as f64 / settled.debts.owed as f64));
    (settled, harness)
}

pub(crate) fn harming(subscriber: usize, harm: Harm) -> Faults {
    Faults { harm: HashMap::from([(subscriber, harm)]), ..Faults::default() }
}

#[tokio::test]
async fn a_server_without_faults_is_found_without_fault() {
    let (settled, harness) = measure(Faults::default(), AllCounts::clean()).await;
    assert_eq!((settled.latency.len(), settled.times.impact_ms), (360, None));
    assert_eq!((harness.publish_delay.len(), &*harness.notes), (120, &[][..]));
    assert!(!harness.loop_lag.is_empty());
}

#[tokio::test]
async fn lost_ones_are_counted() {
    measure(harming(1, Harm { lose: Some(Each(10)), ..Harm::default() }), AllCounts::losing(12)).await;
}

#[tokio::test]
async fn loss_and_duplicates_do_not_make_up_for_each_other() {
    let harm = Harm { lose: Some(Each(10)), duplicate: Some(Each(15)), ..Harm::default() };
    // Every 30th would be both: it is lost.
    measure(harming(1, harm), AllCounts::losing(12).and(Counts { duplicates: 4, ..Counts::default() })).await;
}

#[tokio::test]
async fn second_copies_are_counted() {
    let harm = Harm { duplicate: Some(Each(8)), ..Harm::default() };
    measure(harming(0, harm), AllCounts::clean().and(Counts { duplicates: 15, ..Counts::default() })).await;
}

#[tokio::test]
async fn swapped_ones_are_counted_once_each() {
    // The 120th has none after it to swap with: every 7th, 17 of them.
    let harm = Harm { swap: Some(Each(7)), ..Harm::default() };
    measure(harming(2, harm), AllCounts::clean().and(Counts { reordered: 17, ..Counts::default() })).await;
}

#[tokio::test]
async fn changed_texts_are_corrupted_and_their_debts_lost() {
    let harm = Harm { corrupt: Some(Each(20)), ..Harm::default() };
    measure(harming(1, harm), AllCounts::losing(6).and(Counts { corrupted: 6, ..Counts::default() })).await;
}

#[tokio::test]
async fn strangers_are_foreign_and_inventions_and_strays_unexpected() {
    let harm =
        Harm { foreign: Some(Each(12)), invent: Some(Each(30)), stray: Some(Each(40)), ..Harm::default() };
    measure(
        harming(1, harm),
        AllCounts::clean().and(Counts { foreign: 10, unexpected: 17, ..Counts::default() }),
    )
    .await;
}

#[tokio::test]
async fn answers_are_told_apart() {
    let faults = Faults {
        refuse: Some(Each(10)),             // 12, not delivered
        refuse_but_deliver: Some(Each(15)), // 8, of which 4 are refused and not delivered
        unknown: Some(Each(7)),             // 17, of which 1 (the 70th) is refused and 1 (the 105th) too
        forget_answer: Some(Each(11)),      // 10, of which 1 (the 110th) is refused and 1 (the 77th) unknown
        ..Faults::default()
    };
    let mut expected = AllCounts::losing(36);
    expected.messages = Messages { due: 120, sent: 120, unsent: 0, acked: 81, refused: 16, unknown: 23 };
    (expected.debts.lost_handed, expected.debts.lost_refused) = (0, 36);
    expected.debts.lost_silent_sender_told = 36;
    expected.beside.refused_but_delivered = 12;
    let (_, harness) = measure(faults, expected).await;
    let causes = [
        "a node refused a message: bus_down: on purpose (16 times)",
        "a node could not tell whether a message went out: on purpose (15 times)",
    ];
    assert_eq!((&*harness.causes, &*harness.notes), (&causes.map(str::to_owned)[..], &[][..]));
}

#[tokio::test]
async fn a_confirmed_message_that_is_lost_is_a_broken_promise() {
    let faults = Faults { confirm: true, ..harming(1, Harm { lose: Some(Each(10)), ..Harm::default() }) };
    let mut expected = AllCounts::losing(12);
    (expected.debts.lost_handed, expected.debts.lost_confirmed) = (0, 12);
    measure(faults, expected).await;
}

#[tokio::test]
async fn a_dead_path_is_named_and_its_debts_stay_owed() {
    let server = FaultyServer::start(2, harming(1, Harm { deaf: true, ..Harm::default() })).await;
    let load = LoadGenerator::start(settings(&server, plan(2))).await.unwrap();
    // The two paths that work have the time that a slow machine takes for them.
    assert_eq!(load.probe(SECOND * 2).await, 1);
    load.begin();
    load.schedule_ended().await;
    let (settled, harness) = settle_as(load, &AllCounts::losing(120)).await;
    assert_eq!(settled.unverified_paths, [Path { publisher: 0, subscriber: 1 }]);
    assert_eq!(harness.notes.len(), 1, "{:?}", harness.notes);
    assert!(harness.notes[0].starts_with("probing: "), "{:?}", harness.notes);
}

#[tokio::test]
async fn probing_is_quick_when_every_path_works() {
    let server = FaultyServer::start(3, Faults::default()).await;
    let many = Plan { publishers: 4, subscribers: 60, rooms: 5, nodes: 3, ..plan(3) };
    let load = LoadGenerator::start(settings(&server, many)).await.unwrap();
    let began = Instant::now();
    assert_eq!(load.probe(SECOND * 10).await, 0);
    // Half of what a path that does not work would take.
    assert!(began.elapsed() < SECOND * 5, "{:?}", began.elapsed());
}

#[tokio::test]
async fn paths_that_the_pattern_does_not_have_are_not_probed() {
    let deaf = || Harm { deaf: true, ..Harm::default() };
    // The publisher is on node 0, subscribers 1 and 2 are not.
    let faults = Faults { harm: HashMap::from([(1, deaf()), (2, deaf())]), ..Faults::default() };
    let mut expected = AllCounts::losing(240);
    expected.debts.lost_no_path = 240;
    let server = FaultyServer::start(3, faults).await;
    let local = Plan { crosses_nodes: false, ..plan(3) };
    let load = LoadGenerator::start(settings(&server, local)).await.unwrap();
    assert_eq!(load.probe(SECOND * 10).await, 0);
    load.begin();
    load.schedule_ended().await;
    settle_as(load, &expected).await;
}

#[tokio::test]
async fn swallowed_messages_are_unknown_and_lost_without_resend() {
    let mut expected = AllCounts::losing(18);
    (expected.debts.lost_handed, expected.debts.lost_unknown) = (0, 18);
    expected.debts.lost_silent_sender_told = 18;
    (expected.messages.acked, expected.messages.unknown) = (114, 6);
    measure(Faults { swallow_once: Some(Each(20)), ..Faults::default() }, expected).await;
}

#[tokio::test]
async fn swallowed_messages_are_sent_again_under_the_same_id_and_refused_ones_are_not() {
    let faults = Faults { swallow_once: Some(Each(20)), refuse: Some(Each(7)), ..Faults::default() };
    let server = FaultyServer::start(1, faults).await;
    let mut settings = settings(&server, plan(1));
    settings.load.resend = true;
    let load = LoadGenerator::start(settings).await.unwrap();
    load.begin();
    load.schedule_ended().await;
    let done = until(&load, |settled| settled.debts.lost == 51 && settled.messages.unknown == 0).await;
    // Six arrive late and out of order at each of the three, but the last, which nothing can overtake.
    assert_eq!((done.messages.refused, done.messages.acked, done.counts.reordered), (17, 103, 15));
    for n in 0..120 {
        // Ids are counted from 0: the 20th message is number 19.
        let times = if (n + 1) % 20 == 0 { 2 } else { 1 };
        assert_eq!(server.published(&n.to_string()), times, "message {n}");
    }
    load.finish().await;
}

#[tokio::test]
async fn the_last_message_is_sent_again_though_nothing_else_happens() {
    let server = FaultyServer::start(1, Faults { swallow_once: Some(Each(1)), ..Faults::default() }).await;
    let mut settings = settings(&server, Plan { messages: 1, ..plan(1) });
    settings.load.resend = true;
    let load = LoadGenerator::start(settings).await.unwrap();
    load.begin();
    until(&load, |settled| settled.debts.delivered == 3 && settled.messages.acked == 1).await;
    assert_eq!(server.published("0"), 2);
    load.finish().await;
}

#[tokio::test]
async fn unknown_ones_are_sent_again_when_the_publisher_reconnects() {
    let faults = Faults {
        unknown: Some(Each(3)),
        forget_answer: Some(Each(5)),
        cut_publisher_at: Some((0, 30)),
        ..Faults::default()
    };
    let server = FaultyServer::start(2, faults).await;
    let mut settings = settings(&server, plan(2));
    settings.load.resend = true;
    let load = LoadGenerator::start(settings).await.unwrap();
    load.begin();
    load.schedule_ended().await;
    let done = until(&load, |settled| settled.debts.lost == 0 && settled.debts.owed == 360).await;
    assert_eq!(done.debts.delivered, 360);
    assert_eq!(server.published("30"), 2);
    assert!(server.published("2") >= 2 && server.published("4") >= 2, "unknown and unanswered");
    assert_eq!(server.published("0"), 1, "acknowledged");
    load.finish().await;
}

#[tokio::test]
async fn a_cut_publisher_comes_back_as_itself_and_sends_what_waited() {
    let faults = Faults { cut_publisher_at: Some((0, 30)), ..Faults::default() };
    let server = FaultyServer::start(2, faults).await;
    let load = LoadGenerator::start(settings(&server, leisurely(2))).await.unwrap();
    load.begin();
    load.schedule_ended().await;
    // Number 30 and what was written between the cut and its notice is lost with it; all else is acknowledged.
    let over = |s: &Settled| s.messages.sent == 120 && s.debts.lost == 3 * s.messages.unknown;
    let done = until(&load, |s| over(s) && s.messages.unknown < 40).await;
    assert!(done.messages.unknown >= 1, "{:?}", done.messages);
    assert_eq!((done.messages.unsent, done.counts.reordered), (0, 0));
    let hellos: Vec<_> = server.hellos().into_iter().filter(|hello| hello.name == "pub-0").collect();
    let sessions: Vec<_> = hellos.iter().map(|hello| hello.session.as_deref()).collect();
    assert_eq!(sessions, [None, Some("session-of-pub-0")]);
    assert_eq!(hellos[1].node, 0, "its own node first");
    load.finish().await;
}

#[tokio::test]
async fn clients_of_a_killed_node_walk_on_to_the_next_one_that_lives() {
    let server = FaultyServer::start(3, Faults::default()).await;
    let plan = Plan { publishers: 3, subscribers: 6, ..plan(3) };
    let load = LoadGenerator::start(settings(&server, plan)).await.unwrap();
    // The ring from node 0: node 1 is dead, node 2 lives.
    server.kill(1);
    server.kill(0);
    let arrived = |number: usize| {
        let names: Vec<_> = server
            .hellos()
            .into_iter()
            .filter(|h| h.node == 2 && h.session.is_some())
            .map(|h| h.name)
            .collect();
        names.len() == number
    };
    let deadline = Instant::now() + SECOND * 10;
    while !arrived(6) {
        assert!(Instant::now() < deadline, "{:?}", server.hellos());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(load.all_connected(SECOND * 5).await);
    for hello in server.hellos().iter().filter(|hello| hello.session.is_some()) {
        assert_eq!(hello.session.as_deref(), Some(&*format!("session-of-{}", hello.name)));
    }
    load.begin();
    load.schedule_ended().await;
    let over = |s: &Settled| s.debts.delivered == 720 && s.messages.acked == 120;
    assert_eq!(until(&load, over).await.debts.lost, 0);
    load.finish().await;
}

#[tokio::test]
async fn what_no_connection_ever_took_is_unsent() {
    let server = FaultyServer::start(1, Faults::default()).await;
    let load = LoadGenerator::start(settings(&server, leisurely(1))).await.unwrap();
    load.begin();
    until(&load, |settled| settled.messages.acked >= 20).await;
    server.kill(0);
    load.schedule_ended().await;
    assert!(!load.all_connected(Duration::from_millis(50)).await);
    let done = until(&load, |settled| settled.messages.due == 120).await;
    assert!((1..=100).contains(&done.messages.unsent), "{:?}", done.messages);
    assert_eq!(done.messages.sent + done.messages.unsent, 120);
    let began = Instant::now();
    load.finish().await;
    assert!(began.elapsed() < SECOND * 2, "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_absent_subscribers_debts_are_lost_offline_or_recovered_by_replay() {
    for history in [false, true] {
        let faults = Faults { cut_subscriber_at: Some((1, 30)), history, ..Faults::default() };
        let server = FaultyServer::start(1, faults).await;
        let mut settings = settings(&server, leisurely(1));
        // Away for 200 to 600 ms: for some twenty messages at least, if the machine does not stand still meanwhile.
        settings.load.reconnect_min = Duration::from_millis(400);
        let load = LoadGenerator::start(settings).await.unwrap();
        load.begin();
        load.schedule_ended().await;
        assert!(load.all_connected(SECOND * 5).await);
        if history {
            let done = until(&load, |settled| settled.debts.lost == 0 && settled.debts.owed == 360).await;
            assert_eq!(done.debts.recovered, server.replayed() as u64);
            assert_eq!(done.debts.recovered, 120 - server.delivered_live(1), "{:?}", done.debts);
            assert!((1..=90).contains(&done.debts.recovered), "{:?}", done.debts);
            assert_eq!(
                (done.counts.duplicates, done.counts.reordered, done.counts.replay_reordered),
                (0, 0, 0)
            );
            assert_eq!(done.debts.delivered + done.debts.recovered, 360);
        } else {
            // What is still on its way counts as lost until it arrives.
            let arrived = |s: &Settled| s.debts.delivered == 240 + server.delivered_live(1);
            let done = until(&load, |s| s.messages.acked == 120 && arrived(s)).await;
            assert_eq!(done.debts.lost, 120 - server.delivered_live(1), "{:?}", done.debts);
            assert!((1..=90).contains(&done.debts.lost), "{:?}", done.debts);
            assert!(done.debts.lost_offline > 0, "{:?}", done.debts);
        }
        load.finish().await;
    }
}

#[tokio::test]
async fn when_the_schedule_has_ended_the_ledger_knows_every_debt() {
    let server = FaultyServer::start(1, Faults::default()).await;
    for messages in [1, 2, 3] {
        let load = LoadGenerator::start(settings(&server, Plan { messages, ..plan(1) })).await.unwrap();
        load.begin();
        load.schedule_ended().await;
        assert_eq!(settled(&load).debts.owed, 3 * messages as u64);
        load.finish().await;
    }
}

#[tokio::test]
async fn a_subscription_that_failed_is_asked_for_again() {
    let server = FaultyServer::start(1, Faults { refuse_first_subscribe: true, ..Faults::default() }).await;
    let load = LoadGenerator::start(settings(&server, plan(1))).await.unwrap();
    let harness = load.finish().await;
    assert_eq!(harness.causes, ["a node answered a subscriber with an error: on purpose (3 times)"]);
}

#[tokio::test]
async fn dropping_it_leaves_no_connection_behind() {
    let server = FaultyServer::start(1, Faults::default()).await;
    let load = LoadGenerator::start(settings(&server, plan(1))).await.unwrap();
    load.begin();
    assert_eq!(server.connected(), 4);
    drop(load);
    let deadline = Instant::now() + SECOND * 10;
    while server.connected() > 0 {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A third of the three subscribers leaves or joins. When is the test's to say.
fn third(action: Action) -> Vec<Fault> {
    vec![Fault { at: Duration::ZERO, duration: None, action, target: Target::Subscribers(34) }]
}

/// Runs a load of which one subscriber misses some in the middle, on purpose.
pub(crate) async fn left(server: &FaultyServer, keeps_history: bool) -> LoadGenerator {
    let faults = third(Action::Leave);
    let settings = Settings { faults, keeps_history, ..settings(server, leisurely(2)) };
    let load = LoadGenerator::start(settings).await.unwrap();
    assert_eq!(load.probe(SECOND * 10).await, 0);
    load.begin();
    until(&load, |settled| settled.messages.acked >= 20).await;
    assert!(load.leave(0, SECOND).await);
    // The server may hear it a moment later.
    eventually("politely", || server.goodbyes() == 1).await;
    eventually("a publisher and two subscribers are left", || server.connected() == 3).await;
    let away_since = settled(&load).messages.sent;
    assert!(load.all_connected(Duration::ZERO).await, "nobody waits for who is away on purpose");
    until(&load, |settled| settled.messages.acked >= away_since + 40).await;
    assert!(load.come(0, SECOND * 5).await);
    load.schedule_ended().await;
    assert!(load.all_connected(SECOND * 5).await);
    let again: Vec<_> = server
        .hellos()
        .into_iter()
        .filter(|hello| hello.name != "pub-0" && hello.session.is_some())
        .collect();
    assert_eq!(again.len(), 1, "{again:?}");
    let number: usize = again[0].name.strip_prefix("sub-").unwrap().parse().unwrap();
    assert_eq!(again[0].node, number % 2, "on its own node");
    load
}

#[tokio::test]
async fn who_left_gets_a_replay_of_all_that_it_missed() {
    let server = FaultyServer::start(2, Faults { history: true, ..Faults::default() }).await;
    let load = left(&server, true).await;
    let done = until(&load, |settled| settled.debts.owed == 360 && settled.debts.lost == 0).await;
    assert!(done.debts.recovered >= 40, "{:?}", done.debts);
    assert_eq!(done.debts.recovered, server.replayed() as u64);
    assert_eq!(done.debts.delivered + done.debts.recovered, 360);
    assert_eq!((done.counts.duplicates, done.counts.reordered, done.counts.replay_reordered), (0, 0, 0));
    assert_eq!(done.times.impact_ms, None);
    assert_eq!(load.finish().await.notes, Vec::<String>::new());
}

#[tokio::test]
async fn who_left_misses_what_nobody_keeps_and_that_harms_nobody() {
    for keeps_history in [true, false] {
        let server = FaultyServer::start(2, Faults::default()).await;
        let load = left(&server, keeps_history).await;
        // What is on its way is lost, and harm, until it arrives: the last message's receipt may come after its answer.
        let done = until(&load, |s| s.messages.acked == 120 && s.times.impact_ms.is_none()).await;
        assert_eq!(done.debts.delivered + done.debts.lost, 360);
        assert!(done.debts.lost_offline >= 40, "{:?}", done.debts);
        // What was on its way when it left: its receipt is the node's luck, and no harm either.
        assert!(done.debts.lost_online <= 10, "{:?}", done.debts);
        let nothing = "a node replayed nothing of what a subscriber had missed".to_owned();
        let expected = if keeps_history { vec![nothing] } else { vec![] };
        assert_eq!(load.finish().await.notes, expected);
    }
}

#[tokio::test]
async fn a_replay_in_part_is_remarked() {
    let faults = Faults { history: true, replay_at_most: Some(10), ..Faults::default() };
    let server = FaultyServer::start(2, faults).await;
    let load = left(&server, true).await;
    let over =
        |s: &Settled| s.debts.owed == 360 && s.debts.delivered + s.debts.recovered + s.debts.lost == 360;
    let done = until(&load, |s| over(s) && s.debts.recovered == 10 && s.messages.acked == 120).await;
    assert!(done.debts.lost >= 30, "{:?}", done.debts);
    let part = "a node replayed only a part of what a subscriber had missed";
    assert_eq!(load.finish().await.notes, [part]);
}

#[tokio::test]
async fn who_joins_is_absent_from_the_beginning_and_owed_what_is_said_from_then_on() {
    let server = FaultyServer::start(2, Faults { history: true, ..Faults::default() }).await;
    let settings = Settings { faults: third(Action::Join), ..settings(&server, plan(2)) };
    let load = LoadGenerator::start(settings).await.unwrap();
    assert_eq!(server.connected(), 3);
    // Its paths are not probed, and it misses nothing of the warm-up.
    assert_eq!(load.probe(SECOND * 10).await, 0);
    load.warm_up().await;
    load.begin();
    let before = until(&load, |settled| settled.messages.acked >= 40).await;
    assert_eq!(before.debts.owed, before.messages.sent * 2);
    assert!(load.come(0, SECOND * 5).await);
    assert_eq!(server.connected(), 4);
    load.schedule_ended().await;
    let done = until(&load, |settled| settled.messages.acked == 120 && settled.debts.lost == 0).await;
    assert!((240..=320).contains(&done.debts.owed), "{:?}", done.debts);
    assert_eq!((done.debts.delivered, done.debts.recovered), (done.debts.owed, 0), "it asks for no replay");
    assert_eq!((server.replayed(), done.times.impact_ms), (0, None));
    assert_eq!(load.finish().await.notes, Vec::<String>::new());
}

#[tokio::test]
async fn who_has_no_connection_leaves_and_stays_away_all_the_same() {
    let server = FaultyServer::start(1, Faults::default()).await;
    let all = Fault { target: Target::Subscribers(100), ..third(Action::Leave).remove(0) };
    let settings = Settings { faults: vec![all], ..settings(&server, plan(1)) };
    let load = LoadGenerator::start(settings).await.unwrap();
    load.begin();
    until(&load, |settled| settled.messages.acked >= 20).await;
    server.kill(0);
    let deadline = Instant::now() + SECOND * 10;
    while load.all_connected(Duration::ZERO).await {
        assert!(Instant::now() < deadline, "nobody notices that the node is gone");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(load.leave(0, SECOND).await);
    assert!(!load.come(0, Duration::from_millis(50)).await, "there is no node to come to");
    assert!(load.leave(0, SECOND).await);
    load.finish().await;
}

#[tokio::test]
async fn a_seed_chooses_who_leaves() {
    let mut chosen = Vec::new();
    for seed in [1, 1, 2, 3, 4, 5, 6] {
        let server = FaultyServer::start(1, Faults::default()).await;
        let faults = third(Action::Join);
        let plan = Plan { subscribers: 9, ..plan(1) };
        let load = LoadGenerator::start(Settings { faults, seed, ..settings(&server, plan) }).await.unwrap();
        let mut there: Vec<_> = server.hellos().into_iter().map(|hello| hello.name).collect();
        there.sort();
        assert_eq!(there.len(), 7, "a publisher and six subscribers");
        chosen.push(there);
        load.finish().await;
    }
    assert_eq!(chosen[0], chosen[1]);
    assert!(chosen[2..].iter().any(|others| *others != chosen[0]));
}

/// Sixty-three clients on three nodes, who come back from a lost connection only after half a minute.
fn patient(server: &FaultyServer) -> Settings {
    let plan = Plan { publishers: 3, subscribers: 60, ..plan(3) };
    let mut settings = settings(server, plan);
    (settings.load.reconnect_min, settings.load.reconnect_max) = (SECOND * 60, SECOND * 60);
    settings
}

#[tokio::test]
async fn in_a_storm_all_clients_of_a_node_and_no_others_come_back_at_once() {
    let server = FaultyServer::start(3, Faults::default()).await;
    let load = LoadGenerator::start(patient(&server)).await.unwrap();
    let first = server.hellos();
    let (storm_began, limit) = (Instant::now(), SECOND * 10);
    assert!(load.storm(Some(1), limit).await);
    assert!(storm_began.elapsed() < SECOND * 5, "{:?}", storm_began.elapsed());
    assert!(load.all_connected(Duration::ZERO).await, "all are back when it says so");
    let again = server.hellos().split_off(first.len());
    let mut names: Vec<_> = again.iter().map(|hello| &*hello.name).collect();
    let mut concerned: Vec<_> = first.iter().filter(|h| h.node == 1).map(|h| &*h.name).collect();
    names.sort_unstable();
    concerned.sort_unstable();
    assert_eq!((names.len(), names), (21, concerned));
    assert!(again.iter().all(|hello| hello.node == 1 && hello.session.is_some()), "{again:?}");
    assert_eq!(server.goodbyes(), 0, "they just drop it");
    // The same again, everywhere, and nobody is lost to the run.
    assert!(load.storm(None, limit).await);
    assert_eq!(server.hellos().len(), 63 + 21 + 63);
    load.begin();
    load.schedule_ended().await;
    until(&load, |s| s.debts.delivered == 120 * 60 && s.messages.acked == 120).await;
    load.finish().await;
}

#[tokio::test]
async fn control_a_connection_lost_otherwise_is_waited_for() {
    let faults = Faults { cut_subscriber_at: Some((1, 30)), ..Faults::default() };
    let server = FaultyServer::start(3, faults).await;
    let load = LoadGenerator::start(patient(&server)).await.unwrap();
    load.begin();
    load.schedule_ended().await;
    let deadline = Instant::now() + SECOND * 10;
    while load.all_connected(Duration::ZERO).await {
        assert!(Instant::now() < deadline, "its connection was not cut");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It is not there, so that no storm concerns it.
    assert!(load.storm(Some(1), SECOND * 10).await);
    assert!(!load.all_connected(Duration::ZERO).await);
    assert_eq!(server.hellos().len(), 63 + 20);
    load.finish().await;
}

#[tokio::test]
async fn a_storm_that_nobody_returns_from_is_told() {
    let server = FaultyServer::start(1, Faults::default()).await;
    let load = LoadGenerator::start(settings(&server, plan(1))).await.unwrap();
    server.turn_away(true);
    assert!(!load.storm(Some(0), Duration::from_millis(100)).await);
    assert_eq!(server.hellos().len(), 4);
    // They go on trying, as after any lost connection.
    server.turn_away(false);
    assert!(load.all_connected(SECOND * 10).await);
    load.finish().await;
}

/// Throws subscriber 1 out in this way, each time that it misses one of these messages.
fn ending(each: usize, end: End) -> Faults {
    harming(1, Harm { end: Some((Each(each), end)), ..Harm::default() })
}

#[tokio::test]
async fn who_is_never_let_in_again_is_named_with_the_servers_words() {
    let words = [
        (Ban::Silent, ["closed before it said welcome"; 2]),
        (Ban::Close, ["closed with 4001 before it said welcome: banned"; 2]),
        (Ban::Http, ["HTTP 403 Forbidden"; 2]),
        (
            Ban::AfterWelcome,
            [
                "closed with 4001 before it confirmed the subscription: banned",
                "a server closed a connection with 4001: banned",
            ],
        ),
    ];
    for (ban, [subscribers, publishers]) in words {
        let subscriber = ending(30, End::Close(4002, "out"));
        let publisher = Faults { cut_publisher_at: Some((0, 30)), ..Faults::default() };
        for (client, why, faults) in
            [("subscriber 1", subscribers, subscriber), ("publisher 0", publishers, publisher)]
        {
            let server = FaultyServer::start(2, Faults { ban: Some(ban), ..faults }).await;
            let load = LoadGenerator::start(settings(&server, plan(2))).await.unwrap();
            load.begin();
            load.schedule_ended().await;
            until(&load, |settled| settled.counts.disconnects >= 1).await;
            let refused = || load.locked_out().iter().any(|out| out.refusal == why && !out.own);
            eventually(why, refused).await;
            assert!(!load.all_connected(SECOND / 5).await);
            let out = load.locked_out();
            assert_eq!((out.len(), &*out[0].client), (1, client));
            assert!(out[0].out >= SECOND / 5, "{out:?}");
            load.finish().await;
        }
    }
}

#[tokio::test]
async fn connections_that_the_server_ends_are_counted_with_its_words() {
    let heartbeat =
        (ending(60, End::Close(4001, "heartbeat")), 2, "a server closed a connection with 4001: heartbeat");
    let broken = (ending(60, End::BadFrame), 2, "a server broke the WebSocket protocol: ");
    let cut = Faults { cut_publisher_at: Some((0, 30)), ..Faults::default() };
    for (faults, times, why) in [heartbeat, broken, (cut, 1, "a ")] {
        let server = FaultyServer::start(2, faults).await;
        let load = LoadGenerator::start(settings(&server, leisurely(2))).await.unwrap();
        load.begin();
        load.schedule_ended().await;
        let done = until(&load, |settled| settled.counts.disconnects == times).await;
        assert_eq!((done.disconnects.len(), done.disconnects[0].times), (1, times));
        assert!(done.disconnects[0].why.starts_with(why), "{:?}", done.disconnects);
        load.finish().await;
    }
}

#[tokio::test]
async fn control_what_the_load_ends_itself_is_no_disconnect() {
    let server = FaultyServer::start(2, Faults::default()).await;
    let load = left(&server, false).await;
    assert!(load.storm(None, SECOND * 10).await);
    let done = until(&load, |settled| settled.messages.sent == 120).await;
    assert_eq!((done.counts.disconnects, done.early_disconnects), (0, 0), "{:?}", done.disconnects);
    load.finish().await;
}

#[tokio::test]
async fn texts_joined_in_one_frame_speak_against_the_reading() {
    let joined = harming(1, Harm { join: Some(Each(40)), ..Harm::default() });
    let server = FaultyServer::start(2, joined).await;
    let load = LoadGenerator::start(settings(&server, plan(2))).await.unwrap();
    load.begin();
    load.schedule_ended().await;
    // The 120th has none after it to be joined with.
    let done = until(&load, |settled| settled.debts.delivered == 355).await;
    assert_eq!(done.counts.corrupted, 0);
    let problems = load.finish().await.problems;
    let says = "2 frames hold this run's texts and cannot be taken apart, so the dialect is read wrongly, the first: ";
    assert!(problems.len() == 1 && problems[0].starts_with(&format!("{says}{{")), "{problems:?}");
}

#[tokio::test]
async fn binary_frames_are_read_as_others_are() {
    measure(harming(1, Harm { binary: true, ..Harm::default() }), AllCounts::clean()).await;
}

#[tokio::test]
async fn a_frame_that_is_not_of_the_dialect_is_unreadable_and_an_example_is_shown() {
    let chatter = Harm { chatter: Some((Each(20), "what a {day}")), ..Harm::default() };
    let (_, harness) = measure(harming(1, chatter), AllCounts::clean()).await;
    assert_eq!(harness.notes, ["the server sent 6 unreadable frames, the first: what a {day}"]);
}

#[tokio::test]
async fn the_words_of_a_refusal_are_told() {
    let faults = Faults { refuse_because: Some((Each(60), "rejected", "NOPERM no")), ..Faults::default() };
    let server = FaultyServer::start(2, faults).await;
    let load = LoadGenerator::start(settings(&server, plan(2))).await.unwrap();
    load.begin();
    load.schedule_ended().await;
    until(&load, |settled| settled.messages.refused == 2).await;
    assert_eq!(load.finish().await.causes, ["a node refused a message: rejected: NOPERM no (2 times)"]);
}
