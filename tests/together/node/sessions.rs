//! Sessions that continue: by their signed tokens, and out of Redis.

use std::time::Duration;

use base64::Engine;
use redis::AsyncCommands;
use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::node::{Node, PATIENCE};
use crate::support::people::Observer;
use crate::support::process::{Running, pubsub_lab};
use crate::support::redis::RedisServer;

use super::presence::redis_node;

/// A node of the local pattern with the secret of these tests and these flags.
fn local_node(flags: &[&str]) -> Node {
    Node::start_with(flags, |command| {
        command.env("PUBSUB_LAB_SECRET", "s");
    })
}

/// What a token claims.
fn claims(token: &Value) -> Value {
    let claims = token.as_str().unwrap().split_once('.').unwrap().0;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The first new token that names these rooms.
async fn token_with(client: &mut Client, rooms: &[&str]) -> Value {
    loop {
        let token = client.next_session().await;
        if claims(&token)["rooms"] == json!(rooms) {
            return token;
        }
    }
}

/// Says hello with a token that is not good; gives the reason and the `welcome` of the session in its place.
async fn turned_away(node: &Node, token: &Value, code: &str) -> (String, Value) {
    let mut client = Client::v1(node).await;
    client.say(json!({"type": "hello", "session": token})).await;
    let error = client.frame().await;
    assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)), "{error}");
    let welcome = client.frame().await;
    assert_eq!(welcome["type"], "welcome");
    assert_eq!(welcome["rooms"], json!([]));
    assert!(welcome["name"].as_str().unwrap().starts_with("guest-"), "{welcome}");
    assert_eq!(client.publish("r", "still here").await["type"], "ack", "the connection stays");
    (error["reason"].as_str().unwrap().to_owned(), welcome)
}

/// Both nodes are ready.
async fn ready(nodes: &[&Node]) {
    for node in nodes {
        node.ready().await;
    }
}

#[tokio::test]
async fn name_colour_and_rooms_come_back_on_another_node_of_the_secret() {
    let redis = RedisServer::start();
    let nodes = [redis_node(&redis.url(), &[]), redis_node(&redis.url(), &[])];
    ready(&nodes.each_ref()).await;
    let mut ada = Client::v1(&nodes[0]).await;
    let welcome = ada.hello("Ada").await;
    assert_eq!(welcome["rooms"], json!([]));
    for room in ["b", "a", "gone"] {
        ada.enter(room).await;
    }
    ada.say(json!({"type": "unsubscribe", "room": "gone"})).await;
    let token = token_with(&mut ada, &["b", "a"]).await;
    ada.leave().await;

    let mut again = Client::v1(&nodes[1]).await;
    let back = again.hello_again(&token).await;
    assert_eq!((&back["name"], &back["colour"]), (&welcome["name"], &welcome["colour"]));
    assert_eq!(back["rooms"], json!(["b", "a"]));
    assert_eq!(claims(&back["session"])["id"], claims(&welcome["session"])["id"]);
    for _ in 0..2 {
        let subscribed = again.frame_of("subscribed").await;
        assert!(subscribed["room"] == "b" || subscribed["room"] == "a", "{subscribed}");
    }
    // It hears its rooms, without having asked for them, and may ask for one all the same.
    let mut bob = Client::v1(&nodes[0]).await;
    bob.hello("Bob").await;
    for room in ["b", "a"] {
        bob.publish(room, "hi").await;
        assert_eq!(again.frame_of("message").await["room"], room);
    }
    again.enter("a").await;
    bob.publish("a", "once").await;
    bob.publish("b", "last").await;
    assert_eq!(again.texts_until("last").await, ["once"]);
}

#[tokio::test]
async fn a_session_goes_over_to_another_node_of_a_lab() {
    for arguments in [&["zeromq"][..], &["redis", "--node-flag=--sessions=redis"]] {
        let run = [&["run"], arguments, &["--nodes", "2", "--port", "0"]].concat();
        let lab = Running::pubsub_lab(&run);
        lab.err_line("Ctrl-C stops everything");
        let address = |node| {
            let line = lab.out_line(&format!("node {node}  http://"));
            line.rsplit_once('/').unwrap().1.parse().unwrap()
        };
        let mut ada = Client::v1_at(address(0)).await;
        let welcome = ada.hello("Ada").await;
        ada.enter("tea").await;
        let token = match arguments[0] {
            "redis" => welcome["session"].clone(),
            _ => token_with(&mut ada, &["tea"]).await,
        };
        ada.leave().await;
        let mut again = Client::v1_at(address(1)).await;
        let back = again.hello_again(&token).await;
        assert_eq!((&back["name"], &back["colour"]), (&json!("Ada"), &welcome["colour"]), "{arguments:?}");
        assert_eq!(back["rooms"], json!(["tea"]), "{arguments:?}");
        again.frame_of("subscribed").await;
    }
}

