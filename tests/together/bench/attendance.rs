//! What is counted when subscribers leave and join on purpose.

use serde_json::Value;

use crate::support::report::{Run, conclusive, short};

/// Half of the twelve.
const HALF: u64 = 6;

/// A short scenario of these patterns, with these lines after its `[load]`.
fn scenario(patterns: &str, more: &str) -> String {
    format!("patterns = [{patterns}]\n{}", short(more))
}

fn fault(lines: &str) -> String {
    format!("[[fault]]\n{lines}\n")
}

/// Whether so many of the twelve received every message of a slice, and the others none.
fn reached(subscribers: u64) -> impl Fn(&&Value) -> bool {
    move |slice| {
        let [sent, delivered, lost] = ["sent", "delivered", "lost"].map(|key| slice[key].as_u64().unwrap());
        delivered == sent * subscribers && lost == sent * (2 * HALF - subscribers)
    }
}

/// Asserts that nothing is wrong but what nobody kept for those who were away.
fn assert_away(run: &Run, begin: u64, heal_begin: u64, healed: u64) {
    let brief = format!("{:#}", run.brief());
    assert_eq!(run.counts(["due", "acked", "owed", "unsent"]), [300, 300, 3_600, 0], "{brief}");
    let zeros = ["recovered", "lost_confirmed", "duplicates", "reordered", "unexpected", "corrupted"];
    assert_eq!(run.counts(zeros), [0; 6], "{brief}");
    // Apart from the slices in which they go and come, and what may be on its way then.
    let (before, away) = (run.slices(0..begin - 300), run.slices(begin + 300..heal_begin - 300));
    assert!(before.len() > 5 && before.iter().all(reached(2 * HALF)), "{before:?}");
    assert!(away.len() >= 2 && away.iter().all(reached(HALF)), "{away:?}");
    let after = run.slices(healed..3_000);
    assert!(after.iter().all(reached(2 * HALF)), "{after:?}");
    // What was under way just then is the node's luck, and no harm either.
    assert!(run.count("lost_offline") >= run.count("lost_online"), "{brief}");
    assert!(
        run["impact_ms"].is_null() && run["recovery_ms"].is_null() && run["ready_ms"].is_null(),
        "{brief}"
    );
}

#[test]
fn half_of_them_leave_and_come_back() {
    let leave = fault("at = \"1s\"\nfor = \"1s\"\nleave = \"50%\"");
    let ended = conclusive(&scenario("\"local\", \"redis\"", &leave), &[]);
    let redis = ended.run("redis", 0);
    let (begin, heal_begin, healed) = redis.fault("leave 50% of the subscribers");
    assert!((1_000..2_000).contains(&begin) && heal_begin >= 2_000 && healed >= heal_begin);
    assert_away(&redis, begin, heal_begin, healed);
    // A pattern without history owes no replay, so that there is nothing to remark.
    assert_eq!(redis.why(), Vec::<&str>::new());

    // Of those twelve each hears a third.
    let local = ended.run("local", 0);
    let brief = format!("{:#}", local.brief());
    assert_eq!(local.counts(["owed", "lost_no_path", "duplicates"]), [3_600, 2_400, 0], "{brief}");
    // The six who left hear a third of the hundred messages of that second, on their own nodes.
    let (begin, heal_begin, healed) = local.fault("leave 50% of the subscribers");
    let missed = HALF * (heal_begin - begin) / 30 - 50..=HALF * (healed - begin) / 30 + 12;
    assert!(missed.contains(&(local.count("lost") - 2_400)), "{missed:?}: {brief}");
    assert!(local["impact_ms"].is_null(), "{brief}");
}

#[test]
fn who_leaves_for_good_is_not_waited_for() {
    let leave = fault("at = \"2s\"\nleave = \"50%\"");
    let ended = conclusive(&scenario("\"redis\"", &leave), &[]);
    let run = ended.run("redis", 0);
    let fault = &run["faults"][0];
    assert!(fault["heal_begin_ms"].is_null() && fault["healed_ms"].is_null(), "{fault}");
    // As if they came back after the end: nobody is there again in its last slices.
    assert_away(&run, fault["begin_ms"].as_u64().unwrap(), 3_300, 3_000);
    assert_eq!(run["verdict"], "valid");
}

