use std::time::{Duration, Instant};

use pubsub_lab::fault::link::{ProxyLink, Way};
use pubsub_lab::scenario::{Condition, kinds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::link_rig::*;

fn throttle(bytes_per_second: u64) -> Condition {
    Condition::Throttle(kinds::Throttle { bytes_per_second })
}

/// How long so many bytes take.
async fn takes(len: usize, from: &mut TcpStream, to: &mut TcpStream) -> Duration {
    let (noise, begin) = (noise(len, 1), Instant::now());
    tokio::join!(send(from, &noise), expect(to, &noise, begin)).1
}

/// So long at that rate, but for what passes at once and the last piece.
fn at(rate: u64, len: u64) -> std::ops::Range<Duration> {
    let exactly = ms(1_000 * len / rate);
    exactly.saturating_sub(ms(55))..exactly * 2 + ms(100)
}

#[tokio::test]
async fn so_many_bytes_a_second_smoothly() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let free = takes(100_000, &mut client, &mut server).await;
    assert!(free < ms(400), "control: {free:?}");
    link.apply(throttle(100_000), Way::Both);
    let noise = noise(80_000, 1);
    let (begin, mut got, mut chunk) = (Instant::now(), 0, vec![0; 65_536]);
    send(&mut client, &noise).await;
    while got < noise.len() {
        let read = soon(server.read(&mut chunk)).await.unwrap();
        got += read;
        // Never ahead of the rate by more than 50 ms of it, and one piece arrives with its first byte.
        let allowed = 100_000.0 * (begin.elapsed().as_secs_f64() + 0.055);
        assert!(got as f64 <= allowed, "{got} bytes after {:?}", begin.elapsed());
    }
    assert!(at(100_000, 80_000).contains(&begin.elapsed()), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn all_connections_together_and_each_gets_its_share() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut a, mut to_a) = rig.pair().await;
    let (mut b, mut to_b) = rig.pair().await;
    link.apply(throttle(200_000), Way::Both);
    let (of_a, of_b) = tokio::join!(takes(60_000, &mut a, &mut to_a), takes(60_000, &mut b, &mut to_b));
    assert!(at(200_000, 120_000).contains(&of_a.max(of_b)), "{of_a:?} {of_b:?}");
    assert!(of_a.abs_diff(of_b) < ms(250), "{of_a:?} {of_b:?}");
}

#[tokio::test]
async fn each_way_for_itself() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (client, server) = rig.pair().await;
    link.apply(throttle(100_000), Way::Both);
    let (there, back) = (noise(50_000, 1), noise(50_000, 2));
    let (mut client_reads, mut client_writes) = client.into_split();
    let (mut server_reads, mut server_writes) = server.into_split();
    let begin = Instant::now();
    let (mut got_there, mut got_back) = (vec![0; 50_000], vec![0; 50_000]);
    let (_, _, a, b) = soon(async {
        tokio::join!(
            client_writes.write_all(&there),
            server_writes.write_all(&back),
            server_reads.read_exact(&mut got_there),
            client_reads.read_exact(&mut got_back)
        )
    })
    .await;
    a.and(b).unwrap();
    assert!(got_there == there && got_back == back);
    // Together they would take a second.
    assert!((ms(445)..ms(900)).contains(&begin.elapsed()), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn one_way_leaves_the_other_free() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    link.apply(throttle(100_000), Way::Back);
    let there = takes(100_000, &mut client, &mut server).await;
    assert!(there < ms(400), "{there:?}");
    let back = takes(50_000, &mut server, &mut client).await;
    assert!(at(100_000, 50_000).contains(&back), "{back:?}");
}

#[tokio::test]
async fn the_lowest_holds_and_each_is_healed_on_its_own() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    let low = link.apply(throttle(50_000), Way::Both);
    let high = link.apply(throttle(200_000), Way::Both);
    let both = takes(20_000, &mut client, &mut server).await;
    assert!(at(50_000, 20_000).contains(&both), "{both:?}");
    link.heal(low);
    let one = takes(80_000, &mut client, &mut server).await;
    assert!(at(200_000, 80_000).contains(&one), "{one:?}");
    link.heal(high);
    let none = takes(500_000, &mut client, &mut server).await;
    assert!(none < ms(1_000), "{none:?}");
}

#[tokio::test]
async fn healed_in_the_middle_the_rest_passes_at_once() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, mut server) = rig.pair().await;
    // A byte a second: the pump waits for its next slot.
    let hold = link.apply(throttle(1), Way::Both);
    let noise = noise(10_000, 1);
    send(&mut client, &noise).await;
    let mut got = vec![0; 4];
    assert!(timeout(ms(500), server.read_exact(&mut got)).await.is_err(), "no more than a byte or two");
    drop(server);
    let (mut client, mut server) = rig.pair().await;
    send(&mut client, &noise).await;
    is_silent(&server).await;
    let begin = Instant::now();
    link.heal(hold);
    let after = expect(&mut server, &noise, begin).await;
    assert!(after < ms(900), "{after:?}");
}

#[tokio::test]
async fn the_sender_feels_it() {
    let link = ProxyLink::new(1);
    let rig = Rig::on(&link).await;
    let (mut client, _server) = rig.pair().await;
    link.apply(throttle(10_000), Way::Both);
    let noise = noise(64 * 1024 * 1024, 1);
    assert!(timeout(ms(1_500), client.write_all(&noise)).await.is_err());
    assert!(link.counts().held_back >= 1);
    assert!(link.counts().bytes_forward < 40_000);
}
