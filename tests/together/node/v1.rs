//! The dialect `pubsub-lab.v1`: rooms and publishing.

use std::collections::HashSet;

use crate::support::client::{Client, V1};
use crate::support::node::Node;
use serde_json::{Value, json};

#[tokio::test]
async fn subscribing_tells_how_many_are_there_and_the_others_who_came() {
    let node = Node::start(&[]);
    let mut ada = Client::v1(&node).await;
    let ada_welcome = ada.hello("Ada").await;
    let first = ada.enter("tea").await;
    assert_eq!(first, json!({"type": "subscribed", "room": "tea", "members": 1, "recovered": "none"}));
    let mut bob = Client::v1(&node).await;
    let bob_welcome = bob.hello("Bob").await;
    assert_eq!(bob.enter("tea").await["members"], 2);
    bob.publish("tea", "hello").await;
    let came = ada.frame().await;
    // The person's id is the part of the person's message ids before the dot.
    let message = ada.frame_of("message").await["id"].as_str().unwrap().to_owned();
    let (id, colour) = (message.split_once('.').unwrap().0, &bob_welcome["colour"]);
    let expected =
        json!({"type": "joined", "room": "tea", "name": "Bob", "colour": colour, "id": id, "members": 2});
    assert_eq!(came, expected, "and nothing of her own coming before it");
    ada.say(json!({"type": "people", "room": "tea"})).await;
    let people = ada.frame_of("people").await;
    let bob_there = json!({"name": "Bob", "colour": colour, "id": id});
    assert_eq!(people["people"].as_array().unwrap().len(), 2, "{people}");
    assert!(people["people"].as_array().unwrap().contains(&bob_there), "{people}");
    let ada_id = people["people"][0]["id"].clone();
    assert_eq!(bob.frame_of("message").await["text"], "hello");

    ada.say(json!({"type": "unsubscribe", "room": "tea"})).await;
    assert_eq!(ada.frame().await, json!({"type": "unsubscribed", "room": "tea"}));
    let colour = &ada_welcome["colour"];
    let left =
        json!({"type": "left", "room": "tea", "name": "Ada", "colour": colour, "id": ada_id, "members": 1});
    assert_eq!(bob.frame().await, left);
    // Out of the room one hears nothing of it and may not ask who is there, but may still speak into it.
    ada.say(json!({"type": "people", "room": "tea"})).await;
    assert_eq!(ada.frame_of("error").await["code"], "not_in_room");
    bob.publish("tea", "anybody?").await;
    ada.publish("tea", "no").await;
    assert_eq!(bob.texts_until("no").await, ["anybody?"]);
    ada.enter("tea").await;
    ada.publish("tea", "back").await;
    assert_eq!(ada.texts_until("back").await, [""; 0]);

    ada.leave().await;
    assert_eq!(bob.frame_of("left").await["name"], "Ada");
}

#[tokio::test]
async fn subscribing_twice_is_answered_twice_and_heard_once() {
    let node = Node::start(&[]);
    let mut other = Client::v1_in(&node, "r").await;
    let mut client = Client::v1(&node).await;
    let subscribe = json!({"type": "subscribe", "room": "r"}).to_string();
    client.send_at_once(&[&subscribe, &subscribe]).await;
    assert_eq!(client.frame_of("subscribed").await["members"], 2);
    assert_eq!(client.frame_of("subscribed").await["members"], 2);
    client.publish("r", "once").await;
    client.publish("r", "end").await;
    assert_eq!(client.texts_until("end").await, ["once"]);
    assert_eq!(other.frame_of("joined").await["type"], "joined");
    assert_eq!(other.frame().await["type"], "message", "one coming, not two");
}

#[tokio::test]
async fn a_new_room_entered_twice_at_once_is_heard_once() {
    let node = Node::start(&[]);
    for n in 0..50 {
        let room = format!("fresh-{n}");
        let mut client = Client::v1(&node).await;
        let subscribe = json!({"type": "subscribe", "room": room}).to_string();
        // Both are on their way before the bus has confirmed the first.
        client.send_at_once(&[&subscribe, &subscribe]).await;
        assert_eq!(client.frame_of("subscribed").await["members"], 1);
        assert_eq!(client.frame_of("subscribed").await["members"], 1);
        client.publish(&room, "once").await;
        client.publish(&room, "end").await;
        assert_eq!(client.texts_until("end").await, ["once"]);
    }
}