#[tokio::test]
async fn a_client_that_enters_by_itself_is_told_its_rooms_and_is_in_none() {
    let node = local_node(&[]);
    let mut ada = Client::v1(&node).await;
    ada.hello("Ada").await;
    ada.enter("tea").await;
    let token = token_with(&mut ada, &["tea"]).await;
    ada.leave().await;
    let mut again = Client::v1(&node).await;
    again.say(json!({"type": "hello", "session": token, "rooms": false})).await;
    let welcome = again.frame().await;
    assert_eq!((&welcome["name"], &welcome["rooms"]), (&json!("Ada"), &json!(["tea"])));
    again.say(json!({"type": "people", "room": "tea"})).await;
    assert_eq!(again.frame().await["code"], "not_in_room");
    assert_eq!(again.enter("tea").await["members"], 1);
}

#[tokio::test]
async fn more_rooms_than_a_session_may_have_now_do_not_come_back() {
    let (many, few) = (local_node(&[]), local_node(&["--max-rooms", "2"]));
    let mut ada = Client::v1(&many).await;
    ada.hello("Ada").await;
    for room in ["c", "b", "a"] {
        ada.enter(room).await;
    }
    let token = token_with(&mut ada, &["c", "b", "a"]).await;
    let mut again = Client::v1(&few).await;
    assert_eq!(again.hello_again(&token).await["rooms"], json!(["c", "b"]));
    again.say(json!({"type": "subscribe", "room": "d"})).await;
    assert_eq!(again.frame_of("error").await["code"], "too_many_rooms");
}

#[tokio::test]
async fn who_says_no_hello_gets_no_tokens_unasked() {
    let node = local_node(&[]);
    let mut guest = Client::v1_in(&node, "r").await;
    guest.say(json!({"type": "unsubscribe", "room": "r"})).await;
    guest.frame_of("unsubscribed").await;
    guest.publish("r", "x").await;
    assert_eq!(guest.session, None);
}

#[tokio::test]
async fn a_session_expires_and_not_while_its_client_is_there() {
    let node = local_node(&["--session-lifetime", "3s"]);
    let mut ada = Client::v1(&node).await;
    let welcome = ada.hello("Ada").await;
    let first = welcome["session"].clone();
    // Half of its life later it has been renewed, and again: beyond the end of the first token.
    let mut token = ada.next_session().await;
    while claims(&token)["expires"].as_u64().unwrap() < claims(&first)["expires"].as_u64().unwrap() + 3000 {
        token = ada.next_session().await;
    }
    let (reason, _) = turned_away(&node, &first, "bad_session").await;
    assert!(reason.starts_with("this session expired "), "{reason}");
    assert!(reason.ends_with("s ago; sessions last 3s here. You go on as a new one"), "{reason}");
    let newest = ada.next_session().await;
    let mut again = Client::v1(&node).await;
    assert_eq!(again.hello_again(&newest).await["name"], "Ada");
}

#[tokio::test]
async fn each_token_that_is_worthless_says_why() {
    let (node, changed) = (local_node(&[]), Node::with_secret("changed"));
    let mut ada = Client::v1(&node).await;
    let token = ada.hello("Ada").await["session"].clone();
    let text = token.as_str().unwrap();
    let mut forged = claims(&token);
    forged["name"] = json!("Eve");
    let forged = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(forged.to_string());
    let forged = format!("{forged}.{}", text.split_once('.').unwrap().1);
    let not_ours = "this session was not signed with the secret of this cluster: it is forged, of another cluster, or \
                    from before the secret was changed. You go on as a new one";
    let unreadable = "this is no session token, or one of another version. You go on as a new one";
    for (node, token, expected) in
        [(&changed, &token, not_ours), (&node, &json!(forged), not_ours), (&node, &json!("x"), unreadable)]
    {
        assert_eq!(turned_away(node, token, "bad_session").await.0, expected);
    }
}

#[tokio::test]
async fn two_tabs_of_one_session_hear_everything_and_count_as_one() {
    let node = local_node(&[]);
    let mut observer = Observer::on(&node, "o", "r").await;
    let mut one = Client::v1(&node).await;
    one.hello("Ada").await;
    one.enter("r").await;
    observer.sees("+Ada").await;
    let token = token_with(&mut one, &["r"]).await;
    let mut two = Client::v1(&node).await;
    assert_eq!(two.hello_again(&token).await["rooms"], json!(["r"]));
    assert_eq!(two.frame_of("subscribed").await["members"], 2);
    // What each of them says and what another says, both hear.
    one.publish("r", "of one").await;
    two.publish("r", "of two").await;
    observer.someone.client.publish("r", "of another").await;
    for tab in [&mut one, &mut two] {
        assert_eq!(tab.texts_until("of another").await, ["of one", "of two"]);
    }
    observer.people_are(&["o", "Ada"]).await;
    one.leave().await;
    observer.people_are(&["o", "Ada"]).await;
    assert_eq!(observer.take_seen(), ["+Ada"]);
}