#[test]
fn two_waves_join_and_are_owed_what_is_said_from_then_on() {
    let joins = fault("at = \"1s\"\njoin = \"25%\"") + &fault("at = \"2s\"\njoin = \"25%\"");
    let ended = conclusive(&scenario("\"local\", \"redis\", \"zeromq\"", &joins), &[]);
    for (label, path) in [("redis", 1), ("zeromq", 1), ("local", 3)] {
        let run = ended.run(label, 0);
        let brief = format!("{:#}", run.brief());
        // Six are there for 300 messages, three for 200, three for 100; each joins between two messages.
        let owed = run.count("owed");
        assert!((2_500..=2_700).contains(&owed), "{brief}");
        assert_eq!(run.count("lost"), run.count("lost_no_path"), "{brief}");
        assert!(run.count("delivered").abs_diff(owed / path) <= 3 * 3, "{brief}");
        assert_eq!(run.counts(["recovered", "duplicates"]), [0; 2], "{brief}");
        // Nothing broke.
        assert!(run["impact_ms"].is_null() && run["recovery_ms"].is_null(), "{brief}");
        assert_eq!(run.why(), Vec::<&str>::new());
        let joined: Vec<_> = run["faults"].as_array().unwrap().iter().collect();
        assert!(joined.iter().all(|join| join["what"] == "join 25% of the subscribers"), "{joined:?}");
        let subscribed = |join: &&Value| join["healed_ms"].is_u64() && join["heal_begin_ms"].is_null();
        assert!(joined.len() == 2 && joined.iter().all(subscribed), "{joined:?}");
    }
}

#[test]
fn a_killed_broker_beside_a_leave_is_what_there_is_to_recover_from() {
    let faults = fault("at = \"500ms\"\nfor = \"1s\"\nkill = \"broker\"")
        + &fault("at = \"600ms\"\nfor = \"2s\"\nleave = \"50%\"");
    let ended = conclusive(&scenario("\"redis\"", &faults), &[]);
    let run = ended.run("redis", 0);
    let brief = format!("{:#}", run.brief());
    let (_, heal_begin, healed) = run.fault("kill broker");
    let (_, back, _) = run.fault("leave 50% of the subscribers");
    assert!(back > healed, "{brief}");
    assert!(run["ready_ms"].as_u64().unwrap().abs_diff(healed - heal_begin) <= 1, "{brief}");
    // The harm of those who stayed ends with the outage, although half of them go on missing everything.
    let begin = run.fault("kill broker").0;
    let (impact, recovery) = (run["impact_ms"].as_u64().unwrap(), run["recovery_ms"].as_u64().unwrap());
    assert!(impact < back - begin && recovery < back - heal_begin, "{brief}");
    assert!(run.count("lost_offline") >= HALF * 90, "{brief}");
}

#[test]
fn what_they_missed_is_recovered_although_history_was_killed_meanwhile() {
    let faults = fault("at = \"200ms\"\nfor = \"2600ms\"\nleave = \"50%\"")
        + &fault("at = \"300ms\"\nfor = \"300ms\"\nkill = \"history\"");
    let ended = conclusive(&scenario("\"redis\", \"amqp\"", &faults), &[]);
    let run = ended.run("amqp", 0);
    let redis = ended.report().run("redis");
    assert_eq!(
        (&redis["verdict"], redis.why()),
        (&"not_applicable".into(), vec!["redis has no history to kill"])
    );
    let brief = format!("{:#}", run.brief());
    let (_, _, served) = run.fault("kill history");
    let (begin, back, subscribed) = run.fault("leave 50% of the subscribers");
    assert!(served <= back, "{brief}");
    assert_eq!(run.counts(["due", "acked", "owed", "lost"]), [300, 300, 3_600, 0], "{brief}");
    assert_eq!(run.counts(["duplicates", "reordered", "replay_reordered", "unexpected"]), [0; 4], "{brief}");
    // All that was said while they were away, apart from what may be on its way when they go and come; and nothing
    // of what was said when they were back.
    let amid = run.slices(begin + 300..back - 600);
    let replayed = |slice: &&Value| {
        let [sent, delivered, recovered] =
            ["sent", "delivered", "recovered"].map(|key| slice[key].as_u64().unwrap());
        delivered == sent * HALF && recovered == sent * HALF
    };
    assert!(amid.len() >= 10 && amid.iter().all(replayed), "{amid:?}");
    assert!(run.slices(subscribed..3_000).iter().all(|slice| slice["recovered"] == 0), "{brief}");
    assert_eq!(run.count("delivered") + run.count("recovered"), 3_600, "{brief}");
    assert_eq!(run.why(), Vec::<&str>::new());
    // The chat went on without its history: nobody who was there waited for anything.
    assert!(run["impact_ms"].is_null(), "{brief}");
}
