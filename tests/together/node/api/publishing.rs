//! What a server says over HTTP: in a room, and to one person.

use serde_json::{Value, json};

use super::{TOKEN, bearer, open_node, post, tale, told};
use crate::support::client::Client;
use crate::support::node::Node;
use crate::support::polling::{poll, texts};
use crate::support::redis::RedisServer;

const ROOM: &str = "/api/rooms/r/messages";

#[tokio::test]
async fn what_a_server_says_is_heard_as_what_people_say() {
    let node = open_node(&[]);
    let mut ada = Client::v1_in(&node, "r").await;
    let headers = format!("{}idempotency-key: \"a-1\"\r\n", bearer());
    let body = r##"{"text":"<b>hi</b>","from":"Bot","colour":"#123456"}"##;
    let answer = post(&node, ROOM, &headers, body).await;
    assert_eq!(told(&answer), tale(202, "ack", "handed"));
    let message = ada.frame_of("message").await;
    assert_eq!(
        [&message["id"], &message["from"], &message["colour"], &message["text"]],
        ["api.a-1", "Bot", "#123456", "<b>hi</b>"]
    );
    // The same again says nothing twice; something else under the same key is refused.
    let again = post(&node, ROOM, &headers, body).await;
    assert_eq!((again.status, &again.body), (202, &answer.body));
    assert!(again.head.contains("idempotency-replayed: true") && !answer.head.contains("replayed"));
    for (path, other) in [(ROOM, r#"{"text":"hi"}"#), ("/api/rooms/s/messages", body)] {
        assert_eq!(told(&post(&node, path, &headers, other).await), tale(422, "refused", "id_reused"));
    }
    assert_eq!(told(&post(&node, ROOM, &bearer(), r#"{"text":"last"}"#).await), tale(202, "ack", "handed"));
    let message = ada.frame_of("message").await;
    assert_eq!([&message["from"], &message["text"]], ["api", "last"]);
    assert_eq!(
        texts(&poll(&node, ROOM).await),
        ["<b>hi</b>", "last"][..0],
        "nobody had read the room before"
    );
}

#[tokio::test]
async fn a_server_whispers_to_one_person_alone() {
    let node = open_node(&[]);
    let (mut ada, mut bob) = (Client::v1(&node).await, Client::v1(&node).await);
    ada.hello("Ada L\u{f6}").await;
    bob.hello("Bob").await;
    for client in [&mut ada, &mut bob] {
        client.enter("r").await;
    }
    let path = "/api/people/Ada%20L%C3%B6/messages";
    let answer = post(&node, path, &bearer(), r#"{"text":"psst","from":"Bank"}"#).await;
    assert_eq!(told(&answer), tale(202, "ack", "handed"));
    let whisper = ada.frame_of("whisper").await;
    assert_eq!(
        [&whisper["from"], &whisper["from_id"], &whisper["to"], &whisper["text"]],
        ["Bank", "api", "Ada L\u{f6}", "psst"]
    );
    // Whoever is addressed by the session's id is found, too.
    let path = format!("/api/people/{}/messages", whisper["to_id"].as_str().unwrap());
    assert_eq!(post(&node, &path, &bearer(), r#"{"text":"again"}"#).await.status, 202);
    assert_eq!(ada.frame_of("whisper").await["text"], "again");
    let nobody = post(&node, "/api/people/Cleo/messages", &bearer(), r#"{"text":"x"}"#).await;
    assert_eq!(told(&nobody), tale(404, "refused", "no_such_name"));
    ada.publish("r", "public").await;
    let heard = bob.texts_until("public").await;
    assert!(heard.is_empty(), "a private line is nobody else's: {heard:?}");
}

#[tokio::test]
async fn who_may_not_or_says_nonsense_is_told_so_and_nothing_is_said() {
    let node = open_node(&["--max-text", "10"]);
    let mut ada = Client::v1_in(&node, "r").await;
    let ok = r#"{"text":"x"}"#;
    let wrong = "authorization: Bearer another\r\n";
    let basic = format!("authorization: Basic {TOKEN}\r\n");
    for (headers, path) in [("", ROOM), (wrong, ROOM), (&*basic, ROOM), ("", "/api/people/Ada/messages")] {
        let answer = post(&node, path, headers, ok).await;
        assert_eq!(told(&answer), tale(401, "error", "unauthorized"), "{headers}");
        assert!(answer.head.contains("www-authenticate: bearer"));
    }
    // A token in the address would stand in the logs of whatever is in between.
    assert_eq!(post(&node, &format!("{ROOM}?access_token={}", "x"), "", ok).await.status, 401);
    let may = bearer();
    for (path, body, expected) in [
        (ROOM, "", tale(400, "error", "bad_frame")),
        (ROOM, "{}", tale(400, "error", "bad_frame")),
        (ROOM, r#"{"text":"x","to":"y"}"#, tale(400, "error", "bad_frame")),
        (ROOM, r#"{"text":"12345678901"}"#, tale(413, "refused", "too_long")),
        (ROOM, r#"{"text":"x","from":" "}"#, tale(400, "error", "bad_name")),
        (ROOM, r#"{"text":"x","colour":"red"}"#, tale(400, "error", "bad_colour")),
        ("/api/rooms/%20/messages", ok, tale(400, "error", "bad_room")),
        ("/api/people/%20/messages", ok, tale(400, "error", "bad_name")),
    ] {
        assert_eq!(told(&post(&node, path, &may, body).await), expected, "{path} {body}");
    }
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(10_000));
    assert_eq!(told(&post(&node, ROOM, &may, &large).await), tale(413, "error", "too_long"));
    let key = format!("{may}idempotency-key: {}\r\n", "k".repeat(65));
    assert_eq!(told(&post(&node, ROOM, &key, ok).await), tale(400, "error", "bad_id"));
    assert_eq!(post(&node, ROOM, &may, ok).await.status, 202);
    assert_eq!(ada.frame_of("message").await["text"], "x");
    // Without a token nobody may at all.
    let shut = Node::start(&[]);
    assert_eq!(told(&post(&shut, ROOM, &may, ok).await), tale(403, "error", "api_off"));
    // Nor may a page of another site, whatever it knows.
    let page = format!("{may}origin: https://pages.example\r\n");
    assert_eq!(post(&node, ROOM, &page, ok).await.status, 403);
}

#[tokio::test]
async fn a_server_is_told_that_the_broker_is_away_and_its_next_try_is_carried_out() {
    let mut redis = RedisServer::start();
    let node = super::super::presence::redis_node(&redis.url(), &["--api-token", TOKEN]);
    // Who comes before the bus is up for the first time is told so, and these are not the frames that count here.
    node.ready().await;
    let mut ada = Client::v1_in(&node, "r").await;
    redis.kill();
    while ada.frame_of("bus").await["state"] != "down" {}
    let headers = format!("{}idempotency-key: k\r\n", bearer());
    let away = post(&node, ROOM, &headers, r#"{"text":"x"}"#).await;
    assert_eq!(told(&away), tale(503, "refused", "bus_down"));
    assert!(away.head.contains("retry-after: 1"));
    let person = post(&node, "/api/people/Ada/messages", &bearer(), r#"{"text":"x"}"#).await;
    assert_eq!(told(&person), tale(503, "refused", "bus_down"));
    redis.restart();
    while ada.frame_of("bus").await["state"] != "up" {}
    assert_eq!(told(&post(&node, ROOM, &headers, r#"{"text":"x"}"#).await), tale(202, "ack", "handed"));
    let message: Value = ada.frame_of("message").await;
    assert_eq!((&message["id"], &message["text"]), (&json!("api.k"), &json!("x")));
}