/// The nodes of a cluster whose sessions are in Redis, ready.
async fn in_redis(redis: &RedisServer, flags: &[&str]) -> [Node; 2] {
    let flags = [&["--sessions", "redis", "--namespace", "ns"][..], flags].concat();
    let nodes = [redis_node(&redis.url(), &flags), redis_node(&redis.url(), &flags)];
    ready(&nodes.each_ref()).await;
    nodes
}

/// The key under which the session of a token is kept.
fn key(token: &Value) -> String {
    format!("ns:session:{}", claims(token)["id"].as_str().unwrap())
}

/// Waits until Redis has this session in these rooms.
async fn kept_with(redis: &RedisServer, token: &Value, rooms: &[&str]) -> Value {
    let mut asking = redis.client().await;
    let begin = std::time::Instant::now();
    loop {
        let text: String = asking.get(key(token)).await.unwrap();
        let kept: Value = serde_json::from_str(&text).unwrap();
        if kept["rooms"] == json!(rooms) {
            return kept;
        }
        assert!(begin.elapsed() < PATIENCE, "{kept}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_session_in_redis_is_a_key_with_an_end_that_another_node_continues() {
    let redis = RedisServer::start();
    let nodes = in_redis(&redis, &["--session-lifetime", "1h"]).await;
    let mut ada = Client::v1(&nodes[0]).await;
    let welcome = ada.hello("Ada").await;
    let token = welcome["session"].clone();
    assert_eq!(claims(&token).as_object().unwrap().len(), 2, "a version and an id alone");
    // Whoever holds a token finds its session.
    let mut asking = redis.client().await;
    let left: i64 = asking.pttl(key(&token)).await.unwrap();
    assert!((3_500_000..=3_600_000).contains(&left), "{left} ms");
    for room in ["b", "a"] {
        ada.enter(room).await;
    }
    let kept = kept_with(&redis, &token, &["b", "a"]).await;
    assert_eq!((&kept["name"], &kept["colour"]), (&welcome["name"], &welcome["colour"]));
    assert_eq!(ada.session, None, "the token stays the same");
    ada.leave().await;

    // Use renews the end.
    let _: bool = asking.pexpire(key(&token), 600_000).await.unwrap();
    let mut again = Client::v1(&nodes[1]).await;
    let back = again.hello_again(&token).await;
    for field in ["name", "colour", "session"] {
        assert_eq!(back[field], welcome[field]);
    }
    assert_eq!(back["rooms"], json!(["b", "a"]));
    for _ in 0..2 {
        again.frame_of("subscribed").await;
    }
    let begin = std::time::Instant::now();
    while asking.pttl::<_, i64>(key(&token)).await.unwrap() <= 600_000 {
        assert!(begin.elapsed() < PATIENCE, "not renewed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // A name that is given anew is kept as well.
    let mut renamed = Client::v1(&nodes[0]).await;
    renamed.say(json!({"type": "hello", "session": token, "name": "Ada L."})).await;
    assert_eq!(renamed.frame_of("welcome").await["name"], "Ada L.");
    let begin = std::time::Instant::now();
    while kept_with(&redis, &token, &["b", "a"]).await["name"] != "Ada L." {
        assert!(begin.elapsed() < PATIENCE, "not renamed");
    }
}

#[tokio::test]
async fn a_session_that_redis_has_no_longer_and_a_forged_one_are_told() {
    let redis = RedisServer::start();
    let nodes = in_redis(&redis, &[]).await;
    let mut ada = Client::v1(&nodes[0]).await;
    let token = ada.hello("Ada").await["session"].clone();
    ada.leave().await;
    let mut asking = redis.client().await;
    let _: () = asking.del(key(&token)).await.unwrap();
    let (reason, fresh) = turned_away(&nodes[1], &token, "bad_session").await;
    assert!(
        reason.starts_with("the store has nothing of this session: it has expired, or was deleted there"),
        "{reason}"
    );
    // What is in Redis under another id is not to be had without its signature.
    let signed_for_another = token.as_str().unwrap().split_once('.').unwrap().1;
    let claimed = fresh["session"].as_str().unwrap().split_once('.').unwrap().0;
    let forged = json!(format!("{claimed}.{signed_for_another}"));
    let (reason, _) = turned_away(&nodes[1], &forged, "bad_session").await;
    assert!(reason.contains("it is forged"), "{reason}");
    // Somebody writes nonsense there.
    let _: () = asking.set(key(&fresh["session"]), "{}").await.unwrap();
    let (reason, _) = turned_away(&nodes[0], &fresh["session"], "bad_session").await;
    assert!(reason.starts_with("what the store has of this session is not readable"), "{reason}");
}

#[tokio::test]
async fn while_redis_is_away_a_client_is_told_and_later_it_is_who_it_was() {
    let redis = RedisServer::start();
    let nodes = in_redis(&redis, &[]).await;
    let mut ada = Client::v1(&nodes[0]).await;
    let welcome = ada.hello("Ada").await;
    let token = welcome["session"].clone();
    // Redis does nothing any more, and holds what it has.
    redis.pause();
    let mut again = Client::v1(&nodes[1]).await;
    again.say(json!({"type": "hello", "session": token})).await;
    let error = again.frame_of("error").await;
    assert_eq!(error["code"], "sessions_away", "{error}");
    let reason = error["reason"].as_str().unwrap();
    assert!(reason.contains("its token stays good"), "{reason}");
    let stranger = again.frame_of("welcome").await;
    assert_ne!(stranger["name"], "Ada");
    // Somebody new is told as well that nobody keeps the session.
    let mut eve = Client::v1(&nodes[1]).await;
    eve.say(json!({"type": "hello", "name": "Eve"})).await;
    let error = eve.frame_of("error").await;
    assert!(
        error["code"] == "sessions_away" && error["reason"].as_str().unwrap().contains("not kept yet"),
        "{error}"
    );
    let of_eve = eve.frame_of("welcome").await["session"].clone();
    redis.resume();
    ready(&nodes.each_ref()).await;
    let mut later = Client::v1(&nodes[1]).await;
    assert_eq!(later.hello_again(&token).await["name"], "Ada");
    // Hers is kept as soon as Redis takes it.
    let mut asking = redis.client().await;
    let begin = std::time::Instant::now();
    while !asking.exists::<_, bool>(key(&of_eve)).await.unwrap() {
        assert!(begin.elapsed() < PATIENCE, "never kept");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn whoever_is_there_is_kept_anew_when_redis_has_forgotten_everything() {
    let mut redis = RedisServer::start();
    let nodes = in_redis(&redis, &[]).await;
    let mut ada = Client::v1(&nodes[0]).await;
    let token = ada.hello("Ada").await["session"].clone();
    ada.enter("tea").await;
    kept_with(&redis, &token, &["tea"]).await;
    // It keeps nothing on disk.
    redis.restart();
    let (mut asking, begin) = (redis.client().await, std::time::Instant::now());
    while !asking.exists::<_, bool>(key(&token)).await.unwrap() {
        assert!(begin.elapsed() < PATIENCE, "forgotten for good");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    ada.leave().await;
    ready(&nodes.each_ref()).await;
    let mut again = Client::v1(&nodes[1]).await;
    assert_eq!(again.hello_again(&token).await["rooms"], json!(["tea"]));
}

#[tokio::test]
async fn a_user_without_the_rights_is_named_with_the_line_that_gives_them() {
    let user = ["lab", "on", ">pw", "resetkeys", "allchannels", "+@all"];
    let redis = RedisServer::builder().directive("user", &user).start();
    let url = redis.url().replace("redis://", "redis://lab:pw@");
    let node = redis_node(&url, &["--sessions", "redis"]);
    ready(&[&node]).await;
    let mut ada = Client::v1(&node).await;
    ada.say(json!({"type": "hello", "name": "Ada"})).await;
    let error = ada.frame_of("error").await;
    assert!(error["reason"].as_str().unwrap().contains("Redis refused: NOPERM"), "{error}");
    assert_eq!(ada.frame_of("welcome").await["name"], "Ada");
    node.running.err_line("`ACL SETUSER NAME +get +set '~pubsub-lab:session:*'`");
}

#[test]
fn sessions_in_redis_are_for_the_redis_pattern_alone() {
    for (arguments, expected) in [
        (
            &["node", "local", "--sessions", "redis"][..],
            "`--sessions redis` is for the redis pattern, and this node is one of local",
        ),
        (&["node", "zeromq", "--sessions", "redis"], "and this node is one of zeromq"),
        (&["node", "redis", "--sessions", "cookie"], "invalid value 'cookie' for '--sessions <WHERE>'"),
        (&["node", "redis", "--session-lifetime", "10ms"], "1s is the shortest"),
        (&["node", "redis", "--session-lifetime", "1year"], "30days is the longest"),
        (&["run", "amqp", "--node-flag=--sessions=redis"], "`--sessions=redis` is for nodes of redis alone"),
    ] {
        let mut refused = Running::start(pubsub_lab(arguments));
        assert_eq!(refused.ended_within(PATIENCE).code(), Some(2), "{}", refused.everything());
        assert!(refused.everything().contains(expected), "{}", refused.everything());
    }
}
