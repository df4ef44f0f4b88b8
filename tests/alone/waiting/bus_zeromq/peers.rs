//! Buses as peers within the test: what each is sent, and that nobody is sent anything twice.

use std::time::{Duration, Instant};

use pubsub_lab::bus::zeromq::{ZeromqBus, ZeromqOptions};
use pubsub_lab::bus::{Bus, BusError, Level, PublishOutcome};
use tokio::net::TcpListener;

use super::raw::{Raw, frame};
use crate::support::zeromq_bus::{
    Addresses, PATIENCE, alone, count, count_is, envelope, id, next, room, start, start_counted, subscribe,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_hears_every_other_once_and_in_order() {
    let addresses = Addresses::new(3);
    let mut buses = Vec::new();
    for n in 0..3 {
        let bus = addresses.bus(n).await;
        let events = bus.events().unwrap();
        buses.push((bus, events));
    }
    for (bus, _) in &buses {
        subscribe(bus, "lobby").await;
    }
    const SENT: usize = 2_000;
    for n in 0..SENT {
        for (speaker, (bus, _)) in buses.iter().enumerate() {
            let outcome = bus.publish(envelope("lobby", &format!("{speaker}.{n}"), "x")).await;
            assert_eq!(outcome, PublishOutcome::Ack(Level::Handed));
        }
    }
    for (_, events) in &mut buses {
        let mut counts = [0; 3];
        for _ in 0..3 * SENT {
            let id = id(events).await;
            let (speaker, n) = id.split_once('.').unwrap();
            let expected = &mut counts[speaker.parse::<usize>().unwrap()];
            assert_eq!(n, expected.to_string(), "of {speaker}");
            *expected += 1;
        }
        assert!(events.try_recv().is_err(), "and nothing twice");
    }
}

/// The bytes that a SUB socket gets which wants one room only, read by hand.
#[tokio::test]
async fn a_peer_is_sent_only_what_it_wants_and_the_bytes_are_as_documented() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = listener.local_addr().unwrap().to_string();
    let bus = ZeromqBus::start(ZeromqOptions { peers: vec![peer], ..alone("127.0.0.1:0") }).await.unwrap();
    let mut sub = Raw::accept(&listener).await;
    let ready = sub.shake_hands("SUB").await;
    let said = String::from_utf8_lossy(&ready).into_owned();
    assert!(said.contains("Socket-Type\0\0\0\u{4}XPUB") && said.contains("X-Pubsub-Lab-Node"), "{said:?}");
    // A command, as 3.1 has it, a message, as 3.0 does, and a PING, so as to know that both were read.
    sub.write(&frame(4, b"\x09SUBSCRIBEmath\n")).await;
    sub.write(&frame(0, "\x01Füße\n".as_bytes())).await;
    sub.write(&frame(4, b"\x04PING\0\0hello")).await;
    assert_eq!(sub.frame().await, (4, b"\x04PONGhello".to_vec()));
    let rooms = ["maths", "math", "mat", "lobby", "Füße", "Füß"];
    for name in rooms {
        bus.publish(envelope(name, "s.1", "{\"text\":\"a\\nb\"}"));
    }
    for name in ["math", "Füße"] {
        assert_eq!(sub.frame().await, (1, format!("{name}\n").into_bytes()));
        assert_eq!(sub.frame().await, (1, b"s.1".to_vec()));
        let (flags, body) = sub.frame().await;
        let body = String::from_utf8(body).unwrap();
        let process = bus.numbers().unwrap().process();
        assert_eq!(flags, 0);
        assert!(body.starts_with(&format!("2 chat s.1 s - {process:016x} 1 ")), "{body}");
        assert!(body.ends_with(&format!(" {name}\n{{\"text\":\"a\\nb\"}}")), "{body}");
    }
    sub.write(&frame(4, b"\x06CANCELmath\n")).await;
    sub.write(&frame(0, "\0Füße\n".as_bytes())).await;
    sub.write(&frame(4, b"\x09SUBSCRIBEend\n")).await;
    sub.write(&frame(4, b"\x04PING\0\0again")).await;
    assert_eq!(sub.frame().await, (4, b"\x04PONGagain".to_vec()));
    for name in rooms.iter().chain(&["end"]) {
        bus.publish(envelope(name, "s.2", "x"));
    }
    assert_eq!(sub.frame().await, (1, b"end\n".to_vec()), "nothing of a cancelled topic before it");
    bus.close().await;
    sub.ended(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_given_twice_or_by_two_names_or_ones_own_delivers_once() {
    let addresses = Addresses::new(2);
    let by_name = addresses.socket(1).replace("127.0.0.1", "localhost");
    let own_by_name = addresses.socket(0).replace("127.0.0.1", "localhost");
    let peers = [addresses.get(1), addresses.socket(1), &by_name, addresses.get(0), &own_by_name];
    let options = ZeromqOptions { peers: peers.map(str::to_owned).to_vec(), ..alone(addresses.get(0)) };
    let other = addresses.bus(1).await;
    let (bus, counters) = start_counted(options).await;
    let (mut events, mut others) = (bus.events().unwrap(), other.events().unwrap());
    subscribe(&bus, "lobby").await;
    subscribe(&other, "lobby").await;
    for n in 0..100 {
        bus.publish(envelope("lobby", &n.to_string(), "x"));
        other.publish(envelope("lobby", &format!("other {n}").replace(' ', "."), "x"));
    }
    let mut heard = Vec::new();
    for events in [&mut events, &mut others] {
        let mut ids = Vec::new();
        for _ in 0..200 {
            ids.push(id(events).await);
        }
        ids.sort();
        ids.dedup();
        heard.push(ids.len());
    }
    assert_eq!(heard, [200, 200], "each message once at each node");
    count_is(&counters, "peers", 1).await;
    assert!(events.try_recv().is_err() && others.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_closed_and_comes_back_on_its_address_is_told_every_room() {
    let addresses = Addresses::new(2);
    let (bus, counters) = start_counted(addresses.options(0)).await;
    let mut events = bus.events().unwrap();
    for n in 0..50 {
        subscribe(&bus, &format!("room {n}")).await;
    }
    for round in 0..5 {
        let other = addresses.bus(1).await;
        let mut others = other.events().unwrap();
        subscribe(&other, "lobby").await;
        // It is up: it knows who wants what, and nothing is lost from here on.
        for n in 0..50 {
            other.publish(envelope(&format!("room {n}"), &n.to_string(), "x"));
        }
        for n in 0..50 {
            assert_eq!(id(&mut events).await, n.to_string(), "round {round}");
        }
        bus.publish(envelope("lobby", "back", "x"));
        assert_eq!(id(&mut others).await, "back", "round {round}");
        other.close().await;
    }
    assert!(count(&counters, "reconnects_total") >= 4);
}

/// The moment in which a subscription is easily lost: the peer has its handshake, and not yet the rooms.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_wanted_while_a_peer_connects_is_not_lost() {
    let addresses = Addresses::new(2);
    let bus = addresses.bus(0).await;
    let mut events = bus.events().unwrap();
    for round in 0..30 {
        let subscribing = async {
            for n in 0..20 {
                subscribe(&bus, &format!("{round} {n}")).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let (other, ()) = tokio::join!(addresses.bus(1), subscribing);
        subscribe(&bus, "fence").await;
        for n in 0..20 {
            other.publish(envelope(&format!("{round} {n}"), &n.to_string(), "x"));
        }
        for n in 0..20 {
            assert_eq!(id(&mut events).await, n.to_string(), "round {round}");
        }
        other.close().await;
    }
}

#[tokio::test]
async fn a_peer_that_never_connects_back_holds_up_one_subscribe_by_a_second_and_no_other() {
    let addresses = Addresses::new(2);
    let lonely = start(alone(addresses.get(1))).await;
    let bus = start(addresses.options(0)).await;
    let mut events = lonely.events().unwrap();
    subscribe(&lonely, "lobby").await;
    let began = Instant::now();
    for n in 0..20 {
        subscribe(&bus, &n.to_string()).await;
    }
    assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());
    // The lonely one was not told of the other, and so its subscribe waited for nobody: it may take a moment.
    let one_way = async {
        loop {
            bus.publish(envelope("lobby", "1", "x"));
            if tokio::time::timeout(Duration::from_millis(20), next(&mut events)).await.is_ok() {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, one_way).await.expect("one way works");
}

#[tokio::test]
async fn every_field_crosses() {
    let addresses = Addresses::new(2);
    let (one, two) = (addresses.bus(0).await, addresses.bus(1).await);
    let mut events = two.events().unwrap();
    subscribe(&two, "a room with spaces 🦀").await;
    let mut sent = envelope("a room with spaces 🦀", "s1.7", "{\"text\":\"a\\nb\"}");
    sent.others = true;
    sent.kind = pubsub_lab::wire::Kind::Presence;
    one.publish(sent.clone());
    assert_eq!(next(&mut events).await, sent);
    let long = envelope("a room with spaces 🦀", "s1.8", vec![b'x'; 5 << 20]);
    one.publish(long.clone());
    let came = next(&mut events).await;
    // The bus has counted it.
    assert!(came.count.is_some_and(|count| count.number == 1));
    assert!(came == pubsub_lab::wire::Envelope { count: came.count, ..long }, "a long frame came otherwise");
}

#[tokio::test]
async fn closing_frees_the_port_at_once_and_gives_away_what_waits() {
    let addresses = Addresses::new(2);
    let (one, two) = (addresses.bus(0).await, addresses.bus(1).await);
    let mut events = two.events().unwrap();
    subscribe(&two, "lobby").await;
    for n in 0..5_000 {
        one.publish(envelope("lobby", &n.to_string(), vec![b'x'; 1_000]));
    }
    let began = Instant::now();
    one.close().await;
    assert!(began.elapsed() < Duration::from_secs(1), "closed after {:?}", began.elapsed());
    drop(std::net::TcpListener::bind(addresses.socket(0)).expect("the port is free"));
    for n in 0..5_000 {
        assert_eq!(id(&mut events).await, n.to_string(), "what waited was sent before the end");
    }
    let outcome = one.publish(envelope("lobby", "late", "x")).await;
    assert!(matches!(outcome, PublishOutcome::Refused { code: "bus_down", .. }), "{outcome:?}");
    assert_eq!(one.subscribe(room("lobby")).await, Err(BusError::Closed));

    // Nobody closed this one.
    drop(two);
    let deadline = Instant::now() + PATIENCE;
    while std::net::TcpListener::bind(addresses.socket(1)).is_err() {
        assert!(Instant::now() < deadline, "a dropped bus keeps its port");
        tokio::task::yield_now().await;
    }
}
