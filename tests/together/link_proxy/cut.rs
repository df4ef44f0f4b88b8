use std::io::ErrorKind;

use pubsub_lab::fault::link::{ProxyLink, Way};
use pubsub_lab::scenario::Condition;
use tokio::net::TcpListener;

use crate::support::link_rig::*;

async fn refuses(rig: &Rig) -> bool {
    matches!(rig.dial().await, Err(error) if error.kind() == ErrorKind::ConnectionRefused)
}

#[tokio::test]
async fn old_connections_are_reset_new_ones_refused_and_after_the_heal_the_port_is_the_same() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let port = rig.proxy.port();
    let (mut client, mut server) = rig.pair().await;
    passes(&mut client, &mut server).await;
    passes(&mut server, &mut client).await;
    assert!(!refuses(&rig).await, "control");
    rig.accept().await;

    let hold = link.apply(Condition::Cut, Way::Both);
    assert!(is_reset(&rest(&mut client).await.1));
    assert!(is_reset(&rest(&mut server).await.1));
    until("refused", async || refuses(&rig).await).await;
    assert!(link.counts().reset >= 1);

    link.heal(hold);
    until("open", async || !refuses(&rig).await).await;
    assert_eq!(rig.proxy.port(), port);
    rig.accept().await;
    let (mut client, mut server) = rig.pair().await;
    passes(&mut client, &mut server).await;
    assert_eq!(link.counts().port_taken, 0);
}

#[tokio::test]
async fn one_way_is_both_ways() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    link.apply(Condition::Cut, Way::Back);
    assert!(is_reset(&rest(&mut server).await.1));
    assert!(is_reset(&rest(&mut client).await.1));
}

#[tokio::test]
async fn it_holds_while_one_of_several_does() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (one, other) = (link.apply(Condition::Cut, Way::Both), link.apply(Condition::Cut, Way::Both));
    until("refused", async || refuses(&rig).await).await;
    link.heal(one);
    for _ in 0..20 {
        assert!(refuses(&rig).await);
        tokio::time::sleep(ms(5)).await;
    }
    link.heal(other);
    until("open", async || !refuses(&rig).await).await;
}

#[tokio::test]
async fn a_proxy_that_starts_on_a_cut_line_refuses_from_the_beginning() {
    let link = ProxyLink::new(1);
    let hold = link.apply(Condition::Cut, Way::Both);
    let rig = Rig::on(&link).await;
    assert!(refuses(&rig).await);
    link.heal(hold);
    until("open", async || !refuses(&rig).await).await;
}

#[tokio::test]
async fn a_port_that_another_took_meanwhile_is_tried_again_and_counted() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let hold = link.apply(Condition::Cut, Way::Both);
    until("refused", async || refuses(&rig).await).await;
    let thief = TcpListener::bind(("127.0.0.1", rig.proxy.port())).await.unwrap();
    link.heal(hold);
    until("counted", async || link.counts().port_taken >= 2).await;
    drop(thief);
    until("open", async || !refuses(&rig).await).await;
    rig.accept().await;
    let (mut client, mut server) = rig.pair().await;
    passes(&mut client, &mut server).await;
}

#[tokio::test]
async fn who_waits_in_a_blackhole_is_reset_too() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut old, _server) = rig.pair().await;
    let black = link.apply(Condition::Blackhole, Way::Both);
    let mut new = rig.dial().await.unwrap();
    until("accepted", async || link.counts().accepted == 2).await;
    link.apply(Condition::Cut, Way::Both);
    assert!(is_reset(&rest(&mut old).await.1));
    assert!(is_reset(&rest(&mut new).await.1));
    assert_eq!(link.counts().reset, 2);
    link.heal(black);
}
