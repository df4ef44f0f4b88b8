//! Clients that were away, while everything else is well.

use futures_util::future::{join, join_all};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::cluster::{Cluster, kill, pour, say, until};
use super::reader::Reader;
use crate::support::client::Client;
use crate::support::rabbitmq::RabbitMq;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_after_that_the_history_does_not_know_is_part() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (history, node) = (cluster.history(&["--keep", "20"]).await, cluster.node().await);
    let mut reader = Reader::new("r");
    assert_eq!(reader.come(&node).await, "none", "nothing was asked for");
    let first = say(&node, "r", "Ada", 1).await;
    reader.until(&first).await;
    reader.go();
    let more = say(&node, "r", "Bo", 60).await;
    // What is trimmed is unknown.
    let path = format!("/rooms/r/messages?after={}", reader.last.as_ref().unwrap());
    until(&history, &path, |answer| answer.status == 404).await;
    assert_eq!(reader.come(&node).await, "part");
    let last: Vec<_> = (50..60).map(|n| format!("Bo {n}")).collect();
    assert!(last.iter().all(|text| reader.recovered.contains(text)), "{:?}", reader.recovered);
    assert!(reader.recovered.is_subset(&more));
    // So is what never was; and what cannot be an id is an error.
    assert_eq!(reader.ask(Some("nobody.ever?&%20/".into())).await, "part");
    let mut other = Client::v1_in(&node, "r").await;
    for after in ["x".repeat(129), "a b".into(), "a\n".into(), "é".into()] {
        other.say(json!({"type": "subscribe", "room": "r", "after": after})).await;
        assert_eq!(other.frame_of("error").await["code"], "bad_after", "{after}");
    }
    for last in [0, 501] {
        other.say(json!({"type": "subscribe", "room": "r", "last": last})).await;
        assert_eq!(other.frame_of("error").await["code"], "bad_last", "{last}");
    }
    // An empty one is none.
    other.say(json!({"type": "subscribe", "room": "r", "after": ""})).await;
    assert_eq!(other.frame_of("subscribed").await["recovered"], "none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_are_replayed_apart_and_ones_own_words_to_others_are_not_for_oneself() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (_history, node) = (cluster.history(&[]).await, cluster.node().await);
    let rooms = ["math", "maths", "a room/with?odd&chars%20 #*+", "\u{1F980}"];
    let mut client = Client::v1(&node).await;
    let session = client.hello("Ada").await["session"].clone();
    let mut firsts = Vec::new();
    for room in rooms {
        assert_eq!(client.enter(room).await["recovered"], "none");
        assert_eq!(client.publish(room, &format!("first in {room}")).await["type"], "ack");
        firsts.push(client.frame_of("message").await["id"].clone());
    }
    client.leave().await;
    for room in rooms {
        say(&node, room, room, 3).await;
    }
    let mut client = Client::v1(&node).await;
    client.say(json!({"type": "hello", "session": session})).await;
    client.frame_of("welcome").await;
    for room in rooms {
        let quiet = json!({"type": "publish", "room": room, "text": "not for me", "to": "others"});
        client.say(quiet).await;
        assert_eq!(client.answer().await["type"], "ack");
    }
    for (room, first) in rooms.iter().zip(&firsts) {
        client.say(json!({"type": "subscribe", "room": room, "after": first})).await;
        let mut heard = Vec::new();
        loop {
            let frame: Value = client.frame().await;
            match frame["type"].as_str().unwrap() {
                "message" => {
                    assert_eq!((&frame["room"], &frame["replay"]), (&json!(room), &json!(true)), "{frame}");
                    heard.push(frame["text"].as_str().unwrap().to_owned());
                }
                "subscribed" => {
                    assert_eq!(frame["recovered"], "all");
                    break;
                }
                other => panic!("{other}: {frame}"),
            }
        }
        let expected =
            std::iter::once(format!("first in {room}")).chain((0..3).map(|n| format!("{room} {n}")));
        assert_eq!(heard, expected.collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_to_a_node_that_lags_behind_is_brought_nothing_live_that_it_holds() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (_history, node, slow) = (cluster.history(&[]).await, cluster.node().await, cluster.node().await);
    let (mut reader, mut stays) = (Reader::new("r"), Reader::new("r"));
    reader.come(&node).await;
    stays.come(&slow).await;
    let mut all = say(&node, "r", "before", 1).await;
    stays.until(&all).await;
    slow.running.signal(Signal::SIGSTOP);
    let stop = CancellationToken::new();
    let reading = async {
        reader.read(3_000).await;
        stop.cancel();
    };
    all.extend(join(pour(&node, "r", "Ada", 2_000, stop.clone()), reading).await.0);
    reader.until(&all).await;
    reader.go();
    slow.running.signal(Signal::SIGCONT);
    assert_eq!(reader.come(&slow).await, "all");
    all.extend(say(&node, "r", "after", 5).await);
    for reader in [&mut reader, &mut stays] {
        reader.until(&all).await;
        assert_eq!(reader.texts, all);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_whose_node_was_killed_comes_to_another_at_once_and_everyone_misses_nothing() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (_history, node, other) = (cluster.history(&[]).await, cluster.node().await, cluster.node().await);
    let mut readers: Vec<_> = (0..60).map(|_| Reader::new("r")).collect();
    for reader in &mut readers {
        assert_eq!(reader.come(&node).await, "none");
    }
    let stop = CancellationToken::new();
    let walking = async {
        join_all(readers.iter_mut().map(async |reader| reader.read(20).await)).await;
        kill(node);
        for reader in &mut readers {
            reader.go();
        }
        let came = join_all(readers.iter_mut().map(async |reader| reader.come(&other).await)).await;
        assert!(came.iter().all(|recovered| recovered == "all"), "{came:?}");
        join_all(readers.iter_mut().map(async |reader| reader.read(20).await)).await;
        stop.cancel();
    };
    let (said, ()) = join(pour(&other, "r", "Ada", 100, stop.clone()), walking).await;
    for reader in &mut readers {
        reader.until(&said).await;
        assert_eq!(reader.texts, said);
    }
}
