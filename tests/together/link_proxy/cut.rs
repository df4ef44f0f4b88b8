use std::io::ErrorKind;

use pubsub_lab::fault::link::{Line, Way};
use pubsub_lab::scenario::Condition;
use tokio::net::TcpListener;

use crate::support::link_rig::*;

async fn refuses(rig: &Rig) -> bool {
    matches!(rig.dial().await, Err(error) if error.kind() == ErrorKind::ConnectionRefused)
}

#[tokio::test]
async fn old_connections_are_reset_new_ones_refused_and_after_the_heal_the_port_is_the_same() {
    let line = Line::new(1);
    let rig = Rig::on(&line).await;
    let port = rig.proxy.port();
    let (mut client, mut server) = rig.pair().await;
    passes(&mut client, &mut server).await;
    passes(&mut server, &mut client).await;
    assert!(!refuses(&rig).await, "control");
    rig.accept().await;

    let hold = line.apply(Condition::Cut, Way::Both);
    assert!(is_reset(&rest(&mut client).await.1));
    assert!(is_reset(&rest(&mut server).await.1));
    until("refused", async || refuses(&rig).await).await;
    assert!(line.counts().reset >= 1);

    line.heal(hold);
    until("open", async || !refuses(&rig).await).await;
    assert_eq!(rig.proxy.port(), port);
    rig.accept().await;
    let (mut client, mut server) = rig.pair().await;
    passes(&mut client, &mut server).await;
    assert_eq!(line.counts().port_taken, 0);
}

#[tokio::test]
async fn one_way_is_both_ways() {
    let line = Line::new(1);
    let rig = Rig::on(&line).await;
    let (mut client, mut server) = rig.pair().await;
    line.apply(Condition::Cut, Way::Back);
    assert!(is_reset(&rest(&mut server).await.1));
    assert!(is_reset(&rest(&mut client).await.1));
}

#[tokio::test]
async fn it_holds_while_one_of_several_does() {
    let line = Line::new(1);
    let rig = Rig::on(&line).await;
    let (one, other) = (line.apply(Condition::Cut, Way::Both), line.apply(Condition::Cut, Way::Both));
    until("refused", async || refuses(&rig).await).await;
    line.heal(one);
    for _ in 0..20 {
        assert!(refuses(&rig).await);
        tokio::time::sleep(ms(5)).await;
    }
    line.heal(other);
    until("open", async || !refuses(&rig).await).await;
}

#[tokio::test]
async fn a_proxy_that_starts_on_a_cut_line_refuses_from_the_beginning() {
    let line = Line::new(1);
    let hold = line.apply(Condition::Cut, Way::Both);
    let rig = Rig::on(&line).await;
    assert!(refuses(&rig).await);
    line.heal(hold);
    until("open", async || !refuses(&rig).await).await;
}

#[tokio::test]
async fn a_port_that_another_took_meanwhile_is_tried_again_and_counted() {
    let line = Line::new(1);
    let rig = Rig::on(&line).await;
    let hold = line.apply(Condition::Cut, Way::Both);
    until("refused", async || refuses(&rig).await).await;
    let thief = TcpListener::bind(("127.0.0.1", rig.proxy.port())).await.unwrap();
    line.heal(hold);
    until("counted", async || line.counts().port_taken >= 2).await;
    drop(thief);
    until("open", async || !refuses(&rig).await).await;
    rig.accept().await;
    let (mut client, mut server) = rig.pair().await;
    passes(&mut client, &mut server).await;
}

#[tokio::test]
async fn who_waits_in_a_blackhole_is_reset_too() {
    let line = Line::new(1);
    let rig = Rig::on(&line).await;
    let (mut old, _server) = rig.pair().await;
    let black = line.apply(Condition::Blackhole, Way::Both);
    let mut new = rig.dial().await.unwrap();
    until("accepted", async || line.counts().accepted == 2).await;
    line.apply(Condition::Cut, Way::Both);
    assert!(is_reset(&rest(&mut old).await.1));
    assert!(is_reset(&rest(&mut new).await.1));
    assert_eq!(line.counts().reset, 2);
    line.heal(black);
}
