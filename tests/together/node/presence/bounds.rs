//! Crowds, and whoever forges what nodes tell each other.

use std::time::Instant;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;

use super::*;
use crate::support::client::Client;

/// A client that is only there.
async fn crowd(cluster: &Cluster, count: usize) -> Vec<Client> {
    let mut all = Vec::new();
    for n in 0..count {
        all.push(Client::v1_in(&cluster.nodes[n % cluster.nodes.len()], "r").await);
    }
    all
}

#[tokio::test]
async fn a_room_of_two_thousand_gets_numbers_and_no_storm() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let cluster = Cluster::redis(2, &[]).await;
    let mut observer = Observer::on(&cluster.nodes[0], "o", "r").await;
    let begin = Instant::now();
    let people = crowd(&cluster, 2_000).await;
    while observer.members < 2_001 {
        observer.frame().await;
    }
    let seconds = begin.elapsed().as_secs();
    assert!(observer.seen.len() <= 256, "{}", observer.seen.len());
    assert!(observer.numbers <= seconds + 2, "{} numbers in {seconds} s", observer.numbers);
    observer.someone.client.say(json!({"type": "people", "room": "r"})).await;
    let error = observer.frame_of("error").await;
    assert_eq!(error["code"], "too_many_people", "{error}");
    // When all are gone, the few who are left are named again.
    observer.take_seen();
    drop(people);
    let mut ada = Someone::on(&cluster.nodes[1], "Ada").await;
    ada.enter("r").await;
    while observer.members > 2 {
        observer.frame().await;
    }
    observer.people_are(&["o", "Ada"]).await;
}

#[tokio::test]
async fn around_the_limit_the_number_is_always_right() {
    let cluster = Cluster::redis(2, &["--presence-limit", "4"]).await;
    let mut observers =
        [Observer::on(&cluster.nodes[0], "o0", "r").await, Observer::on(&cluster.nodes[1], "o1", "r").await];
    let mut others = Vec::new();
    for n in 0..12 {
        let mut someone = Someone::on(&cluster.nodes[n % 2], &format!("p{n}")).await;
        someone.enter("r").await;
        others.push(someone);
    }
    for observer in &mut observers {
        while observer.members != 14 {
            observer.frame().await;
        }
    }
    for someone in &mut others[1..] {
        someone.client.say(json!({"type": "unsubscribe", "room": "r"})).await;
    }
    for observer in &mut observers {
        while observer.members != 3 {
            observer.frame().await;
        }
        observer.people_are(&["o0", "o1", "p0"]).await;
    }
}

#[tokio::test]
async fn a_forged_roster_kills_nobody_and_is_forgotten() {
    let cluster = Cluster::redis(2, &[]).await;
    let mut observer = Observer::on(&cluster.nodes[0], "o", "r").await;
    let redis = cluster.redis.as_ref().unwrap();
    let mut forger = redis.client().await;
    let huge = u64::MAX;
    let person = r##"{"id":"f0","name":"Forged","colour":"#123456"}"##;
    let frames = [
        "".to_owned(),
        "[]".into(),
        "[".repeat(100_000),
        "{\"node\":\"x\",\"ask\":true,\"rooms\":{\"r\":18446744073709551615}}".into(),
        format!(
            r#"{{"word":"beat","node":"x1","version":{huge},"at":{huge},"hello":true,"want":["x","y"]}}"#
        ),
        format!(
            r#"{{"word":"list","node":"x2","version":{huge},"part":0,"parts":1,"rooms":[{{"room":"r","count":{huge}}}]}}"#
        ),
        format!(
            r#"{{"word":"list","node":"x3","version":1,"part":0,"parts":1,"rooms":[{{"room":"r","count":{huge}}}]}}"#
        ),
        format!(r#"{{"word":"list","node":"x4","version":1,"part":{huge},"parts":{huge},"rooms":[]}}"#),
        format!(
            r#"{{"word":"change","node":"x2","from":{huge},"rooms":[{{"room":"$roster","came":[{person}]}}]}}"#
        ),
        format!(r#"{{"word":"change","node":"x 5","from":0,"rooms":[{{"room":"r","came":[{person}]}}]}}"#),
        r#"{"word":"change","node":"x6","from":0,"rooms":[{"room":"r","count":-1}]}"#.into(),
        r#"{"word":"change","node":"x6","from":0,"rooms":[{"room":"r","count":1e99}]}"#.into(),
    ];
    for frame in frames {
        let envelope = format!("1 control roster.x x others $roster\n{frame}");
        let () = redis::cmd("PUBLISH")
            .arg("pubsub-lab:$roster")
            .arg(envelope)
            .query_async(&mut forger)
            .await
            .unwrap();
    }
    // The lie is believed, but the sum saturates; the liar falls silent, and the truth is back.
    while observer.members <= 1 {
        observer.frame().await;
    }
    assert_eq!(observer.members, u64::MAX);
    while observer.members != 1 {
        observer.frame().await;
    }
    let mut ada = Someone::on(&cluster.nodes[1], "Ada").await;
    ada.enter("r").await;
    observer.people_are(&["o", "Ada"]).await;
    for node in &cluster.nodes {
        assert_eq!(node.get("/readyz").await.status, 200);
    }
}