#[tokio::test]
async fn a_publish_is_acknowledged_and_arrives_byte_for_byte() {
    let node = Node::start(&[]);
    let mut ada = Client::v1(&node).await;
    let welcome = ada.hello("Ada").await;
    let mut bob = Client::v1_in(&node, "r").await;
    ada.enter("r").await;
    bob.frame_of("joined").await;
    let texts = [
        "<b>bold</b><img src=x onerror=alert(1)>",
        "\"quotes\" \\ and \n lines \t and \r and \u{8}",
        "nul \0 and \u{1} and \u{7f}",
        "h\u{e9} \u{1f468}\u{200d}\u{1f469} \u{202e}abc \u{feff}\u{ffff}",
        "",
        " ",
        "{\"type\":\"lagged\",\"missed\":9}",
    ];
    let before = now();
    for (n, text) in texts.iter().enumerate() {
        ada.say(json!({"type": "publish", "room": "r", "text": text, "id": n.to_string()})).await;
        assert_eq!(ada.answer().await, json!({"type": "ack", "id": n.to_string(), "level": "handed"}));
        let message = bob.frame_of("message").await;
        assert_eq!(message["text"], *text);
        assert_eq!((&message["from"], &message["colour"]), (&json!("Ada"), &welcome["colour"]));
        assert_eq!(message["room"], "r");
        assert!(message["id"].as_str().unwrap().ends_with(&format!(".{n}")), "{message}");
        let sent_at = message["sent_at"].as_u64().unwrap();
        assert!((before..=now()).contains(&sent_at), "{sent_at}");
        assert_eq!(ada.frame_of("message").await, message, "the sender hears it too, the same");
    }
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64
}

#[tokio::test]
async fn what_cannot_be_published_is_refused_with_a_code() {
    let node = Node::start(&["--max-text", "16"]);
    let mut client = Client::v1_in(&node, "r").await;
    let publish = |more: Value| {
        let mut frame = json!({"type": "publish", "room": "r", "text": "x", "id": "i"});
        frame.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        frame
    };
    let cases = [
        (publish(json!({"text": "x".repeat(17)})), "too_long"),
        (publish(json!({"text": "é".repeat(9)})), "too_long"),
        (publish(json!({"room": ""})), "bad_room"),
        (publish(json!({"room": " r"})), "bad_room"),
        (publish(json!({"room": "a\nb"})), "bad_room"),
        (publish(json!({"room": "$roster"})), "bad_room"),
        (publish(json!({"room": "r".repeat(65)})), "bad_room"),
        (publish(json!({"id": ""})), "bad_id"),
        (publish(json!({"id": "with space"})), "bad_id"),
        (publish(json!({"id": "é"})), "bad_id"),
        (publish(json!({"id": "x".repeat(65)})), "bad_id"),
        (publish(json!({"to": "nobody"})), "bad_to"),
        (publish(json!({"to": ""})), "bad_to"),
        (publish(json!({"text": null})), "bad_frame"),
        (publish(json!({"room": null})), "bad_frame"),
    ];
    for (frame, code) in cases {
        client.say(frame.clone()).await;
        let answer = client.frame().await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("refused"), &json!(code)), "{frame}");
        assert_eq!(answer["id"], frame["id"]);
        assert!(answer["reason"].as_str().unwrap().len() > 10, "{answer}");
    }
    client.say(publish(json!({"text": "x".repeat(16)}))).await;
    assert_eq!(client.answer().await["type"], "ack", "a refused id is free for another try");
    assert_eq!(client.texts_until(&"x".repeat(16)).await, [""; 0], "nothing that was refused was sent");
    assert_eq!(node.metric("pubsub_lab_refused_total").await, 15.0);
}

#[tokio::test]
async fn more_than_the_rate_is_refused_and_costs_the_others_nothing() {
    let node = Node::start(&["--max-rate", "20"]);
    let mut fast = Client::v1_in(&node, "r").await;
    for n in 0..60 {
        fast.say(json!({"type": "publish", "room": "r", "text": "x", "id": n.to_string()})).await;
    }
    let mut refused = HashSet::new();
    for n in 0..60 {
        let answer = fast.answer().await;
        assert_eq!(answer["id"], n.to_string(), "answers in order");
        if answer["type"] == "refused" {
            assert_eq!(answer["code"], "rate_limited");
            refused.insert(n);
        }
    }
    assert!((1..=40).contains(&refused.len()), "{refused:?}");
    assert!(!refused.contains(&0) && !refused.contains(&19), "a second's worth at once is fine");
    assert_eq!(Client::v1(&node).await.publish("r", "another session").await["type"], "ack");
}

