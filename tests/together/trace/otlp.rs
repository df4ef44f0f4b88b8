//! A message's way as spans: two nodes, a Redis, and a collector that takes down what it is sent. Other people's code says
//! whether it is OTLP.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

use crate::deployed::check_metrics;
use crate::support::client::Client;
use crate::support::node::{Node, PATIENCE};
use crate::support::process::{Running, pubsub_lab};
use crate::support::python::judge;
use crate::support::redis::RedisServer;

/// The bodies of the requests to a collector, and what it answers.
#[derive(Default)]
struct Collected {
    bodies: Mutex<Vec<Value>>,
    refuses: Mutex<bool>,
}

/// A collector; gives its address.
async fn collector(collected: Arc<Collected>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    TaskTracker::new().spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            collected.take(connection).await;
        }
    });
    format!("http://{address}")
}

impl Collected {
    /// Takes the one request of a connection.
    async fn take(&self, connection: TcpStream) {
        let mut connection = BufReader::new(connection);
        let (mut head, mut length) = (Vec::new(), 0);
        loop {
            let mut line = String::new();
            connection.read_line(&mut line).await.unwrap();
            let line = line.trim_end().to_lowercase();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
            head.push(line);
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body).await.unwrap();
        assert_eq!(head[0], "post /v1/traces http/1.1");
        assert!(head.iter().any(|line| line == "content-type: application/json"), "{head:?}");
        let refuses = *self.refuses.lock().unwrap();
        if !refuses {
            self.bodies.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        }
        let answer = if refuses { "503 Service Unavailable" } else { "200 OK" };
        let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n");
        connection.write_all(answer.as_bytes()).await.unwrap();
    }
}

impl Collected {
    /// Every span so far, with the name of its process.
    fn spans(&self) -> Vec<(String, Value)> {
        let bodies = self.bodies.lock().unwrap();
        let resources = bodies.iter().flat_map(|body| body["resourceSpans"].as_array().unwrap());
        let of = |resource: &Value| {
            let process = attribute(&resource["resource"], "service.instance.id").unwrap().to_owned();
            let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap().clone();
            spans.into_iter().map(move |span| (process.clone(), span))
        };
        resources.flat_map(of).collect()
    }

    /// The spans of the one message whose id ends so, as soon as there are this many.
    async fn of(&self, id: &str, count: usize) -> Vec<(String, Value)> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let spans: Vec<_> = self.spans().into_iter().filter(|(_, span)| is_of(span, id)).collect();
            if spans.len() >= count {
                return spans;
            }
            assert!(Instant::now() < deadline, "{spans:#?}");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

fn is_of(span: &Value, id: &str) -> bool {
    attribute(span, "messaging.message.id").is_some_and(|full| full.ends_with(&format!(".{id}")))
}

fn attribute<'a>(of: &'a Value, key: &str) -> Option<&'a str> {
    let one = of["attributes"].as_array()?.iter().find(|one| one["key"] == key)?;
    let value = &one["value"];
    value["stringValue"].as_str().or(value["intValue"].as_str())
}

fn nanos(span: &Value, key: &str) -> u64 {
    span[key].as_str().unwrap().parse().unwrap()
}

fn node(redis: &RedisServer, name: &str, collector: &str) -> Node {
    let broker = redis.url();
    let running = Running::start(pubsub_lab(&[
        "node",
        "redis",
        "--listen",
        "127.0.0.1:0",
        "--name",
        name,
        "--broker",
        &broker,
        "--otlp",
        collector,
    ]));
    let address = running.out_line("listening http://").rsplit_once('/').unwrap().1.parse().unwrap();
    Node { running, address }
}

