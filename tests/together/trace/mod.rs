//! Where each message was, and when: what nodes write down, and the stories that a bench tells with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod otlp;

use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::client::Client;
use crate::support::node::{Node, PATIENCE};
use crate::support::process::{Running, pubsub_lab};
use crate::support::report::{Ended, Run, conclusive};

/// The lines of a trace. One that a SIGKILL has cut off is none.
fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The number of a line's message, by which its publisher named it.
fn number(line: &Value) -> Option<&str> {
    Some(line["id"].as_str()?.rsplit_once('.')?.1)
}

/// When a message first did this, in the lines of a process.
fn first(lines: &[Value], id: &str, step: &str) -> Option<u64> {
    let line = lines.iter().find(|line| line["step"] == step && line["id"] == id)?;
    Some(line["at_us"].as_u64().unwrap())
}

#[tokio::test]
async fn a_node_writes_down_where_its_messages_were() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("trace");
    let mut node = Node::start(&["--trace", file.to_str().unwrap()]);
    let mut client = Client::v1_in(&node, "here").await;
    for id in ["a", "b"] {
        client.say(serde_json::json!({"type": "publish", "room": "here", "text": "hello", "id": id})).await;
        // A node that ends writes nothing more to the room: the message has to be here before the signal.
        client.frame_of("message").await;
    }
    client.say(serde_json::json!({"type": "publish", "room": "here", "text": "other", "id": "b"})).await;
    client.frame_of("refused").await;
    assert!(node.get("/metrics").await.body.contains("pubsub_lab_trace_dropped_lines_total 0"));
    node.running.signal(Signal::SIGTERM);
    assert!(node.running.ended_within(PATIENCE).success());

    let lines = lines(&file);
    let (end, steps) = lines.split_last().unwrap();
    assert_eq!((&end["step"], &end["dropped"]), (&"end".into(), &0.into()));
    let id = steps[0]["id"].as_str().unwrap();
    assert!(id.ends_with(".a"), "{id}");
    let way = ["in", "bus_out", "bus_in", "out"].map(|step| first(steps, id, step).expect(step));
    assert!(way.is_sorted(), "{way:?}");
    assert!(first(steps, id, "bus_ack") >= Some(way[1]));
    let out = steps.iter().find(|line| line["step"] == "out").unwrap();
    assert_eq!((&out["room"], &out["clients"]), (&"here".into(), &1.into()));
    assert!(out["until_us"].as_u64() >= out["at_us"].as_u64(), "{out}");
    // What never came to the bus is told by its answer.
    let refused = steps.iter().find(|line| line["step"] == "bus_refused").unwrap();
    assert_eq!(refused["why"], "id_reused");
}

#[test]
fn a_trace_that_cannot_be_opened_is_wrong_usage() {
    let mut node = Running::start(pubsub_lab(&["node", "local", "--listen", "127.0.0.1:0", "--trace", "/"]));
    assert_eq!(node.ended_within(PATIENCE).code(), Some(2));
    let said = node.everything();
    assert!(said.contains("error: the trace / cannot be opened") && said.contains("hint: "), "{said}");
    assert!(node.out().is_empty(), "it does not listen: {said}");
}

/// Messages are due every 500 ms, and the process is killed 300 ms after the third: so long nothing is on its way. The
/// fourth is due while it is dead, and its clients are not back yet.
fn killed(target: &str) -> Ended {
    let scenario = format!(
        "title = \"Killed\"
patterns = [\"redis\"]
[cluster]
nodes = 3
[load]
publishers = 3
subscribers = 12
rate = 2
warm_up = \"200ms\"
duration = \"3500ms\"
drain = \"1s\"
reconnect_min = \"1s\"
[[fault]]
at = \"1300ms\"
for = \"600ms\"
kill = \"{target}\"
"
    );
    conclusive(&scenario, &[])
}

/// The story of this choice.
fn story<'a>(run: &'a Run, choice: &str) -> &'a Value {
    let mut stories = run["stories"].as_array().unwrap().iter();
    stories
        .find(|story| story["choice"] == choice)
        .unwrap_or_else(|| panic!("{choice}: {:#}", run["stories"]))
}

