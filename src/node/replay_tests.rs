//! Members that catch up, over a bus whose replays a test scripts message by message. Real links over real sockets.

use std::collections::VecDeque;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::catch_up::HELD;
use super::identity::Identity;
use super::limits::Limits;
use super::link::{Dialect, Link};
use super::member::Member;
use super::room::{Command, Rooms};
use crate::bus::{BoxFuture, Bus, BusError, BusEvent, Health, Level, Outcome, Receipt, Replay};
use crate::wire::{Envelope, Kind, Room};

const PATIENCE: Duration = Duration::from_secs(20);

/// What a test says through a replay; dropped, the replay ends.
type Teller = mpsc::Sender<Result<Envelope, BusError>>;

/// `Err` fails at once; else whether the replay is complete, and its messages.
type Script = Result<(bool, mpsc::Receiver<Result<Envelope, BusError>>), BusError>;

/// A bus that hands on what a test says.
struct Scripted {
    events: mpsc::Sender<BusEvent>,
    health: watch::Sender<Health>,
    /// The replays that will be asked for.
    replays: Mutex<VecDeque<Script>>,
    /// Messages after which a replay was asked for.
    asked: watch::Sender<Vec<String>>,
    unsubscribed: watch::Sender<usize>,
}

impl Bus for Scripted {
    fn publish(&self, envelope: Envelope) -> Receipt {
        // Presence comes back as over any bus. The queue is large enough for all of it.
        if envelope.kind == Kind::Presence {
            self.events.try_send(BusEvent::Envelope(envelope)).unwrap();
        }
        Receipt::ready(Outcome::Ack(Level::Confirmed))
    }

    fn subscribe(&self, _: Room) -> BoxFuture<Result<(), BusError>> {
        let mut health = self.health.subscribe();
        Box::pin(async move { health.wait_for(Health::is_up).await.map(drop).map_err(|_| BusError::Closed) })
    }

    fn unsubscribe(&self, _: Room) -> BoxFuture<Result<(), BusError>> {
        self.unsubscribed.send_modify(|count| *count += 1);
        Box::pin(ready(Ok(())))
    }

    fn events(&self) -> Option<mpsc::Receiver<BusEvent>> {
        None
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    fn replay(&self, _: &Room, after: &str) -> Option<BoxFuture<Result<Replay, BusError>>> {
        self.asked.send_modify(|asked| asked.push(after.to_owned()));
        let next = self.replays.lock().unwrap().pop_front()?;
        Some(Box::pin(ready(next.map(|(complete, told)| Replay {
            complete,
            messages: stream::unfold(told, async |mut told| Some((told.recv().await?, told))).boxed(),
        }))))
    }

    fn crosses_nodes(&self) -> bool {
        false
    }

    fn close(&self) -> BoxFuture<()> {
        Box::pin(ready(()))
    }
}

/// The rooms of a node, and who is in them.
struct Stage {
    bus: Arc<Scripted>,
    commands: mpsc::Sender<Command>,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
    clients: u64,
}

fn room() -> Room {
    Room::parse("r").unwrap()
}

fn said(id: &str) -> Envelope {
    let frame = json!({"type": "message", "room": "r", "id": id, "text": id}).to_string();
    Envelope {
        kind: Kind::Chat,
        room: room(),
        id: id.into(),
        sender: "someone".into(),
        others: false,
        frame: frame.into(),
    }
}

impl Stage {
    fn new() -> Self {
        let (events, receiver) = mpsc::channel(2 * HELD);
        let bus = Arc::new(Scripted {
            events,
            health: watch::Sender::new(Health::Up),
            replays: Mutex::default(),
            asked: watch::Sender::new(Vec::new()),
            unsubscribed: watch::Sender::new(0),
        });
        let (rooms, commands) = Rooms::new(bus.clone(), 256);
        let shutdown = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(rooms.run(receiver, shutdown.clone()));
        Self { bus, commands, shutdown, tasks, clients: 0 }
    }

