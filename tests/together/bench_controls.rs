//! Positive controls through the real command line: `bench --url` against a server that fails by known numbers.
//! An instrument that cannot find what is there proves nothing when it finds nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::HashMap;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use tokio::runtime::Handle;

use crate::support::faulty::{Each, End, Faults, FaultyServer, Harm};
use crate::support::process::{PATIENCE, eventually};
use crate::support::report::{Bench, Ended, Run, conclusive, until_conclusive};

/// One publisher, three subscribers, one room: 120 messages in 1.2 s, and nobody may lose any.
const SCENARIO: &str = "
title = \"Known faults\"
[load]
publishers = 1
subscribers = 3
rate = 100
warm_up = \"100ms\"
duration = \"1200ms\"
drain = \"2s\"
[expect]
lost = 0
duplicates = 0
reordered = 0
corrupted = 0
unexpected = 0
foreign = 0
disconnects = 0
refused = 0
unknown = 0
on_time = 1
";

/// Figures of a run, by name.
type Figures = Vec<(&'static str, u64)>;

/// Every figure of a run in which nothing goes wrong.
const CLEAN: [(&str, u64); 27] = [
    ("due", 120),
    ("sent", 120),
    ("unsent", 0),
    ("acked", 120),
    ("refused", 0),
    ("unknown", 0),
    ("owed", 360),
    ("delivered", 360),
    ("recovered", 0),
    ("lost", 0),
    ("lost_confirmed", 0),
    ("lost_handed", 0),
    ("lost_refused", 0),
    ("lost_unknown", 0),
    ("lost_no_path", 0),
    ("lost_online", 0),
    ("lost_offline", 0),
    ("duplicates", 0),
    ("held_again", 0),
    ("live_again", 0),
    ("replay_after_live", 0),
    ("reordered", 0),
    ("refused_but_delivered", 0),
    ("unexpected", 0),
    ("corrupted", 0),
    ("foreign", 0),
    ("disconnects", 0),
];

/// The figures of a clean run, but for these.
fn but(changed: &[(&'static str, u64)]) -> Figures {
    assert!(changed.iter().all(|(name, _)| CLEAN.iter().any(|(known, _)| known == name)));
    let value = |name: &str| changed.iter().find(|(changed, _)| *changed == name).map(|(_, value)| *value);
    CLEAN.iter().map(|(name, clean)| (*name, value(name).unwrap_or(*clean))).collect()
}

/// Benches a server of two nodes with these faults.
async fn bench(faults: Faults) -> Ended {
    let server = FaultyServer::start(2, faults).await;
    let urls = server.urls();
    let args = ["--url", &urls[0], "--url", &urls[1], "--format", "json"];
    tokio::task::block_in_place(|| conclusive(SCENARIO, &args))
}

/// Benches a server with these faults: the report says exactly this, and the exit code agrees.
async fn measure(faults: Faults, expected: Figures) -> Run {
    let ended = bench(faults).await;
    let clean = expected == CLEAN;
    let run = ended.run("attached", if clean { 0 } else { 1 });
    let found: Figures = expected.iter().map(|(name, _)| (*name, run.count(name))).collect();
    assert_eq!(found, expected, "{:#}", run.brief());
    assert_eq!(run["verdict"], if clean { "valid" } else { "violated" });
    // Each bound that does not hold is named, with its value.
    for (figure, value) in expected {
        let bounded = SCENARIO.contains(&format!("\n{figure} = 0\n"));
        let says = format!("{figure} is {value}, expected 0");
        assert_eq!(says_and_when(&run, &says), bounded && value > 0, "{says}: {:?}", run.why());
    }
    run
}

/// Whether a run says this, and where in time.
fn says_and_when(run: &Run, says: &str) -> bool {
    let when = |rest: &str| rest.starts_with(" (at ") || rest.starts_with(" (from ");
    run.why().iter().any(|why| why.strip_prefix(says).is_some_and(|rest| when(rest) && rest.ends_with(" s)")))
}

fn harming(subscriber: usize, harm: Harm) -> Faults {
    Faults { harm: HashMap::from([(subscriber, harm)]), ..Faults::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_faults_is_found_without_fault() {
    let run = measure(Faults::default(), but(&[])).await;
    assert_eq!(run["debts"]["on_time"], 1.0);
    assert!(run["impact_ms"].is_null(), "{:#}", run.brief());
    assert!(run["latency_us"]["p50"].as_u64().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_ones_are_counted() {
    let harm = Harm { lose: Some(Each(10)), ..Harm::default() };
    let lost = [("delivered", 348), ("lost", 12), ("lost_handed", 12), ("lost_online", 12)];
    let run = measure(harming(1, harm), but(&lost)).await;
    // Every tenth: the timeline has one in each slice of ten.
    let slices = run.slices(0..1_200);
    assert!(slices.iter().all(|slice| slice["sent"] == 10 && slice["lost"] == 1), "{slices:?}");
    // The first lost is due after 90 ms, the last after 1190.
    assert_eq!(run["impact_ms"], 1_100);
    assert!(run.why().contains(&"lost is 12, expected 0 (from 0.1 s to 1.2 s)"), "{:?}", run.why());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loss_and_duplicates_do_not_make_up_for_each_other() {
    let harm = Harm { lose: Some(Each(10)), duplicate: Some(Each(5)), ..Harm::default() };
    // Of 24 every second one would be both: it is lost. As many lost as doubled.
    let both =
        [("delivered", 348), ("lost", 12), ("lost_handed", 12), ("lost_online", 12), ("duplicates", 12)];
    measure(harming(1, harm), but(&both)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swapped_changed_and_invented_ones_are_counted() {
    // The 120th has none after it to swap with: every 7th, 17 of them.
    let swap = Harm { swap: Some(Each(7)), ..Harm::default() };
    let corrupt = Harm { corrupt: Some(Each(20)), ..Harm::default() };
    let strange =
        Harm { foreign: Some(Each(12)), invent: Some(Each(30)), stray: Some(Each(40)), ..Harm::default() };
    let faults = Faults { harm: HashMap::from([(0, swap), (1, corrupt), (2, strange)]), ..Faults::default() };
    let expected = [
        ("reordered", 17),
        ("corrupted", 6),
        ("delivered", 354),
        ("lost", 6),
        ("lost_handed", 6),
        ("lost_online", 6),
        ("foreign", 10),
        ("unexpected", 17),
    ];
    let run = measure(faults, but(&expected)).await;
    // One example of each, so that a reader sees what is meant.
    for word in ["corrupted", "foreign", "unexpected"] {
        let example = format!("the first {word} text: ");
        assert!(run.why().iter().any(|why| why.starts_with(&example)), "{word}: {:?}", run.why());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delayed_ones_are_late_by_the_known_time() {
    let harm = Harm { delay: Some((Each(11), Duration::from_millis(1_500))), ..Harm::default() };
    // 10 of them, all overtaken by the end of the load.
    let run = measure(harming(1, harm), but(&[("reordered", 10)])).await;
    assert_eq!(run["debts"]["on_time"], json!(350.0 / 360.0));
    let said = run.why().into_iter().find(|why| why.starts_with("on_time is 0.97")).unwrap();
    // The first delayed one is due after 100 ms, the last after 1090.
    assert!(said.ends_with("expected 1 (from 0.1 s to 1.1 s)"), "{said}");
    // No earlier than the delay; how much later is the machine's.
    let max = run["latency_us"]["max"].as_u64().unwrap();
    assert!((1_498_000..2_500_000).contains(&max), "{max} µs");
    let median = run["latency_us"]["p50"].as_u64().unwrap();
    assert!(median < 500_000, "{median} µs");
    // From the first delayed one's intended time, after 100 ms, to the last one's receipt: it is due after 1090.
    let impact = run["impact_ms"].as_u64().unwrap();
    assert!((2_489..3_500).contains(&impact), "{impact} ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_told_apart() {
    let faults = Faults {
        refuse: Some(Each(10)),             // 12, not delivered
        refuse_but_deliver: Some(Each(15)), // 8, of which 4 are refused and not delivered
        unknown: Some(Each(7)),             // 17, of which 2 (the 70th and the 105th) are refused
        forget_answer: Some(Each(11)),      // 10, of which 1 (the 110th) is refused and 1 (the 77th) unknown
        ..Faults::default()
    };
    let expected = [
        ("acked", 81),
        ("refused", 16),
        ("unknown", 23),
        ("delivered", 324),
        ("lost", 36),
        ("lost_refused", 36),
        ("lost_online", 36),
        ("refused_but_delivered", 12),
    ];
    measure(faults, but(&expected)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmed_message_that_is_lost_is_a_broken_promise() {
    let faults = Faults { confirm: true, ..harming(2, Harm { lose: Some(Each(8)), ..Harm::default() }) };
    let broken = [("delivered", 345), ("lost", 15), ("lost_confirmed", 15), ("lost_online", 15)];
    measure(faults, but(&broken)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_server_ends_are_counted_and_are_the_likely_cause() {
    let end = Harm { end: Some((Each(60), End::Close(4001, "heartbeat"))), ..Harm::default() };
    let run = bench(harming(1, end)).await.run("attached", 1);
    assert_eq!(run.count("disconnects"), 2, "{:#}", run.brief());
    assert!(says_and_when(&run, "disconnects is 2, expected 0"), "{:?}", run.why());
    let cause = "a server closed a connection with 4001: heartbeat (2 times)";
    assert_eq!(run["reasons"]["causes"], json!([cause]), "{:#}", run.brief());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_joined_in_one_frame_make_the_run_inconclusive() {
    let join = Harm { join: Some(Each(40)), ..Harm::default() };
    let server = FaultyServer::start(2, harming(1, join)).await;
    let urls = server.urls();
    let args = ["--url", &urls[0], "--url", &urls[1]];
    let run = tokio::task::block_in_place(|| Bench::start(SCENARIO, &args).ended()).run("attached", 3);
    assert_eq!((&run["verdict"], run.count("corrupted")), (&json!("inconclusive"), 0));
    let says = "2 frames hold this run's texts and cannot be taken apart, so the dialect is read wrongly, the first: {";
    assert!(run.why()[0].starts_with(says), "{:?}", run.why());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_client_receives_anything_the_run_says_so_and_ends_after_the_probe() {
    let deaf = || Harm { deaf: true, ..Harm::default() };
    let harm = (0..3).map(|subscriber| (subscriber, deaf())).collect();
    let server = FaultyServer::start(2, Faults { harm, ..Faults::default() }).await;
    let urls = server.urls();
    let args = ["--url", &urls[0], "--url", &urls[1]];
    let ended = tokio::task::block_in_place(|| Bench::start(SCENARIO, &args).ended());
    let run = ended.report().run("attached");
    assert_eq!((ended.code, &run["verdict"]), (Some(1), &json!("violated")), "{}", ended.everything());
    let says =
        "no client ever received a message: none of 3 paths worked within 10s, so the load was not run";
    assert_eq!(run.why()[0], says);
    assert!(run["messages"].is_null());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_path_is_violated_and_not_inconclusive() {
    let ended = bench(harming(1, Harm { deaf: true, ..Harm::default() })).await;
    let run = ended.run("attached", 1);
    assert_eq!(run["verdict"], "violated");
    assert_eq!(run["unverified_paths"], json!([{"publisher": 0, "subscriber": 1}]));
    assert_eq!(run.why()[0], "a path never worked, not even before the load: publisher 0 to subscriber 1");
    assert_eq!(run.counts(["owed", "delivered", "lost"]), [360, 240, 120]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_forgotten_is_named_with_the_moment_though_nothing_was_expected() {
    let scenario = SCENARIO.replace("1200ms", "3s").split("[expect]").next().unwrap().to_owned();
    let ended = |harm| async {
        let server = FaultyServer::start(2, harming(1, harm)).await;
        let urls = server.urls();
        tokio::task::block_in_place(|| conclusive(&scenario, &["--url", &urls[0], "--url", &urls[1]]))
    };
    let forgotten = ended(Harm { forgotten_from: Some(130), ..Harm::default() }).await;
    let run = forgotten.run("attached", 1);
    assert_eq!(run["verdict"], "violated");
    assert_eq!(run.why(), ["a path stopped working at 1.3 s: publisher 0 to subscriber 1"]);
    assert_eq!(run.counts(["owed", "delivered", "lost"]), [900, 730, 170]);
    // Control: it loses as much, and the path goes on working.
    let lossy = ended(Harm { lose: Some(Each(2)), ..Harm::default() }).await;
    let run = lossy.run("attached", 0);
    assert_eq!((run.count("lost"), run.why()), (150, vec![]));
}

/// Asserts that a run proves nothing, and says first that it was the load generator's fault.
fn assert_inconclusive(ended: &Ended, label: &str, why: &str) -> Run {
    let run = ended.run(label, 3);
    assert_eq!(run["verdict"], "inconclusive");
    assert!(run.why()[0].contains(why), "{:?}", run.why());
    assert_eq!(run["harness_limited"], true);
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_starved_load_generator_blames_itself() {
    let server = FaultyServer::start(2, Faults::default()).await;
    let urls = server.urls();
    let ended = tokio::task::block_in_place(|| {
        let bench = Bench::start(SCENARIO, &["--url", &urls[0], "--url", &urls[1], "--duration", "3s"]);
        // The line that names the load comes before its first message: a stop then would starve nothing.
        assert!(eventually(PATIENCE, || server.published("20") > 0));
        // It stands still for an eighth of its load; what was due then is late.
        bench.signal(Signal::SIGSTOP);
        std::thread::sleep(Duration::from_millis(400));
        bench.signal(Signal::SIGCONT);
        bench.ended()
    });
    let run = assert_inconclusive(&ended, "attached", "load generator ");
    // All arrived: nobody may call that a fault of the server.
    assert_eq!(run.counts(["due", "acked", "delivered", "lost"]), [300, 300, 900, 0], "{:#}", run.brief());
    let out = ended.out().join("\n");
    assert!(out.contains("inconclusive, because the load generator "), "{out}");
    assert!(out.contains("Its figures prove nothing."), "{out}");
}

#[test]
fn more_than_it_can_is_inconclusive_and_not_nonsense() {
    let scenario =
        SCENARIO.replace("rate = 100", "rate = 200000").replace("subscribers = 3", "subscribers = 12");
    let ended = Bench::start(&scenario, &["--pattern", "local", "--nodes", "1"]).ended();
    let run = assert_inconclusive(&ended, "local", "load generator ");
    assert_eq!(run.count("due"), 240_000);
    let why = run.why();
    // Where it fails first, in its queues or at receiving, is the machine's to say. But its publishers had a
    // connection all the time.
    assert!(!why.iter().any(|why| why.contains("no connection")), "{why:?}");
    let out = ended.out().join("\n");
    assert!(out.contains("Its figures prove nothing."), "{out}");
}

/// The same load; one of the three is away on purpose from 300 to 800 ms. So little time needs no long drain.
fn away() -> String {
    let leave = "[[fault]]\nat = \"300ms\"\nfor = \"500ms\"\nleave = \"34%\"\n[expect]";
    SCENARIO.replace("[expect]", leave).replace("on_time = 1\n", "")
}

/// Benches a server with these faults while one subscriber is away; gives the run, and how many messages the
/// server replayed.
async fn measure_away(faults: Faults, code: i32) -> (Run, u64, Ended) {
    let mut server = None;
    let ended = tokio::task::block_in_place(|| {
        until_conclusive(|| {
            // A new one for each try: ids are the same again, and it would replay what it holds of the one before.
            let faults = Faults { history: true, ..faults.clone() };
            let started = Handle::current().block_on(FaultyServer::start(2, faults));
            let urls = server.insert(started).urls();
            Bench::start(&away(), &["--url", &urls[0], "--url", &urls[1]]).ended()
        })
    });
    let server = server.expect("a bench has a server");
    let run = ended.run("attached", code);
    let (begin, back, subscribed) = run.fault("leave 34% of the subscribers");
    assert!((300..800).contains(&begin) && back >= 800 && subscribed >= back, "{:#}", run.brief());
    assert_eq!(run.counts(["due", "acked", "owed", "reordered", "replay_reordered"]), [120, 120, 360, 0, 0]);
    // Whatever it missed, nobody is harmed by it.
    assert!(run["impact_ms"].is_null() && run["recovery_ms"].is_null(), "{:#}", run.brief());
    // It was away for half a second, or what a late beginning left of it. Who calls compares exactly.
    let replayed = server.replayed() as u64;
    assert!(replayed > 20, "{replayed}");
    (run, replayed, ended)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_correct_server_replays_is_recovered() {
    let (run, replayed, ended) = measure_away(Faults::default(), 0).await;
    assert_eq!(run.counts(["recovered", "lost", "duplicates"]), [replayed, 0, 0], "{:#}", run.brief());
    assert_eq!(run.count("delivered"), 360 - replayed);
    let (begin, back, _) = run.fault("leave 34% of the subscribers");
    let longest = run["recovered_us"]["max"].as_u64().unwrap();
    assert!(longest > (back - begin - 100) * 1_000, "{:#}", run.brief());
    let out = ended.out().join("\n");
    assert!(out.contains("Nothing was lost, and only who was away had to wait."), "{out}");
    ended.err_line("leave 34% of the subscribers");
    ended.err_line("coming back: leave 34% of the subscribers");
    ended.err_line("back: leave 34% of the subscribers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_replay_forgets_is_lost() {
    let (run, replayed, ended) =
        measure_away(Faults { forget_replayed: Some(20), ..Faults::default() }, 1).await;
    assert_eq!(run.counts(["recovered", "lost", "lost_offline"]), [replayed, 1, 1], "{:#}", run.brief());
    // The replay said that it had brought everything, which violates whatever was expected.
    let lie = "a delivery had been acknowledged and was missing after a replay that said it had brought everything (`recovered: all`)";
    let why = run.why();
    assert!(why.len() == 2 && why[0] == lie && says_and_when(&run, "lost is 1, expected 0"), "{why:?}");
    assert_eq!(run.counts(["lost_told", "lost_silent"]), [0, 1], "{:#}", run.brief());
    let out = ended.out().join("\n");
    assert!(out.contains("all of them to subscribers that were away on purpose"), "{out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_twice_in_a_replay_is_a_duplicate() {
    let (run, replayed, _) = measure_away(Faults { replay_twice: Some(20), ..Faults::default() }, 1).await;
    assert_eq!(run.counts(["recovered", "lost", "duplicates"]), [replayed - 1, 0, 1], "{:#}", run.brief());
    assert!(run.why().len() == 1 && says_and_when(&run, "duplicates is 1, expected 0"), "{:?}", run.why());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_fault_beside_a_leave_is_not_applicable_to_urls() {
    let server = FaultyServer::start(1, Faults::default()).await;
    let urls = server.urls();
    let kill = "[[fault]]\nat = \"100ms\"\nfor = \"100ms\"\nkill = \"history\"\n[expect]";
    let scenario = away().replace("[expect]", kill);
    let ended = tokio::task::block_in_place(|| Bench::start(&scenario, &["--url", &urls[0]]).ended());
    let run = ended.report().run("attached");
    assert_eq!(
        (&run["verdict"], run.why()),
        (&json!("not_applicable"), vec!["its history is not the lab's"])
    );
}
