//! Those who vanish: without a goodbye, or with their node.

use std::time::Instant;

use serde_json::json;

use super::*;

/// On node 0 two observers watch; node 1 dies, and of its two people one comes back on node 2.
async fn a_dead_nodes_people_have_left(mut cluster: Cluster) {
    let mut observer = Observer::on(&cluster.nodes[0], "o", "r").await;
    let mut stays = Someone::on(&cluster.nodes[1], "Stays").await;
    let mut gone = Someone::on(&cluster.nodes[1], "Gone").await;
    // This one's connection is closed at the moment of the death: the measure of how long it may take.
    let mut closed = Someone::on(&cluster.nodes[2], "Closed").await;
    for someone in [&mut stays, &mut gone, &mut closed] {
        someone.enter("r").await;
    }
    for who in ["+Stays", "+Gone", "+Closed"] {
        observer.sees(who).await;
    }
    observer.take_seen();
    let begin = Instant::now();
    cluster.kill(1);
    closed.client.leave().await;
    let mut back = Someone::again(&cluster.nodes[2], &stays.token).await;
    back.enter("r").await;
    let (mut of_dead, mut of_closed) = (None, None);
    while of_dead.is_none() || of_closed.is_none() {
        observer.frame_of("left").await;
        let seen = |who: &str| observer.seen.iter().any(|seen| seen == who).then(|| begin.elapsed());
        of_dead = of_dead.or_else(|| seen("-Gone"));
        of_closed = of_closed.or_else(|| seen("-Closed"));
    }
    let (of_dead, of_closed) = (of_dead.unwrap(), of_closed.unwrap());
    // A connection that ended is given three seconds, so twice as long is six on a quiet machine.
    assert!(of_dead < of_closed * 2, "{of_dead:?} after {of_closed:?}");
    observer.people_are(&["o", "Stays"]).await;
    let mut seen = observer.take_seen();
    seen.sort();
    assert_eq!(seen, ["-Closed", "-Gone"], "who came back in time was never away");
}

#[tokio::test]
async fn a_dead_nodes_people_have_left_over_redis() {
    a_dead_nodes_people_have_left(Cluster::redis(3, &[]).await).await;
}

#[tokio::test]
async fn a_dead_nodes_people_have_left_over_zeromq() {
    a_dead_nodes_people_have_left(Cluster::zeromq(3).await).await;
}

#[tokio::test]
async fn a_page_that_is_loaded_again_was_never_away_and_a_goodbye_is_told_at_once() {
    let cluster = Cluster::redis(2, &[]).await;
    let mut observers =
        [Observer::on(&cluster.nodes[0], "o0", "r").await, Observer::on(&cluster.nodes[1], "o1", "r").await];
    let mut reloads = Someone::on(&cluster.nodes[0], "Reloads").await;
    reloads.enter("r").await;
    let mut closes = Someone::on(&cluster.nodes[0], "Closes").await;
    closes.enter("r").await;
    for observer in &mut observers {
        observer.sees("+Reloads").await;
        observer.sees("+Closes").await;
    }
    // Once on the same node, once on the other, once without a close frame.
    for node in [0, 1, 0] {
        let next = Someone::again(&cluster.nodes[node], &reloads.token).await;
        let before = std::mem::replace(&mut reloads, next);
        match node {
            1 => drop(before),
            _ => before.client.leave().await,
        }
        reloads.enter("r").await;
    }
    let mut polite = Someone::on(&cluster.nodes[1], "Polite").await;
    polite.enter("r").await;
    for observer in &mut observers {
        observer.sees("+Polite").await;
    }
    // Who closes now and does not return has left later than the other could have.
    closes.client.leave().await;
    polite.client.say(json!({"type": "unsubscribe", "room": "r"})).await;
    for observer in &mut observers {
        observer.sees("-Closes").await;
        let seen = observer.take_seen();
        let expected = ["+Polite", "-Polite", "-Closes"];
        assert!(seen.ends_with(&expected.map(str::to_owned)), "{seen:?}");
        assert!(!seen.contains(&"-Reloads".to_owned()), "{seen:?}");
    }
}

#[tokio::test]
async fn a_paused_node_is_forgotten_and_comes_back_with_its_people() {
    let cluster = Cluster::zeromq(2).await;
    let mut observer = Observer::on(&cluster.nodes[0], "o", "r").await;
    let mut paused = Someone::on(&cluster.nodes[1], "Paused").await;
    paused.enter("r").await;
    observer.sees("+Paused").await;
    cluster.nodes[1].running.signal(nix::sys::signal::Signal::SIGSTOP);
    observer.sees("-Paused").await;
    observer.take_seen();
    cluster.nodes[1].running.signal(nix::sys::signal::Signal::SIGCONT);
    observer.sees("+Paused").await;
    assert_eq!(observer.take_seen(), ["+Paused"], "once");
    observer.people_are(&["o", "Paused"]).await;
}
