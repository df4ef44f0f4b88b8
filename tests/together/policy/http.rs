//! The policy over HTTP: who reads, what readers are shown, and what a server may say.

use nix::sys::signal::Signal;
use serde_json::json;

use super::{PolicyFile, SECRET};
use crate::support::client::{Client, V1};
use crate::support::events::Events;
use crate::support::node::{Answer, Node};
use crate::support::token::{claims, hs256};

const POLICY: &str = "\
[connect]
jwt = \"HS256\"
secret_file = \"secret.txt\"

[[rule]]
name = \"club\"
rooms = [\"club\"]
read = [\"Ada\"]
write = [\"Ada\"]

[[rule]]
name = \"polite\"
rooms = [\"*\"]
mask = [\"damn\"]
";

/// The answer to a GET that brings this token.
async fn get(node: &Node, path: &str, token: &str) -> Answer {
    let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", node.address);
    node.request(&format!("{head}authorization: Bearer {token}\r\n\r\n")).await
}

async fn post(node: &Node, path: &str, body: &str) -> Answer {
    let head = format!("POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", node.address);
    let length = body.len();
    node.request(&format!("{head}authorization: Bearer server\r\ncontent-length: {length}\r\n\r\n{body}"))
        .await
}

#[tokio::test]
async fn readers_need_a_token_that_is_good_and_a_room_that_is_theirs() {
    let policy = PolicyFile::new(POLICY);
    let node = policy.node();
    let (ada, bob) = (hs256(SECRET, &claims("Ada", 60)), hs256(SECRET, &claims("Bob", 60)));
    let (old, forged) =
        (hs256(SECRET, &claims("Ada", -60)), hs256("another secret that is long enough", &claims("Ada", 60)));
    for way in ["messages", "events"] {
        let path = format!("/api/rooms/club/{way}");
        for (token, status, words) in
            [(&old, 401, "has expired"), (&forged, 401, "was not signed"), (&bob, 403, "(rule `club`)")]
        {
            let answer = get(&node, &path, token).await;
            assert_eq!(answer.status, status, "{answer:?}");
            assert!(answer.body.contains(words), "{answer:?}");
        }
        assert_eq!(node.get(&path).await.status, 401);
        // The room that begins with @ is one person's own.
        assert_eq!(get(&node, &format!("/api/rooms/@Ada/{way}"), &bob).await.status, 403);
    }
    assert_eq!(get(&node, "/api/rooms/club/messages", &ada).await.status, 200);
    let query = format!("/api/rooms/club/messages?access_token={ada}");
    assert_eq!(node.get(&query).await.status, 200);
}

#[tokio::test]
async fn a_stream_ends_when_its_room_is_forbidden_or_its_token_has_expired() {
    let policy = PolicyFile::new(POLICY);
    let node = policy.node();
    let bearer =
        |name: &str, seconds| format!("authorization: Bearer {}\r\n", hs256(SECRET, &claims(name, seconds)));
    let mut short = Events::open(node.address, "/api/rooms/r/events", &bearer("Bob", 2)).await;
    let mut ada = Events::open(node.address, "/api/rooms/club/events", &bearer("Ada", 60)).await;
    for reader in [&mut short, &mut ada] {
        reader.next_of("subscribed").await;
    }
    let error = short.next_of("error").await.data;
    assert_eq!(
        (&error["code"], error["reason"].as_str().unwrap().contains("expired")),
        (&json!("forbidden"), true)
    );
    assert!(short.next().await.is_none());
    policy.write("policy.toml", &POLICY.replace("read = [\"Ada\"]", "read = []"));
    node.running.signal(Signal::SIGHUP);
    let error = ada.next_of("error").await.data;
    assert!(error["reason"].as_str().unwrap().contains("rule `club`"), "{error}");
    assert!(ada.next().await.is_none());
}

#[tokio::test]
async fn a_server_may_say_what_the_rules_allow_to_the_name_that_it_gives() {
    let policy = PolicyFile::new(POLICY);
    let file = policy.path();
    let node = Node::start(&["--policy", super::path(&file), "--api-token", "server"]);
    let token = hs256(SECRET, &claims("Ada", 60));
    let mut ada =
        Client::connect(&node, "/ws", &[V1, ("authorization", &format!("Bearer {token}"))]).await.unwrap();
    ada.enter("club").await;
    let refused = post(&node, "/api/rooms/club/messages", r#"{"text":"hi","from":"Bob"}"#).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("(rule `club`)"), "{refused:?}");
    let taken = post(&node, "/api/rooms/club/messages", r#"{"text":"damn it","from":"Ada"}"#).await;
    assert_eq!(taken.status, 202, "{taken:?}");
    assert_eq!(ada.frame_of("message").await["text"], "**** it");
}
