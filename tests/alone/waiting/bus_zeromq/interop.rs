//! Peers of other makes: libzmq, through Python, and the pure Rust crate `zeromq`.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pubsub_lab::bus::Bus;
use pubsub_lab::bus::zeromq::ZeromqOptions;
use serde_json::{Value, json};
use tokio::task::block_in_place;
use tokio::time::timeout;
use zeromq::{PubSocket, Socket, SocketRecv, SocketSend, SubSocket, XPubSocket, ZmqMessage};

use crate::support::process::Running;
use crate::support::zeromq_bus::{
    Addresses, PATIENCE, alone, count_is, envelope, id, next, room, start, start_counted, subscribe,
};

/// A Python that has libzmq, speaking or hearing.
fn python(args: &[&str]) -> Running {
    let has_zmq = |python: &&str| {
        let mut probe = Command::new(python);
        let probe = probe.args(["-c", "import zmq"]).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    let found = ["python3", "/usr/bin/python3", "python"].into_iter().find(has_zmq);
    let python = found.expect("no Python here can `import zmq`: run `make setup`, or install pyzmq");
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/alone/waiting/bus_zeromq/peer.py")).args(args);
    Running::start(command)
}

/// The lines of JSON that it has printed, once there are so many.
fn heard(peer: &Running, wanted: usize) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let lines = peer.out();
        let lines: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if lines.len() >= wanted {
            return lines;
        }
        assert!(Instant::now() < deadline, "{} of {wanted}\n{}", lines.len(), peer.everything());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn libzmq_hears_what_it_wants_in_three_frames() {
    let addresses = Addresses::new(2);
    let peer = block_in_place(|| {
        let peer = python(&["hear", addresses.get(1), r"math\n", r"a b\n", r"\n"]);
        peer.out_line("ready");
        peer
    });
    let (bus, counters) = start_counted(addresses.options(0)).await;
    count_is(&counters, "peers", 1).await;
    let mut events = bus.events().unwrap();
    // libzmq answers a PING before its socket knows, so the first message tells when it does.
    subscribe(&bus, "math").await;
    let deadline = Instant::now() + PATIENCE;
    while heard_now(&peer) == 0 {
        bus.publish(envelope("math", "probe", "x"));
        assert_eq!(id(&mut events).await, "probe");
        assert!(Instant::now() < deadline, "{}", peer.everything());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Heartbeats of 100 ms, which time out after two seconds: the peer stays all the same.
    tokio::time::sleep(Duration::from_secs(3)).await;
    for n in 0..100 {
        for name in ["maths", "math", "mat", "a b", "a b c"] {
            bus.publish(envelope(name, &format!("s.{n}"), "{\"text\":\"Füße\\n\"}"));
        }
    }
    bus.publish(envelope("math", "end", "x"));
    let lines = block_in_place(|| {
        peer.out_line("\"end\"");
        heard(&peer, 201)
    });
    let lines: Vec<_> = lines.into_iter().filter(|line| line[1] != "probe" && line[1] != "end").collect();
    assert_eq!(lines.len(), 200);
    for (n, pair) in lines.chunks(2).enumerate() {
        for (line, name) in pair.iter().zip(["math", "a b"]) {
            let body = line[2].as_str().unwrap();
            assert!(body.starts_with(&format!("2 chat s.{n} s - ")), "{body}");
            assert!(body.ends_with(&format!(" {name}\n{{\"text\":\"Füße\\n\"}}")), "{body}");
            assert_eq!(*line, json!([format!("{name}\n"), format!("s.{n}"), body]));
        }
    }
    count_is(&counters, "reconnects_total", 0).await;
    let closing = Instant::now();
    bus.close().await;
    assert!(closing.elapsed() < Duration::from_secs(1));
}

fn heard_now(peer: &Running) -> usize {
    peer.out().iter().filter(|line| line.starts_with('[')).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn libzmq_speaks_and_only_the_wanted_room_is_heard() {
    let (bus, counters) = start_counted(alone("127.0.0.1:0")).await;
    let mut events = bus.events().unwrap();
    subscribe(&bus, "math").await;
    let address = format!("tcp://{}", bus.address());
    let peer = python(&["speak", &address, "500"]);
    let wanted = block_in_place(|| peer.out_line("wanted"));
    assert_eq!(wanted, r"wanted b'\x01math\n'", "the subscription as libzmq shows it");
    // Confirmed by libzmq's PONG, long before the second that is the most.
    let began = Instant::now();
    subscribe(&bus, "other").await;
    assert!(began.elapsed() < Duration::from_millis(800), "{:?}", began.elapsed());
    bus.unsubscribe(room("other")).await.unwrap();
    block_in_place(|| peer.out_line("connected"));
    for n in 0..500 {
        let heard = next(&mut events).await;
        assert_eq!((heard.room.as_str(), &*heard.id), ("math", format!("py.{n}").as_str()));
        assert_eq!(heard.frame, format!("{{\"text\":\"Füße {n}\"}}"));
    }
    count_is(&counters, "garbled_total", 0).await;
}

/// A peer of ZMTP 3.0: it knows neither PING nor the commands for subscriptions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_crate_zeromq_is_heard_and_hears() {
    let mut sub = SubSocket::new();
    let peer = sub.bind("tcp://127.0.0.1:0").await.unwrap().to_string();
    sub.subscribe("math\n").await.unwrap();
    let bus = start(ZeromqOptions { peers: vec![peer], ..alone("127.0.0.1:0") }).await;
    let mut events = bus.events().unwrap();
    let mut publisher = XPubSocket::new();
    publisher.connect(&format!("tcp://{}", bus.address())).await.unwrap();

    let began = Instant::now();
    subscribe(&bus, "math").await;
    assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());
    let wanted = timeout(PATIENCE, publisher.recv()).await.expect("no subscription").unwrap();
    assert_eq!(wanted.get(0).unwrap(), &b"\x01math\n"[..]);
    for topic in ["maths", "math"] {
        let frames = [format!("{topic}\n"), "r.1".into(), format!("1 chat r.1 r - {topic}\nx")];
        let frames: Vec<_> = frames.into_iter().map(bytes::Bytes::from).collect();
        publisher.send(ZmqMessage::try_from(frames).unwrap()).await.unwrap();
    }
    let heard = next(&mut events).await;
    assert_eq!((heard.room.as_str(), &*heard.id), ("math", "r.1"));

    let deadline = Instant::now() + PATIENCE;
    let message = loop {
        bus.publish(envelope("maths", "s.1", "x"));
        bus.publish(envelope("math", "s.1", "x"));
        if let Ok(message) = timeout(Duration::from_millis(50), sub.recv()).await {
            break message.unwrap();
        }
        assert!(Instant::now() < deadline, "nothing is heard");
    };
    let frames: Vec<_> = message.into_vec();
    let body = String::from_utf8(frames[2].to_vec()).unwrap();
    assert!(body.starts_with("2 chat s.1 s - ") && body.ends_with(" math\nx"), "{body}");
    assert_eq!(frames, [&b"math\n"[..], b"s.1", body.as_bytes()]);
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_pub_socket_of_the_crate_speaks_too() {
    let bus = start(alone("127.0.0.1:0")).await;
    let mut events = bus.events().unwrap();
    subscribe(&bus, "math").await;
    let mut publisher = PubSocket::new();
    publisher.connect(&format!("tcp://{}", bus.address())).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let frames = ["math\n", "r.1", "1 chat r.1 r - math\nx"].map(bytes::Bytes::from);
        publisher.send(ZmqMessage::try_from(frames.to_vec()).unwrap()).await.unwrap();
        if timeout(Duration::from_millis(20), events.recv()).await.is_ok() {
            break;
        }
        assert!(Instant::now() < deadline, "nothing is heard");
    }
}
