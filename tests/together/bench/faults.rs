//! What is counted when nothing breaks, and when the broker or a node does.

use std::collections::BTreeMap;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::process::{PATIENCE, Running, eventually};
use crate::support::report::{Run, conclusive, conclusive_after, short};

const SUBSCRIBERS: u64 = 12;

/// A short scenario of one pattern with one fault, from 1 s to 2 s, and nothing expected.
fn one_second(pattern: &str, fault: &str) -> String {
    let fault = format!("[[fault]]\nat = \"1s\"\nfor = \"1s\"\n{fault}\n");
    format!("patterns = [\"{pattern}\"]\n{}", short(&fault))
}

/// The process ids of the nodes that run, by their names.
fn nodes(bench: &Running) -> BTreeMap<String, i32> {
    let name = |command: &str| Some(command.split_once(" --name ")?.1.split(' ').next()?.to_owned());
    bench.descendants().into_iter().filter_map(|seen| Some((name(&seen.command)?, seen.id))).collect()
}

/// Whether a slice's messages all reached everybody.
fn whole(slice: &&Value) -> bool {
    let [sent, delivered] = ["sent", "delivered"].map(|key| slice[key].as_u64().unwrap());
    sent > 0 && delivered == sent * SUBSCRIBERS
}

/// What holds whenever the broker was away for a second and came back: what was refused in the meantime is lost
/// at everybody's, and nothing else is wrong.
fn assert_outage(run: &Run, what: &str) {
    let brief = || format!("{:#}", run.brief());
    let (begin, heal_begin, healed) = run.fault(what);
    assert!((1_000..2_000).contains(&begin) && heal_begin >= 2_000 && healed >= heal_begin, "{}", brief());
    assert_eq!(run.counts(["due", "unsent", "owed"]), [300, 0, 3_600], "{}", brief());
    assert_eq!(run.count("lost_refused"), run.count("refused") * SUBSCRIBERS, "{}", brief());
    assert!(run.count("lost_unknown") <= run.count("unknown") * SUBSCRIBERS, "{}", brief());
    // A hundred messages a second: a second's worth had nowhere to go, and soon after it all is as before. A broker that
    // is asked to end serves on for a moment.
    let failed = run.count("refused") + run.count("unknown");
    let outage = (heal_begin - begin) / 10 - 20..=(healed - begin) / 10 + 100;
    assert!(outage.contains(&failed), "{failed} failed of {outage:?}: {}", brief());
    let zeros = [
        "lost_confirmed",
        "lost_offline",
        "duplicates",
        "refused_but_delivered",
        "unexpected",
        "corrupted",
        "foreign",
    ];
    assert_eq!(run.counts(zeros), [0; 7], "{}", brief());
    let ready = run["ready_ms"].as_u64().unwrap();
    assert!(ready.abs_diff(healed - heal_begin) <= 1, "{}", brief());
    let impact = run["impact_ms"].as_u64().unwrap();
    assert!(impact >= heal_begin - begin - 200 && run["recovery_ms"].is_u64(), "{}", brief());
    assert!(run.slices(healed..3_000).iter().any(whole), "it is as before: {}", brief());
}

#[test]
fn nothing_breaks() {
    let ended = conclusive(&format!("patterns = [\"local\", \"redis\"]\n{}", short("")), &[]);
    let (local, redis) = (ended.run("local", 0), ended.run("redis", 0));
    for run in [&local, &redis] {
        let brief = format!("{:#}", run.brief());
        assert_eq!(run["verdict"], "valid");
        assert_eq!(run.counts(["due", "acked", "owed"]), [300, 300, 3_600], "{brief}");
        let zeros =
            ["recovered", "duplicates", "reordered", "unexpected", "corrupted", "foreign", "lost_offline"];
        assert_eq!(run.counts(zeros), [0; 7], "{brief}");
        assert!(run["impact_ms"].is_null() && run["recovery_ms"].is_null() && run["ready_ms"].is_null());
        assert!(run["recovered_us"].is_null() && run["faults"] == Value::Array(vec![]), "{brief}");
        let quantiles = ["p50", "p90", "p99", "p999", "max"];
        for figure in ["latency_us", "service_us", "publish_delay_us"] {
            let rising = quantiles.map(|quantile| run[figure][quantile].as_u64().unwrap());
            assert!(rising.is_sorted(), "{figure}: {brief}");
        }
    }
    assert_eq!(redis.counts(["delivered", "lost"]), [3_600, 0]);
    assert_eq!(redis["debts"]["on_time"], 1.0);
    // A publisher's own node has four of the twelve.
    assert_eq!(
        local.counts(["delivered", "lost_no_path", "lost_handed", "lost"]),
        [1_200, 2_400, 2_400, 2_400]
    );
    assert_eq!(local["debts"]["on_time"], 1.0 / 3.0);
}

