//! Members that catch up.

mod slow;
mod stage;

use std::future::ready;

use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::catch_up::HELD;
use super::client_connection::Offered;
use super::room::Command;
use super::turns::AT_ONCE;
use bus::{BusError, BusEvent, Health, Replay};
use stage::*;
use wire::Envelope;

async fn tell(teller: &Teller, ids: &[&str]) {
    for id in ids {
        teller.send(Ok(said(id))).await.unwrap();
    }
}

async fn closed(teller: &Teller) {
    timeout(PATIENCE, teller.closed()).await.expect("the replay is let go");
}

#[tokio::test]
async fn what_is_said_meanwhile_comes_after_the_replay() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    stage.heard_by(&mut witness, &["live1"]).await;
    tell(&teller, &["old1", "old2"]).await;
    client.hears(&["old1 again", "old2 again"]).await;
    stage.heard_by(&mut witness, &["live2"]).await;
    assert!(client.heard_all(), "held back");
    drop(teller);
    client.hears(&["subscribed all", "live1", "live2"]).await;
    stage.heard_by(&mut witness, &["live3"]).await;
    client.hears(&["live3"]).await;
    assert_eq!(*stage.bus.asked.borrow(), ["a"]);
}

#[tokio::test]
async fn a_live_copy_of_what_was_replayed_is_skipped_before_within_and_after() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    stage.heard_by(&mut witness, &["x", "live1"]).await;
    tell(&teller, &["a", "x", "y", "z"]).await;
    client.hears(&["a again", "x again", "y again", "z again"]).await;
    stage.heard_by(&mut witness, &["y", "live2"]).await;
    drop(teller);
    client.hears(&["subscribed all", "live1", "live2"]).await;
    // A live copy is skipped even much later, and even of a message that the client held before.
    stage.heard_by(&mut witness, &["z", "a", "live3"]).await;
    client.hears(&["live3"]).await;
    // Each message comes live only once, which the bus ensures. A second copy that it lets through is delivered.
    stage.heard_by(&mut witness, &["z"]).await;
    client.hears(&["z"]).await;
}

#[tokio::test]
async fn too_much_meanwhile_is_brought_by_another_replay() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    let ids: Vec<_> = (0..HELD + 5).map(|n| n.to_string()).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    for ids in ids.chunks(32) {
        stage.heard_by(&mut witness, ids).await;
    }
    let again = stage.replay(true);
    tell(&again, &ids[HELD - 3..]).await;
    drop((teller, again));
    client.hears(&["subscribed all"]).await;
    client.hears(&ids[..HELD]).await;
    for id in &ids[HELD..] {
        client.hears(&[&format!("{id} again")]).await;
    }
    stage.heard_by(&mut witness, &["live"]).await;
    client.hears(&["live"]).await;
    assert_eq!(*stage.bus.asked.borrow(), ["a", ids[HELD]]);
}

#[tokio::test]
async fn an_answer_says_how_much_was_recovered() {
    let mut stage = Stage::new();
    let mut client = stage.client().await;
    // This pattern has no history.
    stage.asks(&client, "a").await;
    client.hears(&["subscribed none"]).await;
    // The history does not know the message `after`.
    drop(stage.replay(false));
    stage.asks(&client, "b").await;
    client.hears(&["subscribed part"]).await;
    // This replay fails in the middle.
    let teller = stage.replay(true);
    stage.asks(&client, "c").await;
    tell(&teller, &["old1"]).await;
    teller.send(Err(BusError::History("gone".into()))).await.unwrap();
    client.hears(&["old1 again", "subscribed part"]).await;
    // This replay fails at the beginning.
    stage.script(ready(Err(BusError::History("away".into()))));
    stage.asks(&client, "d").await;
    client.hears(&["subscribed none"]).await;
    // This replay contains something that is no message.
    let teller = stage.replay(true);
    stage.asks(&client, "e").await;
    teller.send(Ok(Envelope { frame: "{}".into(), ..said("odd") })).await.unwrap();
    tell(&teller, &["old2"]).await;
    drop(teller);
    client.hears(&["old2 again", "subscribed part"]).await;
    // The client hears live messages again after each of the failures.
    stage.live(BusEvent::Envelope(said("live"))).await;
    client.hears(&["live"]).await;
    assert_eq!(*stage.bus.asked.borrow(), ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn a_replay_that_panics_leaves_nobody_mute() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut clients = [stage.client().await, stage.client().await, stage.client().await];
    let fault = CancellationToken::new();
    // One task fails before it has fed anything, another one in the middle.
    let failing = fault.clone();
    stage.script(async move {
        failing.cancelled().await;
        panic!("a fault of this test");
    });
    stage.asks(&clients[0], "a").await;
    let failing = fault.clone();
    let rest = stream::once(async move {
        failing.cancelled().await;
        panic!("a fault of this test");
    });
    let messages = stream::iter([Ok(said("old1")), Ok(said("old2"))]).chain(rest).boxed();
    stage.script(ready(Ok(Replay { complete: true, messages })));
    stage.asks(&clients[1], "b").await;
    clients[1].hears(&["old1 again", "old2 again"]).await;
    // The replay of another client goes on as if nothing had happened.
    let teller = stage.replay(true);
    stage.asks(&clients[2], "c").await;
    stage.heard_by(&mut witness, &["old2", "live1"]).await;
    fault.cancel();
    clients[0].hears(&["subscribed part", "old2", "live1"]).await;
    clients[1].hears(&["subscribed part", "live1"]).await;
    tell(&teller, &["old3"]).await;
    drop(teller);
    clients[2].hears(&["old3 again", "subscribed all", "old2", "live1"]).await;
    stage.heard_by(&mut witness, &["live2"]).await;
    for client in &mut clients {
        client.hears(&["live2"]).await;
    }
}

#[tokio::test]
async fn who_leaves_in_the_middle_hears_nothing_more() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    tell(&teller, &["old1"]).await;
    client.hears(&["old1 again"]).await;
    stage.heard_by(&mut witness, &["live1"]).await;
    stage.leave(&client, true).await;
    closed(&teller).await;
    client.hears(&["unsubscribed"]).await;
    stage.heard_by(&mut witness, &["live2"]).await;
    // The client may enter again and ask for another replay, as any client may.
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    tell(&teller, &["live1", "live2"]).await;
    drop(teller);
    client.hears(&["live1 again", "live2 again", "subscribed all"]).await;
    stage.heard_by(&mut witness, &["live3"]).await;
    client.hears(&["live3"]).await;
}

