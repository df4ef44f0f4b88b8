use std::time::Instant;

use pubsub_lab::fault::link::{ProxyLink, Way};
use pubsub_lab::scenario::Condition::Blackhole;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::support::link_rig::*;

#[tokio::test]
async fn no_byte_passes_and_after_the_heal_all_do() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    passes(&mut client, &mut server).await;
    let hold = link.apply(Blackhole, Way::Both);
    send(&mut client, b"there").await;
    send(&mut server, b"and back").await;
    tokio::join!(is_silent(&client), is_silent(&server));
    link.heal(hold);
    expect(&mut server, b"there", Instant::now()).await;
    expect(&mut client, b"and back", Instant::now()).await;
}

#[tokio::test]
async fn one_way_the_other_way_passes() {
    for (way, control) in [(Way::Forward, false), (Way::Back, true)] {
        let link = ProxyLink::new(1);
        let rig = Rig::on(&link).await;
        let (client, server) = rig.pair().await;
        let (mut black, mut free) = if control { (server, client) } else { (client, server) };
        let hold = link.apply(Blackhole, way);
        passes(&mut free, &mut black).await;
        send(&mut black, b"held").await;
        is_silent(&free).await;
        passes(&mut free, &mut black).await;
        link.heal(hold);
        expect(&mut free, b"held", Instant::now()).await;
    }
}

#[tokio::test]
async fn a_new_connection_gets_nothing_and_the_upstream_does_not_see_it_before_the_heal() {
    for way in [Way::Both, Way::Forward, Way::Back] {
        let link = ProxyLink::new(1);
        let rig = Rig::on(&link).await;
        let hold = link.apply(Blackhole, way);
        let mut client = rig.dial().await.unwrap();
        send(&mut client, b"hello").await;
        assert!(timeout(ms(150), rig.upstream.accept()).await.is_err(), "{way:?}");
        link.heal(hold);
        let mut server = rig.accept().await;
        expect(&mut server, b"hello", Instant::now()).await;
        passes(&mut server, &mut client).await;
    }
}

#[tokio::test]
async fn a_side_that_finishes_meanwhile_is_not_told_before_the_heal() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let hold = link.apply(Blackhole, Way::Both);
    send(&mut client, b"last words").await;
    drop(client);
    is_silent(&server).await;
    link.heal(hold);
    let (got, ended) = rest(&mut server).await;
    assert_eq!(got, b"last words");
    ended.unwrap();
}

#[tokio::test]
async fn a_side_that_is_reset_meanwhile_is_not_told_before_the_heal() {
    // With the other way free, so that the proxy itself finds out by a write.
    for (way, writes) in [(Way::Both, false), (Way::Forward, true)] {
        let link = ProxyLink::new(1);
        let rig = Rig::on(&link).await;
        let (mut client, mut server) = rig.pair().await;
        passes(&mut client, &mut server).await;
        let hold = link.apply(Blackhole, way);
        reset(client);
        if writes {
            for _ in 0..5 {
                send(&mut server, b"are you there?").await;
                tokio::time::sleep(ms(10)).await;
            }
        }
        is_silent(&server).await;
        link.heal(hold);
        assert!(is_reset(&rest(&mut server).await.1), "{way:?}");
    }
}

#[tokio::test]
async fn who_gave_up_by_a_reset_before_the_heal_is_not_dialled_for() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let hold = link.apply(Blackhole, Way::Both);
    let given_up = rig.dial().await.unwrap();
    until("accepted", async || link.counts().accepted == 1).await;
    reset(given_up);
    let mut stayed = rig.dial().await.unwrap();
    link.heal(hold);
    let mut server = rig.accept().await;
    passes(&mut stayed, &mut server).await;
    assert!(timeout(ms(100), rig.upstream.accept()).await.is_err());
}

#[tokio::test]
async fn the_sender_feels_it_and_nothing_of_what_it_could_send_is_lost() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let hold = link.apply(Blackhole, Way::Forward);
    let noise = noise(64 * 1024 * 1024, 1);
    let mut sent = 0;
    while let Ok(written) = timeout(ms(300), client.write(&noise[sent..])).await {
        sent += written.unwrap();
    }
    assert!(sent < noise.len() / 2, "the buffers of the kernel took {sent} bytes");
    link.heal(hold);
    drop(client);
    let (got, ended) = rest(&mut server).await;
    ended.unwrap();
    assert!(got == noise[..sent], "{} of {sent} bytes", got.len());
}

#[tokio::test]
async fn it_holds_while_one_of_several_does() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let (one, other) = (link.apply(Blackhole, Way::Both), link.apply(Blackhole, Way::Forward));
    send(&mut client, b"held").await;
    link.heal(one);
    is_silent(&server).await;
    passes(&mut server, &mut client).await;
    link.heal(other);
    expect(&mut server, b"held", Instant::now()).await;
}