#[test]
fn the_broker_is_killed_and_a_pattern_without_one_is_left_out() {
    let scenario = one_second("redis", "kill = \"broker\"").replace("[\"redis\"]", "[\"local\", \"redis\"]");
    let ended = conclusive(&scenario, &[]);
    let redis = ended.run("redis", 0);
    assert_outage(&redis, "kill broker");
    assert_eq!(redis["verdict"], "valid");

    let report = ended.report();
    assert_eq!(report.runs().len(), 2);
    let local = report.run("local");
    assert_eq!(local["verdict"], "not_applicable");
    assert_eq!(local.why(), ["local has no broker to kill"]);
    for figure in ["messages", "debts", "duplicates", "latency_us", "impact_ms", "recovery_ms"] {
        assert!(local[figure].is_null(), "{figure}");
    }
    let out = ended.out().join("\n");
    assert!(out.contains("local: was not run, because local has no broker to kill."), "{out}");
    let said = ended.err_line("kill broker");
    let at: f64 = said.split_once(" s  kill broker").unwrap().0.trim().parse().unwrap();
    // To a tenth of a second.
    assert!((at - redis.fault("kill broker").0 as f64 / 1_000.0).abs() < 0.06, "{said}");
    ended.err_line("healed: kill broker");
}

#[test]
fn the_broker_is_asked_to_end() {
    let ended = conclusive(&one_second("redis", "stop = \"broker\""), &[]);
    assert_outage(&ended.run("redis", 0), "stop broker");
}

#[test]
fn a_broker_that_is_never_healed_stays_away() {
    let scenario =
        format!("patterns = [\"redis\"]\n{}", short("[[fault]]\nat = \"1s\"\nkill = \"broker\"\n"));
    let ended = conclusive(&scenario, &[]);
    let run = ended.run("redis", 0);
    let brief = format!("{:#}", run.brief());
    let fault = &run["faults"][0];
    assert!(fault["begin_ms"].is_u64() && fault["heal_begin_ms"].is_null() && fault["healed_ms"].is_null());
    assert!(run["recovery_ms"].is_null() && run["ready_ms"].is_null(), "{brief}");
    assert!(run["impact_ms"].as_u64().unwrap() > 1_500, "{brief}");
    // Apart from what may be on its way at the kill.
    let begin = fault["begin_ms"].as_u64().unwrap();
    assert!(run.slices(0..begin - 200).iter().all(|slice| slice["acked"] == slice["sent"]), "{brief}");
    let dead = run.slices(begin + 200..3_000);
    let nobody = |slice: &&Value| slice["acked"] == 0 && slice["delivered"] == 0;
    assert!(dead.len() >= 14 && dead.iter().all(nobody), "{dead:?}");
    assert_eq!(run.count("lost_refused"), run.count("refused") * SUBSCRIBERS, "{brief}");
    assert_eq!(run.counts(["unsent", "lost_confirmed", "duplicates"]), [0; 3], "{brief}");
}

#[test]
fn a_node_is_killed_and_its_clients_move_on() {
    let mut before = BTreeMap::new();
    let mut after = BTreeMap::new();
    let mut alone = false;
    let ended = conclusive_after(&one_second("redis", "kill = \"node 1\""), &[], |bench| {
        bench.err_line("  load (3s)");
        before = nodes(bench);
        bench.err_line("kill node 1");
        alone = eventually(PATIENCE, || nodes(bench).len() == 2);
        bench.err_line("healed: kill node 1");
        after = nodes(bench);
    });
    let run = ended.run("redis", 0);
    let brief = format!("{:#}", run.brief());
    assert!(alone && before.len() == 3 && after.len() == 3, "{before:?} {after:?}");
    assert_eq!((before["node-0"], before["node-2"]), (after["node-0"], after["node-2"]));
    assert_ne!(before["node-1"], after["node-1"], "another process, under its old name");

    let (begin, heal_begin, _) = run.fault("kill node 1");
    // While it was away its clients were elsewhere: what was sent then reached everybody.
    assert!(run.slices(begin..heal_begin).iter().any(whole), "{brief}");
    assert!(run.slices(0..begin - 200).iter().all(whole), "{brief}");
    assert!(run.slices(heal_begin..3_000).iter().all(whole), "{brief}");
    assert_eq!(run.counts(["due", "unsent", "refused", "owed"]), [300, 0, 0, 3_600], "{brief}");
    // What its four subscribers missed until they were elsewhere.
    assert!((1..=400).contains(&run.count("lost_offline")), "{brief}");
    // What was within the node, or on its way there, when it died: its publisher's at everybody's, and what came
    // from the others at its own four. A busy machine takes up to 300 ms to end it.
    let unknown = run.count("unknown");
    assert!(unknown <= 10 && run.count("lost_online") <= unknown * SUBSCRIBERS + 4 * 20, "{brief}");
    assert_eq!(run.counts(["lost_confirmed", "duplicates", "unexpected"]), [0; 3], "{brief}");
}