#[tokio::test]
async fn the_same_message_keeps_its_id_and_another_text_under_it_is_refused() {
    let node = Node::start(&[]);
    let mut client = Client::v1_in(&node, "r").await;
    let mut publish = async |room: &str, text: &str| {
        client.say(json!({"type": "publish", "room": room, "text": text, "id": "same"})).await;
        let answer = client.answer().await;
        (answer["type"].as_str().unwrap().to_owned(), answer["code"].as_str().map(str::to_owned))
    };
    assert_eq!(publish("r", "a").await.0, "ack");
    assert_eq!(publish("r", "a").await.0, "ack");
    assert_eq!(publish("r", "b").await, ("refused".into(), Some("id_reused".into())));
    assert_eq!(publish("elsewhere", "a").await, ("refused".into(), Some("id_reused".into())));
    let mut fresh = Client::v1_in(&node, "r").await;
    fresh.say(json!({"type": "publish", "room": "r", "text": "a", "id": "same"})).await;
    fresh.publish("r", "end").await;
    client.say(json!({"type": "subscribe", "room": "other"})).await;
    let mut ids = Vec::new();
    loop {
        let message = fresh.frame_of("message").await;
        if message["text"] == "end" {
            break;
        }
        ids.push(message["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 1);
    let mut own = Vec::new();
    while own.len() < 3 {
        own.push(client.frame_of("message").await["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(own[0], own[1], "sent again, the same message");
    assert_eq!(own[2], ids[0]);
    assert_ne!(own[0], ids[0], "the same own id of another session is another message");
    assert!(own[0].ends_with(".same") && ids[0].ends_with(".same"));
}

#[tokio::test]
async fn ids_that_the_node_gives_are_unique_also_beside_the_clients_own() {
    let node = Node::start(&[]);
    let mut clients = [Client::v1_in(&node, "r").await, Client::v1_in(&node, "r").await];
    for _ in 0..20 {
        for client in &mut clients {
            client.publish("r", "x").await;
        }
    }
    clients[0].publish("r", "end").await;
    let mut ids = HashSet::new();
    loop {
        let message = clients[1].frame_of("message").await;
        assert!(ids.insert(message["id"].to_string()), "{message}");
        if message["text"] == "end" {
            break;
        }
    }
    assert_eq!(ids.len(), 41);
}

#[tokio::test]
async fn to_others_leaves_the_sender_out() {
    let node = Node::start(&[]);
    let (mut ada, mut bob) = (Client::v1_in(&node, "r").await, Client::v1_in(&node, "r").await);
    for (to, text) in [("others", "you"), ("all", "everybody")] {
        ada.say(json!({"type": "publish", "room": "r", "text": text, "to": to})).await;
        assert_eq!(ada.answer().await["type"], "ack");
    }
    assert_eq!(bob.texts_until("everybody").await, ["you"]);
    assert_eq!(ada.texts_until("everybody").await, [""; 0]);
}

#[tokio::test]
async fn one_session_in_two_windows_is_told_nothing_of_itself() {
    let node = Node::start(&[]);
    let mut one = Client::v1(&node).await;
    let token = one.hello("Ada").await["session"].clone();
    one.enter("r").await;
    let mut two = Client::v1(&node).await;
    two.say(json!({"type": "hello", "session": token})).await;
    two.enter("r").await;
    two.say(json!({"type": "publish", "room": "r", "text": "mine", "to": "others"})).await;
    two.publish("r", "all").await;
    let next = one.frame().await;
    assert_eq!((&next["type"], &next["text"]), (&json!("message"), &json!("all")), "not joined, not `mine`");
    two.leave().await;
    one.publish("r", "end").await;
    assert_eq!(one.frame_of("message").await["text"], "end");
    one.say(json!({"type": "what"})).await;
    assert_eq!(one.frame().await["type"], "error", "nothing of it was left over");
}

#[tokio::test]
async fn messages_of_one_sender_arrive_in_order_and_only_in_their_room() {
    let node = Node::start(&["--max-rate", "0"]);
    let rooms = ["with space", "München ☕", "a/b?c=d#e.*>"];
    let mut senders = Vec::new();
    let mut readers = Vec::new();
    for room in rooms {
        readers.push(Client::v1_in(&node, room).await);
        senders.push(Client::v1(&node).await);
    }
    for n in 0..200 {
        for (sender, room) in senders.iter_mut().zip(rooms) {
            sender.say(json!({"type": "publish", "room": room, "text": format!("{room} {n}")})).await;
        }
    }
    for (reader, room) in readers.iter_mut().zip(rooms) {
        for n in 0..200 {
            let message = reader.frame_of("message").await;
            assert_eq!((&message["room"], &message["text"]), (&json!(room), &json!(format!("{room} {n}"))));
        }
    }
}

#[tokio::test]
async fn rooms_a_session_are_bounded() {
    let node = Node::start(&[]);
    let mut client = Client::v1(&node).await;
    for n in 0..64 {
        client.enter(&format!("room {n}")).await;
    }
    client.say(json!({"type": "subscribe", "room": "one more"})).await;
    let error = client.frame_of("error").await;
    assert_eq!(error["code"], "too_many_rooms");
    assert!(error["reason"].as_str().unwrap().contains("one more"), "{error}");
    assert_eq!(client.enter("room 7").await["room"], "room 7", "one that it is in already is no more");
    client.say(json!({"type": "unsubscribe", "room": "room 7"})).await;
    client.frame_of("unsubscribed").await;
    assert_eq!(client.enter("one more").await["room"], "one more");
}

#[tokio::test]
async fn a_bad_room_is_an_error_in_subscribe_and_unsubscribe() {
    let node = Node::start(&[]);
    let mut client = Client::v1(&node).await;
    client.hello("Ada").await;
    for kind in ["subscribe", "unsubscribe"] {
        for room in ["", " ", "a ", "tab\there", "$roster", &"x".repeat(65)] {
            client.say(json!({"type": kind, "room": room})).await;
            assert_eq!(client.frame().await["code"], "bad_room", "{kind} {room:?}");
        }
        client.say(json!({"type": kind})).await;
        assert_eq!(client.frame().await["code"], "bad_frame");
    }
    assert_eq!(client.enter(&"é".repeat(64)).await["room"], "é".repeat(64));
}

#[tokio::test]
async fn errors_about_a_frame_say_this_to_the_letter() {
    let node = Node::start(&[]);
    let mut client = Client::v1(&node).await;
    client.hello("Ada").await;
    let error = |code: &str, reason: &str| json!({"type": "error", "code": code, "reason": reason});
    let refused = |reason: &str| json!({"type": "refused", "id": "1", "code": "bad_frame", "reason": reason});
    let no_frame = "not a frame of this dialect: ";
    for (frame, answer) in [
        ("{}", error("bad_frame", &format!("{no_frame}missing field `type` at line 1 column 2"))),
        ("[\"hello\"]", error("bad_frame", &format!("{no_frame}an array, expected an object"))),
        (
            "[\"hello\",null,null,null,null,null,null,null]",
            error("bad_frame", &format!("{no_frame}an array, expected an object")),
        ),
        (
            r#"{"type":"hello","room":7}"#,
            error(
                "bad_frame",
                &format!("{no_frame}invalid type: integer `7`, expected a string at line 1 column 24"),
            ),
        ),
        (
            "null",
            error(
                "bad_frame",
                &format!("{no_frame}invalid type: null, expected struct ClientFrame at line 1 column 4"),
            ),
        ),
        (
            r#"{"type":"what"}"#,
            error(
                "unknown_type",
                "unknown type `what`: hello, subscribe, unsubscribe, people, publish, whisper, typing or rename",
            ),
        ),
        (r#"{"type":"hello"}"#, error("late_hello", "hello comes once, before anything else")),
        (r#"{"type":"subscribe"}"#, error("bad_frame", "subscribe needs a `room`")),
        (r#"{"type":"unsubscribe"}"#, error("bad_frame", "unsubscribe needs a `room`")),
        (r#"{"type":"publish","id":"1","text":"x"}"#, refused("publish needs a `room`")),
        (r#"{"type":"publish","id":"1","room":"r"}"#, refused("publish needs a `text`")),
    ] {
        client.send(frame).await;
        assert_eq!(client.frame().await, answer, "{frame}");
    }
}

#[tokio::test]
async fn a_frame_over_the_limit_closes_with_1009() {
    let node = Node::start(&[]);
    let mut client = Client::connect(&node, "/", &[V1]).await.unwrap();
    // The longest text that is allowed fits a frame; what is longer is refused; what fills 64 KiB is too much.
    assert_eq!(client.publish("r", &"x".repeat(16 * 1024)).await["type"], "ack");
    assert_eq!(client.publish("r", &"x".repeat(16 * 1024 + 1)).await["code"], "too_long");
    client.send(&"x".repeat(64 * 1024 + 1)).await;
    assert_eq!(client.closed().await, (1009, "a message may have 65536 bytes".to_owned()));
}
