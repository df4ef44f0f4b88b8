//! Whispers: they reach the two ends wherever they are, and nobody else.

use super::*;

async fn whisper(client: &mut Client, to: &str, text: &str, id: &str) -> Value {
    client.say(json!({"type": "whisper", "to": to, "text": text, "id": id})).await;
    client.answer().await
}

async fn code_of(client: &mut Client, frame: Value) -> String {
    client.say(frame).await;
    client.answer().await["code"].as_str().unwrap().into()
}

/// Both persons have a second window, and a third person and a plain client are on every node.
async fn only_the_two_ends_hear_a_whisper(cluster: Cluster) {
    let (mut ada, ada_id) = in_room(&cluster, 0, "Ada", "lobby").await;
    let (mut bob, bob_id) = in_room(&cluster, 1, "Bob", "lobby").await;
    let mut ada_too = Someone::again(&cluster.nodes[cluster.nodes.len() - 1], &ada.token).await;
    // Who is in no room can be whispered to as well.
    let mut bob_too = Someone::again(&cluster.nodes[0], &bob.token).await;
    let (mut eves, mut plain) = (Vec::new(), Vec::new());
    for (n, node) in cluster.nodes.iter().enumerate() {
        eves.push(in_room(&cluster, n, &format!("Eve{n}"), "lobby").await.0);
        plain.push(Client::plain(node).await);
    }

    let text = "<b>psst</b> \"\u{202e}\u{1f92b}";
    let ack = whisper(&mut ada.client, "Bob", text, "w1").await;
    assert_eq!(ack, json!({"type": "ack", "id": "w1", "level": "handed"}));
    let mut whispers = Vec::new();
    for window in [&mut bob, &mut bob_too, &mut ada, &mut ada_too] {
        whispers.push(window.client.frame_of("whisper").await);
    }
    let (colour, sent_at) = (&whispers[0]["colour"], &whispers[0]["sent_at"]);
    let expected = json!({
        "type": "whisper", "id": format!("{ada_id}.w1"), "from": "Ada", "from_id": ada_id, "to": "Bob", "to_id": bob_id,
        "colour": colour, "text": text, "sent_at": sent_at,
    });
    assert!(colour.as_str().unwrap().starts_with('#') && sent_at.as_u64().unwrap() > 0, "{expected}");
    assert!(whispers.iter().all(|whisper| *whisper == expected), "{whispers:?}\nnot\n{expected}");

    // Bob answers by the id. What comes after it proves that nobody else heard either.
    assert_eq!(whisper(&mut bob.client, &ada_id, "yes?", "w1").await["type"], "ack");
    assert_eq!(ada.client.frame_of("whisper").await["text"], "yes?");
    assert_eq!(bob.client.frame_of("whisper").await["to"], "Ada");
    ada.client.publish("lobby", "marker").await;
    for eve in &mut eves {
        let types = types_until(&mut eve.client, "marker").await;
        assert!(!types.contains(&"whisper".to_owned()), "{types:?}");
    }
    for client in &mut plain {
        loop {
            match client.text().await.as_str() {
                "marker" => break,
                other => assert!(!other.contains("psst") && !other.contains("yes?"), "{other}"),
            }
        }
    }
}

#[tokio::test]
async fn only_the_two_ends_hear_a_whisper_on_one_node() {
    only_the_two_ends_hear_a_whisper(Cluster::local().await).await;
}

#[tokio::test]
async fn only_the_two_ends_hear_a_whisper_over_redis() {
    only_the_two_ends_hear_a_whisper(Cluster::redis(3, &[]).await).await;
}

#[tokio::test]
async fn only_the_two_ends_hear_a_whisper_over_zeromq() {
    only_the_two_ends_hear_a_whisper(Cluster::zeromq(3).await).await;
}

