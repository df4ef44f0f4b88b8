//! Who reads and writes in which rooms, and how much.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{PolicyFile, SECRET, refusal, with_token};
use crate::support::client::Client;
use crate::support::redis::RedisServer;
use crate::support::token::{hs256, now};

const NEWS: &str = "\
[[rule]]
name = \"news\"
rooms = [\"news\"]
write = [\"Ada\"]
reason = \"only Ada writes here\"

[[rule]]
name = \"club\"
rooms = [\"club-*\"]
read = [\"Ada\"]
write = [\"Ada\"]

[[rule]]
name = \"polite\"
rooms = [\"*\"]
mask = [\"damn\"]
";

#[tokio::test]
async fn each_request_is_allowed_or_refused_by_its_rule() {
    let policy = PolicyFile::new(NEWS);
    let node = policy.node();
    let (mut ada, mut bob) = (Client::v1(&node).await, Client::v1(&node).await);
    ada.hello("Ada").await;
    bob.hello("Bob").await;
    for client in [&mut ada, &mut bob] {
        client.enter("news").await;
    }
    ada.enter("club-1").await;
    assert_eq!(bob.publish("news", "hi").await["code"], "forbidden");
    bob.say(json!({"type": "publish", "room": "news", "text": "hi", "id": "1"})).await;
    let refused = bob.answer().await;
    assert_eq!(refused["id"], "1");
    assert_eq!(refusal(&refused), json!(["refused", "forbidden", "only Ada writes here (rule `news`)"]));
    bob.say(json!({"type": "subscribe", "room": "club-1"})).await;
    let reason = "you may not be in `club-1`: you may not be in this room (rule `club`)";
    assert_eq!(refusal(&bob.frame_of("error").await), json!(["error", "forbidden", reason]));
    bob.say(json!({"type": "subscribe", "room": "@Ada"})).await;
    let reason = "you may not be in `@Ada`: a room that begins with @ is one person's own";
    assert_eq!(refusal(&bob.frame_of("error").await), json!(["error", "forbidden", reason]));
    // What was refused may be said again under its id elsewhere.
    bob.enter("r").await;
    bob.say(json!({"type": "publish", "room": "r", "text": "DAMN it", "id": "1"})).await;
    assert_eq!(bob.answer().await["type"], "ack");
    assert_eq!(bob.frame_of("message").await["text"], "**** it");
    // The same again is the same message, though the node has changed its text.
    bob.say(json!({"type": "publish", "room": "r", "text": "DAMN it", "id": "1"})).await;
    assert_eq!(bob.answer().await["type"], "ack");
    assert_eq!(ada.publish("news", "hello").await["type"], "ack");
    assert_eq!(bob.frame_of("message").await["text"], "**** it");
    assert_eq!(bob.frame_of("message").await["text"], "hello");
}

#[tokio::test]
async fn a_plain_client_is_closed_with_the_reason() {
    let policy = PolicyFile::new("[[rule]]\nname = \"quiet\"\nrooms = [\"lobby\"]\nwrite = []\n");
    let node = policy.node();
    let mut client = Client::connect(&node, "/", &[]).await.unwrap();
    client.send("hi").await;
    assert_eq!(client.closed().await, (1008, "you may not write in this room (rule `quiet`)".to_owned()));
    let policy = PolicyFile::new("[[rule]]\nname = \"shut\"\nrooms = [\"lobby\"]\nread = []\n");
    let node = policy.node();
    let mut client = Client::connect(&node, "/", &[]).await.unwrap();
    assert_eq!(client.closed().await, (1008, "you may not be in this room (rule `shut`)".to_owned()));
}

#[tokio::test]
async fn a_claim_of_the_token_opens_a_room() {
    let policy = PolicyFile::new(
        "[connect]\njwt = \"HS256\"\nsecret_file = \"secret.txt\"\n\
         [[rule]]\nname = \"staff\"\nrooms = [\"staff\"]\nread = [{ claim = \"role\", is = \"teacher\" }]\n",
    );
    let node = policy.node();
    let token = |role: &str| hs256(SECRET, &json!({ "sub": "Ada", "exp": now() + 60, "role": role }));
    let mut teacher = with_token(&node, &token("teacher")).await;
    assert_eq!(teacher.enter("staff").await["room"], "staff");
    let mut pupil = with_token(&node, &token("pupil")).await;
    pupil.say(json!({"type": "subscribe", "room": "staff"})).await;
    assert_eq!(pupil.frame_of("error").await["code"], "forbidden");
}

#[tokio::test]
async fn rates_are_counted_for_each_room() {
    let policy = PolicyFile::new("[[rule]]\nname = \"calm\"\nrooms = [\"calm-*\"]\nrate = 3\n");
    let node = policy.node();
    let mut ada = Client::v1(&node).await;
    ada.hello("Ada").await;
    let mut refused = Vec::new();
    for room in ["calm-1", "calm-2", "free"] {
        let texts: Vec<String> = (0..8)
            .map(|n| {
                json!({"type": "publish", "room": room, "text": "hi", "id": format!("{room}.{n}")})
                    .to_string()
            })
            .collect();
        ada.send_at_once(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let mut answers = Vec::new();
        while answers.len() < 8 {
            answers.push(ada.answer().await);
        }
        refused.push(answers.iter().filter(|answer| answer["type"] == "refused").count());
        assert!(answers.iter().all(|answer| answer["type"] == "ack" || answer["code"] == "forbidden"));
    }
    assert_eq!(refused, [5, 5, 0]);
}

#[tokio::test]
async fn a_session_that_continues_enters_only_the_rooms_that_are_open_to_it() {
    let policy = PolicyFile::new("");
    let node = policy.node();
    let mut ada = Client::v1(&node).await;
    ada.hello("Ada").await;
    ada.enter("a").await;
    ada.enter("b").await;
    let token = loop {
        let token = ada.next_session().await;
        let mut probe = Client::v1(&node).await;
        probe.say(json!({"type": "hello", "session": token, "rooms": false})).await;
        if probe.frame_of("welcome").await["rooms"] == json!(["a", "b"]) {
            break token;
        }
    };
    ada.leave().await;
    policy.write("policy.toml", "[[rule]]\nname = \"shut\"\nrooms = [\"b\"]\nread = []\n");
    node.running.signal(Signal::SIGHUP);
    node.running.err_line("the policy was read again");
    let mut ada = Client::v1(&node).await;
    let welcome = ada.hello_again(&token).await;
    assert_eq!(welcome["rooms"], json!(["a"]));
    let reason = "you may not be in `b`: you may not be in this room (rule `shut`)";
    assert_eq!(refusal(&ada.frame_of("error").await), json!(["error", "forbidden", reason]));
    assert_eq!(ada.frame_of("subscribed").await["room"], "a");
}

#[tokio::test]
async fn a_policy_that_is_read_again_holds_for_those_who_are_here() {
    let policy = PolicyFile::new("");
    let node = policy.node();
    let mut ada = Client::v1(&node).await;
    ada.enter("a").await;
    ada.enter("b").await;
    // A file with an error changes nothing.
    policy.write("policy.toml", "default = \"deny\"\n[[rule]]\nname = \"x\"\n");
    node.running.signal(Signal::SIGHUP);
    let line = node.running.err_line("the policy stays as it was");
    assert!(line.contains("policy.toml:2:1: rule `x` needs `rooms`"), "{line}");
    assert_eq!(ada.publish("b", "still open").await["type"], "ack");
    policy.write("policy.toml", "default = \"deny\"\n[[rule]]\nname = \"x\"\nrooms = [\"a\"]\n");
    node.running.signal(Signal::SIGHUP);
    let error = ada.frame_of("error").await;
    assert_eq!(
        refusal(&error),
        json!(["error", "forbidden", "you may not be in `b`: no rule opens this room"])
    );
    assert_eq!(ada.frame_of("unsubscribed").await["room"], "b");
    assert_eq!(ada.publish("b", "shut").await["code"], "forbidden");
    assert_eq!(ada.publish("a", "open").await["type"], "ack");
}

#[tokio::test]
async fn a_policy_holds_over_a_broker_for_what_its_own_clients_do() {
    let redis = RedisServer::start();
    let policy = PolicyFile::new(NEWS);
    let file = policy.path();
    let node = crate::node::presence::redis_node(&redis.url(), &["--policy", super::path(&file)]);
    let open = crate::node::presence::redis_node(&redis.url(), &[]);
    let mut ada = Client::v1_in(&node, "r").await;
    let mut bob = Client::v1_in(&open, "r").await;
    assert_eq!(ada.publish("r", "damn").await["type"], "ack");
    assert_eq!(text(&mut bob).await, "****", "it is masked before it leaves its node");
    assert_eq!(bob.publish("r", "damn").await["type"], "ack");
    assert_eq!([text(&mut ada).await, text(&mut ada).await], ["****", "damn"]);
}

async fn text(client: &mut Client) -> Value {
    client.frame_of("message").await["text"].clone()
}
