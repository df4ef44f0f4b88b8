//! Whoever else reaches the SUB port: they cost little, and change nothing.

use std::time::{Duration, Instant};

use pubsub_lab::bus::zeromq::{ZeromqBus, ZeromqOptions};
use pubsub_lab::bus::{Bus, BusEvent};
use rand::RngExt;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;

use super::raw::{Raw, frame, greeting, message, ready, ready_as};
use crate::support::zeromq_bus::{
    Addresses, PATIENCE, alone, count, count_is, envelope, id, room, start, start_counted, subscribe,
};

/// A handshake lasts a second at most.
const LET_GO_WITHIN: Duration = Duration::from_secs(3);

/// Two nodes that hear each other, and the address of the one that strangers bother.
struct Bothered {
    addresses: Addresses,
    speaker: ZeromqBus,
    listener: ZeromqBus,
    events: tokio::sync::mpsc::Receiver<BusEvent>,
    said: usize,
}

impl Bothered {
    async fn new() -> Self {
        let addresses = Addresses::new(2);
        let (speaker, listener) = (addresses.bus(0).await, addresses.bus(1).await);
        let events = listener.events().unwrap();
        subscribe(&listener, "lobby").await;
        Self { addresses, speaker, listener, events, said: 0 }
    }

    async fn stranger(&self) -> Raw {
        Raw::connect(self.addresses.socket(1)).await
    }

    /// It hears its peer as if nobody were there, and at once.
    async fn is_well(&mut self) {
        self.said += 1;
        let (id_sent, began) = (self.said.to_string(), Instant::now());
        self.speaker.publish(envelope("lobby", &id_sent, "x"));
        assert_eq!(id(&mut self.events).await, id_sent);
        assert!(began.elapsed() < Duration::from_millis(500), "heard after {:?}", began.elapsed());
    }
}