#[tokio::test]
async fn others_hear_of_it_once_however_often_it_asks() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let first = stage.replay(true);
    stage.asks(&client, "a").await;
    tell(&first, &["old1"]).await;
    client.hears(&["old1 again"]).await;
    stage.heard_by(&mut witness, &["live1"]).await;
    // The client asks anew in the middle of a replay: the first replay ends, and is answered.
    let second = stage.replay(true);
    stage.asks(&client, "b").await;
    closed(&first).await;
    client.hears(&["subscribed part"]).await;
    tell(&second, &["old1", "old2", "live1"]).await;
    drop(second);
    client.hears(&["old1 again", "old2 again", "live1 again", "subscribed all"]).await;
    // The client asks anew as a member with copies to come, and then as an ordinary member.
    stage.heard_by(&mut witness, &["live2"]).await;
    client.hears(&["live2"]).await;
    for live in ["live3", "live4"] {
        let again = stage.replay(true);
        stage.asks(&client, "c").await;
        stage.heard_by(&mut witness, &[live]).await;
        tell(&again, &["old1", "old2"]).await;
        drop(again);
        client.hears(&["old1 again", "old2 again", "subscribed all", live]).await;
        stage.heard_by(&mut witness, &["old1", "old2"]).await;
    }
    // A client that names no message is just answered, even in the middle of a replay.
    stage.join(&client, None).await;
    client.hears(&["subscribed none"]).await;
    let last = stage.replay(true);
    stage.asks(&client, "d").await;
    stage.join(&client, None).await;
    client.hears(&["subscribed none"]).await;
    drop(last);
    client.hears(&["subscribed all"]).await;
    stage.leave(&client, false).await;
    assert_eq!(witness.next().await, "left c2", "and no second `joined` before it");
    stage.leave(&witness, false).await;
    timeout(PATIENCE, stage.bus.unsubscribed.subscribe().wait_for(|count| *count == 1))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn joined_is_told_at_once_and_left_in_the_middle_too() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    assert_eq!(witness.next().await, "joined c2");
    stage.leave(&client, false).await;
    assert_eq!(witness.next().await, "left c2");
    closed(&teller).await;
}

#[tokio::test]
async fn what_is_for_others_is_not_for_oneself() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let own = |id| Envelope { sender: client.identity.id.clone(), others: true, ..said(id) };
    let (old, new) = (own("mine1"), own("mine2"));
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    teller.send(Ok(old)).await.unwrap();
    stage.live(BusEvent::Envelope(new)).await;
    stage.heard_by(&mut witness, &[]).await;
    assert_eq!(witness.next_message().await, "mine2");
    tell(&teller, &["old"]).await;
    drop(teller);
    client.hears(&["old again", "subscribed all"]).await;
    stage.heard_by(&mut witness, &["live"]).await;
    client.hears(&["live"]).await;
}

#[tokio::test]
async fn a_node_that_lost_its_feed_fills_its_sessions() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    tell(&teller, &["old1", "old2"]).await;
    client.hears(&["old1 again", "old2 again"]).await;
    for id in ["old2", "old3"] {
        stage.live(BusEvent::Replayed(said(id))).await;
        witness.hears(&[&format!("{id} again")]).await;
    }
    drop(teller);
    // Messages that the client knows from its own replay are not sent to it again.
    client.hears(&["subscribed all", "old3 again"]).await;
    stage.live(BusEvent::Gap("nobody knows".into())).await;
    for client in [&mut witness, &mut client] {
        client.hears(&["gap nobody knows"]).await;
    }
}

