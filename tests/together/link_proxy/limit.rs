use std::time::Instant;

use pubsub_lab::fault::link::{ProxyLink, Way};
use pubsub_lab::scenario::{Condition, kinds};
use tokio::io::AsyncWriteExt;

use crate::support::link_rig::*;

fn limit(bytes: u64) -> Condition {
    Condition::Limit(kinds::Limit { bytes })
}

#[tokio::test]
async fn exactly_so_many_bytes_pass_and_both_sides_see_the_end() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    link.apply(limit(100_000), Way::Both);
    let (mut client, mut server) = rig.pair().await;
    let noise = noise(150_000, 1);
    // The last bytes may meet the end.
    let _ = client.write_all(&noise).await;
    let (got, ended) = rest(&mut server).await;
    assert!(got == noise[..100_000], "{} bytes", got.len());
    ended.unwrap();
    drop(server);
    let (got, _) = rest(&mut client).await;
    assert!(got.is_empty());
    assert_eq!((link.counts().limited, link.counts().bytes_forward), (1, 100_000));
}

#[tokio::test]
async fn it_counts_from_the_strike_and_for_a_new_connection_from_its_beginning() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut old, mut to_old) = rig.pair().await;
    send(&mut old, &[1; 5_000]).await;
    expect(&mut to_old, &[1; 5_000], Instant::now()).await;
    link.apply(limit(100), Way::Forward);
    send(&mut old, &[2; 99]).await;
    expect(&mut to_old, &[2; 99], Instant::now()).await;
    is_silent(&to_old).await;
    let (mut new, mut to_new) = rig.pair().await;
    send(&mut new, &[3; 300]).await;
    assert_eq!(rest(&mut to_new).await.0, [3; 100]);
    send(&mut old, &[2; 300]).await;
    assert_eq!(rest(&mut to_old).await.0, [2; 1]);
    assert_eq!(link.counts().limited, 2);
}

#[tokio::test]
async fn each_way_counts_for_itself() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    link.apply(limit(1_000), Way::Both);
    let (mut client, mut server) = rig.pair().await;
    send(&mut client, &[1; 999]).await;
    expect(&mut server, &[1; 999], Instant::now()).await;
    send(&mut server, &[2; 1_500]).await;
    let (got, ended) = rest(&mut client).await;
    assert_eq!(got, [2; 1_000]);
    ended.unwrap();
    assert!(rest(&mut server).await.0.is_empty());
}

#[tokio::test]
async fn each_of_several_counts_for_itself_and_a_healed_one_counts_no_more() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let first = link.apply(limit(100), Way::Both);
    passes(&mut client, &mut server).await;
    link.apply(limit(200), Way::Both);
    link.heal(first);
    send(&mut client, &[1; 300]).await;
    assert_eq!(rest(&mut server).await.0, [1; 200]);
}

#[tokio::test]
async fn the_lower_of_two_ends_it() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    link.apply(limit(100), Way::Both);
    link.apply(limit(60), Way::Forward);
    send(&mut client, &[1; 300]).await;
    assert_eq!(rest(&mut server).await.0, [1; 60]);
}

#[tokio::test]
async fn nothing_more_than_nothing_passes() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    passes(&mut client, &mut server).await;
    link.apply(limit(0), Way::Back);
    assert!(rest(&mut server).await.0.is_empty());
    assert!(rest(&mut client).await.0.is_empty());
}

#[tokio::test]
async fn the_end_does_not_pass_a_blackhole() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let hold = link.apply(Condition::Blackhole, Way::Back);
    link.apply(limit(10), Way::Forward);
    send(&mut client, &[1; 20]).await;
    assert_eq!(rest(&mut server).await.0, [1; 10]);
    is_silent(&client).await;
    link.heal(hold);
    assert!(rest(&mut client).await.0.is_empty());
}
