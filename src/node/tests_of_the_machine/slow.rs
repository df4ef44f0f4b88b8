//! Members that read so slowly that what is said is dropped for them, while a history keeps it.

use std::future::ready;
use std::ops::Range;

use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use super::super::catch_up::HELD_FOR_SLOW;
use super::super::member::Member;
use super::super::room::Command;
use super::stage::*;
use super::{closed, tell};
use bus::{BusError, BusEvent, Replay, ReplayStart};

/// More than a client that does not read can be sent.
const MANY: usize = 600;

/// Says these at length. The witness hears each.
async fn pour(stage: &Stage, witness: &mut Client, numbers: Range<usize>) {
    for n in numbers {
        stage.live(BusEvent::Envelope(said_at_length(n))).await;
        witness.hears(&[&n.to_string()]).await;
    }
}

/// What the history says of these.
async fn recall(teller: &Teller, numbers: Range<usize>) {
    for n in numbers {
        teller.send(Ok(said_at_length(n))).await.unwrap();
    }
}

/// Reads what came live, up to the first message that is brought by a replay. Gives its number.
async fn read_up_to_the_replay(client: &mut Client, from: usize) -> usize {
    let mut next = from;
    loop {
        let frame = client.next_message().await;
        if frame == format!("{next} again") {
            return next;
        }
        assert_eq!(frame, next.to_string());
        next += 1;
    }
}

async fn hears_again(client: &mut Client, numbers: Range<usize>) {
    for n in numbers {
        client.hears(&[&format!("{n} again")]).await;
    }
}

/// Waits until the bus is asked for a replay for the `count`th time. Gives the id after which.
async fn asked(stage: &Stage, count: usize) -> String {
    let mut asked = stage.bus.asked.subscribe();
    let asked = timeout(PATIENCE, asked.wait_for(|asked| asked.len() == count)).await;
    asked.expect("the bus is asked").unwrap()[count - 1].clone()
}

#[tokio::test]
async fn is_brought_what_was_dropped_once_in_order_and_then_live_however_often() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.witness().await;
    for round in 0..2 {
        let (from, end) = (round * 1_000, round * 1_000 + MANY);
        let teller = stage.replay(true);
        pour(&stage, &mut witness, from..end).await;
        let walking = async {
            let first = asked(&stage, round + 1).await.parse::<usize>().unwrap();
            // What is said from here on is held back. The history knows of some of it already.
            for n in end..end + 3 {
                stage.live(BusEvent::Envelope(said_at_length(n))).await;
            }
            // It begins before what was dropped.
            recall(&teller, first - 20..end + 2).await;
            drop(teller);
            first
        };
        let reading = async {
            let first = read_up_to_the_replay(&mut client, from).await;
            hears_again(&mut client, first + 1..end).await;
            first
        };
        let (asked, first) = tokio::join!(walking, reading);
        assert_eq!(asked, first, "the replay begins with the first that was dropped");
        for n in end..end + 3 {
            client.hears(&[&n.to_string()]).await;
            witness.hears(&[&n.to_string()]).await;
        }
        // It is an ordinary member again.
        pour(&stage, &mut witness, end + 3..end + 20).await;
        for n in end + 3..end + 20 {
            client.hears(&[&n.to_string()]).await;
        }
    }
    assert_eq!(stage.bus.asked.borrow().len(), 2);
}

#[tokio::test]
async fn too_much_during_a_catch_up_is_brought_by_the_next_one() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.witness().await;
    let (teller, again) = (stage.replay(true), stage.replay(true));
    pour(&stage, &mut witness, 0..MANY).await;
    let first = read_up_to_the_replay(&mut client, 0).await;
    let ids: Vec<_> = (MANY..MANY + HELD_FOR_SLOW + 5).map(|n| n.to_string()).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    for ids in ids.chunks(32) {
        stage.heard_by(&mut witness, ids).await;
    }
    recall(&teller, first..MANY).await;
    hears_again(&mut client, first + 1..MANY).await;
    client.hears(&ids[..HELD_FOR_SLOW]).await;
    tell(&again, &ids[HELD_FOR_SLOW..]).await;
    hears_again(&mut client, MANY + HELD_FOR_SLOW..MANY + HELD_FOR_SLOW + 5).await;
    assert_eq!(client.next().await, "members 2", "once, when it is over");
    stage.heard_by(&mut witness, &["live"]).await;
    client.hears(&["live"]).await;
    assert_eq!(*stage.bus.asked.borrow(), [first.to_string(), ids[HELD_FOR_SLOW].to_owned()]);
}

#[tokio::test]
async fn is_not_told_meanwhile_who_comes_but_afterwards_how_many_are_there() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.witness().await;
    let teller = stage.replay(true);
    pour(&stage, &mut witness, 0..MANY).await;
    let third = stage.witness().await;
    let fourth = stage.witness().await;
    stage.leave(&third, true).await;
    recall(&teller, 0..MANY).await;
    drop(teller);
    let mut presence = Vec::new();
    let mut next = 0;
    while next < MANY {
        let frame = client.next().await;
        match frame.strip_suffix(" again").unwrap_or(&frame).parse::<usize>() {
            Ok(n) => {
                assert_eq!(n, next);
                next += 1;
            }
            Err(_) => presence.push(frame),
        }
    }
    assert!(presence.is_empty(), "{presence:?}");
    assert_eq!(client.next().await, "members 3");
    stage.leave(&fourth, true).await;
    assert_eq!(client.next().await, "left c4");
}