fn long(flags: u8, length: u64) -> Vec<u8> {
    let mut head = vec![flags | 2];
    head.extend(length.to_be_bytes());
    head
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_first_bytes_are_let_go_at_once_and_change_nothing() {
    let mut bothered = Bothered::new().await;
    let with = |change: fn(&mut Vec<u8>)| {
        let mut greeting = greeting();
        change(&mut greeting);
        greeting
    };
    let hello = |rest: &[u8]| [&greeting()[..], rest].concat();
    let wrong = [
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        vec![0; 200],
        vec![0xff; 200],
        with(|greeting| greeting[10] = 1),
        with(|greeting| greeting[12..17].copy_from_slice(b"CURVE")),
        hello(&ready("SUB")),
        hello(&ready("REQ")),
        hello(&ready("")),
        hello(&frame(0, b"a message")),
        hello(&frame(4, b"\x05READY")),
        hello(&frame(4, b"\x05READY\xffx")),
        hello(&frame(4, b"\x05ERROR\x04away")),
        hello(&frame(4, b"\x50")),
        hello(&frame(4, b"")),
        hello(&long(4, 1 << 60)),
        hello(&long(0, u64::MAX)),
        hello(&[&ready("PUB")[..], &long(0, 1 << 60)].concat()),
        hello(&[&ready("PUB")[..], &long(1, 1 << 46)].concat()),
        hello(&[&ready("PUB")[..], &long(0, (1 << 63) - 1)].concat()),
        hello(&[&ready("PUB")[..], &long(4, 1 << 30)].concat()),
        hello(&[&ready("PUB")[..], &frame(4, b"\x09PI")].concat()),
    ];
    for bytes in &wrong {
        let mut stranger = bothered.stranger().await;
        stranger.write(bytes).await;
        stranger.ended(LET_GO_WITHIN).await;
        bothered.is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_before_and_after_a_handshake_change_nothing() {
    let mut bothered = Bothered::new().await;
    let mut rng = rand::rng();
    for n in 0..200 {
        let mut stranger = bothered.stranger().await;
        if n % 2 == 0 {
            stranger.shake_hands("PUB").await;
        }
        let mut bytes = vec![0; rng.random_range(1..2_000)];
        rng.fill(&mut bytes[..]);
        // It may be let go before it has said everything.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stranger.0, &bytes).await;
        if n % 20 == 0 {
            bothered.is_well().await;
        }
    }
    bothered.is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_silent_and_the_half_open_are_let_go_and_hold_up_nobody() {
    let mut bothered = Bothered::new().await;
    let mut silent = Vec::new();
    for n in 0..300 {
        let mut stranger = bothered.stranger().await;
        match n % 4 {
            0 => {}
            1 => stranger.write(&greeting()[..10]).await,
            2 => stranger.write(&greeting()).await,
            // Reset, as by a process that crashed.
            _ => socket2::SockRef::from(&stranger.0).set_linger(Some(Duration::ZERO)).unwrap(),
        }
        if n % 4 < 3 {
            silent.push(stranger);
        }
    }
    bothered.is_well().await;
    let began = Instant::now();
    for stranger in &mut silent {
        stranger.ended(LET_GO_WITHIN).await;
    }
    assert!(began.elapsed() < LET_GO_WITHIN, "let go after {:?}", began.elapsed());
    bothered.is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_publisher_is_heard_only_with_messages_of_ours_and_wanted_rooms() {
    let (bus, counters) = start_counted(alone("127.0.0.1:0")).await;
    let mut events = bus.events().unwrap();
    subscribe(&bus, "math").await;
    let mut stranger = Raw::connect(&bus.address().to_string()).await;
    stranger.shake_hands("PUB").await;
    assert_eq!(stranger.frame().await, (4, b"\x09SUBSCRIBEmath\n".to_vec()), "it is told what is wanted");
    let good =
        |name: &str, id: &str| message(&format!("{name}\n"), id, &format!("1 chat {id} s - {name}\nx"));
    let garbled = [
        frame(0, b"math\n"),
        frame(0, b"\x01math\n"),
        message("math\n", "1", "hello"),
        message("math", "1", "1 chat 1 s - math\nx"),
        message("math\n", "2", "1 chat 1 s - math\nx"),
        message("math\n", "1", "1 chat 1 s - lobby\nx"),
        message("maths\n", "1", "1 chat 1 s - math\nx"),
        message("math\nx", "1", "1 chat 1 s - math\nx"),
        message("math\n", "1", "2 chat 1 s - math\nx"),
        [frame(1, b"math\n"), good("math", "1")].concat(),
        frame(1, b"x").repeat(1_000),
        frame(0, b"x"),
    ];
    for bytes in &garbled {
        stranger.write(bytes).await;
    }
    // Envelopes of ours, of rooms that nobody here wants.
    for name in ["maths", "mat", "lobby", "$roster"] {
        stranger.write(&good(name, "1")).await;
    }
    stranger.write(&frame(4, b"\x07UNKNOWN")).await;
    stranger.write(&good("math", "good")).await;
    assert_eq!(id(&mut events).await, "good");
    // A thousand frames and one more are a single message.
    assert_eq!(count(&counters, "garbled_total"), garbled.len() as u64 - 1);
    // Counted just after it is handed over.
    count_is(&counters, "received_total", 1).await;
    bus.unsubscribe(room("math")).await.unwrap();
    while stranger.frame().await != (4, b"\x06CANCELmath\n".to_vec()) {}
    stranger.write(&good("math", "late")).await;
    stranger.write(&message("x", "x", "x")).await;
    count_is(&counters, "garbled_total", garbled.len() as u64).await;
    assert_eq!(count(&counters, "received_total"), 1);
}

/// A connected publisher that takes nothing in: the subscriptions for it pile up in its connection alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_that_never_reads_holds_up_no_subscribe_and_no_message() {
    let mut bothered = Bothered::new().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let mut deaf = Raw(socket.connect(bothered.addresses.socket(1).parse().unwrap()).await.unwrap());
    deaf.shake_hands("PUB").await;
    // More than the kernel holds for it.
    for n in 0..60_000 {
        drop(bothered.listener.subscribe(room(&format!("{n} {}", "x".repeat(50)))));
    }
    for n in 0..100 {
        let began = Instant::now();
        subscribe(&bothered.listener, &format!("at once {n}")).await;
        assert!(began.elapsed() < Duration::from_millis(500), "{n} after {:?}", began.elapsed());
    }
    bothered.is_well().await;
}

/// The other direction: what listens at a peer's address is no SUB socket.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peers_address_where_something_else_listens_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = listener.local_addr().unwrap();
    let bus = start(ZeromqOptions { peers: vec![peer.to_string()], ..alone("127.0.0.1:0") }).await;
    let mut events = bus.events().unwrap();
    subscribe(&bus, "lobby").await;
    let answers: [&[u8]; 5] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        &[&greeting()[..], &ready("PUB")].concat(),
        &[&greeting()[..], &ready("SUB"), &long(0, 1 << 60)].concat(),
        &[&greeting()[..], &frame(4, b"\x05ERROR\x04away")].concat(),
        &greeting(),
    ];
    for answer in answers {
        let mut accepted = Raw::accept(&listener).await;
        accepted.write(answer).await;
        accepted.ended(LET_GO_WITHIN).await;
        bus.publish(envelope("lobby", "1", "x"));
        assert_eq!(id(&mut events).await, "1");
    }
    let mut sub = Raw::accept(&listener).await;
    sub.shake_hands("SUB").await;
    sub.write(&frame(0, b"\x01")).await;
    sub.write(&frame(4, b"\x04PING\0\0")).await;
    assert_eq!(sub.frame().await, (4, b"\x04PONG".to_vec()));
    bus.publish(envelope("lobby", "2", "x"));
    assert_eq!(sub.frame().await, (1, b"lobby\n".to_vec()), "a right one is spoken to at last");
    let end = timeout(PATIENCE, bus.close());
    end.await.expect("the end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_does_not_answer_a_ping_is_asked_once_for_each_change() {
    let bothered = Bothered::new().await;
    let mut stranger = bothered.stranger().await;
    stranger.shake_hands("PUB").await;
    subscribe(&bothered.listener, "another room").await;
    // Two changes in whatever portions, so one or two PINGs; then nothing more.
    let mut pings = 0;
    while let Ok((flags, body)) = timeout(Duration::from_millis(500), stranger.frame()).await {
        pings += usize::from(flags == 4 && body.starts_with(b"\x04PING"));
        assert!(pings <= 2, "asked again and again");
    }
    assert!(pings >= 1, "never asked");
}

/// Each subscribes to a room of its own, and gives the time that all took together.
async fn subscribes(bothered: &Bothered, count: usize, mut before: impl AsyncFnMut()) -> Duration {
    let mut took = Duration::ZERO;
    for _ in 0..count {
        before().await;
        let name = format!("{:032x}", rand::random::<u128>());
        let began = Instant::now();
        subscribe(&bothered.listener, &name).await;
        took += began.elapsed();
    }
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_that_never_answer_delay_no_subscribe_however_often_they_come() {
    let bothered = Bothered::new().await;
    // Whoever asks the peer's own port is told its name.
    let mut peer = Raw::connect(bothered.addresses.socket(0)).await;
    let said = peer.shake_hands("PUB").await;
    let name = String::from_utf8_lossy(&said[said.len() - 16..]).into_owned();
    let without = subscribes(&bothered, 20, async || {}).await;
    for words in [ready("PUB"), ready_as("XPUB", "a stranger"), ready_as("XPUB", &name)] {
        let strangers = tokio::sync::Mutex::new(Vec::new());
        let with = subscribes(&bothered, 20, async || {
            let mut stranger = bothered.stranger().await;
            stranger.introduce(&words).await;
            // It hears what is wanted, so it is listed.
            stranger.frame().await;
            strangers.lock().await.push(stranger);
        })
        .await;
        // Each of the 20 would cost a second.
        let most = 20 * without.max(Duration::from_millis(100));
        assert!(with < most, "{with:?} with strangers, {without:?} without");
    }
}

/// What is begun and not ended is held in memory, so a stranger has a time and all strangers a bound for it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_strangers_begin_and_do_not_end_costs_bounded_memory() {
    let addresses = Addresses::new(1);
    let node = addresses.node(0, &[]);
    let before = node.memory();
    let mut strangers = Vec::new();
    // Eight that announce 64 MiB, and eighty that announce the longest message that the node reads; all but a byte comes.
    for (count, length) in [(8, 64 << 20), (80, 2 << 20)] {
        let body = vec![b'x'; length - 1];
        for _ in 0..count {
            let mut stranger = Raw::connect(addresses.socket(0)).await;
            stranger.shake_hands("PUB").await;
            // It may be let go before it has said everything.
            let all = [&long(0, length as u64)[..], &body].concat();
            let _ =
                timeout(PATIENCE, tokio::io::AsyncWriteExt::write_all(&mut stranger.0, &all)).await.unwrap();
            strangers.push(stranger);
        }
    }
    let grown = node.memory().saturating_sub(before) >> 20;
    assert!(grown < 96, "the node grew by {grown} MiB");
    assert_eq!(node.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_that_ends_nothing_or_answers_nothing_is_let_go_and_a_quiet_one_stays() {
    let mut bothered = Bothered::new().await;
    let mut silent = bothered.stranger().await;
    silent.shake_hands("PUB").await;
    let mut half = bothered.stranger().await;
    half.shake_hands("PUB").await;
    half.write(&[1, 200, b'x']).await;
    // One of ZMTP 3.0 cannot answer a PING, and has nothing to say.
    let mut quiet = bothered.stranger().await;
    let mut old = greeting();
    old[11] = 0;
    quiet.write(&[old, ready("PUB")].concat()).await;
    quiet.read(64).await;
    let began = Instant::now();
    for stranger in [&mut silent, &mut half] {
        stranger.ended(PATIENCE).await;
    }
    assert!(began.elapsed() > Duration::from_secs(5), "they had their time: {:?}", began.elapsed());
    bothered.is_well().await;
    bothered.listener.subscribe(room("another")).await.unwrap();
    let told = async { while !quiet.frame().await.1.ends_with(b"another\n") {} };
    timeout(PATIENCE, told).await.expect("the quiet one is there, and is told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_have_so_many_places_and_the_one_that_is_silent_longest_makes_room() {
    let mut bothered = Bothered::new().await;
    let mut strangers = Vec::new();
    for _ in 0..300 {
        let mut stranger = bothered.stranger().await;
        stranger.shake_hands("PUB").await;
        strangers.push(stranger);
    }
    bothered.is_well().await;
    for stranger in &mut strangers[..40] {
        stranger.ended(LET_GO_WITHIN).await;
    }
    // The last one is there and is heard.
    let (mut events, last) = (bothered.events, strangers.last_mut().unwrap());
    last.write(&message("lobby\n", "last", "1 chat last s - lobby\nx")).await;
    assert_eq!(id(&mut events).await, "last");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_too_long_for_a_node_is_counted_and_takes_no_other_with_it() {
    let addresses = Addresses::new(2);
    let speaker = addresses.bus(0).await;
    let (listener, counters) =
        start_counted(ZeromqOptions { longest: 1 << 20, ..addresses.options(1) }).await;
    let mut events = listener.events().unwrap();
    subscribe(&listener, "lobby").await;
    for (id, length) in [("1", 10), ("long", 2 << 20), ("2", (1 << 20) - 100), ("long", 9 << 20), ("3", 10)] {
        speaker.publish(envelope("lobby", id, vec![b'x'; length]));
    }
    for expected in ["1", "2", "3"] {
        assert_eq!(id(&mut events).await, expected);
    }
    assert_eq!(count(&counters, "garbled_total"), 2);
    assert_eq!(count(&counters, "reconnects_total"), 0);
}
