//! The rooms of a node over a bus whose replays a test scripts message by message, and clients with real connections.

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

use super::super::catch_up::HELD;
use super::super::client_connection::{ClientConnection, Dialect};
use super::super::identity::Identity;
use super::super::limits::Limits;
use super::super::member::Member;
use super::super::room::{Command, Rooms};
use bus::{BoxFuture, Bus, BusError, BusEvent, Health, Level, PublishOutcome, Receipt, Replay, ReplayStart};
use wire::{Envelope, Kind, Room};

pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// The sender of the messages of one replay. When it is dropped, the replay ends.
pub(super) type Teller = mpsc::Sender<Result<Envelope, BusError>>;

/// The future that answers the next request for a replay.
type Script = BoxFuture<Result<Replay, BusError>>;

/// A bus that delivers what a test scripts.
pub(super) struct Scripted {
    events: mpsc::Sender<BusEvent>,
    pub(super) health: watch::Sender<Health>,
    /// The answers to the next requests for a replay, in order.
    pub(super) replays: Mutex<VecDeque<Script>>,
    /// The message ids after which a replay was requested.
    pub(super) asked: watch::Sender<Vec<String>>,
    pub(super) unsubscribed: watch::Sender<usize>,
}

impl Bus for Scripted {
    fn publish(&self, _: Envelope) -> Receipt {
        Receipt::ready(PublishOutcome::Ack(Level::Confirmed))
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

    fn replay(&self, _: &Room, start: &ReplayStart) -> Option<BoxFuture<Result<Replay, BusError>>> {
        self.asked.send_modify(|asked| asked.push(start.after.as_deref().unwrap_or_default().to_owned()));
        self.replays.lock().unwrap().pop_front()
    }

    fn keeps_history(&self) -> bool {
        true
    }

    fn crosses_nodes(&self) -> bool {
        false
    }

    fn close(&self) -> BoxFuture<()> {
        Box::pin(ready(()))
    }
}

/// The rooms of a node, with the bus below and the tasks of the clients.
pub(super) struct Stage {
    pub(super) bus: Arc<Scripted>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) shutdown: CancellationToken,
    tasks: JoinSet<()>,
    clients: u64,
}

pub(super) fn room() -> Room {
    Room::parse("r").unwrap()
}

pub(super) fn said(id: &str) -> Envelope {
    let frame = json!({"type": "message", "room": "r", "id": id, "text": id}).to_string();
    Envelope {
        kind: Kind::Chat,
        room: room(),
        id: id.into(),
        sender: "someone".into(),
        others: false,
        count: None,
        frame: frame.into(),
    }
}

/// A message of which some hundred are more than the kernel's buffers and a client's outbox hold.
pub(super) fn said_at_length(n: usize) -> Envelope {
    let id = n.to_string();
    let text = "x".repeat(32 * 1024);
    let frame = json!({"type": "message", "room": "r", "id": id, "text": text}).to_string();
    Envelope { frame: frame.into(), ..said(&id) }
}

impl Stage {
    pub(super) fn new() -> Self {
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

    pub(super) async fn client(&mut self) -> Client {
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
            session_lifetime: Duration::from_secs(60),
            presence_limit: 256,
        };
        let connection = Arc::new(ClientConnection::new(self.clients, Dialect::V1, near, &limits));
        let pumped = connection.clone();
        // Writes a socket that was full, as the session would.
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
        Client { connection, identity, far: BufReader::new(far) }
    }

    /// Adds a client to the room that receives everything live.
    pub(super) async fn witness(&mut self) -> Client {
        let mut client = self.client().await;
        self.join(&client, None).await;
        assert_eq!(client.next().await, "subscribed none");
        client
    }

    pub(super) async fn join(&self, client: &Client, after: Option<&str>) {
        let member = Member { connection: client.connection.clone(), identity: client.identity.clone() };
        let join = Command::Join { room: room(), member, replay: after.map(ReplayStart::after) };
        self.commands.send(join).await.unwrap();
    }

    /// Joins with a message to begin at, and waits until the bus is asked for a replay: from then on everything live
    /// is held back.
    pub(super) async fn asks(&self, client: &Client, after: &str) {
        let mut asked = self.bus.asked.subscribe();
        asked.mark_unchanged();
        self.join(client, Some(after)).await;
        timeout(PATIENCE, asked.changed()).await.expect("the bus is asked").unwrap();
    }

    pub(super) async fn leave(&self, client: &Client, asked: bool) {
        let leave = Command::Leave { room: room(), connection: client.connection.clone(), asked };
        self.commands.send(leave).await.unwrap();
    }

    /// Scripts the answer to the next request for a replay, and gives the sender of its messages.
    pub(super) fn replay(&self, complete: bool) -> Teller {
        let (teller, told) = mpsc::channel(HELD);
        let messages = stream::unfold(told, async |mut told| Some((told.recv().await?, told))).boxed();
        self.script(ready(Ok(Replay { complete, messages })));
        teller
    }

    /// Scripts how the next replay begins.
    pub(super) fn script(&self, replay: impl Future<Output = Result<Replay, BusError>> + Send + 'static) {
        self.bus.replays.lock().unwrap().push_back(Box::pin(replay));
    }

    pub(super) async fn live(&self, event: BusEvent) {
        self.bus.events.send(event).await.unwrap();
    }

    /// Sends these messages live, and waits until a witness has received them.
    pub(super) async fn heard_by(&self, witness: &mut Client, ids: &[&str]) {
        for id in ids {
            self.live(BusEvent::Envelope(said(id))).await;
        }
        for id in ids {
            assert_eq!(witness.next_message().await, *id);
        }
    }
}

/// A client: its connection, and the other end of it.
pub(super) struct Client {
    pub(super) connection: Arc<ClientConnection>,
    pub(super) identity: Identity,
    pub(super) far: BufReader<TcpStream>,
}

impl Client {
    /// The next frame that the client receives, in short.
    pub(super) async fn next(&mut self) -> String {
        let frame = timeout(PATIENCE, self.frame()).await.expect("a frame in time");
        let text = |key: &str| frame[key].as_str().unwrap_or_default().to_owned();
        match frame["type"].as_str().unwrap() {
            "message" if frame["replay"] == true => format!("{} again", text("id")),
            "message" => text("id"),
            "subscribed" => format!("subscribed {}", text("recovered")),
            "lagged" => format!("lagged {}", frame["missed"]),
            "error" => format!("error {}", text("code")),
            "gap" => format!("gap {}", text("reason")),
            presence @ ("joined" | "left") => format!("{presence} {}", text("name")),
            "members" => format!("members {}", frame["members"]),
            other => other.to_owned(),
        }
    }

    pub(super) async fn next_message(&mut self) -> String {
        loop {
            let next = self.next().await;
            if !next.starts_with("joined ") && !next.starts_with("left ") && !next.starts_with("members ") {
                return next;
            }
        }
    }

    pub(super) async fn hears(&mut self, frames: &[&str]) {
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

    /// Whether no frame waits that the client has not read.
    pub(super) fn heard_all(&mut self) -> bool {
        self.far.read_u8().now_or_never().is_none()
    }
}