#[test]
fn a_node_is_paused_and_what_waited_arrives() {
    // Long enough that what waited is over a second late.
    let scenario = one_second("redis", "pause = \"node 1\"").replace("for = \"1s\"", "for = \"1800ms\"");
    let ended = conclusive(&scenario, &[]);
    let run = ended.run("redis", 0);
    let brief = format!("{:#}", run.brief());
    let (begin, heal_begin, _) = run.fault("pause node 1");
    assert!(heal_begin - begin >= 1_600, "{brief}");
    // A pause breaks no connection: nobody was offline.
    assert_eq!(run.counts(["due", "unsent", "lost_offline", "duplicates"]), [300, 0, 0, 0], "{brief}");
    assert_eq!(run.count("lost"), run.count("lost_refused") + run.count("lost_unknown"), "{brief}");
    assert!(run["debts"]["on_time"].as_f64().unwrap() < 1.0, "{brief}");
    assert!(run["latency_us"]["max"].as_u64().unwrap() > 1_500_000, "{brief}");
    assert!(run["impact_ms"].as_u64().unwrap() >= 1_500, "{brief}");
}

#[test]
fn every_node_is_killed_at_once() {
    let mut before = BTreeMap::new();
    let mut after = BTreeMap::new();
    let ended = conclusive_after(&one_second("redis", "kill = \"node *\""), &[], |bench| {
        bench.err_line("  load (3s)");
        before = nodes(bench);
        bench.err_line("healed: kill node *");
        after = nodes(bench);
    });
    let run = ended.run("redis", 0);
    let brief = format!("{:#}", run.brief());
    assert_eq!((before.len(), after.len()), (3, 3));
    assert!(before.iter().all(|(name, id)| after[name] != *id), "{before:?} {after:?}");
    let (_, _, healed) = run.fault("kill node *");
    // What was due meanwhile waited in the clients, and went out when they were connected again.
    assert_eq!(run.counts(["due", "unsent", "owed"]), [300, 0, 3_600], "{brief}");
    // A node serves its clients before it has found its broker, and refuses what they say in between.
    assert_eq!(run.count("lost_refused"), run.count("refused") * SUBSCRIBERS, "{brief}");
    assert!(run.count("unknown") <= 15, "{brief}");
    assert_eq!(run.counts(["lost_confirmed", "duplicates"]), [0; 2], "{brief}");
    assert!(healed >= 2_000, "{brief}");
    assert!(
        run["publish_delay_us"]["max"].as_u64().unwrap() < 1_000_000,
        "no connection is no delay: {brief}"
    );
}

#[test]
fn a_node_that_dies_unasked_is_reported_and_the_run_goes_on() {
    let scenario = format!("patterns = [\"redis\"]\n{}", short(""));
    let ended = conclusive_after(&scenario, &[], |bench| {
        bench.err_line("  load (3s)");
        bench.descendant("--name node-2").signal(Signal::SIGKILL);
        bench.err_line("node 2 died: killed by SIGKILL");
        bench.err_line("  | ");
    });
    let run = ended.run("redis", 1);
    let died = |why: &&str| {
        why.starts_with("node 2 died unasked ") && why.contains(": killed by SIGKILL; its log ends with \"")
    };
    assert!(run.why().iter().any(died), "{:#}", run.brief());
    assert_eq!(run.counts(["due", "unsent", "owed"]), [300, 0, 3_600]);
    let out = ended.out().join("\n");
    assert!(out.contains("node 2 died unasked"), "{out}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_that_talks_without_end_delays_no_fault_and_takes_no_memory() {
    let scenario = format!("patterns = [\"local\"]\n{}", short("")).replace("\"3s\"", "\"2s\"")
        + "[[fault]]\nat = \"200ms\"\nrun = \"head -c 60000000 /dev/zero; yes | head -c 60000000\"\n"
        + "[[fault]]\nat = \"1s\"\nfor = \"200ms\"\npause = \"node 0\"\n";
    let mut peak_kib = 0_u64;
    let ended = conclusive_after(&scenario, &[], |bench| {
        bench.err_line("healed: pause node 0");
        let status = std::fs::read_to_string(format!("/proc/{}/status", bench.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak_kib = peak.trim().trim_end_matches(" kB").parse().unwrap();
    });
    let run = ended.run("local", 0);
    let paused =
        run["faults"].as_array().unwrap().iter().find(|fault| fault["what"] == "pause node 0").unwrap();
    let at = |key: &str| paused[key].as_u64().unwrap();
    assert!(
        (1_000..1_250).contains(&at("begin_ms")) && (1_200..1_450).contains(&at("heal_begin_ms")),
        "{paused}"
    );
    // A line that is held whole would be 60 MB, and the half of another while it grows.
    assert!(peak_kib < 60_000, "{peak_kib} KiB");
}
