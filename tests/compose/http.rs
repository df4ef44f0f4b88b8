//! Those without a socket, through the balancer and under its path prefix: nginx holds nothing back, and whoever comes back
//! goes on at another node.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::project::{Project, chat, container_of, docker, get, guest};
use crate::support::client::Client;
use crate::support::events::Events;

const EVENTS: &str = "/chat/api/rooms/lobby/events";
const MESSAGES: &str = "/chat/api/rooms/lobby/messages";
/// How long a poll may be kept waiting, in seconds; the answer comes far sooner.
const WAIT: u64 = 30;
/// How long nobody says anything, so that a poll has to wait.
const SILENCE: Duration = Duration::from_secs(1);

async fn say(client: &mut Client, text: &str) {
    assert_eq!(client.publish("lobby", text).await["type"], "ack", "{text}");
}

/// Somebody who reads by polls, at whichever node each of them finds.
struct Poller {
    /// The place of the next poll.
    place: String,
    /// The ids of what it has. What comes out of the history may come once more, and is dropped.
    seen: BTreeSet<String>,
    polls: usize,
}

impl Poller {
    /// Asks until something is there that it does not have yet; gives the texts, and what the last answer says it recovered.
    async fn next(&mut self) -> (Vec<String>, Value) {
        loop {
            self.polls += 1;
            let answer = get(&format!("{MESSAGES}?wait={WAIT}&after={}", encoded(&self.place))).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            let answer: Value =
                serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
            self.place = answer["next"].as_str().unwrap().to_owned();
            let new = answer["messages"].as_array().unwrap().iter().filter_map(|message| {
                let is_new = self.seen.insert(message["id"].as_str().unwrap().to_owned());
                is_new.then(|| message["text"].as_str().unwrap().to_owned())
            });
            let new: Vec<_> = new.collect();
            if !new.is_empty() {
                return (new, answer["recovered"].clone());
            }
        }
    }
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Kills all nodes but that of somebody, and waits until the balancer knows.
fn only_this_is_left(project: &Project, node: &str) -> Vec<String> {
    let mut others = project.containers("node-amqp");
    others.retain(|container| container != container_of(node));
    assert_eq!(others.len(), 3);
    let killed: Vec<_> = ["kill"].into_iter().chain(others.iter().map(String::as_str)).collect();
    docker(&killed);
    project.balances(1);
    others
}

#[tokio::test]
async fn events_and_polls_are_held_back_by_nobody_and_go_on_at_another_node() {
    let project = Project::up("http", "amqp").await;
    project.balances(4);
    let (mut ada, home) = guest("Ada").await;
    ada.enter("lobby").await;

    // Ada's node has a connection, so the reader gets another one.
    let mut reader = Events::open(chat(), EVENTS, "").await;
    assert!(reader.head.contains("200 ok") && reader.head.contains("text/event-stream"), "{}", reader.head);
    reader.next_of("subscribed").await;
    let mut last = String::new();
    let mut seen = BTreeSet::new();
    for n in 0..20 {
        // The next one is said only when this one has arrived: whoever held events back would hold them back for good.
        let text = format!("text {n}");
        say(&mut ada, &text).await;
        let event = reader.next_of("message").await;
        assert_eq!(event.data["text"], text.as_str());
        last = event.id.unwrap();
        seen.insert(last.clone());
    }

    let mut poller = Poller { place: last.clone(), seen: seen.clone(), polls: 0 };
    let begun = Instant::now();
    let later = async {
        tokio::time::sleep(SILENCE).await;
        say(&mut ada, "for those who wait").await;
    };
    let ((texts, _), ()) = tokio::join!(poller.next(), later);
    let took = begun.elapsed();
    println!(
        "{} polls; the last was answered {:.0?} after the message was said",
        poller.polls,
        took - SILENCE
    );
    assert_eq!(texts, ["for those who wait"]);
    assert!(took < Duration::from_secs(WAIT) / 2, "the answer came with the message: {took:?}");

    let others = only_this_is_left(&project, &home);
    while reader.next().await.is_some() {}
    for text in ["while nobody listened", "and again"] {
        say(&mut ada, text).await;
    }
    let header = format!("last-event-id: {last}\r\n");
    let mut again = Events::open(chat(), EVENTS, &header).await;
    let mut missed = Vec::new();
    let recovered = loop {
        let event = again.next().await.expect("what was missed");
        match &*event.kind {
            "message" if seen.insert(event.id.unwrap()) => {
                missed.push(event.data["text"].as_str().unwrap().to_owned());
            }
            "subscribed" => break event.data["recovered"].clone(),
            _ => {}
        }
    };
    assert_eq!(missed, ["for those who wait", "while nobody listened", "and again"]);
    assert_eq!(recovered, "all");
    say(&mut ada, "live").await;
    while again.next_of("message").await.data["text"] != "live" {}

    // The nodes that were asked before are gone, or know nothing of this place.
    let (texts, recovered) = poller.next().await;
    assert_eq!(texts, ["while nobody listened", "and again", "live"]);
    assert_eq!(recovered, "all");
    for container in &others {
        docker(&["start", container]);
    }
}
