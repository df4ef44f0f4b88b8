//! Another name or colour while connected: the others are told, and it is kept.

use super::*;

async fn a_new_name_is_told_shown_and_kept(cluster: Cluster) {
    let (mut ada, ada_id) = in_room(&cluster, 0, "Ada", "r").await;
    let (mut bob, _) = in_room(&cluster, 1, "Bob", "r").await;
    let (mut near, _) = in_room(&cluster, 0, "Near", "r").await;
    for other in [&mut bob, &mut near] {
        knows(other, "r", 3).await;
    }
    ada.client.next_session().await;
    ada.client.say(json!({"type": "rename", "name": " Ada L. ", "colour": "#0f766e"})).await;
    let token = ada.client.next_session().await;
    let expected =
        json!({"type": "renamed", "room": "r", "id": ada_id, "name": "Ada L.", "colour": "#0f766e"});
    for other in [&mut bob, &mut near] {
        assert_eq!(other.client.frame_of("renamed").await, expected);
        other.client.say(json!({"type": "people", "room": "r"})).await;
        let people = other.client.frame_of("people").await;
        let person = json!({"name": "Ada L.", "colour": "#0f766e", "id": ada_id});
        assert!(people["people"].as_array().unwrap().contains(&person), "{people}");
    }
    ada.client.publish("r", "it is me").await;
    let message = bob.client.frame_of("message").await;
    assert_eq!((&message["from"], &message["colour"]), (&json!("Ada L."), &json!("#0f766e")));
    // Under the new name one is whispered to, and under the old one nobody is.
    for (to, kind) in [("Ada L.", "ack"), ("Ada", "refused")] {
        bob.client.say(json!({"type": "whisper", "to": to, "text": "hello"})).await;
        assert_eq!(bob.client.answer().await["type"], kind, "{to}");
    }
    assert_eq!(ada.client.frame_of("whisper").await["to"], "Ada L.");
    ada.client.publish("r", "marker").await;
    let types = types_until(&mut ada.client, "marker").await;
    assert!(!types.contains(&"renamed".to_owned()), "never of oneself: {types:?}");
    let back = Someone::again(&cluster.nodes[cluster.nodes.len() - 1], &token).await;
    assert_eq!(back.name, "Ada L.");
}

#[tokio::test]
async fn a_new_name_is_told_shown_and_kept_on_one_node() {
    a_new_name_is_told_shown_and_kept(Cluster::local().await).await;
}

#[tokio::test]
async fn a_new_name_is_told_shown_and_kept_over_redis() {
    a_new_name_is_told_shown_and_kept(Cluster::redis(2, &[]).await).await;
}

#[tokio::test]
async fn a_new_name_is_told_shown_and_kept_over_zeromq() {
    a_new_name_is_told_shown_and_kept(Cluster::zeromq(2).await).await;
}

#[tokio::test]
async fn what_cannot_be_a_name_or_a_colour_changes_nothing() {
    let cluster = Cluster::local().await;
    let (mut ada, _) = in_room(&cluster, 0, "Ada", "r").await;
    let (mut bob, _) = in_room(&cluster, 0, "Bob", "r").await;
    for (frame, code) in [
        (json!({"type": "rename"}), "bad_frame"),
        (json!({"type": "rename", "name": " "}), "bad_name"),
        (json!({"type": "rename", "name": "x".repeat(33)}), "bad_name"),
        (json!({"type": "rename", "name": "Eve", "colour": "red"}), "bad_colour"),
        (json!({"type": "rename", "colour": "#12345g"}), "bad_colour"),
    ] {
        ada.client.say(frame).await;
        assert_eq!(ada.client.frame_of("error").await["code"], code);
    }
    knows(&mut bob, "r", 2).await;
    // The same name again is no news.
    ada.client.say(json!({"type": "rename", "name": "Ada"})).await;
    ada.client.publish("r", "marker").await;
    let frames = frames_until(&mut bob.client, "marker").await;
    assert!(frames.iter().all(|frame| frame["type"] != "renamed"), "{frames:?}");
}
