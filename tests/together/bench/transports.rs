//! What subscribers hear over each transport, what that costs, and that every count holds when something breaks.

use serde_json::Value;

use crate::support::report::{Ended, Run, conclusive, short};

const SUBSCRIBERS: u64 = 12;
const PAYLOAD: u64 = 128;
const TRANSPORTS: [&str; 4] = ["ws", "sse", "long-poll", "poll"];
const OVER_HTTP: [&str; 3] = ["sse", "long-poll", "poll"];
/// The interval of `poll` in these tests, in milliseconds.
const POLL_EVERY_MS: u64 = 250;

/// The load of [`short`] on two nodes, with these lines after it.
fn scenario(patterns: &str, rate: u64, more: &str) -> String {
    let load = short(&format!("poll_every = \"{POLL_EVERY_MS}ms\"\n{more}"));
    let load = load.replace("nodes = 3", "nodes = 2").replace("rate = 100", &format!("rate = {rate}"));
    format!("patterns = [{patterns}]\n{load}")
}

/// A fault from 1 s to 2 s.
fn one_second(fault: &str) -> String {
    format!("[[fault]]\nat = \"1s\"\nfor = \"1s\"\n{fault}\n")
}

fn over(transports: &[&str], scenario: &str) -> Ended {
    conclusive(scenario, &["--transport", &transports.join(",")])
}

/// A figure of what passed over the connections.
fn traffic(run: &Run, figure: &str) -> u64 {
    run["traffic"][figure].as_u64().unwrap_or_else(|| panic!("no {figure} in {:#}", run.brief()))
}

fn received(run: &Run) -> u64 {
    run.count("delivered") + run.count("recovered")
}

/// How long it was measured, in milliseconds: from the start of the load to the last look at the processes.
fn measured_ms(run: &Run) -> u64 {
    run["cost"]["timeline"].as_array().and_then(|looks| looks.last()?["at_ms"].as_u64()).unwrap()
}

/// Asserts that all got everything that has a path, once.
fn assert_whole(run: &Run, due: u64) {
    let brief = format!("{:#}", run.brief());
    assert_eq!(run["verdict"], "valid", "{brief}");
    assert_eq!(run.counts(["due", "acked", "owed"]), [due, due, due * SUBSCRIBERS], "{brief}");
    let zeros = ["recovered", "reordered", "disconnects", "lost_offline"];
    assert_eq!(run.counts(zeros), [0; 4], "{brief}");
    assert_eq!(run.count("lost"), run.count("lost_no_path"), "{brief}");
    run.assert_clean();
    run.assert_sums();
}

#[test]
fn the_four_stand_side_by_side_and_each_costs_what_it_must() {
    let (rate, due) = (20, 60);
    let ended = over(&TRANSPORTS, &scenario("\"local\", \"redis\"", rate, ""));
    assert_eq!(ended.code, Some(0), "{}", ended.everything());
    let report = ended.report();
    let labels: Vec<_> = report.runs().iter().map(|run| run["label"].as_str().unwrap().to_owned()).collect();
    let expected = ["local", "redis"].map(|pattern| TRANSPORTS.map(|name| format!("{pattern}, {name}")));
    assert_eq!(labels, expected.as_flattened());
    assert_eq!(report.json()["scenario"]["load"]["transport"], Value::from(TRANSPORTS.to_vec()));
    for pattern in ["local", "redis"] {
        let [ws, sse, long_poll, poll] = TRANSPORTS.map(|name| report.run(&format!("{pattern}, {name}")));
        for (run, name) in [(&ws, "ws"), (&sse, "sse"), (&long_poll, "long-poll"), (&poll, "poll")] {
            let brief = format!("{:#}", run.brief());
            assert_eq!((&run["transport"], &run["pattern"]), (&name.into(), &pattern.into()));
            assert_whole(run, due);
            // Of two nodes, half of a local message's debts have no path.
            let reached = if pattern == "local" { due * SUBSCRIBERS / 2 } else { due * SUBSCRIBERS };
            assert_eq!(run.count("delivered"), reached, "{brief}");
            assert!(traffic(run, "bytes_in") > reached * PAYLOAD, "{brief}");
            let bytes = traffic(run, "bytes_in") + traffic(run, "bytes_out");
            let each = run["traffic"]["bytes_per_delivery"].as_f64().unwrap();
            assert!((each - bytes as f64 / reached as f64).abs() < 0.01 && each > PAYLOAD as f64, "{brief}");
            // A frame has less than two hundred bytes beside its text, and a request and its answer less than a thousand.
            let most = reached * (PAYLOAD + 200) + traffic(run, "requests") * 1_000;
            assert!(bytes < most, "what came before the load is not in it: {bytes} of {most}: {brief}");
            let nodes = run["cost"]["nodes"]["cpu_us"].as_u64().unwrap() as f64 / reached as f64;
            let told = run["cost"]["nodes_cpu_us_per_delivery"].as_f64().unwrap();
            assert!((told - nodes).abs() < 0.01, "{brief}");
        }
        assert_eq!([&ws, &sse].map(|run| traffic(run, "requests")), [SUBSCRIBERS; 2]);
        assert_asked_at_intervals(&poll);
        assert_asked_again_once_answered(&long_poll);
        // The same frames: within a few bytes in one, and between lines of text, with their ids once more, in the other.
        assert!(traffic(&sse, "bytes_in") > traffic(&ws, "bytes_in"), "{pattern}");
        // Who asks four times a second waits an eighth of a second on average.
        let median = poll["latency_us"]["p50"].as_u64().unwrap();
        assert!((60_000..400_000).contains(&median), "{:#}", poll.brief());
    }
    let table = ended.out().join("\n");
    for name in TRANSPORTS {
        assert!(table.contains(&format!("redis, {name}")), "{table}");
    }
    for heading in ["req", "bytes", "of it"] {
        assert!(table.contains(heading), "{heading}: {table}");
    }
    let page = std::fs::read_to_string(ended.place.path().join("out/report.html")).unwrap();
    assert!(page.contains("redis, long-poll") && page.contains("bytes/delivery"));
    assert!(ended.place.path().join("out/logs/redis-long-poll/node-0.log").exists());
}