    async fn client(&mut self) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (near, _) = listener.accept().await.unwrap();
        self.clients += 1;
        let limits = Limits {
            max_frame: 65_536,
            max_text: 16_384,
            max_rooms: 8,
            max_clients: 8,
            max_rate: 0,
            outbox: 64,
            slow_after: PATIENCE,
            ping_every: PATIENCE,
            pong_within: PATIENCE,
            presence_limit: 256,
        };
        let link = Arc::new(Link::new(self.clients, Dialect::V1, near, &limits));
        let pumped = link.clone();
        // What a session does for a socket that was full.
        self.tasks.spawn(async move {
            loop {
                pumped.kicked().await;
                while pumped.condition().blocked_for.is_some() && pumped.writable().await.is_ok() {
                    pumped.flush();
                }
            }
        });
        let name = format!("c{}", self.clients);
        let identity = Identity { id: name.as_str().into(), name: name.into(), colour: "#123456".into() };
        Client { link, identity, far: BufReader::new(far) }
    }

    /// A client that is in the room, and hears everything live.
    async fn witness(&mut self) -> Client {
        let mut client = self.client().await;
        self.join(&client, None).await;
        assert_eq!(client.next().await, "subscribed none");
        client
    }

    async fn join(&self, client: &Client, after: Option<&str>) {
        let member = Member { link: client.link.clone(), identity: client.identity.clone() };
        let join = Command::Join { room: room(), member, after: after.map(Into::into) };
        self.commands.send(join).await.unwrap();
    }

    /// Joins, and waits until the bus is asked: from then on everything live is held back.
    async fn asks(&self, client: &Client, after: &str) {
        let mut asked = self.bus.asked.subscribe();
        asked.mark_unchanged();
        self.join(client, Some(after)).await;
        timeout(PATIENCE, asked.changed()).await.expect("the bus is asked").unwrap();
    }

    async fn leave(&self, client: &Client, asked: bool) {
        let leave = Command::Leave { room: room(), link: client.link.clone(), asked };
        self.commands.send(leave).await.unwrap();
    }

    /// The next replay that is asked for.
    fn replay(&self, complete: bool) -> Teller {
        let (teller, told) = mpsc::channel(HELD);
        self.bus.replays.lock().unwrap().push_back(Ok((complete, told)));
        teller
    }

    async fn live(&self, event: BusEvent) {
        self.bus.events.send(event).await.unwrap();
    }

    /// Says these live, and waits until a witness has heard them.
    async fn heard_by(&self, witness: &mut Client, ids: &[&str]) {
        for id in ids {
            self.live(BusEvent::Envelope(said(id))).await;
        }
        for id in ids {
            assert_eq!(witness.next_message().await, *id);
        }
    }
}

/// A client: its link, and the other end of it.
struct Client {
    link: Arc<Link>,
    identity: Identity,
    far: BufReader<TcpStream>,
}

impl Client {
    /// The next frame in short.
    async fn next(&mut self) -> String {
        let frame = timeout(PATIENCE, self.frame()).await.expect("a frame in time");
        let text = |key: &str| frame[key].as_str().unwrap_or_default().to_owned();
        match frame["type"].as_str().unwrap() {
            "message" if frame["replay"] == true => format!("{} again", text("id")),
            "message" => text("id"),
            "subscribed" => format!("subscribed {}", text("recovered")),
            "lagged" => format!("lagged {}", frame["missed"]),
            "error" => format!("error {}", text("code")),
            presence @ ("joined" | "left") => format!("{presence} {}", text("name")),
            other => other.to_owned(),
        }
    }

    async fn next_message(&mut self) -> String {
        loop {
            let next = self.next().await;
            if !next.starts_with("joined ") && !next.starts_with("left ") {
                return next;
            }
        }
    }

