//! A small server of dialect `pubsub-lab.v1` that says who is in its one room, rightly or with lies of known numbers. Its
//! nodes live in one process and hear each other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

const ROOM: &str = "room-0";
/// How long somebody counts as present whose connection has ended.
const GRACE: Duration = Duration::from_secs(3);

/// What the server says wrongly.
#[derive(Debug, Clone, Default)]
pub struct Lies {
    /// The people of these names are never told of, nor counted.
    pub forgets: Vec<&'static str>,
    /// So many people are told of who do not exist.
    pub invents: usize,
    /// Who goes is not told of, and stays in every list.
    pub keeps: bool,
    /// People are only counted, and the number is off by so much.
    pub counts: Option<i64>,
    /// `people` is not answered.
    pub is_mute: bool,
    /// `people` is answered so much later, from the second time on that somebody asks.
    pub answers_late: Option<Duration>,
}

/// A running server. Dropping it ends everything.
pub struct PresenceServer {
    state: Arc<State>,
    urls: Vec<String>,
    _stop: DropGuard,
}

struct State {
    lies: Lies,
    tasks: TaskTracker,
    stop: CancellationToken,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    connections: u64,
    /// Everybody who is in the room, or was a moment ago.
    people: Vec<Person>,
    /// The names of those who left and did not come back in time.
    gone: Vec<String>,
    asked: Vec<String>,
}

struct Person {
    name: String,
    /// The connection, and where frames for it go; `None` for somebody who may come back.
    at: Option<(u64, mpsc::UnboundedSender<String>)>,
}

impl PresenceServer {
    /// Starts a server of two nodes on free ports.
    pub async fn start(lies: Lies) -> Self {
        let stop = CancellationToken::new();
        let (tasks, inner) = (TaskTracker::new(), Mutex::default());
        let state = Arc::new(State { lies, tasks, stop: stop.clone(), inner });
        let mut urls = Vec::new();
        for node in 0..2 {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            urls.push(format!("ws://{}", listener.local_addr().unwrap()));
            let serving = state.clone();
            state.tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let client = serving.clone().client(node, stream);
                    serving.tasks.spawn(serving.stop.clone().run_until_cancelled_owned(client));
                }
            }));
        }
        Self { state, urls, _stop: stop.drop_guard() }
    }

    /// The URL of each node.
    pub fn urls(&self) -> Vec<String> {
        self.urls.clone()
    }

    /// Tells everybody so often that somebody left and came, who did neither.
    pub fn flap(&self, name: &str, times: usize) {
        let inner = self.state.inner();
        let members = self.state.members(&inner);
        for _ in 0..times {
            inner.tell(name, &self.state.change("left", name, members - 1));
            inner.tell(name, &self.state.change("joined", name, members));
        }
    }

    /// The names of those who left and did not come back in time.
    pub fn gone(&self) -> Vec<String> {
        self.state.inner().gone.clone()
    }
}

