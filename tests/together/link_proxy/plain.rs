//! Without conditions: a wire.

use std::time::Instant;

use pubsub_lab::fault::link::{LinkCounts, Proxy, ProxyLink, Way};
use pubsub_lab::scenario::{Condition, kinds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::link_rig::*;
use crate::support::ports::Port;

#[tokio::test]
async fn bytes_pass_both_ways_and_are_counted() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let noise = noise(3_000_000, 1);
    tokio::join!(send(&mut client, &noise), expect(&mut server, &noise, Instant::now()));
    tokio::join!(send(&mut server, &noise[..70]), expect(&mut client, &noise[..70], Instant::now()));
    let expected =
        LinkCounts { accepted: 1, bytes_forward: 3_000_000, bytes_back: 70, ..LinkCounts::default() };
    until("counted", async || LinkCounts { held_back: 0, ..link.counts() } == expected).await;
}

#[tokio::test]
async fn a_half_closed_connection_lives_on_in_the_other_direction() {
    for from_client in [true, false] {
        let link = ProxyLink::new(1);
        let rig = Rig::on(&link).await;
        let (client, server) = rig.pair().await;
        let (mut asks, mut answers) = if from_client { (client, server) } else { (server, client) };
        send(&mut asks, b"all that I say").await;
        soon(asks.shutdown()).await.unwrap();
        let (got, ended) = rest(&mut answers).await;
        assert_eq!(got, b"all that I say");
        ended.unwrap();
        is_silent(&asks).await;
        passes(&mut answers, &mut asks).await;
        drop(answers);
        let (got, ended) = rest(&mut asks).await;
        assert!(got.is_empty() && ended.is_ok());
    }
}

#[tokio::test]
async fn a_reset_is_passed_on_as_one_also_after_a_half_close() {
    for half_closes in [false, true] {
        let link = ProxyLink::new(1);
        let rig = Rig::on(&link).await;
        let (mut client, mut server) = rig.pair().await;
        passes(&mut client, &mut server).await;
        if half_closes {
            soon(client.shutdown()).await.unwrap();
            assert_eq!(soon(server.read(&mut [0])).await.unwrap(), 0);
        }
        reset(client);
        if half_closes {
            until("an error", async || server.write_all(b"?").await.is_err()).await;
        } else {
            assert!(is_reset(&rest(&mut server).await.1));
        }
        let LinkCounts { reset, .. } = link.counts();
        assert_eq!(reset, 0, "nothing was cut");
    }
}

#[tokio::test]
async fn who_dials_an_upstream_that_is_down_is_reset_and_once_it_is_up_it_works() {
    let link = ProxyLink::new(1);
    let reserved = Port::free();
    let address = format!("127.0.0.1:{}", reserved.number());
    let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
    let links = vec![(link.clone(), false)];
    let proxy = Proxy::start(0, address.clone(), links, &tasks, &cancel).await.unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    assert!(is_reset(&rest(&mut client).await.1));
    assert_eq!(link.counts().refused, 1);
    let upstream = TcpListener::bind(address).await.unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    let (mut server, _) = soon(upstream.accept()).await.unwrap();
    passes(&mut client, &mut server).await;
    proxy.close().await;
}

#[tokio::test]
async fn an_upstream_is_looked_up_by_name() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let name = format!("localhost:{}", rig.upstream.local_addr().unwrap().port());
    let proxy = Proxy::start(0, name, vec![], &rig.tasks, &rig.cancel).await.unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    passes(&mut client, &mut rig.accept().await).await;
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let rig = Rig::on(&ProxyLink::new(1)).await;
    let taken = Proxy::start(rig.proxy.port(), "127.0.0.1:1".into(), vec![], &rig.tasks, &rig.cancel).await;
    assert_eq!(taken.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn a_slow_reader_holds_back_the_sender_and_memory_is_bounded() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let noise = noise(64 * 1024 * 1024, 1);
    let mut sent = 0;
    while let Ok(written) = tokio::time::timeout(ms(300), client.write(&noise[sent..])).await {
        sent += written.unwrap();
    }
    assert!(sent < noise.len() / 2, "{sent}");
    assert!(link.counts().held_back >= 1);
    drop(client);
    let (got, ended) = rest(&mut server).await;
    ended.unwrap();
    assert!(got == noise[..sent], "{} of {sent} bytes", got.len());
}

#[tokio::test]
async fn all_ends_with_the_token_whatever_holds() {
    let conditions = [
        None,
        Some(Condition::Cut),
        Some(Condition::Blackhole),
        Some(Condition::Delay(kinds::Delay { by: ms(60_000), jitter: ms(0) })),
        Some(Condition::Throttle(kinds::Throttle { bytes_per_second: 1 })),
        Some(Condition::Slice(kinds::Slice { bytes: 1, pause: ms(60_000) })),
        Some(Condition::Limit(kinds::Limit { bytes: 10 })),
    ];
    for condition in conditions {
        let link = ProxyLink::new(1);
        let rig = Rig::on(&link).await;
        let (mut client, mut server) = rig.pair().await;
        condition.map(|condition| link.apply(condition, Way::Both));
        let _ = client.write_all(&[1; 100]).await;
        let _ = rig.dial().await;
        rig.cancel.cancel();
        rig.tasks.close();
        let begin = Instant::now();
        soon(rig.tasks.wait()).await;
        assert!(begin.elapsed() < ms(1_000), "{condition:?}");
        // Both ends see it, one way or the other.
        let _ = rest(&mut client).await;
        let _ = rest(&mut server).await;
    }
}

#[tokio::test]
async fn a_dropped_proxy_ends_and_a_closed_one_is_gone() {
    let rig = Rig::on(&ProxyLink::new(1)).await;
    let (mut client, mut server) = rig.pair().await;
    let port = rig.proxy.port();
    soon(rig.proxy.close()).await;
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    let _ = rest(&mut client).await;
    let _ = rest(&mut server).await;

    let rig = Rig::on(&ProxyLink::new(1)).await;
    drop(rig.proxy);
    rig.tasks.close();
    soon(rig.tasks.wait()).await;
}