    async fn hears(&mut self, frames: &[&str]) {
        for frame in frames {
            assert_eq!(self.next_message().await, *frame);
        }
    }

    async fn frame(&mut self) -> Value {
        let (_, second) = (self.far.read_u8().await.unwrap(), self.far.read_u8().await.unwrap());
        let length = match second {
            126 => usize::from(self.far.read_u16().await.unwrap()),
            127 => self.far.read_u64().await.unwrap() as usize,
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.far.read_exact(&mut payload).await.unwrap();
        serde_json::from_slice(&payload).unwrap()
    }

    /// Whether nothing came that it has not read.
    fn heard_all(&mut self) -> bool {
        self.far.read_u8().now_or_never().is_none()
    }
}

async fn tell(teller: &Teller, ids: &[&str]) {
    for id in ids {
        teller.send(Ok(said(id))).await.unwrap();
    }
}

async fn closed(teller: &Teller) {
    timeout(PATIENCE, teller.closed()).await.expect("the replay is let go");
}

#[tokio::test]
async fn what_is_said_meanwhile_comes_after_the_replay() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    stage.heard_by(&mut witness, &["live1"]).await;
    tell(&teller, &["old1", "old2"]).await;
    client.hears(&["old1 again", "old2 again"]).await;
    stage.heard_by(&mut witness, &["live2"]).await;
    assert!(client.heard_all(), "held back");
    drop(teller);
    client.hears(&["subscribed all", "live1", "live2"]).await;
    stage.heard_by(&mut witness, &["live3"]).await;
    client.hears(&["live3"]).await;
    assert_eq!(*stage.bus.asked.borrow(), ["a"]);
}

#[tokio::test]
async fn a_live_copy_of_what_was_replayed_is_skipped_before_within_and_after() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    stage.heard_by(&mut witness, &["x", "live1"]).await;
    tell(&teller, &["a", "x", "y", "z"]).await;
    client.hears(&["a again", "x again", "y again", "z again"]).await;
    stage.heard_by(&mut witness, &["y", "live2"]).await;
    drop(teller);
    client.hears(&["subscribed all", "live1", "live2"]).await;
    // Much later, and even of what the client held before.
    stage.heard_by(&mut witness, &["z", "a", "live3"]).await;
    client.hears(&["live3"]).await;
    // Each comes live once; the bus sees to that. What it lets through is shown.
    stage.heard_by(&mut witness, &["z"]).await;
    client.hears(&["z"]).await;
}

#[tokio::test]
async fn too_much_meanwhile_is_dropped_counted_and_told_in_its_place() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    let ids: Vec<_> = (0..HELD + 5).map(|n| n.to_string()).collect();
    for ids in ids.chunks(32) {
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        stage.heard_by(&mut witness, &ids).await;
    }
    drop(teller);
    client.hears(&["subscribed part"]).await;
    for id in &ids[..HELD] {
        client.hears(&[id]).await;
    }
    client.hears(&["lagged 5"]).await;
    stage.heard_by(&mut witness, &["live"]).await;
    client.hears(&["live"]).await;
}

