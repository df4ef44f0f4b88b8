//! The Redis bus against a real Redis that is killed, stopped, cut off, guarded by passwords and encrypted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{HashMap, HashSet};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pubsub_lab::bus::redis::{RedisBus, RedisOptions};
use pubsub_lab::bus::{Bus, BusError, BusEvent, Level, PublishOutcome};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{interval, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::redis::RedisServer;
use crate::support::redis_bus::{
    PATIENCE, count, envelope, is_down, is_up, options, room, start, start_counted, subscribe,
};

async fn id(events: &mut mpsc::Receiver<BusEvent>) -> String {
    match timeout(PATIENCE, events.recv()).await.expect("no event").expect("the events ended") {
        BusEvent::Envelope(envelope) => envelope.id.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Publishes and hears one message.
async fn works(bus: &RedisBus) {
    let mut events = bus.events().unwrap();
    subscribe(bus, "lobby").await;
    assert_eq!(bus.publish(envelope("lobby", "1", "x")).await, PublishOutcome::Ack(Level::Handed));
    assert_eq!(id(&mut events).await, "1");
}

/// Two nodes, of which one publishes 200 messages a second and the other listens.
struct Traffic {
    listener: RedisBus,
    tasks: TaskTracker,
    stop: CancellationToken,
    sent: mpsc::UnboundedReceiver<(String, Instant, Duration, PublishOutcome)>,
    heard: mpsc::UnboundedReceiver<(String, Instant)>,
}

/// What became of it.
struct Told {
    /// When it was published, how long its answer took, and the answer.
    sent: HashMap<String, (Instant, Duration, PublishOutcome)>,
    /// When it was heard first.
    heard: HashMap<String, Instant>,
}

impl Traffic {
    async fn start(url: &str) -> Self {
        let (speaker, listener) = (Arc::new(start(url)), start(url));
        is_up(&speaker).await;
        subscribe(&listener, "lobby").await;
        is_up(&listener).await;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (sent_tx, sent) = mpsc::unbounded_channel();
        let (heard_tx, heard) = mpsc::unbounded_channel();
        let mut events = listener.events().unwrap();
        tasks.spawn(async move {
            while let Some(BusEvent::Envelope(envelope)) = events.recv().await {
                let _ = heard_tx.send((envelope.id.to_string(), Instant::now()));
            }
        });
        let (stopped, answers) = (stop.clone(), tasks.clone());
        tasks.spawn(async move {
            let mut beat = interval(Duration::from_millis(5));
            for n in 0.. {
                tokio::select! { () = stopped.cancelled() => return, _ = beat.tick() => {} }
                let (id, began) = (n.to_string(), Instant::now());
                let receipt = speaker.publish(envelope("lobby", &id, "x"));
                let sent_tx = sent_tx.clone();
                answers.spawn(async move {
                    let outcome = receipt.await;
                    let _ = sent_tx.send((id, began, began.elapsed(), outcome));
                });
            }
        });
        Self { listener, tasks, stop, sent, heard }
    }

    /// Stops publishing, waits until every message acknowledged after this moment is heard, and tells.
    async fn end(mut self, healthy_since: Instant) -> Told {
        self.stop.cancel();
        let mut sent = HashMap::new();
        while let Some((id, began, took, outcome)) = timeout(PATIENCE, self.sent.recv()).await.unwrap() {
            sent.insert(id, (began, took, outcome));
        }
        let mut owed: HashSet<_> = sent
            .iter()
            .filter(|(_, (began, _, outcome))| {
                *began > healthy_since && matches!(outcome, PublishOutcome::Ack(_))
            })
            .map(|(id, _)| id.clone())
            .collect();
        let mut heard = HashMap::new();
        while let Ok((id, at)) = self.heard.try_recv() {
            owed.remove(&id);
            heard.entry(id).or_insert(at);
        }
        while !owed.is_empty() {
            let (id, at) =
                timeout(PATIENCE, self.heard.recv()).await.expect("acknowledged, not heard").unwrap();
            owed.remove(&id);
            heard.entry(id).or_insert(at);
        }
        self.listener.close().await;
        self.tasks.close();
        timeout(PATIENCE, self.tasks.wait()).await.unwrap();
        Told { sent, heard }
    }
}

impl Told {
    fn check_honesty(&self) {
        for (id, (_, took, outcome)) in &self.sent {
            assert!(*took < Duration::from_secs(1), "{id} was answered after {took:?}: {outcome:?}");
            if matches!(outcome, PublishOutcome::Refused { .. }) {
                assert!(!self.heard.contains_key(id), "{id} was refused and delivered: {outcome:?}");
            }
        }
    }

    fn count(&self, between: (Instant, Instant), kind: fn(&PublishOutcome) -> bool) -> usize {
        let within = |at: &Instant| between.0 <= *at && *at < between.1;
        self.sent.values().filter(|(began, _, outcome)| within(began) && kind(outcome)).count()
    }

    /// When the bus was told first, after this moment, that Redis is down: from here on it knows.
    fn known_since(&self, moment: Instant) -> Instant {
        let refused = |(began, _, outcome): &&(Instant, Duration, PublishOutcome)| {
            *began >= moment && is_refused(outcome)
        };
        self.sent.values().filter(refused).map(|(began, ..)| *began).min().expect("nothing is refused")
    }

    /// From a moment to the first message that was published and heard after it.
    fn flow_after(&self, moment: Instant) -> Duration {
        let heard = |id| self.heard.get(id).copied();
        let after =
            self.sent.iter().filter(|(_, (began, ..))| *began >= moment).filter_map(|(id, _)| heard(id));
        after.min().expect("nothing was heard any more").duration_since(moment)
    }
}

fn is_ack(outcome: &PublishOutcome) -> bool {
    matches!(outcome, PublishOutcome::Ack(Level::Handed))
}

fn is_refused(outcome: &PublishOutcome) -> bool {
    matches!(outcome, PublishOutcome::Refused { code: "bus_down", .. })
}

fn is_unknown(outcome: &PublishOutcome) -> bool {
    matches!(outcome, PublishOutcome::Unknown { .. })
}

/// Waits until the bus is down because nothing comes any more, and asserts that it took no longer than promised: in
/// the bus's own words, for this machine may come to look at them late. By then a first attempt to connect may have
/// failed as well.
async fn is_silent(bus: &RedisBus) {
    let reason = is_down(bus, "has not answered").await;
    assert!(["for 750ms", "within"].iter().any(|words| reason.contains(words)), "{reason}");
}

/// Lets the traffic run; the measured thing here is time itself.
async fn run_for(duration: Duration) {
    sleep_until((Instant::now() + duration).into()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_for_two_seconds_nothing_refused_arrives_and_it_flows_again() {
    let mut server = RedisServer::start();
    let traffic = Traffic::start(&server.url()).await;
    run_for(Duration::from_millis(500)).await;
    server.kill();
    let killed = Instant::now();
    run_for(Duration::from_secs(2)).await;
    let down = Instant::now();
    server.restart();
    let back = Instant::now();
    is_up(&traffic.listener).await;
    let healthy = Instant::now();
    run_for(Duration::from_millis(500)).await;

    let told = traffic.end(healthy).await;
    told.check_honesty();
    let outage = (told.known_since(killed), down);
    assert!(told.count(outage, is_refused) > 300, "{}", told.count(outage, is_refused));
    assert_eq!(told.count(outage, is_ack) + told.count(outage, is_unknown), 0);
    let flow = told.flow_after(back);
    assert!(flow < Duration::from_secs(1), "flows {flow:?} after Redis was ready");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_for_three_seconds_only_unknown_messages_arrive_late() {
    let server = RedisServer::start();
    let traffic = Traffic::start(&server.url()).await;
    run_for(Duration::from_millis(500)).await;
    server.pause();
    let paused = Instant::now();
    is_silent(&traffic.listener).await;
    run_for(Duration::from_millis(2_250)).await;
    let back = Instant::now();
    server.resume();
    is_up(&traffic.listener).await;
    let healthy = Instant::now();
    run_for(Duration::from_millis(500)).await;

    let told = traffic.end(healthy).await;
    told.check_honesty();
    assert!(told.count((paused, back), is_unknown) > 0);
    let noticed = told.known_since(paused);
    assert!(told.count((noticed, back), is_refused) > 300);
    // The last moments before Redis goes on are answered by it.
    let late = back - Duration::from_secs(1);
    assert_eq!(told.count((noticed, late), is_ack) + told.count((noticed, late), is_unknown), 0);
    let flow = told.flow_after(back);
    assert!(flow < Duration::from_secs(1), "flows {flow:?} after Redis went on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_burst_into_a_stopped_redis_what_was_refused_never_arrives() {
    let server = RedisServer::start();
    let bus = start(&server.url());
    let mut events = bus.events().unwrap();
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    server.pause();
    let began = Instant::now();
    let receipts: Vec<_> = (0..3_000).map(|n| bus.publish(envelope("lobby", &n.to_string(), "x"))).collect();
    let (mut refused, mut unknown) = (HashSet::new(), 0);
    for (n, receipt) in receipts.into_iter().enumerate() {
        match timeout(PATIENCE, receipt).await.unwrap() {
            PublishOutcome::Refused { .. } => _ = refused.insert(n.to_string()),
            PublishOutcome::Unknown { .. } => unknown += 1,
            PublishOutcome::Ack(_) => panic!("{n} was acknowledged by a stopped Redis"),
        }
    }
    assert!(began.elapsed() < Duration::from_secs(1), "all answered after {:?}", began.elapsed());
    assert!(unknown > 0 && refused.len() > 1_500, "{unknown} unknown, {} refused", refused.len());
    server.resume();
    is_up(&bus).await;
    bus.publish(envelope("lobby", "end", "x")).await;
    loop {
        let id = id(&mut events).await;
        assert!(!refused.contains(&id), "{id} was refused and delivered");
        if id == "end" {
            break;
        }
    }
}

/// A network between the bus and Redis, which can be cut or made to swallow everything.
struct Network {
    state: watch::Sender<Condition>,
    port: u16,
    tasks: TaskTracker,
}

#[derive(Clone, Copy, PartialEq)]
enum Condition {
    Whole,
    /// Connections are closed, new ones too.
    Cut,
    /// Nothing comes through, and nobody is told.
    Hole,
}

impl Network {
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (state, watched) = watch::channel(Condition::Whole);
        let tasks = TaskTracker::new();
        let (connections, mut ended) = (tasks.clone(), watched.clone());
        let accept = async move {
            while let Ok((near, _)) = listener.accept().await {
                connections.spawn(Self::carry(near, port, watched.clone()));
            }
        };
        // Ends with the `Network`, whose sender it watches.
        tasks.spawn(async move {
            tokio::select! { () = accept => {}, _ = async { while ended.changed().await.is_ok() {} } => {} }
        });
        Self { state, port: own, tasks }
    }

    async fn carry(mut near: TcpStream, port: u16, mut state: watch::Receiver<Condition>) {
        // A connection of the hole stays in it: its packets are lost.
        if *state.borrow_and_update() == Condition::Whole {
            let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => return,
                _ = state.changed() => {}
            }
        }
        let _ = state.wait_for(|condition| *condition != Condition::Hole).await;
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn set(&self, condition: Condition) {
        self.state.send_replace(condition);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_network_and_one_that_swallows_everything() {
    let server = RedisServer::start();
    let network = Network::to(server.port()).await;
    let traffic = Traffic::start(&network.url()).await;
    for condition in [Condition::Cut, Condition::Hole] {
        run_for(Duration::from_millis(200)).await;
        network.set(condition);
        if condition == Condition::Hole {
            is_silent(&traffic.listener).await;
        } else {
            let reason = is_down(&traffic.listener, "").await;
            assert!(!reason.contains("answered"), "a cut is no silence: {reason}");
        }
        run_for(Duration::from_millis(750)).await;
        let whole = Instant::now();
        network.set(Condition::Whole);
        is_up(&traffic.listener).await;
        assert!(whole.elapsed() < Duration::from_secs(1), "up {:?} after it was whole", whole.elapsed());
    }
    let healthy = Instant::now();
    run_for(Duration::from_millis(200)).await;
    traffic.end(healthy).await.check_honesty();
    let Network { state, tasks, .. } = network;
    drop(state);
    tasks.close();
    timeout(PATIENCE, tasks.wait()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_eight_idle_seconds_every_room_is_back_before_up() {
    const ROOMS: usize = 500;
    let mut server = RedisServer::start();
    let (bus, counters) = start_counted(options(&server.url()));
    let mut events = bus.events().unwrap();
    for n in 0..ROOMS {
        subscribe(&bus, &format!("room {n}")).await;
    }
    is_up(&bus).await;
    server.kill();
    is_down(&bus, "Redis").await;
    run_for(Duration::from_secs(8)).await;
    server.restart();
    let back = Instant::now();
    is_up(&bus).await;
    assert!(back.elapsed() < Duration::from_secs(1), "up {:?} after Redis was ready", back.elapsed());
    let mut client = server.client().await;
    let channels: Vec<String> = redis::cmd("PUBSUB").arg("CHANNELS").query_async(&mut client).await.unwrap();
    assert_eq!(channels.len(), ROOMS);
    for n in 0..ROOMS {
        bus.publish(envelope(&format!("room {n}"), &n.to_string(), "x"));
    }
    for n in 0..ROOMS {
        assert_eq!(id(&mut events).await, n.to_string());
    }
    assert_eq!(count(&counters, "reconnects"), 2, "both connections");
}

#[tokio::test]
async fn what_redis_is_told_is_readable() {
    let server = RedisServer::start();
    let bus = RedisBus::start(RedisOptions { namespace: "run 7".into(), ..options(&server.url()) }).unwrap();
    is_up(&bus).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut listener = client.get_async_pubsub().await.unwrap();
    listener.psubscribe("*").await.unwrap();
    bus.publish(envelope("a room", "s.1", "{}")).await;
    let mut messages = listener.on_message();
    let message = timeout(PATIENCE, futures_util::StreamExt::next(&mut messages)).await.unwrap().unwrap();
    assert_eq!(message.get_channel_name(), "run 7:a room");
    let text = String::from_utf8(message.get_payload_bytes().to_vec()).unwrap();
    let process = format!("2 chat s.1 s - {:016x} 1 ", bus.numbers().unwrap().process());
    assert!(text.starts_with(&process) && text.ends_with(" a room\n{}"), "{text}");
}

#[tokio::test]
async fn a_foreign_publisher_does_no_harm() {
    let server = RedisServer::start();
    let (bus, counters) = start_counted(options(&server.url()));
    let mut events = bus.events().unwrap();
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    let mut client = server.client().await;
    let garbled: [&[u8]; 5] =
        [b"", b"hello", b"\xff\xfe\n", b"9 chat a b - lobby\nx", b"1 chat a b - elsewhere\nanother room's"];
    for payload in garbled {
        let _: i64 = redis::cmd("PUBLISH")
            .arg("pubsub-lab:lobby")
            .arg(payload)
            .query_async(&mut client)
            .await
            .unwrap();
    }
    assert!(is_ack(&bus.publish(envelope("lobby", "good", "x")).await));
    assert_eq!(id(&mut events).await, "good");
    for (name, expected) in
        [("garbled", 5), ("received", 1), ("published", 1), ("refused", 0), ("unknown", 0)]
    {
        assert_eq!(count(&counters, name), expected, "{name}");
    }
}

#[tokio::test]
async fn a_full_publish_queue_refuses() {
    let server = RedisServer::start();
    let (bus, counters) = start_counted(RedisOptions { publish_queue: 10, ..options(&server.url()) });
    is_up(&bus).await;
    // Nothing else runs in between: this test's runtime has one thread.
    let receipts: Vec<_> = (0..15).map(|n| bus.publish(envelope("lobby", &n.to_string(), "x"))).collect();
    for (n, receipt) in receipts.into_iter().enumerate() {
        let outcome = receipt.await;
        let refused = matches!(outcome, PublishOutcome::Refused { code: "overloaded", .. });
        assert_eq!(refused, n >= 10, "{n}: {outcome:?}");
    }
    assert_eq!((count(&counters, "published"), count(&counters, "refused")), (10, 5));
}

#[tokio::test]
async fn passwords_users_and_databases() {
    let password = "p@ss/w:rd#1%";
    let escaped = "p%40ss%2Fw%3Ard%231%25";
    let server = RedisServer::builder()
        .password(password)
        .directive("user", &["alice", "on", "&*", "+@all", "~*", &format!(">{password}")])
        .start();
    let at = format!("127.0.0.1:{}", server.port());
    works(&start(&format!("redis://:{escaped}@{at}"))).await;
    works(&start(&format!("redis://alice:{escaped}@{at}"))).await;

    let bus = start(&format!("redis://:{escaped}@{at}/5"));
    works(&bus).await;
    let client = redis::Client::open(format!("redis://:{escaped}@{at}")).unwrap();
    let mut client = client.get_multiplexed_async_connection().await.unwrap();
    let clients: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut client).await.unwrap();
    assert_eq!(clients.matches(" db=5 ").count(), 2, "both connections:\n{clients}");
    let reason = is_down(&start(&format!("redis://:{escaped}@{at}/99999")), "refuses").await;
    assert!(reason.contains("DB index"), "{reason}");
}

#[tokio::test]
async fn a_wrong_password_is_named_and_never_shown() {
    let server = RedisServer::builder().password("right").start();
    let at = format!("127.0.0.1:{}", server.port());
    let bus = start(&format!("redis://:wrongsecret@{at}"));
    assert!(!format!("{:?}", options(&format!("redis://:wrongsecret@{at}"))).contains("wrongsecret"));
    let reason = is_down(&bus, "WRONGPASS").await;
    assert!(reason.starts_with(&format!("Redis at redis://***@{at} refuses: ")), "{reason}");
    let PublishOutcome::Refused { code: "bus_down", reason: refused } =
        bus.publish(envelope("lobby", "1", "x")).await
    else {
        panic!("published without a password")
    };
    assert!(!format!("{reason} {refused}").contains("wrongsecret"));
    is_down(&start(&format!("redis://{at}")), "NOAUTH").await;

    // It keeps trying: the password may be set right on the other side.
    let client = redis::Client::open(format!("redis://:right@{at}")).unwrap();
    let mut client = client.get_multiplexed_async_connection().await.unwrap();
    let set = redis::cmd("CONFIG").arg(&["SET", "requirepass", "wrongsecret"]).exec_async(&mut client).await;
    set.unwrap();
    is_up(&bus).await;
}

#[tokio::test]
async fn a_forbidden_room_is_refused_and_the_others_are_not() {
    let server = RedisServer::builder()
        .directive("user", &["bob", "on", ">pw", "resetchannels", "&lab:open*", "+@all"])
        .start();
    let url = format!("redis://bob:pw@127.0.0.1:{}", server.port());
    let bus = RedisBus::start(RedisOptions { namespace: "lab".into(), ..options(&url) }).unwrap();
    let mut events = bus.events().unwrap();
    let calls = ["open 1", "secret", "open 2"].map(|name| bus.subscribe(room(name)));
    for (n, call) in calls.into_iter().enumerate() {
        match timeout(PATIENCE, call).await.unwrap() {
            Ok(()) => assert_ne!(n, 1),
            Err(BusError::Refused(reason)) => assert!(n == 1 && reason.contains("NOPERM"), "{n}: {reason}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    is_up(&bus).await;
    let outcome = bus.publish(envelope("secret", "1", "x")).await;
    assert!(matches!(outcome, PublishOutcome::Refused { code: "rejected", .. }), "{outcome:?}");
    bus.publish(envelope("open 2", "2", "x")).await;
    assert_eq!(id(&mut events).await, "2");
}

#[tokio::test]
async fn malformed_urls_are_errors_at_once_and_a_broker_that_is_away_is_not() {
    for url in ["", "redis//x", "http://:secret@x", "redis://:secret@x/y", "rediss://:secret@x#unsafe"] {
        let Err(BusError::Setup(error)) = RedisBus::start(options(url)) else { panic!("`{url}` was taken") };
        assert!(error.contains("is not the URL of a Redis server: ") && !error.contains("secret"), "{error}");
    }
    let mut server = RedisServer::start();
    server.kill();
    let bus = start(&server.url());
    is_down(&bus, "Connection refused").await;
    let early = bus.subscribe(room("lobby"));
    assert!(is_refused(&bus.publish(envelope("lobby", "1", "x")).await));
    server.restart();
    timeout(PATIENCE, early).await.unwrap().unwrap();
    is_up(&bus).await;
}

#[tokio::test]
async fn whoever_only_echoes_is_not_taken_for_redis() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bus = start(&format!("redis://{}", listener.local_addr().unwrap()));
    let echo = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut read, mut write) = stream.split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
        }
    };
    tokio::select! {
        () = echo => {}
        _ = is_down(&bus, "not Redis") => {}
    }
}

#[tokio::test]
async fn closing_is_quick_even_if_redis_hangs_and_answers_everything() {
    let server = RedisServer::start();
    let bus = start(&server.url());
    is_up(&bus).await;
    server.pause();
    let receipts: Vec<_> = (0..3_000).map(|n| bus.publish(envelope("lobby", &n.to_string(), "x"))).collect();
    let began = Instant::now();
    bus.close().await;
    assert!(began.elapsed() < Duration::from_secs(1), "closed after {:?}", began.elapsed());
    let (mut refused, mut unknown) = (0, 0);
    for receipt in receipts {
        match timeout(Duration::ZERO, receipt).await.expect("answered before the end") {
            PublishOutcome::Refused { .. } => refused += 1,
            PublishOutcome::Unknown { .. } => unknown += 1,
            PublishOutcome::Ack(_) => panic!("acknowledged by a stopped Redis"),
        }
    }
    assert_eq!(refused + unknown, 3_000);
    assert!(refused > 0 && unknown > 0, "{refused} refused, {unknown} unknown");
    server.resume();
}

#[tokio::test]
async fn a_dropped_bus_leaves_nothing_behind() {
    let server = RedisServer::start();
    let bus = start(&server.url());
    let mut events = bus.events().unwrap();
    is_up(&bus).await;
    let mut client = server.client().await;
    drop(bus);
    assert!(timeout(PATIENCE, events.recv()).await.expect("the events end").is_none());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let clients: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut client).await.unwrap();
        if clients.lines().count() == 1 {
            break;
        }
        assert!(Instant::now() < deadline, "still connected:\n{clients}");
    }
}

/// The certificate authorities come from the environment, so the trusting bus lives in a process of its own.
#[test]
fn tls_with_an_authority_from_the_environment() {
    let server = RedisServer::builder().tls().start();
    let by_name = format!("rediss://localhost:{}", server.port());
    for url in [server.url(), by_name] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "waiting::bus_redis::a_url_that_works", "--nocapture"]);
        let done = command.env("SSL_CERT_FILE", server.ca()).env("BUS_URL", url).output().unwrap();
        let text =
            format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success() && text.contains("1 passed"), "{text}");
    }
}

/// Of a server of its own, or of the one that the test above names.
#[tokio::test]
async fn a_url_that_works() {
    let (url, _server) = match std::env::var("BUS_URL") {
        Ok(url) => (url, None),
        Err(_) => {
            let server = RedisServer::start();
            (server.url(), Some(server))
        }
    };
    let bus = start(&url);
    is_up(&bus).await;
    works(&bus).await;
}

#[tokio::test]
async fn tls_is_refused_without_the_authority_and_can_be_told_not_to_care() {
    let server = RedisServer::builder().tls().start();
    is_down(&start(&server.url()), "certificate").await;
    let bus = start(&format!("{}/#insecure", server.url()));
    is_up(&bus).await;
    works(&bus).await;
}