impl State {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn client(self: Arc<Self>, node: usize, stream: TcpStream) {
        #[expect(clippy::result_large_err, reason = "the library's signature")]
        let dialect = |_: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            let dialect = HeaderValue::from_static("pubsub-lab.v1");
            response.headers_mut().insert("sec-websocket-protocol", dialect);
            Ok(response)
        };
        let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, dialect).await else { return };
        let (mut sink, mut source) = socket.split();
        let (outbox, mut out) = mpsc::unbounded_channel();
        let (mut name, connection) = (String::new(), self.inner().next());
        loop {
            tokio::select! {
                frame = source.next() => {
                    let Some(Ok(Message::Text(frame))) = frame else { break };
                    let frame: Value = serde_json::from_str(&frame).unwrap();
                    self.frame(node, connection, &mut name, &frame, &outbox);
                }
                Some(frame) = out.recv() => {
                    if sink.send(Message::text(frame)).await.is_err() {
                        break;
                    }
                }
            }
        }
        let _ = sink.close().await;
        self.closed(&name, connection).await;
    }

    fn frame(
        &self,
        node: usize,
        connection: u64,
        name: &mut String,
        frame: &Value,
        outbox: &mpsc::UnboundedSender<String>,
    ) {
        let answer = |answer: Value| outbox.send(answer.to_string()).unwrap_or_default();
        match frame["type"].as_str().unwrap() {
            "hello" => {
                frame["name"].as_str().unwrap().clone_into(name);
                answer(
                    json!({"type": "welcome", "node": format!("n{node}"), "pattern": "faulty", "name": name,
                    "colour": "red", "session": format!("session-of-{name}")}),
                );
            }
            "subscribe" => self.subscribed(name, connection, outbox),
            "people" => self.people(name, outbox),
            "publish" => {
                let message = json!({"type": "message", "room": ROOM, "id": frame["id"], "from": name,
                    "colour": "red", "text": frame["text"], "sent_at": 1_700_000_000_000_u64});
                self.inner().tell("", &message);
                answer(json!({"type": "ack", "id": frame["id"], "level": "handed"}));
            }
            other => panic!("a frame of type {other:?}"),
        }
    }

    fn subscribed(&self, name: &str, connection: u64, outbox: &mpsc::UnboundedSender<String>) {
        let mut inner = self.inner();
        let known = inner.people.iter().position(|person| person.name == name);
        let place = known.unwrap_or_else(|| {
            inner.people.push(Person { name: name.to_owned(), at: None });
            inner.people.len() - 1
        });
        inner.people[place].at = Some((connection, outbox.clone()));
        let members = self.members(&inner);
        let answer = json!({"type": "subscribed", "room": ROOM, "members": members, "recovered": "none"});
        let _ = outbox.send(answer.to_string());
        if known.is_none() && !self.lies.forgets.contains(&name) {
            inner.tell(name, &self.change("joined", name, members));
        }
    }

    fn people(&self, name: &str, outbox: &mpsc::UnboundedSender<String>) {
        let mut inner = self.inner();
        let again = inner.asked.iter().any(|asked| asked == name);
        inner.asked.push(name.to_owned());
        let answer = match self.lies.counts {
            Some(_) => json!({"type": "error", "code": "too_many_people", "reason": "many"}),
            None => {
                let ghosts = (0..self.lies.invents).map(|ghost| format!("ghost-{ghost}"));
                let named =
                    |name: String| json!({"name": name, "colour": "red", "id": format!("id-of-{name}")});
                let all: Vec<_> = self.told(&inner).map(str::to_owned).chain(ghosts).map(named).collect();
                json!({"type": "people", "room": ROOM, "people": all})
            }
        };
        drop(inner);
        match self.lies.answers_late.filter(|_| again) {
            _ if self.lies.is_mute => {}
            None => outbox.send(answer.to_string()).unwrap_or_default(),
            Some(later) => {
                let outbox = outbox.clone();
                self.tasks.spawn(async move {
                    tokio::time::sleep(later).await;
                    let _ = outbox.send(answer.to_string());
                });
            }
        }
    }

    /// Lets somebody go whose connection has ended, unless it is back soon.
    async fn closed(&self, name: &str, connection: u64) {
        let is_here = |person: &&mut Person| person.at.as_ref().is_some_and(|(at, _)| *at == connection);
        match self.inner().people.iter_mut().find(is_here) {
            Some(person) => person.at = None,
            None => return,
        }
        tokio::time::sleep(GRACE).await;
        let mut inner = self.inner();
        if !inner.people.iter().any(|person| person.name == name && person.at.is_none()) {
            return;
        }
        inner.gone.push(name.to_owned());
        if !self.lies.keeps {
            inner.people.retain(|person| person.name != name);
            let members = self.members(&inner);
            inner.tell(name, &self.change("left", name, members));
        }
    }

    /// The names of those who are told of.
    fn told<'a>(&'a self, inner: &'a Inner) -> impl Iterator<Item = &'a str> {
        let names = inner.people.iter().map(|person| &*person.name);
        names.filter(|name| !self.lies.forgets.contains(name))
    }

    /// The number of people that is told.
    fn members(&self, inner: &Inner) -> usize {
        let told = self.told(inner).count() + self.lies.invents;
        told.saturating_add_signed(isize::try_from(self.lies.counts.unwrap_or(0)).unwrap())
    }

    /// The frame that tells of a change.
    fn change(&self, kind: &str, name: &str, members: usize) -> Value {
        match self.lies.counts {
            Some(_) => json!({"type": "members", "room": ROOM, "members": members}),
            None => json!({"type": kind, "room": ROOM, "name": name, "colour": "red",
                "id": format!("id-of-{name}"), "members": members}),
        }
    }
}

impl Inner {
    fn next(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    /// Sends a frame to everybody in the room but one.
    fn tell(&self, but: &str, frame: &Value) {
        for (_, outbox) in
            self.people.iter().filter(|person| person.name != but).filter_map(|it| it.at.as_ref())
        {
            let _ = outbox.send(frame.to_string());
        }
    }
}