#[tokio::test]
async fn the_spans_of_two_nodes_are_one_trace_of_each_message() {
    let (redis, collected) = (RedisServer::start(), Arc::new(Collected::default()));
    let url = collector(collected.clone()).await;
    let nodes = ["one", "two"].map(|name| node(&redis, name, &url));
    let mut here = Client::v1_in(&nodes[0], "tea").await;
    let mut there = Client::v1_in(&nodes[1], "tea").await;
    for id in ["a", "b"] {
        here.say(json!({"type": "publish", "room": "tea", "text": "hello", "id": id})).await;
        there.frame_of("message").await;
    }
    // The same id with another text never reaches the bus.
    here.say(json!({"type": "publish", "room": "tea", "text": "other", "id": "b"})).await;

    let spans = collected.of("a", 3).await;
    let (publish, deliver): (Vec<_>, Vec<_>) =
        spans.iter().partition(|(_, span)| span["name"] == "publish tea");
    let [(sender, publish)] = &publish[..] else { panic!("{spans:#?}") };
    assert_eq!((sender.as_str(), &publish["kind"], publish.get("parentSpanId")), ("one", &json!(4), None));
    assert_eq!(publish["events"][0]["name"], "handed to the bus");
    assert_eq!(attribute(publish, "messaging.system"), Some("redis"));
    let mut receivers: Vec<_> = deliver.iter().map(|(process, _)| process.as_str()).collect();
    receivers.sort_unstable();
    assert_eq!(receivers, ["one", "two"]);
    for (process, span) in &deliver {
        assert_eq!((&span["name"], &span["kind"]), (&json!("deliver tea"), &json!(5)), "{process}");
        assert_eq!(span["traceId"], publish["traceId"]);
        assert_eq!(span["parentSpanId"], publish["spanId"]);
        assert_eq!(attribute(span, "pubsub_lab.clients"), Some("1"));
        assert!(nanos(span, "endTimeUnixNano") >= nanos(span, "startTimeUnixNano"));
        // All processes have the clock of this machine.
        assert!(nanos(span, "startTimeUnixNano") >= nanos(publish, "startTimeUnixNano"));
    }
    let refused = collected.of("b", 4).await;
    let refused = refused.iter().find(|(_, span)| span["status"]["code"] == 2).unwrap();
    assert_eq!(refused.1["status"]["message"], "id_reused");
    assert_ne!(refused.1["traceId"], publish["traceId"], "each message has a trace of its own");
    check_metrics(&nodes[0].get("/metrics").await.body);
    let bodies = json!(*collected.bodies.lock().unwrap()).to_string();
    assert_eq!(judge::<&str>("together/trace/otlp.py", &[], &bodies), "fine\n");
}

#[tokio::test]
async fn a_collector_that_takes_nothing_holds_up_nobody_and_what_it_missed_is_counted() {
    let (redis, collected) = (RedisServer::start(), Arc::new(Collected::default()));
    let url = collector(collected.clone()).await;
    *collected.refuses.lock().unwrap() = true;
    let mut node = node(&redis, "one", &url);
    let mut client = Client::v1_in(&node, "tea").await;
    assert_eq!(client.publish("tea", "lost to the collector").await["type"], "ack");
    // `in`, `bus_out`, `bus_in`, `bus_ack` and `out`, in one batch or in several.
    let deadline = Instant::now() + PATIENCE;
    while node.metric("pubsub_lab_otlp_dropped_steps_total").await < 5.0 {
        assert!(Instant::now() < deadline, "{}", node.running.everything());
        sleep(Duration::from_millis(50)).await;
    }
    *collected.refuses.lock().unwrap() = false;
    client.say(json!({"type": "publish", "room": "tea", "text": "told", "id": "told"})).await;
    collected.of("told", 2).await;
    node.running.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(node.running.ended_within(PATIENCE).success());
    let said = node.running.everything();
    assert!(said.contains("takes none: it answers 503") && said.contains("takes spans again"), "{said}");
}

#[test]
fn what_is_no_collector_is_wrong_usage() {
    let mut node = Running::start(pubsub_lab(&[
        "node",
        "local",
        "--listen",
        "127.0.0.1:0",
        "--otlp",
        "grpc://127.0.0.1:4317",
    ]));
    assert_eq!(node.ended_within(PATIENCE).code(), Some(2));
    let said = node.everything();
    assert!(said.contains("error: `--otlp` names no collector: it does not begin with http://"), "{said}");
    assert!(said.contains("hint: give a URL like http://127.0.0.1:4318"), "{said}");
}
