//! A proxy over real sockets of this machine: which bytes pass, when, and how a connection ends.

mod stage;

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use scenario::{Condition, kinds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use stage::*;

#[tokio::test]
async fn without_conditions_bytes_pass_and_an_end_is_an_end() {
    let stage = Stage::new().await;
    let (mut client, mut server) = stage.pair().await;
    pass(&[7; 300_000], &mut client, &mut server).await;
    pass(b"back", &mut server, &mut client).await;
    let LinkCounts { accepted, bytes_forward, bytes_back, .. } = stage.link.counts();
    assert_eq!((accepted, bytes_forward, bytes_back), (1, 300_000, 4));
    // A half-closed connection lives on in the other direction.
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut server).await, (vec![], Ok(())));
    is_silent(&client).await;
    pass(b"still", &mut server, &mut client).await;
    drop(server);
    assert_eq!(rest(&mut client).await, (vec![], Ok(())));
    assert_eq!(stage.link.counts().reset, 0);
}

#[tokio::test]
async fn a_reset_is_passed_on_also_by_one_who_had_no_more_to_say() {
    for half_closes in [false, true] {
        let stage = Stage::new().await;
        let (mut client, mut server) = stage.pair().await;
        pass(b"x", &mut client, &mut server).await;
        if half_closes {
            client.shutdown().await.unwrap();
            assert_eq!(soon(server.read(&mut [0])).await.unwrap(), 0);
        }
        client.set_zero_linger().unwrap();
        drop(client);
        let begin = Instant::now();
        let mut ended = Ok(());
        while ended.is_ok() {
            assert!(begin.elapsed() < SOON);
            ended = if half_closes {
                server.write_all(b"?").await
            } else {
                Err(server.read(&mut [0]).await.unwrap_err())
            };
            tokio::time::sleep(MS(2)).await;
        }
        assert_eq!(stage.link.counts().reset, 0, "nothing was cut");
    }
}

#[tokio::test]
async fn a_reset_that_a_write_finds_out_is_passed_on_as_one() {
    let stage = Stage::new().await;
    let (mut client, mut server) = stage.pair().await;
    pass(b"x", &mut client, &mut server).await;
    // The proxy does not read from the client, and meets the reset when it writes to the client.
    let hold = stage.link.apply(Condition::Blackhole, Way::Forward);
    pass(b"y", &mut server, &mut client).await;
    client.set_zero_linger().unwrap();
    drop(client);
    server.write_all(b"z").await.unwrap();
    is_silent(&server).await;
    stage.link.heal(hold);
    assert_eq!(rest(&mut server).await, (vec![], RESET));
}

#[tokio::test]
async fn who_dials_an_upstream_that_is_down_is_reset() {
    let stage = Stage::new().await;
    let Stage { link, upstream, proxy, _ends_with_the_test } = stage;
    drop(upstream);
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    assert_eq!(rest(&mut client).await, (vec![], RESET));
    assert_eq!(link.counts(), LinkCounts { accepted: 1, refused: 1, ..LinkCounts::default() });
}