#[tokio::test]
async fn a_name_is_one_persons_or_nobodys_and_never_taken_by_chance() {
    let cluster = Cluster::redis(2, &[]).await;
    let (mut ada, ada_id) = in_room(&cluster, 0, "Ada", "r").await;
    let (mut first, first_id) = in_room(&cluster, 0, "Anna", "r").await;
    let (mut second, second_id) = in_room(&cluster, 1, "Anna", "r").await;

    let several = whisper(&mut ada.client, "Anna", "which?", "1").await;
    assert_eq!(several["code"], "several_bear_it");
    assert!(several["reason"].as_str().unwrap().contains("by the id"), "{several}");
    for (to, text, id) in [(&first_id, "to the first", "2"), (&second_id, "to the second", "3")] {
        assert_eq!(whisper(&mut ada.client, to, text, id).await["type"], "ack");
    }
    assert_eq!(first.client.frame_of("whisper").await["text"], "to the first");
    assert_eq!(second.client.frame_of("whisper").await["text"], "to the second");

    // To oneself it comes once.
    assert_eq!(whisper(&mut ada.client, " Ada ", "note", "4").await["type"], "ack");
    let note = ada.client.frame_of("whisper").await;
    assert_eq!((&note["text"], &note["to_id"]), (&json!("to the first"), &json!(first_id)));
    assert_eq!(ada.client.frame_of("whisper").await["text"], "to the second");
    assert_eq!(ada.client.frame_of("whisper").await["to_id"], json!(ada_id));
    ada.client.publish("r", "marker").await;
    let types = types_until(&mut ada.client, "marker").await;
    assert!(!types.contains(&"whisper".to_owned()), "{types:?}");

    // Who is gone is nobody, and who takes that person's id for a name gets nothing.
    second.client.leave().await;
    let mut thief = Someone::on(&cluster.nodes[1], &second_id).await;
    thief.enter("r").await;
    for to in [&*second_id, "Nobody", "anna", "guest"] {
        let refused = whisper(&mut ada.client, to, "gone?", "5").await;
        let reason = format!("nobody called `{to}` is here now");
        let expected = json!({"type": "refused", "id": "5", "code": "no_such_name", "reason": reason});
        // Another addressee under the same id is another message.
        if to == second_id {
            assert_eq!(refused, expected)
        } else {
            assert_eq!(refused["code"], "id_reused")
        }
        ada.client.say(json!({"type": "whisper", "to": to, "text": "gone?"})).await;
        assert_eq!(ada.client.answer().await["code"], "no_such_name");
    }
    // The other Anna is alone with her name now.
    assert_eq!(whisper(&mut ada.client, "Anna", "you", "6").await["type"], "ack");
    assert_eq!(first.client.frame_of("whisper").await["text"], "you");
    assert_eq!(
        code_of(&mut thief.client, json!({"type": "whisper", "to": "x", "text": "y"})).await,
        "no_such_name"
    );
    ada.client.publish("r", "the end").await;
    let types = types_until(&mut thief.client, "the end").await;
    assert!(!types.contains(&"whisper".to_owned()), "{types:?}");
}

#[tokio::test]
async fn what_is_no_whisper_is_refused() {
    let cluster = Cluster::local().await;
    let (mut ada, _) = in_room(&cluster, 0, "Ada", "r").await;
    let long = "x".repeat(16 * 1024 + 1);
    for (frame, code) in [
        (json!({"type": "whisper", "text": "t"}), "bad_frame"),
        (json!({"type": "whisper", "text": "t", "to": " "}), "bad_frame"),
        (json!({"type": "whisper", "to": "Ada"}), "bad_frame"),
        (json!({"type": "whisper", "to": "Ada", "text": long}), "too_long"),
        (json!({"type": "whisper", "to": "Ada", "text": "t", "id": "with space"}), "bad_id"),
    ] {
        assert_eq!(code_of(&mut ada.client, frame).await, code);
    }
    assert_eq!(whisper(&mut ada.client, "Ada", "t", "1").await["type"], "ack");
    // The same again is the same message; another text is not.
    assert_eq!(whisper(&mut ada.client, "Ada", "t", "1").await["type"], "ack");
    assert_eq!(whisper(&mut ada.client, "Ada", "u", "1").await["code"], "id_reused");
}

#[tokio::test]
async fn nobody_waits_long_for_a_node_or_a_broker_that_is_away() {
    let mut cluster = Cluster::redis(3, &[]).await;
    let (mut ada, _) = in_room(&cluster, 0, "Ada", "r").await;
    let (mut bob, _) = in_room(&cluster, 1, "Bob", "r").await;
    cluster.nodes[2].running.signal(nix::sys::signal::Signal::SIGSTOP);
    assert_eq!(whisper(&mut ada.client, "Bob", "still here", "1").await["type"], "ack");
    assert_eq!(bob.client.frame_of("whisper").await["text"], "still here");
    let refused = whisper(&mut ada.client, "Cleo", "and you", "2").await;
    assert_eq!(refused["code"], "no_such_name");
    // Within the time of this test the silent node may have been forgotten.
    assert!(refused["reason"].as_str().unwrap().starts_with("nobody called `Cleo` is here now"), "{refused}");
    cluster.nodes[2].running.signal(nix::sys::signal::Signal::SIGCONT);

    let mut redis = cluster.redis.take().unwrap();
    redis.kill();
    assert_eq!(ada.client.frame_of("bus").await["state"], "down");
    assert_eq!(whisper(&mut ada.client, "Bob", "anybody?", "3").await["code"], "bus_down");
    redis.restart();
    assert_eq!(ada.client.frame_of("bus").await["state"], "up");
    assert_eq!(bob.client.frame_of("bus").await["state"], "down");
    assert_eq!(bob.client.frame_of("bus").await["state"], "up");
    assert_eq!(whisper(&mut ada.client, "Bob", "again", "4").await["type"], "ack");
    assert_eq!(bob.client.frame_of("whisper").await["text"], "again");
}