#[tokio::test]
async fn who_comes_while_the_broker_is_away_is_told_when_it_is_back() {
    let mut stage = Stage::new();
    let mut client = stage.client().await;
    stage.bus.health.send_replace(Health::Down("away".into()));
    let teller = stage.replay(true);
    stage.join(&client, Some("a")).await;
    client.hears(&["error bus_down"]).await;
    assert!(stage.bus.asked.borrow().is_empty());
    stage.bus.health.send_replace(Health::Up);
    tell(&teller, &["old"]).await;
    drop(teller);
    client.hears(&["old again", "subscribed all"]).await;
    // A client that was in the room before asks as well, and is answered too.
    stage.bus.health.send_replace(Health::Down("away".into()));
    let teller = stage.replay(true);
    stage.join(&client, Some("b")).await;
    client.hears(&["error bus_down"]).await;
    stage.bus.health.send_replace(Health::Up);
    tell(&teller, &["old2"]).await;
    drop(teller);
    client.hears(&["old2 again", "subscribed all"]).await;
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_all_and_holds_up_nobody() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    // Frames of this size and number are more than the kernel's buffers and the client's outbox hold.
    const BIG: usize = 32 * 1024;
    const MANY: usize = 1_000;
    let filler = "x".repeat(BIG);
    for n in 0..MANY {
        let text = json!({"type": "message", "id": n.to_string(), "text": filler}).to_string();
        teller.send(Ok(Envelope { frame: text.into(), ..said(&n.to_string()) })).await.unwrap();
    }
    drop(teller);
    let meanwhile: Vec<_> = (0..200).map(|n| format!("live{n}")).collect();
    for id in &meanwhile {
        stage.heard_by(&mut witness, &[id]).await;
    }
    for n in 0..MANY {
        client.hears(&[&format!("{n} again")]).await;
    }
    client.hears(&["subscribed all"]).await;
    for id in &meanwhile {
        client.hears(&[id]).await;
    }
    stage.heard_by(&mut witness, &["last"]).await;
    client.hears(&["last"]).await;
}

#[tokio::test]
async fn when_the_history_fails_those_who_wait_need_not_fail_one_after_the_other() {
    let mut stage = Stage::new();
    let failure = CancellationToken::new();
    let mut clients = Vec::new();
    for _ in 0..AT_ONCE + 5 {
        let client = stage.client().await;
        let failure = failure.clone();
        stage.script(async move {
            failure.cancelled().await;
            Err(BusError::History("away".into()))
        });
        stage.join(&client, Some("a")).await;
        clients.push(client);
    }
    let mut asked = stage.bus.asked.subscribe();
    timeout(PATIENCE, asked.wait_for(|asked| asked.len() == AT_ONCE)).await.unwrap().unwrap();
    // By the time that the last client's second request is answered, the requests of all others have arrived.
    stage.join(&clients[AT_ONCE + 4], None).await;
    clients[AT_ONCE + 4].hears(&["subscribed none"]).await;
    failure.cancel();
    for client in &mut clients {
        client.hears(&["subscribed none"]).await;
    }
    assert_eq!(asked.borrow().len(), AT_ONCE);
    // A client that comes later asks again.
    stage.bus.replays.lock().unwrap().clear();
    drop(stage.replay(true));
    stage.asks(&clients[0], "b").await;
    clients[0].hears(&["subscribed all"]).await;
}

#[tokio::test]
async fn a_node_that_ends_lets_go_of_replays() {
    let mut stage = Stage::new();
    let (client, gone) = (stage.client().await, stage.client().await);
    let tellers = [stage.replay(true), stage.replay(true)];
    for client in [&client, &gone] {
        stage.asks(client, "a").await;
    }
    // One client's socket is gone, and nobody has noticed yet; the session of the other is told to end.
    drop(gone.far);
    stage.shutdown.cancel();
    for client in [&client.connection, &gone.connection] {
        let leave = Command::Leave { room: room(), connection: client.clone(), asked: false };
        stage.commands.send(leave).await.unwrap();
    }
    timeout(PATIENCE, stage.commands.closed()).await.expect("the rooms end");
    for teller in &tellers {
        closed(teller).await;
    }
}

#[tokio::test]
async fn a_frame_is_for_a_client_until_its_connection_ends() {
    let mut stage = Stage::new();
    let connection = stage.client().await.connection;
    let offer = || connection.offer(&"frame".into());
    assert_eq!([offer(), offer()], [Offered::MustBeWritten, Offered::Waits]);
    connection.flush();
    assert_eq!(offer(), Offered::MustBeWritten);
    connection.begin_close(false);
    assert_eq!(offer(), Offered::Nothing, "the trace does not count it among those that it was written to");
}