/// Asserts that each subscriber asked once every interval, and no more.
fn assert_asked_at_intervals(poll: &Run) {
    let brief = format!("{:#}", poll.brief());
    let requests = traffic(poll, "requests");
    // The first poll of each belongs to the measurement, whenever it was made. A busy machine may leave some out.
    let each = measured_ms(poll) / POLL_EVERY_MS;
    let possible = SUBSCRIBERS * (each / 2)..=SUBSCRIBERS * (each + 3);
    assert!(possible.contains(&requests), "{requests} of {possible:?}: {brief}");
    // What a request is at the least, and what it is with an id.
    let head = "GET /api/rooms/room-0/messages?after= HTTP/1.1\r\nhost: 127.0.0.1:1\r\naccept: application/json\r\n\r\n";
    let written = traffic(poll, "bytes_out") / requests;
    assert!((head.len() as u64..head.len() as u64 + 150).contains(&written), "{written}: {brief}");
}

/// Asserts that each answer brought a message at least, and that the last request of each was not answered.
fn assert_asked_again_once_answered(long_poll: &Run) {
    let requests = traffic(long_poll, "requests");
    // Beside those with a message: the first of each, and the one that was under way when the load ended.
    let possible = received(long_poll) / 4..=received(long_poll) + 3 * SUBSCRIBERS;
    assert!(possible.contains(&requests), "{requests} of {possible:?}: {:#}", long_poll.brief());
}

#[test]
fn web_sockets_alone_are_counted_too_and_shown_by_the_report_alone() {
    let ended = conclusive(&scenario("\"local\"", 20, ""), &[]);
    let run = ended.run("local", 0);
    assert_eq!((&run["transport"], traffic(&run, "requests")), (&"ws".into(), SUBSCRIBERS));
    assert!(!ended.out().join("\n").contains("bytes/delivery"));
    assert!(ended.report().json()["scenario"]["load"]["transport"].is_null());
}

/// Asserts what holds whenever a node was away for a second: whoever was on it went to the other one, and was told there
/// what had been missed.
fn assert_moved(run: &Run) {
    let brief = format!("{:#}", run.brief());
    assert_eq!(run.counts(["due", "unsent", "owed"]), [300, 0, 3_600], "{brief}");
    run.assert_clean();
    run.assert_sums();
    // What the node took with it reached nobody, and was never acknowledged.
    assert_eq!(run.count("lost"), run.count("lost_unknown"), "{brief}");
    assert_eq!(run.count("lost") % SUBSCRIBERS, 0, "{brief}");
    assert!(run.count("lost") <= run.count("unknown") * SUBSCRIBERS, "{brief}");
    // A hundred messages a second, and a client is away for 50 ms at the least.
    assert!(run.count("recovered") >= SUBSCRIBERS / 2, "{brief}");
    assert_eq!(run.count("disconnects"), 0, "the fault explains them: {brief}");
}