#[tokio::test]
async fn an_answer_says_how_much_was_recovered() {
    let mut stage = Stage::new();
    let mut client = stage.client().await;
    // A pattern without history.
    stage.asks(&client, "a").await;
    client.hears(&["subscribed none"]).await;
    // An unknown message.
    drop(stage.replay(false));
    stage.asks(&client, "b").await;
    client.hears(&["subscribed part"]).await;
    // A failure in the middle.
    let teller = stage.replay(true);
    stage.asks(&client, "c").await;
    tell(&teller, &["old1"]).await;
    teller.send(Err(BusError::History("gone".into()))).await.unwrap();
    client.hears(&["old1 again", "subscribed part"]).await;
    // A failure at the beginning.
    stage.bus.replays.lock().unwrap().push_back(Err(BusError::History("away".into())));
    stage.asks(&client, "d").await;
    client.hears(&["subscribed none"]).await;
    // Something that is no message.
    let teller = stage.replay(true);
    stage.asks(&client, "e").await;
    teller.send(Ok(Envelope { frame: "{}".into(), ..said("odd") })).await.unwrap();
    tell(&teller, &["old2"]).await;
    drop(teller);
    client.hears(&["old2 again", "subscribed part"]).await;
    // And it hears on after each.
    stage.live(BusEvent::Envelope(said("live"))).await;
    client.hears(&["live"]).await;
    assert_eq!(*stage.bus.asked.borrow(), ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn who_leaves_in_the_middle_hears_nothing_more() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    tell(&teller, &["old1"]).await;
    client.hears(&["old1 again"]).await;
    stage.heard_by(&mut witness, &["live1"]).await;
    stage.leave(&client, true).await;
    closed(&teller).await;
    client.hears(&["unsubscribed"]).await;
    stage.heard_by(&mut witness, &["live2"]).await;
    // It comes back as anybody does.
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    tell(&teller, &["live1", "live2"]).await;
    drop(teller);
    client.hears(&["live1 again", "live2 again", "subscribed all"]).await;
    stage.heard_by(&mut witness, &["live3"]).await;
    client.hears(&["live3"]).await;
}

#[tokio::test]
async fn others_hear_of_it_once_however_often_it_asks() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let first = stage.replay(true);
    stage.asks(&client, "a").await;
    tell(&first, &["old1"]).await;
    client.hears(&["old1 again"]).await;
    stage.heard_by(&mut witness, &["live1"]).await;
    // Anew in the middle: the first ends, and is answered.
    let second = stage.replay(true);
    stage.asks(&client, "b").await;
    closed(&first).await;
    client.hears(&["subscribed part"]).await;
    tell(&second, &["old1", "old2", "live1"]).await;
    drop(second);
    client.hears(&["old1 again", "old2 again", "live1 again", "subscribed all"]).await;
    // Anew as a member with copies to come, then as an ordinary one.
    stage.heard_by(&mut witness, &["live2"]).await;
    client.hears(&["live2"]).await;
    for live in ["live3", "live4"] {
        let again = stage.replay(true);
        stage.asks(&client, "c").await;
        stage.heard_by(&mut witness, &[live]).await;
        tell(&again, &["old1", "old2"]).await;
        drop(again);
        client.hears(&["old1 again", "old2 again", "subscribed all", live]).await;
        stage.heard_by(&mut witness, &["old1", "old2"]).await;
    }
    // Without a message to begin at, it is just answered; in the middle of a replay, too.
    stage.join(&client, None).await;
    client.hears(&["subscribed none"]).await;
    let last = stage.replay(true);
    stage.asks(&client, "d").await;
    stage.join(&client, None).await;
    client.hears(&["subscribed none"]).await;
    drop(last);
    client.hears(&["subscribed all"]).await;
    stage.leave(&client, false).await;
    assert_eq!(witness.next().await, "left c2", "and no second `joined` before it");
    stage.leave(&witness, false).await;
    timeout(PATIENCE, stage.bus.unsubscribed.subscribe().wait_for(|count| *count == 1))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn joined_is_told_at_once_and_left_in_the_middle_too() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    assert_eq!(witness.next().await, "joined c2");
    stage.leave(&client, false).await;
    assert_eq!(witness.next().await, "left c2");
    closed(&teller).await;
}

#[tokio::test]
async fn what_is_for_others_is_not_for_oneself() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let own = |id| Envelope { sender: client.identity.id.clone(), others: true, ..said(id) };
    let (old, new) = (own("mine1"), own("mine2"));
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    teller.send(Ok(old)).await.unwrap();
    stage.live(BusEvent::Envelope(new)).await;
    stage.heard_by(&mut witness, &[]).await;
    assert_eq!(witness.next_message().await, "mine2");
    tell(&teller, &["old"]).await;
    drop(teller);
    client.hears(&["old again", "subscribed all"]).await;
    stage.heard_by(&mut witness, &["live"]).await;
    client.hears(&["live"]).await;
}