#[tokio::test]
async fn is_told_the_number_of_what_the_history_does_not_bring() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.witness().await;
    // The history is away.
    stage.script(ready(Err(BusError::History("away".into()))));
    pour(&stage, &mut witness, 0..MANY).await;
    let first = read_up_to_the_replay(&mut client, 0).await;
    client.hears(&[&format!("lagged {}", MANY - first - 1)]).await;
    stage.heard_by(&mut witness, &["live1"]).await;
    client.hears(&["live1"]).await;
    // It fails in the middle, and what is said meanwhile comes after the notice.
    let teller = stage.replay(true);
    pour(&stage, &mut witness, MANY..2 * MANY).await;
    let first = read_up_to_the_replay(&mut client, MANY).await;
    asked(&stage, 2).await;
    stage.heard_by(&mut witness, &["live2"]).await;
    recall(&teller, first..first + 10).await;
    teller.send(Err(BusError::History("gone".into()))).await.unwrap();
    hears_again(&mut client, first + 1..first + 10).await;
    client.hears(&[&format!("lagged {}", 2 * MANY - first - 10), "live2"]).await;
    // It holds the newest only.
    let teller = stage.replay(false);
    pour(&stage, &mut witness, 2 * MANY..3 * MANY).await;
    recall(&teller, 3 * MANY - 10..3 * MANY).await;
    drop(teller);
    let first = read_up_to_the_replay(&mut client, 2 * MANY).await;
    hears_again(&mut client, 3 * MANY - 10..3 * MANY).await;
    client.hears(&[&format!("lagged {}", 3 * MANY - 10 - first - 1)]).await;
    stage.heard_by(&mut witness, &["live3"]).await;
    client.hears(&["live3"]).await;
}

#[tokio::test]
async fn a_catch_up_that_panics_leaves_nobody_mute() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.witness().await;
    let rest = stream::once(async { panic!("a fault of this test") });
    stage.script(ready(Ok(Replay { complete: true, messages: rest.boxed() })));
    pour(&stage, &mut witness, 0..MANY).await;
    let first = read_up_to_the_replay(&mut client, 0).await;
    client.hears(&[&format!("lagged {}", MANY - first - 1)]).await;
    assert_eq!(client.next().await, "members 2");
    stage.heard_by(&mut witness, &["live"]).await;
    client.hears(&["live"]).await;
}

#[tokio::test]
async fn may_leave_in_the_middle_or_ask_for_itself() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.witness().await;
    let teller = stage.replay(true);
    pour(&stage, &mut witness, 0..MANY).await;
    let first = read_up_to_the_replay(&mut client, 0).await;
    recall(&teller, first..first + 3).await;
    hears_again(&mut client, first + 1..first + 3).await;
    stage.leave(&client, true).await;
    closed(&teller).await;
    client.hears(&["unsubscribed"]).await;
    stage.heard_by(&mut witness, &["live1"]).await;
    assert!(client.heard_all());
    // It comes back after the last that it holds, falls behind again, and asks in the middle of the catch-up.
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    tell(&teller, &["live1"]).await;
    drop(teller);
    client.hears(&["live1 again", "subscribed all"]).await;
    let (cut, asked_for) = (stage.replay(true), stage.replay(true));
    pour(&stage, &mut witness, MANY..2 * MANY).await;
    let first = read_up_to_the_replay(&mut client, MANY).await;
    asked(&stage, 3).await;
    stage.asks(&client, &first.to_string()).await;
    closed(&cut).await;
    recall(&asked_for, first..2 * MANY).await;
    drop(asked_for);
    hears_again(&mut client, first..2 * MANY).await;
    client.hears(&["subscribed all"]).await;
    stage.heard_by(&mut witness, &["live2"]).await;
    client.hears(&["live2"]).await;
}

#[tokio::test]
async fn who_asks_for_the_newest_only_is_told_what_else_was_dropped() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.witness().await;
    let (_cut, newest) = (stage.replay(true), stage.replay(true));
    pour(&stage, &mut witness, 0..MANY).await;
    let first = read_up_to_the_replay(&mut client, 0).await;
    asked(&stage, 1).await;
    let member = Member { connection: client.connection.clone(), identity: client.identity.clone() };
    let replay = Some(ReplayStart { after: None, last: 2, heard: None });
    stage.commands.send(Command::Join { room: room(), member, replay }).await.unwrap();
    client.hears(&[&format!("lagged {}", MANY - first - 1)]).await;
    tell(&newest, &["598", "599"]).await;
    drop(newest);
    client.hears(&["598 again", "599 again", "subscribed all"]).await;
    stage.heard_by(&mut witness, &["live"]).await;
    client.hears(&["live"]).await;
}