#[tokio::test]
async fn a_closed_proxy_is_gone_with_its_connections() {
    let stage = Stage::new().await;
    let (mut client, _server) = stage.pair().await;
    let port = stage.proxy.port();
    soon(stage.proxy.close()).await;
    assert_eq!(
        TcpStream::connect(("127.0.0.1", port)).await.unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    let _ = rest(&mut client).await;
}

#[tokio::test]
async fn a_cut_resets_and_refuses_and_once_healed_the_port_is_the_same() {
    let stage = Stage::new().await;
    let (mut client, mut server) = stage.pair().await;
    pass(b"x", &mut client, &mut server).await;
    let hold = stage.link.apply(Condition::Cut, Way::Forward);
    assert_eq!(rest(&mut client).await, (vec![], RESET));
    assert_eq!(rest(&mut server).await, (vec![], RESET));
    counted(&stage.link, |counts| counts.reset == 1).await;
    assert_eq!(stage.dial().await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    // The port stays shut, whatever other condition changes.
    let other = stage.link.apply(Condition::Limit(kinds::Limit { bytes: 5 }), Way::Both);
    stage.link.heal(other);
    tokio::time::sleep(WHILE).await;
    assert_eq!(stage.dial().await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    stage.link.heal(hold);
    let begin = Instant::now();
    let mut client = loop {
        match stage.dial().await {
            Ok(client) => break client,
            Err(_) => assert!(begin.elapsed() < SOON),
        }
    };
    let mut server = soon(stage.upstream.accept()).await.unwrap().0;
    pass(b"again", &mut client, &mut server).await;
    assert_eq!((stage.link.counts().port_taken, stage.link.counts().reset), (0, 1));
}

#[tokio::test]
async fn a_proxy_that_begins_in_a_cut_refuses_until_it_is_healed() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (link, cancel) = (ProxyLink::new(1), CancellationToken::new());
    let _ends_with_the_test = cancel.clone().drop_guard();
    let hold = link.apply(Condition::Cut, Way::Both);
    let to = upstream.local_addr().unwrap().to_string();
    let links = vec![(link.clone(), false)];
    let proxy = Proxy::start(0, to, links, &TaskTracker::new(), &cancel).await.unwrap();
    assert!(TcpStream::connect(("127.0.0.1", proxy.port())).await.is_err());
    link.heal(hold);
    let begin = Instant::now();
    while TcpStream::connect(("127.0.0.1", proxy.port())).await.is_err() {
        assert!(begin.elapsed() < SOON);
    }
}

#[tokio::test]
async fn a_port_that_another_took_during_a_cut_is_opened_once_it_is_free() {
    let stage = Stage::new().await;
    let hold = stage.link.apply(Condition::Cut, Way::Both);
    let begin = Instant::now();
    let thief = loop {
        // This socket takes the port as any program may by chance: the port is bound, and nobody listens.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        let taken = socket.bind(([127, 0, 0, 1], stage.proxy.port()).into()).and_then(|()| socket.listen(1));
        match taken {
            Ok(thief) => break thief,
            Err(_) => assert!(begin.elapsed() < SOON),
        }
        tokio::time::sleep(MS(2)).await;
    };
    stage.link.heal(hold);
    counted(&stage.link, |counts| counts.port_taken >= 2).await;
    drop(thief);
    let begin = Instant::now();
    while stage.dial().await.is_err() {
        assert!(begin.elapsed() < SOON);
        tokio::time::sleep(MS(2)).await;
    }
}

#[tokio::test]
async fn in_a_blackhole_nothing_passes_one_way_and_after_it_everything() {
    for (way, silent_for_server) in [(Way::Forward, true), (Way::Back, false)] {
        let stage = Stage::new().await;
        let (mut client, mut server) = stage.pair().await;
        let hold = stage.link.apply(Condition::Blackhole, way);
        let (from, to) =
            if silent_for_server { (&mut client, &mut server) } else { (&mut server, &mut client) };
        from.write_all(b"held").await.unwrap();
        is_silent(to).await;
        pass(b"open", to, from).await;
        stage.link.heal(hold);
        let mut got = [0; 4];
        soon(to.read_exact(&mut got)).await.unwrap();
        assert_eq!(&got, b"held");
    }
}

#[tokio::test]
async fn nobody_is_dialled_through_a_blackhole_of_either_way() {
    for way in [Way::Forward, Way::Back] {
        let stage = Stage::new().await;
        let hold = stage.link.apply(Condition::Blackhole, way);
        let mut client = stage.dial().await.unwrap();
        assert!(timeout(WHILE, stage.upstream.accept()).await.is_err());
        stage.link.heal(hold);
        let mut server = soon(stage.upstream.accept()).await.unwrap().0;
        pass(b"now", &mut client, &mut server).await;
    }
}

#[tokio::test]
async fn who_waits_in_a_blackhole_is_reset_by_a_cut() {
    let stage = Stage::new().await;
    stage.link.apply(Condition::Blackhole, Way::Both);
    let mut client = stage.dial().await.unwrap();
    is_silent(&client).await;
    stage.link.apply(Condition::Cut, Way::Both);
    assert_eq!(rest(&mut client).await, (vec![], RESET));
    counted(&stage.link, |counts| counts.reset == 1).await;
}

#[tokio::test]
async fn a_limit_lets_so_many_bytes_pass_and_both_sides_see_an_orderly_end() {
    let stage = Stage::new().await;
    stage.link.apply(Condition::Limit(kinds::Limit { bytes: 1_000 }), Way::Forward);
    let (mut client, mut server) = stage.pair().await;
    client.write_all(&[1; 999]).await.unwrap();
    let mut got = [0; 999];
    soon(server.read_exact(&mut got)).await.unwrap();
    is_silent(&server).await;
    pass(&[2; 2_000], &mut server, &mut client).await;
    // The client sends more bytes than may pass: they are taken and thrown away, and nobody is reset.
    client.write_all(&[1; 50_000]).await.unwrap();
    assert_eq!(rest(&mut server).await, (vec![1], Ok(())));
    assert_eq!(rest(&mut client).await, (vec![], Ok(())));
    let counts = stage.link.counts();
    assert_eq!((counts.bytes_forward, counts.limited, counts.reset), (1_000, 1, 0));
}

#[tokio::test]
async fn the_end_after_a_limit_waits_for_a_blackhole_of_the_other_way() {
    let stage = Stage::new().await;
    let (mut client, mut server) = stage.pair().await;
    let hold = stage.link.apply(Condition::Blackhole, Way::Back);
    stage.link.apply(Condition::Limit(kinds::Limit { bytes: 10 }), Way::Forward);
    client.write_all(&[1; 20]).await.unwrap();
    assert_eq!(rest(&mut server).await, (vec![1; 10], Ok(())));
    is_silent(&client).await;
    stage.link.heal(hold);
    assert_eq!(rest(&mut client).await, (vec![], Ok(())));
}

#[tokio::test]
async fn after_a_limit_a_cut_resets_those_who_were_not_told_yet() {
    let stage = Stage::new().await;
    let (mut client, mut server) = stage.pair().await;
    stage.link.apply(Condition::Blackhole, Way::Back);
    stage.link.apply(Condition::Limit(kinds::Limit { bytes: 10 }), Way::Forward);
    client.write_all(&[1; 20]).await.unwrap();
    assert_eq!(rest(&mut server).await, (vec![1; 10], Ok(())));
    drop(server);
    stage.link.apply(Condition::Cut, Way::Both);
    assert_eq!(rest(&mut client).await, (vec![], RESET));
    counted(&stage.link, |counts| (counts.limited, counts.reset) == (1, 1)).await;
}

#[tokio::test]
async fn a_delay_holds_each_byte_and_the_end_and_is_over_once_healed() {
    let stage = Stage::new().await;
    let (mut client, mut server) = stage.pair().await;
    let by = |millis| Condition::Delay(kinds::Delay { by: MS(millis), jitter: Duration::ZERO });
    let short = stage.link.apply(by(40), Way::Forward);
    assert!(pass(b"x", &mut client, &mut server).await >= MS(40));
    stage.link.heal(short);
    let long = stage.link.apply(by(60_000), Way::Forward);
    client.write_all(b"y").await.unwrap();
    client.shutdown().await.unwrap();
    is_silent(&server).await;
    pass(b"back", &mut server, &mut client).await;
    stage.link.heal(long);
    assert_eq!(rest(&mut server).await, (b"y".to_vec(), Ok(())));
}

#[tokio::test]
async fn a_throttle_passes_its_rate_and_little_more() {
    let stage = Stage::new().await;
    let (mut client, mut server) = stage.pair().await;
    let hold =
        stage.link.apply(Condition::Throttle(kinds::Throttle { bytes_per_second: 10_000 }), Way::Forward);
    // Pieces have 200 bytes: at most 500 bytes pass at once, and the rest at the rate.
    let took = pass(&[1; 2_000], &mut client, &mut server).await;
    assert!(took >= MS(150), "{took:?}");
    stage.link.heal(hold);
    assert!(pass(&[1; 2_000], &mut client, &mut server).await < SOON);
}

#[tokio::test]
async fn slices_pass_one_after_the_other_with_pauses() {
    let stage = Stage::new().await;
    let (mut client, mut server) = stage.pair().await;
    stage.link.apply(Condition::Slice(kinds::Slice { bytes: 10, pause: MS(20) }), Way::Forward);
    let took = pass(&[1; 45], &mut client, &mut server).await;
    assert!(took >= MS(80), "{took:?}");
    assert!(pass(&[1; 45], &mut server, &mut client).await < SOON);
}

#[tokio::test]
async fn a_slow_reader_holds_back_the_sender_and_loses_nothing() {
    let stage = Stage::new().await;
    let (mut client, mut server) = stage.pair().await;
    let chunk = vec![5; 1 << 20];
    let mut sent = 0;
    let begin = Instant::now();
    loop {
        match timeout(MS(150), client.write(&chunk)).await {
            Ok(written) => sent += written.unwrap(),
            Err(_) if stage.link.counts().held_back > 0 => break,
            Err(_) => assert!(begin.elapsed() < SOON, "nobody was held back"),
        }
        assert!(sent < 64 << 20, "what the kernel and the queue hold is bounded");
    }
    drop(client);
    let (got, ended) = rest(&mut server).await;
    assert_eq!((got.len(), ended), (sent, Ok(())));
    assert!(got.iter().all(|byte| *byte == 5));
}

#[tokio::test]
async fn both_directions_get_their_turn() {
    let stage = Stage::new().await;
    let (client, server) = stage.pair().await;
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let bytes = vec![3; 4 << 20];
    let (mut there, mut here) = (vec![0; bytes.len()], vec![0; bytes.len()]);
    let all = async {
        tokio::try_join!(
            to_client.write_all(&bytes),
            to_server.write_all(&bytes),
            from_server.read_exact(&mut there),
            from_client.read_exact(&mut here),
        )
    };
    soon(all).await.unwrap();
    assert!(there == bytes && here == bytes);
}

#[tokio::test]
async fn what_a_proxy_costs_is_measured_in_order() {
    let begin = Instant::now();
    let added = soon(added_latency()).await.unwrap();
    assert!(Duration::ZERO < added.direct_p50 && added.direct_p50 <= added.direct_p99, "{added:?}");
    assert!(Duration::ZERO < added.proxied_p50 && added.proxied_p50 <= added.proxied_p99, "{added:?}");
    assert!(added.direct_p99 <= begin.elapsed() && added.proxied_p99 <= begin.elapsed());
    // Half of the difference is rounded down to a whole nanosecond.
    let twice = added.proxied_p50.saturating_sub(added.direct_p50);
    assert!([twice, twice.saturating_sub(Duration::from_nanos(1))].contains(&(added.one_way * 2)));
}

#[tokio::test]
async fn every_connection_draws_its_own_delay() {
    let stage = Stage::new().await;
    stage.link.apply(Condition::Delay(kinds::Delay { by: MS(60), jitter: MS(60) }), Way::Forward);
    // With the link's seed 1 the first condition delays the third connection of the first proxy by 94 ms, and the two
    // before it by less than 4 ms.
    for at_least in [MS(3), Duration::ZERO, MS(94)] {
        let (mut client, mut server) = stage.pair().await;
        let took = pass(b"x", &mut client, &mut server).await;
        assert!(took >= at_least, "{took:?}");
    }
}