/// Its arrows, each with the names of its ends.
fn arrows(story: &Value) -> Vec<(&str, &str, &Value)> {
    let name = |lane: &Value| story["lanes"][lane.as_u64().unwrap() as usize]["name"].as_str().unwrap();
    let arrows = story["arrows"].as_array().unwrap().iter();
    arrows.map(|arrow| (name(&arrow["from"]), name(&arrow["to"]), arrow)).collect()
}

#[test]
fn what_a_dead_broker_lost_ends_there_and_the_rest_is_seen_all_the_way() {
    let ended = killed("broker");
    let run = ended.run("redis", 0);
    let lost = story(&run, "first_lost");
    let (begin, _, healed) = run.fault("kill broker");
    let sent = lost["sent_us"].as_u64().unwrap() / 1_000;
    assert!((begin..=healed).contains(&sent), "{lost:#}");
    assert_eq!((&lost["answer"], &lost["lost"]), (&"refused".into(), &12.into()), "{lost:#}");
    let way = arrows(lost);
    let ends = way.iter().find(|(_, to, _)| *to == "broker").unwrap().2;
    assert_eq!((&ends["arrives_us"], &ends["note"]), (&Value::Null, &"bus_down".into()), "{lost:#}");
    assert!(way.iter().any(|(.., arrow)| arrow["carries"] == "refusal" && arrow["traced"] == true));

    let ordinary = story(&run, "ordinary");
    assert_eq!((&ordinary["received"], &ordinary["lost"]), (&12.into(), &0.into()));
    let way = arrows(ordinary);
    for (from, to, arrow) in &way {
        let broker = *from == "broker" || *to == "broker";
        assert_eq!(arrow["traced"], !broker, "{from} -> {to}: {ordinary:#}");
        assert!(arrow["leaves_us"].as_i64() <= arrow["arrives_us"].as_i64(), "{ordinary:#}");
    }
    let to_subscribers = way.iter().filter(|(_, to, _)| to.contains("subscriber")).count();
    assert!(to_subscribers >= 3, "{ordinary:#}");
    assert!(ordinary["lanes"].as_array().unwrap().len() <= 12);

    // Across the processes of one machine the steps are in order.
    let logs = ended.place.path().join("out/logs/redis");
    let traces: Vec<_> = (0..3).map(|node| lines(&logs.join(format!("node-{node}.trace")))).collect();
    let ordinary_number = ordinary["number"].to_string();
    let id = traces.iter().flatten().find(|line| number(line) == Some(&ordinary_number)).unwrap()["id"]
        .as_str()
        .unwrap();
    let home = &traces[ordinary["node"].as_u64().unwrap() as usize];
    let begin = ["in", "bus_out"].map(|step| first(home, id, step).unwrap());
    for trace in &traces {
        let way = [begin[0], begin[1], first(trace, id, "bus_in").unwrap(), first(trace, id, "out").unwrap()];
        assert!(way.is_sorted(), "{way:?}");
    }
}

#[test]
fn a_trace_survives_the_end_of_its_node() {
    let ended = killed("node 1");
    let run = ended.run("redis", 0);
    let lost = story(&run, "first_lost");
    let way = arrows(lost);
    let killed = way.iter().find(|(_, to, _)| *to == "node 1").unwrap_or_else(|| panic!("{lost:#}")).2;
    assert_eq!((&killed["arrives_us"], &killed["note"]), (&Value::Null, &"kill node 1".into()), "{lost:#}");

    let lines = lines(&ended.place.path().join("out/logs/redis/node-1.trace"));
    let began = run["began_unix_ms"].as_u64().unwrap() * 1_000;
    let (begin, heal_begin, _) = run.fault("kill node 1");
    let [struck, back] = [begin, heal_begin].map(|ms| began + ms * 1_000);
    let at = |line: &Value| line["at_us"].as_u64().unwrap();
    // All that went out before, up to the last, and the second life follows the first.
    let out = lines.iter().filter(|line| line["step"] == "out" && at(line) < struck);
    let sent: Vec<_> = out.filter_map(number).filter(|number| !number.starts_with("probe")).collect();
    assert_eq!(sent, ["0", "1", "2"], "{lines:?}");
    assert!(lines.iter().map(at).any(|at| at > back), "{lines:?}");
    assert_eq!(
        lines.iter().filter(|line| line["step"] == "end").count(),
        1,
        "the first life had no last line"
    );
}
