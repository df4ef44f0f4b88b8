//! What subscribers hear over each transport, what that costs, and that every count holds when something breaks.

use serde_json::Value;

use crate::support::report::{Ended, Run, conclusive, short};

const SUBSCRIBERS: u64 = 12;
const PAYLOAD: u64 = 128;
const TRANSPORTS: [&str; 4] = ["ws", "sse", "long-poll", "poll"];
const OVER_HTTP: [&str; 3] = ["sse", "long-poll", "poll"];
/// The interval of `poll` in these tests, in milliseconds.
const POLL_EVERY_MS: u64 = 250;

/// The load of [`short`] over one pattern on two nodes, with these lines after it.
fn scenario(pattern: &str, rate: u64, more: &str) -> String {
    let load = short(&format!("poll_every = \"{POLL_EVERY_MS}ms\"\n{more}"));
    let load = load.replace("nodes = 3", "nodes = 2").replace("rate = 100", &format!("rate = {rate}"));
    format!("patterns = [\"{pattern}\"]\n{load}")
}

/// The run of this scenario over Redis and this transport, with a message every 20 ms.
fn redis_over(transport: &str, more: &str) -> Run {
    over(&[transport], &scenario("redis", 50, more)).run("redis", 0)
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
fn over_local_the_four_stand_side_by_side_and_each_costs_what_it_must() {
    // Of two nodes, half of a local message's debts have no path.
    assert_the_four("local", 2);
}

#[test]
fn over_redis_the_four_stand_side_by_side_and_each_costs_what_it_must() {
    assert_the_four("redis", 1);
}

/// Runs all four over this pattern, in which one of so many debts has a path.
fn assert_the_four(pattern: &str, of: u64) {
    let (rate, due) = (20, 60);
    let ended = over(&TRANSPORTS, &scenario(pattern, rate, ""));
    assert_eq!(ended.code, Some(0), "{}", ended.everything());
    let report = ended.report();
    let labels: Vec<_> = report.runs().iter().map(|run| run["label"].as_str().unwrap().to_owned()).collect();
    assert_eq!(labels, TRANSPORTS.map(|name| format!("{pattern}, {name}")));
    assert_eq!(report.json()["scenario"]["load"]["transport"], Value::from(TRANSPORTS.to_vec()));
    let [ws, sse, long_poll, poll] = TRANSPORTS.map(|name| report.run(&format!("{pattern}, {name}")));
    for (run, name) in [(&ws, "ws"), (&sse, "sse"), (&long_poll, "long-poll"), (&poll, "poll")] {
        let brief = format!("{:#}", run.brief());
        assert_eq!((&run["transport"], &run["pattern"]), (&name.into(), &pattern.into()));
        assert_whole(run, due);
        let reached = due * SUBSCRIBERS / of;
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
    // Who asks four times a second waits an eighth of a second on average.
    let median = poll["latency_us"]["p50"].as_u64().unwrap();
    assert!((60_000..400_000).contains(&median), "{:#}", poll.brief());
    let table = ended.out().join("\n");
    for name in TRANSPORTS {
        assert!(table.contains(&format!("{pattern}, {name}")), "{table}");
    }
    for heading in ["HTTP requests", "bytes in", "bytes out", "bytes/delivery", "of it nodes"] {
        assert!(table.contains(heading), "{heading}: {table}");
    }
    let out = ended.place.path().join("out");
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains(&format!("{pattern}, long-poll")) && page.contains("bytes/delivery"));
    assert!(out.join(format!("logs/{pattern}-long-poll/node-0.log")).exists());
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
    let ended = conclusive(&scenario("local", 20, ""), &[]);
    let run = ended.run("local", 0);
    assert_eq!((&run["transport"], traffic(&run, "requests")), (&"ws".into(), SUBSCRIBERS));
    assert!(!ended.out().join("\n").contains("bytes/delivery"));
    assert!(ended.report().json()["scenario"]["load"]["transport"].is_null());
}

/// Asserts what holds of 150 messages whatever breaks.
fn assert_counted(run: &Run) -> String {
    let brief = format!("{:#}", run.brief());
    assert_eq!(run.counts(["due", "unsent", "owed"]), [150, 0, 150 * SUBSCRIBERS], "{brief}");
    assert_eq!(run.count("disconnects"), 0, "the fault explains them: {brief}");
    run.assert_clean();
    brief
}

#[test]
fn a_node_is_killed_and_its_subscribers_go_on_elsewhere_where_they_were() {
    for name in OVER_HTTP {
        let run = redis_over(name, &one_second("kill = \"node 1\""));
        let brief = assert_counted(&run);
        // What the node took with it reached nobody, and was never acknowledged.
        assert_eq!(run.count("lost"), run.count("lost_unknown"), "{brief}");
        assert_eq!(run.count("lost") % SUBSCRIBERS, 0, "{brief}");
        assert!(run.count("lost") <= run.count("unknown") * SUBSCRIBERS, "{brief}");
        // A client is away for 50 ms at the least.
        assert!(run.count("recovered") >= SUBSCRIBERS / 2, "{brief}");
        if name == "sse" {
            // The half that was on the killed node opened a second stream, and nobody a third.
            assert_eq!(traffic(&run, "requests"), SUBSCRIBERS + SUBSCRIBERS / 2, "{brief}");
        }
    }
}

#[test]
fn the_broker_is_killed_and_what_was_refused_is_all_that_is_lost() {
    for name in OVER_HTTP {
        let run = redis_over(name, &one_second("kill = \"broker\""));
        let brief = assert_counted(&run);
        assert!(run.count("refused") > 25, "{brief}");
        assert_eq!(run.count("lost_refused"), run.count("refused") * SUBSCRIBERS, "{brief}");
        assert!(run.count("lost_unknown") <= run.count("unknown") * SUBSCRIBERS, "{brief}");
    }
}

#[test]
fn whoever_leaves_and_comes_back_gets_what_was_said_meanwhile() {
    for name in OVER_HTTP {
        let run = redis_over(name, &one_second("leave = \"50%\""));
        let brief = assert_counted(&run);
        assert_eq!(run.counts(["acked", "lost"]), [150, 0], "{brief}");
        // Six of them missed a second, apart from what was under way when they went and came.
        let missed = run.count("recovered");
        assert!((SUBSCRIBERS / 2 * 35..=SUBSCRIBERS / 2 * 80).contains(&missed), "{brief}");
        assert!(run["impact_ms"].is_null(), "who is away on purpose is not harmed: {brief}");
    }
}

#[test]
fn all_drop_their_connections_at_once_and_miss_nothing_that_was_sent() {
    for name in OVER_HTTP {
        let run = redis_over(name, "[[fault]]\nat = \"1s\"\nstorm = \"node *\"\n");
        let brief = assert_counted(&run);
        // A publisher drops its connection as well, perhaps with a message that its node has not read.
        assert_eq!(run.count("lost"), run.count("lost_unknown"), "{brief}");
        match name {
            "sse" => assert_eq!(traffic(&run, "requests"), 2 * SUBSCRIBERS, "{brief}"),
            _ => assert!(traffic(&run, "requests") > 2 * SUBSCRIBERS, "{brief}"),
        }
    }
}

#[test]
fn a_stream_that_is_read_slowly_is_late_and_whole() {
    let slow = "[[fault]]\nat = \"500ms\"\nfor = \"2s\"\nslow = \"subscriber 0\"\nbytes_per_second = 3000\n";
    let ended = over(&["sse"], &scenario("local", 100, slow).replace("nodes = 2", "nodes = 1"));
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
    let ended = over(&["ws", "sse"], &scenario("local", 10, matrix));
    let made: Vec<_> =
        ended.report().runs().iter().map(|run| (run["label"].clone(), run["sought"].clone())).collect();
    let expected = [("local, ws", false), ("local, ws", true), ("local, sse", false), ("local, sse", true)];
    assert_eq!(made, expected.map(|(label, sought)| (Value::from(label), Value::from(sought))));
}