#[tokio::test]
async fn a_node_that_lost_its_feed_fills_its_sessions() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    tell(&teller, &["old1", "old2"]).await;
    client.hears(&["old1 again", "old2 again"]).await;
    for id in ["old2", "old3"] {
        stage.live(BusEvent::Replayed(said(id))).await;
        witness.hears(&[&format!("{id} again")]).await;
    }
    drop(teller);
    // What it knows from its own replay is not told again.
    client.hears(&["subscribed all", "old3 again"]).await;
    stage.live(BusEvent::Gap("nobody knows".into())).await;
    for client in [&mut witness, &mut client] {
        client.hears(&["error bus_gap"]).await;
    }
}

#[tokio::test]
async fn who_comes_while_the_broker_is_away_is_told_when_it_is_back() {
    let mut stage = Stage::new();
    let mut client = stage.client().await;
    stage.bus.health.send_replace(Health::Down("away".into()));
    let teller = stage.replay(true);
    stage.join(&client, Some("a")).await;
    client.hears(&["error bus_down"]).await;
    assert!(stage.bus.asked.borrow().is_empty());
    stage.bus.health.send_replace(Health::Up);
    tell(&teller, &["old"]).await;
    drop(teller);
    client.hears(&["old again", "subscribed all"]).await;
    // So is who was there before.
    stage.bus.health.send_replace(Health::Down("away".into()));
    let teller = stage.replay(true);
    stage.join(&client, Some("b")).await;
    client.hears(&["error bus_down"]).await;
    stage.bus.health.send_replace(Health::Up);
    tell(&teller, &["old2"]).await;
    drop(teller);
    client.hears(&["old2 again", "subscribed all"]).await;
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_all_and_holds_up_nobody() {
    let mut stage = Stage::new();
    let mut witness = stage.witness().await;
    let mut client = stage.client().await;
    let teller = stage.replay(true);
    stage.asks(&client, "a").await;
    // More than the kernel's buffers and its outbox hold.
    const BIG: usize = 32 * 1024;
    const MANY: usize = 1_000;
    let filler = "x".repeat(BIG);
    for n in 0..MANY {
        let text = json!({"type": "message", "id": n.to_string(), "text": filler}).to_string();
        teller.send(Ok(Envelope { frame: text.into(), ..said(&n.to_string()) })).await.unwrap();
    }
    drop(teller);
    let meanwhile: Vec<_> = (0..200).map(|n| format!("live{n}")).collect();
    for id in &meanwhile {
        stage.heard_by(&mut witness, &[id]).await;
    }
    for n in 0..MANY {
        client.hears(&[&format!("{n} again")]).await;
    }
    client.hears(&["subscribed all"]).await;
    for id in &meanwhile {
        client.hears(&[id]).await;
    }
    stage.heard_by(&mut witness, &["last"]).await;
    client.hears(&["last"]).await;
}

#[tokio::test]
async fn a_node_that_ends_lets_go_of_replays() {
    let mut stage = Stage::new();
    let (client, gone) = (stage.client().await, stage.client().await);
    let tellers = [stage.replay(true), stage.replay(true)];
    for client in [&client, &gone] {
        stage.asks(client, "a").await;
    }
    // One client's socket is gone, and nobody has noticed yet; the other's session is told to end.
    drop(gone.far);
    stage.shutdown.cancel();
    for client in [&client.link, &gone.link] {
        let leave = Command::Leave { room: room(), link: client.clone(), asked: false };
        stage.commands.send(leave).await.unwrap();
    }
    timeout(PATIENCE, stage.commands.closed()).await.expect("the rooms end");
    for teller in &tellers {
        closed(teller).await;
    }
}
