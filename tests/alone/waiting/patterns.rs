//! The four patterns under the shipped scenarios, as the command line runs them: what each promises is what its row
//! shows.
//!
//! A bench that finds the machine too busy to prove anything is run again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use crate::support::report::{Run, conclusive};

const BROKER_DOWN: &str = include_str!("../../../scenarios/broker-down.toml");
const NODE_DOWN: &str = include_str!("../../../scenarios/node-down.toml");
const EVERYTHING_DOWN: &str = include_str!("../../../scenarios/everything-down.toml");
const SUBSCRIBER_AWAY: &str = include_str!("../../../scenarios/subscriber-away.toml");
const PEER_DOWN: &str = include_str!("../../../scenarios/peer-down.toml");
const SLOW_JOINER: &str = include_str!("../../../scenarios/slow-joiner.toml");
const LATE_JOINER: &str = include_str!("../../../scenarios/late-joiner.toml");
const HALF_OPEN: &str = include_str!("../../../scenarios/half-open.toml");
const SPLIT_BRAIN: &str = include_str!("../../../scenarios/split-brain.toml");
const HISTORY_DOWN: &str = include_str!("../../../scenarios/history-down.toml");

/// One pattern's run of a scenario; every expectation of the file must hold.
fn run(scenario: &str, pattern: &str, args: &[&str]) -> Run {
    conclusive(scenario, &[&["--pattern", pattern, "--warm-up", "500ms"], args].concat()).run(pattern, 0)
}

/// As long as the fault and a moment after it.
const SHORT: [&str; 2] = ["--duration", "12s"];
/// What is lost is waited for in vain.
const LOSING: [&str; 4] = ["--duration", "12s", "--drain", "2s"];

#[test]
fn a_broker_that_is_down_costs_a_durable_queue_nothing() {
    for seed in ["1", "2"] {
        let amqp = run(BROKER_DOWN, "amqp", &[&SHORT[..], &["--seed", seed]].concat());
        amqp.assert_clean();
        assert_eq!(amqp.counts(["due", "acked", "owed"]), [1_200, 1_200, 36_000], "{:#}", amqp.brief());
        assert_eq!(amqp.counts(["lost", "reordered"]), [0, 0], "{:#}", amqp.brief());
        // The publishes of the outage waited in the nodes: late, and none of them lost.
        assert!(amqp["impact_ms"].as_u64().unwrap() > 4_000, "{:#}", amqp.brief());
    }
}

#[test]
fn a_broker_that_is_down_costs_redis_the_outage_and_the_others_have_none() {
    let redis = run(BROKER_DOWN, "redis", &LOSING);
    redis.assert_clean();
    let (begin, _, healed) = redis.fault("kill broker");
    // A hundred messages a second, to thirty subscribers.
    let (lost, outage) = (redis.count("lost"), (healed - begin) * 100 / 1_000 * 30);
    assert!((outage * 9 / 10..=outage * 12 / 10).contains(&lost), "{outage}: {:#}", redis.brief());
    for pattern in ["local", "zeromq"] {
        let ended = conclusive(BROKER_DOWN, &["--pattern", pattern]);
        // That nothing was run is no success.
        assert_eq!(ended.code, Some(2), "{}", ended.everything());
        assert_eq!(ended.report().run(pattern)["verdict"], "not_applicable");
    }
}

#[test]
fn what_the_clients_of_a_dead_node_missed_is_recovered_where_there_is_a_history() {
    let amqp = run(NODE_DOWN, "amqp", &SHORT);
    amqp.assert_clean();
    assert!(amqp.count("recovered") > 0, "{:#}", amqp.brief());
    // But for a message that the dead node had just taken: its publisher knows that it does not know.
    assert_eq!(amqp.count("lost"), amqp.count("lost_unknown"), "{:#}", amqp.brief());
    for pattern in ["redis", "zeromq"] {
        let run = run(NODE_DOWN, pattern, &LOSING);
        run.assert_clean();
        assert_eq!(run.count("recovered"), 0, "{:#}", run.brief());
        assert!(run.count("lost_offline") > 0, "{:#}", run.brief());
    }
}

#[test]
fn with_resend_nothing_is_lost_when_everything_goes_down() {
    let amqp = run(EVERYTHING_DOWN, "amqp", &[]);
    amqp.assert_clean();
    assert_eq!(amqp.counts(["lost", "duplicates", "unsent"]), [0; 3], "{:#}", amqp.brief());
    assert!(amqp.count("recovered") > 0, "{:#}", amqp.brief());
}