#[test]
fn a_node_is_killed_and_its_subscribers_go_on_where_they_were() {
    let scenario = scenario("\"redis\"", 100, &one_second("kill = \"node 1\""));
    let ended = over(&OVER_HTTP, &scenario);
    for name in OVER_HTTP {
        assert_moved(&ended.run(&format!("redis, {name}"), 0));
    }
    // The half that was on the killed node opened a second stream, and nobody a third.
    let streams = traffic(&ended.run("redis, sse", 0), "requests");
    assert_eq!(streams, SUBSCRIBERS + SUBSCRIBERS / 2);
}

#[test]
fn the_broker_is_killed_and_what_was_refused_is_all_that_is_lost() {
    let ended = over(&OVER_HTTP, &scenario("\"redis\"", 100, &one_second("kill = \"broker\"")));
    for name in OVER_HTTP {
        let run = ended.run(&format!("redis, {name}"), 0);
        let brief = format!("{:#}", run.brief());
        assert_eq!(run.counts(["due", "unsent", "owed"]), [300, 0, 3_600], "{brief}");
        run.assert_clean();
        assert!(run.count("refused") > 50, "{brief}");
        assert_eq!(run.count("lost_refused"), run.count("refused") * SUBSCRIBERS, "{brief}");
        assert!(run.count("lost_unknown") <= run.count("unknown") * SUBSCRIBERS, "{brief}");
    }
}

#[test]
fn whoever_leaves_and_comes_back_gets_what_was_said_meanwhile() {
    let away = one_second("leave = \"50%\"");
    let ended = over(&OVER_HTTP, &scenario("\"redis\"", 100, &away));
    for name in OVER_HTTP {
        let run = ended.run(&format!("redis, {name}"), 0);
        let brief = format!("{:#}", run.brief());
        assert_eq!(run.counts(["due", "owed", "lost", "disconnects"]), [300, 3_600, 0, 0], "{brief}");
        run.assert_clean();
        // Six of them missed a second, apart from what was under way when they went and came.
        let missed = run.count("recovered");
        assert!((SUBSCRIBERS / 2 * 70..=SUBSCRIBERS / 2 * 160).contains(&missed), "{brief}");
        assert!(run["impact_ms"].is_null(), "who is away on purpose is not harmed: {brief}");
    }
}

#[test]
fn all_drop_their_connections_at_once_and_miss_nothing() {
    let storm = "[[fault]]\nat = \"1s\"\nstorm = \"node *\"\n";
    let ended = over(&OVER_HTTP, &scenario("\"redis\"", 100, storm));
    for name in OVER_HTTP {
        let run = ended.run(&format!("redis, {name}"), 0);
        let brief = format!("{:#}", run.brief());
        assert_eq!(run.counts(["due", "owed", "lost"]), [300, 3_600, 0], "{brief}");
        run.assert_clean();
        let minimum = if name == "poll" { 0 } else { 2 * SUBSCRIBERS };
        assert!(traffic(&run, "requests") >= minimum, "{brief}");
    }
    assert_eq!(traffic(&ended.run("redis, sse", 0), "requests"), 2 * SUBSCRIBERS);
}

#[test]
fn a_stream_that_is_read_slowly_is_late_and_whole() {
    let slow = "[[fault]]\nat = \"500ms\"\nfor = \"2s\"\nslow = \"subscriber 0\"\nbytes_per_second = 3000\n";
    let ended = over(&["sse"], &scenario("\"local\"", 100, slow).replace("nodes = 2", "nodes = 1"));
    let run = ended.run("local", 0);
    let brief = format!("{:#}", run.brief());
    assert_eq!(run.counts(["owed", "delivered", "lost"]), [3_600, 3_600, 0], "{brief}");
    // In a second it reads three kilobytes of thirty: the rest waits until it may. Nobody else is late.
    let payers = run["payers"].as_array().unwrap();
    assert!(payers.len() == 1 && payers[0]["subscriber"] == 0, "{brief}");
}

#[test]
fn a_search_goes_on_over_the_next_transport() {
    let matrix = "[matrix]\nrate = [10, 20]\nuntil = \"violated\"\n[expect]\nsent = \"< 50\"\n";
    let ended = over(&["ws", "sse"], &scenario("\"local\"", 10, matrix));
    let made: Vec<_> =
        ended.report().runs().iter().map(|run| (run["label"].clone(), run["sought"].clone())).collect();
    let expected = [("local, ws", false), ("local, ws", true), ("local, sse", false), ("local, sse", true)];
    assert_eq!(made, expected.map(|(label, sought)| (Value::from(label), Value::from(sought))));
}
