//! That somebody types: told to the others in the room, at once or not at all.

use super::*;

async fn the_others_see_who_types(cluster: Cluster) {
    let (mut ada, ada_id) = in_room(&cluster, 0, "Ada", "lobby").await;
    let (mut bob, _) = in_room(&cluster, 1, "Bob", "lobby").await;
    let mut plain = Client::plain(&cluster.nodes[cluster.nodes.len() - 1]).await;
    let mut ada_too = Someone::again(&cluster.nodes[0], &ada.token).await;
    ada_too.enter("lobby").await;
    ada.client.say(json!({"type": "typing", "room": "lobby"})).await;
    let typing = bob.client.frame_of("typing").await;
    let colour = &typing["colour"];
    let expected = json!({"type": "typing", "room": "lobby", "name": "Ada", "colour": colour, "id": ada_id});
    assert_eq!(typing, expected);

    // Whoever types without end is heard now and then.
    for _ in 0..200 {
        ada.client.say(json!({"type": "typing", "room": "lobby"})).await;
    }
    ada.client.publish("lobby", "marker").await;
    let typed = frames_until(&mut bob.client, "marker").await;
    let typed = typed.iter().filter(|frame| frame["type"] == "typing").count();
    assert!(typed <= 10, "{typed}");
    for window in [&mut ada, &mut ada_too] {
        let types = types_until(&mut window.client, "marker").await;
        assert!(!types.contains(&"typing".to_owned()), "{types:?}");
    }
    loop {
        match plain.text().await.as_str() {
            "marker" => break,
            other => assert!(!other.contains("typing"), "{other}"),
        }
    }
}

#[tokio::test]
async fn the_others_see_who_types_on_one_node() {
    the_others_see_who_types(Cluster::local().await).await;
}

#[tokio::test]
async fn the_others_see_who_types_over_redis() {
    the_others_see_who_types(Cluster::redis(2, &[]).await).await;
}

#[tokio::test]
async fn the_others_see_who_types_over_zeromq() {
    the_others_see_who_types(Cluster::zeromq(2).await).await;
}

#[tokio::test]
async fn who_is_not_in_a_room_does_not_type_there_and_in_a_crowd_nobody_is_told() {
    let cluster = Cluster::redis(2, &["--presence-limit", "2"]).await;
    let (mut ada, _) = in_room(&cluster, 0, "Ada", "r").await;
    for (frame, code) in [
        (json!({"type": "typing", "room": "elsewhere"}), "not_in_room"),
        (json!({"type": "typing", "room": ""}), "bad_room"),
        (json!({"type": "typing"}), "bad_frame"),
    ] {
        ada.client.say(frame).await;
        assert_eq!(ada.client.frame_of("error").await["code"], code);
    }
    let mut others = Vec::new();
    for (node, name) in [(1, "Bob"), (1, "Cleo")] {
        let mut someone = Someone::on(&cluster.nodes[node], name).await;
        someone.enter("r").await;
        others.push(someone);
    }
    // Ada's node has to know of them before it knows that the room is a crowd.
    while ada.client.frame_of("members").await["members"] != 3 {}
    ada.client.say(json!({"type": "typing", "room": "r"})).await;
    ada.client.publish("r", "marker").await;
    for other in &mut others {
        let types = types_until(&mut other.client, "marker").await;
        assert!(!types.contains(&"typing".to_owned()), "{types:?}");
    }
}