#[test]
fn who_was_away_gets_what_was_said_where_there_is_a_history() {
    let amqp = run(SUBSCRIBER_AWAY, "amqp", &SHORT);
    amqp.assert_clean();
    assert_eq!(amqp.count("lost"), 0, "{:#}", amqp.brief());
    assert!(amqp.count("recovered") > 0 && amqp["recovered_us"].is_object(), "{:#}", amqp.brief());
    let zeromq = run(SUBSCRIBER_AWAY, "zeromq", &LOSING);
    assert_eq!(zeromq.count("recovered"), 0, "{:#}", zeromq.brief());
    // They were away on purpose, and also miss what was on its way to them as they left: that is no impact.
    assert!(zeromq.count("lost_offline") > 0 && zeromq["impact_ms"].is_null(), "{:#}", zeromq.brief());
}

#[test]
fn the_chat_goes_on_without_history() {
    let amqp = run(HISTORY_DOWN, "amqp", &SHORT);
    amqp.assert_clean();
    assert_eq!(amqp.count("lost"), 0, "{:#}", amqp.brief());
}

#[test]
fn a_dead_peer_costs_what_its_own_clients_missed() {
    let zeromq = run(PEER_DOWN, "zeromq", &LOSING);
    zeromq.assert_clean();
    assert!(zeromq.count("lost") > 0, "{:#}", zeromq.brief());
}

#[test]
fn who_joins_under_load_hears_everything_from_then_on() {
    for (scenario, pattern) in [(SLOW_JOINER, "zeromq"), (LATE_JOINER, "zeromq"), (LATE_JOINER, "amqp")] {
        let run = run(scenario, pattern, &[]);
        run.assert_clean();
        assert_eq!(run.count("lost"), 0, "{:#}", run.brief());
    }
}

/// What is printed under the table of a run.
fn printed(scenario: &str, pattern: &str, args: &[&str]) -> (Run, String) {
    let ended = conclusive(scenario, &[&["--pattern", pattern, "--warm-up", "500ms"], args].concat());
    let run = ended.run(pattern, 0);
    let begin = format!("{pattern}: ");
    let said = ended.out().into_iter().find(|line| line.starts_with(&begin)).unwrap_or_default();
    (run, said)
}

#[test]
fn two_halves_go_on_by_themselves_and_what_crossed_comes_late() {
    let (zeromq, said) = printed(SPLIT_BRAIN, "zeromq", &SHORT);
    let brief = format!("{:#}", zeromq.brief());
    zeromq.assert_clean();
    // Each half acknowledges everything, and within it everybody hears: half of the deliveries of that time.
    assert_eq!(zeromq.count("acked"), zeromq.count("due"), "{brief}");
    let meanwhile: u64 =
        zeromq.slices(6_000..9_900).iter().map(|slice| slice["received"].as_u64().unwrap()).sum();
    let all = 390 * 40;
    assert!((all * 2 / 5..=all * 3 / 5).contains(&meanwhile), "{meanwhile}: {brief}");
    assert!(zeromq["impact_ms"].as_u64().unwrap() > 4_000, "{brief}");
    assert!(said.contains("went on among themselves"), "{said}");
    assert!(said.contains("What should have crossed waited in buffers"), "{said}");
}

#[test]
fn who_hears_nothing_is_told_late_or_never_and_only_a_durable_queue_keeps_it() {
    for pattern in ["redis", "zeromq", "amqp"] {
        let (run, said) = printed(HALF_OPEN, pattern, &SHORT);
        let brief = format!("{:#}", run.brief());
        run.assert_clean();
        assert!(run["impact_ms"].as_u64().unwrap() > 3_000, "{brief}");
        // Redis does not wait for who does not read; sockets and queues do.
        let lesson = match pattern {
            "redis" => "while no byte passed from the broker to node 1",
            "zeromq" => "What should have crossed waited in buffers",
            _ => "what could not pass waited in an outbox or a queue",
        };
        assert!(said.contains(lesson), "{said}");
        assert_eq!(run.count("lost") > 1_000, pattern == "redis", "{brief}");
        assert_eq!(run.count("lost") == 0, pattern != "redis", "{brief}");
        let [link] = run["links"].as_array().unwrap().as_slice() else { panic!("{brief}") };
        assert!(link["bytes_forward"].as_u64().unwrap() > 10_000, "{brief}");
    }
    let ended = conclusive(HALF_OPEN, &["--pattern", "local"]);
    assert_eq!(ended.report().run("local")["verdict"], "not_applicable");
}
