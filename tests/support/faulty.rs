//! A small server of dialect `pubsub-lab.v1` that fails on purpose and in known numbers: the positive control of the
//! instrument. All its nodes live in one process and hear each other.
//!
//! The text that a client would receive decides which messages the server harms: `nonce.load.publisher.seq.crc `.
//! Probes and messages of the warm-up are never harmed, except by `deaf`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's server fails its test")]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ports::Port;

/// A rule that hits every n-th load message of each publisher.
#[derive(Debug, Clone, Copy)]
pub struct Each(pub usize);

impl Each {
    /// Whether the rule hits this message.
    fn hits(rule: Option<Each>, said: &Said) -> bool {
        rule.is_some_and(|Each(every)| said.load && (said.seq + 1).is_multiple_of(every))
    }
}

/// The harm done to one subscriber's deliveries.
#[derive(Debug, Clone, Default)]
pub struct Harm {
    /// These messages are not delivered.
    pub lose: Option<Each>,
    /// These messages are not delivered, and `lagged` takes the place of each.
    pub lag: Option<Each>,
    /// Each of these messages is followed by a `gap` that begins this long ago.
    pub gap: Option<(Each, Duration)>,
    /// These messages are delivered twice.
    pub duplicate: Option<Each>,
    /// Each of these messages is delivered after the message that follows it.
    pub swap: Option<Each>,
    /// These messages are delivered with one character changed.
    pub corrupt: Option<Each>,
    /// These messages are delivered once more after this time.
    pub again_after: Option<(Each, Duration)>,
    /// These messages are delivered later by this time.
    pub delay: Option<(Each, Duration)>,
    /// Each of these messages is followed by a text that belongs to no run, and by a text of another run.
    pub foreign: Option<Each>,
    /// Each of these messages is followed by a text of this run that was never sent.
    pub invent: Option<Each>,
    /// Each of these messages is followed by itself, under the name of another room.
    pub stray: Option<Each>,
    /// No message at all is delivered, probes included.
    pub deaf: bool,
    /// The client's connection ends in this way instead of the delivery of these messages.
    pub end: Option<(Each, End)>,
    /// Each of these messages is delivered together with the one that follows it, in one frame, a line for each.
    pub join: Option<Each>,
    /// Each of these messages is followed by this frame.
    pub chatter: Option<(Each, &'static str)>,
    /// Messages are delivered in binary frames.
    pub binary: bool,
    /// From this load message of each publisher on no message is delivered: the server has forgotten the client.
    pub forgotten_from: Option<usize>,
}

/// How a server ends a connection.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// With a goodbye of this code and reason.
    Close(u16, &'static str),
    /// With a frame that no server may send, so that the client drops the connection.
    BadFrame,
}

/// How a client that was thrown out is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ban {
    /// Its connection is cut before the welcome.
    Silent,
    /// Its connection is closed with 4001 before the welcome.
    Close,
    /// It is welcomed, and its connection is closed with 4001 at once.
    AfterWelcome,
    /// From then on everybody who connects is answered with HTTP 403.
    Http,
}

/// The faults of the server: harm to deliveries, and to answers, whoever asks.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// The harm to deliveries, by the number of the subscriber.
    pub harm: HashMap<usize, Harm>,
    /// These messages are delivered and not answered.
    pub forget_answer: Option<Each>,
    /// These messages are swallowed the first time: neither delivered nor answered.
    pub swallow_once: Option<Each>,
    /// These messages are refused, and not delivered.
    pub refuse: Option<Each>,
    /// These messages are refused, and delivered all the same.
    pub refuse_but_deliver: Option<Each>,
    /// These messages are answered with `unknown`, and delivered.
    pub unknown: Option<Each>,
    /// These messages are acknowledged, and then answered with `unknown`.
    pub doubt: Option<Each>,
    /// Every `ack` has the level `confirmed` instead of `handed`.
    pub confirm: bool,
    /// The publisher's connection is cut when this load message (publisher, seq) arrives for the first time; the
    /// message is neither delivered nor answered.
    pub cut_publisher_at: Option<(usize, usize)>,
    /// The subscriber's connection is cut instead of delivering this load message (subscriber, seq) to it.
    pub cut_subscriber_at: Option<(usize, usize)>,
    /// Whoever was thrown out by [`Harm::end`] or [`Faults::cut_publisher_at`] is never let in again.
    pub ban: Option<Ban>,
    /// These messages are refused with this code and this reason.
    pub refuse_because: Option<(Each, &'static str, &'static str)>,
    /// The first `subscribe` of each subscriber is answered with an error.
    pub refuse_first_subscribe: bool,
    /// The server keeps a history: a `subscribe` with `after` brings the messages after that one, marked as replay.
    pub history: bool,
    /// Each replay lacks the message with this number (from 0), and claims to be `all`.
    pub forget_replayed: Option<usize>,
    /// Each replay brings the message with this number (from 0) twice.
    pub replay_twice: Option<usize>,
    /// Each replay brings the whole history, whatever `after` says.
    pub replay_everything: bool,
    /// Everything that a replay brings comes once more, live, after `subscribed`.
    pub live_after_replay: bool,
    /// The newest message of a replay comes live, before the others.
    pub live_before_replay: bool,
    /// Every message of the warm-up is delivered later by this time, with one character changed.
    pub damage_warm_up: Option<Duration>,
    /// Each `subscribe` brings a message of another run first.
    pub greets: bool,
    /// A replay brings at most this number of messages, the newest; if there are more, it admits that it is a `part`.
    pub replay_at_most: Option<usize>,
}

/// One `hello`, as the server received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    pub node: usize,
    pub name: String,
    pub session: Option<String>,
}

/// The kind, publisher and number of a message, as its text says them.
#[derive(Debug, Clone)]
struct Said {
    load: bool,
    warm: bool,
    publisher: usize,
    seq: usize,
}

impl Said {
    fn read(text: &str) -> Self {
        let fields: Vec<&str> = text.split('.').take(4).collect();
        let number = |i: usize| fields.get(i).and_then(|field| field.parse().ok()).unwrap_or(usize::MAX);
        let (load, warm) = (fields.get(1) == Some(&"load"), fields.get(1) == Some(&"warm"));
        Self { load, warm, publisher: number(2), seq: number(3) }
    }
}

/// A running faulty server. Dropping it ends everything.
pub struct FaultyServer {
    state: Arc<State>,
    addresses: Vec<SocketAddr>,
    /// The ports of the nodes, which are kept when a node is killed: nobody else may answer there.
    ports: Vec<Port>,
    nodes: Vec<CancellationToken>,
}

struct State {
    faults: Faults,
    tasks: TaskTracker,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    connections: u64,
    members: HashMap<u64, Member>,
    hellos: Vec<Hello>,
    /// The id, room and text of every `publish`, once for each time that it came.
    published: Vec<(String, String, String)>,
    /// The subscribers that have asked for a room before.
    asked: Vec<Option<usize>>,
    history: Vec<(String, Value)>,
    /// Number of messages replayed; a message counts once for each replay.
    replayed: usize,
    /// Number of load messages delivered live, harmed or not, by the number of the subscriber.
    live: HashMap<usize, usize>,
    /// The longest time for which a delayed message was held in the end.
    held_longest: Duration,
    /// Whether new connections are dropped.
    turns_away: bool,
    /// Number of connections that were closed with a goodbye.
    goodbyes: usize,
    /// The names of the clients that were thrown out.
    banned: Vec<String>,
}

struct Member {
    name: String,
    subscriber: Option<usize>,
    room: String,
    outbox: mpsc::UnboundedSender<Out>,
    /// A delivery that waits until the next one has gone out.
    held: Option<String>,
}

enum Out {
    Frame(String),
    Binary(String),
    Later(String, Duration),
    End(End),
    Cut,
}

impl FaultyServer {
    /// Starts a server with this number of nodes on free ports.
    pub async fn start(nodes: usize, faults: Faults) -> Self {
        let state = Arc::new(State { faults, tasks: TaskTracker::new(), inner: Mutex::default() });
        let mut server = Self { state, addresses: vec![], ports: vec![], nodes: vec![] };
        for node in 0..nodes {
            let port = Port::free();
            let listener = TcpListener::bind(("127.0.0.1", port.number())).await.unwrap();
            server.addresses.push(listener.local_addr().unwrap());
            server.ports.push(port);
            server.nodes.push(CancellationToken::new());
            server.serve(node, listener);
        }
        server
    }

    /// The URL of each node.
    pub fn urls(&self) -> Vec<String> {
        self.addresses.iter().map(|address| format!("ws://{address}")).collect()
    }

    /// Stops listening on one node's port and cuts its connections, without a goodbye.
    pub fn kill(&self, node: usize) {
        self.nodes[node].cancel();
    }

    /// Turns away everybody who connects from now on, or nobody any more.
    pub fn turn_away(&self, everybody: bool) {
        self.state.inner().turns_away = everybody;
    }

    /// Every `hello` so far.
    pub fn hellos(&self) -> Vec<Hello> {
        self.state.inner().hellos.clone()
    }

    /// Number of connections at this moment.
    pub fn connected(&self) -> usize {
        self.state.inner().members.len()
    }

    /// Number of messages replayed so far, to whomever.
    pub fn replayed(&self) -> usize {
        self.state.inner().replayed
    }

    /// Number of load messages that were delivered live to this subscriber so far.
    pub fn delivered_live(&self, subscriber: usize) -> u64 {
        self.state.inner().live.get(&subscriber).copied().unwrap_or_default() as u64
    }

    /// The longest time for which a delayed message was held: the delay, and what the machine added.
    pub fn held_longest(&self) -> Duration {
        self.state.inner().held_longest
    }

    /// Number of connections that a client has closed politely so far.
    pub fn goodbyes(&self) -> usize {
        self.state.inner().goodbyes
    }

    /// Number of times that a `publish` with this id came.
    pub fn published(&self, id: &str) -> usize {
        self.state.inner().published.iter().filter(|(published, ..)| published == id).count()
    }

    /// The id, room and text of every `publish` so far.
    pub fn told(&self) -> Vec<(String, String, String)> {
        self.state.inner().published.clone()
    }

    fn serve(&self, node: usize, listener: TcpListener) {
        let (state, token) = (self.state.clone(), self.nodes[node].clone());
        self.state.tasks.spawn(self.nodes[node].clone().run_until_cancelled_owned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if state.inner().turns_away {
                    continue;
                }
                let client = state.clone().client(node, stream);
                state.tasks.spawn(token.clone().run_until_cancelled_owned(client));
            }
        }));
    }
}

impl Drop for FaultyServer {
    fn drop(&mut self) {
        self.nodes.iter().for_each(CancellationToken::cancel);
    }
}

impl State {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn client(self: Arc<Self>, node: usize, stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        #[expect(clippy::result_large_err, reason = "the library's signature")]
        let dialect = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            if request.headers().get("sec-websocket-protocol").is_none_or(|offer| offer != "pubsub-lab.v1") {
                return Err(Response::builder().status(400).body(None).unwrap());
            }
            if self.faults.ban == Some(Ban::Http) && !self.inner().banned.is_empty() {
                return Err(Response::builder().status(403).body(None).unwrap());
            }
            let dialect = HeaderValue::from_static("pubsub-lab.v1");
            response.headers_mut().insert("sec-websocket-protocol", dialect);
            Ok(response)
        };
        let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, dialect).await else { return };
        let (mut sink, mut source) = socket.split();
        let (outbox, mut out) = mpsc::unbounded_channel();
        let connection = {
            let mut inner = self.inner();
            inner.connections += 1;
            let (name, room) = (String::new(), String::new());
            let member = Member { name, subscriber: None, room, outbox: outbox.clone(), held: None };
            let connection = inner.connections;
            inner.members.insert(connection, member);
            connection
        };
        let mut session = String::new();
        loop {
            tokio::select! {
                frame = source.next() => {
                    if let Some(Ok(Message::Close(_))) = frame {
                        self.inner().goodbyes += 1;
                        let _ = sink.close().await;
                    }
                    let Some(Ok(Message::Text(frame))) = frame else { break };
                    let frame: Value = serde_json::from_str(&frame).unwrap();
                    if self.frame(node, connection, &mut session, &frame, &outbox).is_break() {
                        // The client still receives what was answered before the cut.
                        while let Ok(Out::Frame(frame)) = out.try_recv() {
                            let _ = sink.send(Message::text(frame)).await;
                        }
                        let name = self.inner().members[&connection].name.clone();
                        if matches!(self.faults.ban, Some(Ban::Close | Ban::AfterWelcome)) && self.inner().banned.contains(&name) {
                            let _ = sink.send(close(4001, "banned")).await;
                        }
                        break;
                    }
                }
                Some(out) = out.recv() => match out {
                    Out::Frame(frame) => if sink.send(Message::text(frame)).await.is_err() { break },
                    Out::Later(frame, delay) => {
                        let (outbox, state, begin) = (outbox.clone(), Arc::clone(&self), Instant::now());
                        self.tasks.spawn(async move {
                            tokio::time::sleep(delay).await;
                            let longest = &mut state.inner().held_longest;
                            *longest = (*longest).max(begin.elapsed());
                            let _ = outbox.send(Out::Frame(frame));
                        });
                    }
                    Out::Binary(frame) => if sink.send(Message::binary(frame)).await.is_err() { break },
                    Out::End(End::Close(code, reason)) => {
                        let _ = sink.send(close(code, reason)).await;
                        break;
                    }
                    Out::End(End::BadFrame) => {
                        let mut frame = Frame::message("x", OpCode::Data(Data::Text), true);
                        frame.header_mut().rsv1 = true;
                        let _ = sink.send(Message::Frame(frame)).await;
                    }
                    Out::Cut => break,
                },
            }
        }
        self.inner().members.remove(&connection);
    }

    fn frame(
        &self,
        node: usize,
        connection: u64,
        session: &mut String,
        frame: &Value,
        outbox: &mpsc::UnboundedSender<Out>,
    ) -> ControlFlow<()> {
        let field = |name: &str| frame[name].as_str().unwrap_or_default().to_owned();
        let answer = |answer: Value| {
            let _ = outbox.send(Out::Frame(answer.to_string()));
        };
        match &*field("type") {
            "hello" => {
                let name = field("name");
                let given = frame["session"].as_str().map(str::to_owned);
                let mut inner = self.inner();
                inner.hellos.push(Hello { node, name: name.clone(), session: given.clone() });
                let subscriber = name.strip_prefix("sub-").and_then(|number| number.parse().ok());
                let member = inner.members.get_mut(&connection).unwrap();
                (member.subscriber, member.name) = (subscriber, name.clone());
                let ban = self.faults.ban.filter(|_| inner.banned.contains(&name));
                if ban.is_some_and(|ban| ban != Ban::AfterWelcome) {
                    return ControlFlow::Break(());
                }
                *session = given.unwrap_or_else(|| format!("session-of-{name}"));
                answer(json!({"type": "welcome", "node": format!("n{node}"), "pattern": "faulty",
                    "name": name, "colour": "red", "session": session}));
                if ban.is_some() {
                    return ControlFlow::Break(());
                }
            }
            "subscribe" => self.subscribe(connection, &field("room"), frame["after"].as_str()),
            "publish" => {
                let done = self.publish(session, frame, answer);
                if done.is_break() {
                    let mut inner = self.inner();
                    let name = inner.members[&connection].name.clone();
                    inner.banned.push(name);
                }
                return done;
            }
            other => panic!("a frame of type {other:?}"),
        }
        ControlFlow::Continue(())
    }

    fn subscribe(&self, connection: u64, room: &str, after: Option<&str>) {
        let inner = &mut *self.inner();
        let member = inner.members.get_mut(&connection).unwrap();
        let again = inner.asked.contains(&member.subscriber);
        inner.asked.push(member.subscriber);
        if self.faults.refuse_first_subscribe && !again {
            return member
                .send(json!({"type": "error", "code": "broken", "reason": "on purpose"}).to_string());
        }
        member.room = room.to_owned();
        if self.faults.greets {
            let said = Said { load: true, warm: false, publisher: 0, seq: 0 };
            let message = json!({"type": "message", "room": room, "id": "yesterday", "from": "somebody",
                "colour": "red", "text": forged("0badf00d", &said), "sent_at": 1_700_000_000_000_u64});
            member.send(message.to_string());
        }
        let (mut recovered, mut later) = ("none", Vec::new());
        if let Some(after) = after.filter(|_| self.faults.history) {
            recovered = "all";
            let theirs: Vec<_> = inner.history.iter().filter(|(said_in, _)| said_in == room).collect();
            let held = theirs.iter().position(|(_, message)| message["id"] == after).map(|last| last + 1);
            let mut missed = theirs[held.unwrap_or(theirs.len())..].to_vec();
            if self.faults.replay_everything {
                missed = theirs;
            }
            if self.faults.live_before_replay {
                missed.pop().into_iter().for_each(|(_, newest)| member.send(newest.to_string()));
            }
            if self.faults.live_after_replay {
                later = missed.iter().map(|(_, message)| message.to_string()).collect();
            }
            let most = self.faults.replay_at_most.unwrap_or(missed.len());
            if missed.len() > most {
                recovered = "part";
            }
            for (number, (_, message)) in missed.iter().enumerate().skip(missed.len().saturating_sub(most)) {
                let mut replay = message.clone();
                replay["replay"] = true.into();
                let times = match Some(number) {
                    forgotten if forgotten == self.faults.forget_replayed => 0,
                    doubled if doubled == self.faults.replay_twice => 2,
                    _ => 1,
                };
                (0..times).for_each(|_| member.send(replay.to_string()));
                inner.replayed += times;
            }
        }
        member.send(
            json!({"type": "subscribed", "room": room, "members": ["a"], "recovered": recovered}).to_string(),
        );
        later.into_iter().for_each(|message| member.send(message));
    }

    /// Handles a `publish`. Breaks when the connection is to be cut.
    fn publish(&self, session: &str, frame: &Value, answer: impl Fn(Value)) -> ControlFlow<()> {
        let faults = &self.faults;
        let (id, text) = (frame["id"].as_str().unwrap(), frame["text"].as_str().unwrap());
        let said = Said::read(text);
        let first = {
            let mut inner = self.inner();
            let first = !inner.published.iter().any(|(published, ..)| published == id);
            let room = frame["room"].as_str().unwrap();
            inner.published.push((id.to_owned(), room.to_owned(), text.to_owned()));
            first
        };
        if first && said.load && faults.cut_publisher_at == Some((said.publisher, said.seq)) {
            return ControlFlow::Break(());
        }
        if first && Each::hits(faults.swallow_once, &said) {
            return ControlFlow::Continue(());
        }
        if let Some((each, code, reason)) = faults.refuse_because
            && Each::hits(Some(each), &said)
        {
            answer(json!({"type": "refused", "id": id, "code": code, "reason": reason}));
            return ControlFlow::Continue(());
        }
        let refused = Each::hits(faults.refuse, &said);
        if !refused {
            let message = json!({"type": "message", "room": frame["room"], "id": format!("{session}.{id}"),
                "from": session, "colour": "red", "text": text, "sent_at": 1_700_000_000_000_u64});
            self.deliver(frame["room"].as_str().unwrap(), &message, &said);
        }
        if refused || Each::hits(faults.refuse_but_deliver, &said) {
            answer(json!({"type": "refused", "id": id, "code": "bus_down", "reason": "on purpose"}));
        } else if Each::hits(faults.unknown, &said) {
            answer(json!({"type": "unknown", "id": id, "reason": "on purpose"}));
        } else if !Each::hits(faults.forget_answer, &said) {
            let level = if faults.confirm { "confirmed" } else { "handed" };
            answer(json!({"type": "ack", "id": id, "level": level}));
            if Each::hits(faults.doubt, &said) {
                answer(json!({"type": "unknown", "id": id, "reason": "on purpose"}));
            }
        }
        ControlFlow::Continue(())
    }

    fn deliver(&self, room: &str, message: &Value, said: &Said) {
        let inner = &mut *self.inner();
        if self.faults.history {
            inner.history.push((room.to_owned(), message.clone()));
        }
        for member in inner.members.values_mut().filter(|member| member.room == room) {
            let subscriber = member.subscriber.unwrap();
            if said.load && self.faults.cut_subscriber_at == Some((subscriber, said.seq)) {
                let _ = member.outbox.send(Out::Cut);
                member.room = String::new();
                continue;
            }
            if said.load {
                *inner.live.entry(subscriber).or_default() += 1;
            }
            if let Some(later) = self.faults.damage_warm_up.filter(|_| said.warm) {
                let mut changed = message.clone();
                changed["text"] = damaged(message["text"].as_str().unwrap()).into();
                let _ = member.outbox.send(Out::Later(changed.to_string(), later));
                continue;
            }
            if let Some((each, end)) = self.faults.harm.get(&subscriber).and_then(|harm| harm.end)
                && Each::hits(Some(each), said)
            {
                let _ = member.outbox.send(Out::End(end));
                member.room = String::new();
                inner.banned.push(member.name.clone());
                continue;
            }
            match self.faults.harm.get(&subscriber) {
                None => member.send(message.to_string()),
                Some(harm) => member.deliver(harm, message, said),
            }
        }
    }
}

impl Member {
    fn send(&self, frame: String) {
        let _ = self.outbox.send(Out::Frame(frame));
    }

    fn deliver(&mut self, harm: &Harm, message: &Value, said: &Said) {
        let frame = message.to_string();
        let text = message["text"].as_str().unwrap();
        let with = |field: &str, value: String| {
            let mut changed = message.clone();
            changed[field] = value.into();
            changed.to_string()
        };
        let forgotten = said.load && harm.forgotten_from.is_some_and(|from| said.seq >= from);
        if Each::hits(harm.lag, said) {
            return self.send(json!({"type": "lagged", "missed": 1}).to_string());
        }
        if harm.deaf || forgotten || Each::hits(harm.lose, said) {
            return;
        }
        if harm.binary {
            let _ = self.outbox.send(Out::Binary(frame));
            return;
        }
        if Each::hits(harm.join, said) {
            self.held = Some(frame);
            return;
        }
        if harm.join.is_some()
            && let Some(held) = self.held.take()
        {
            self.send(format!("{held}\n{frame}"));
            return;
        }
        if let Some((each, chatter)) = harm.chatter
            && Each::hits(Some(each), said)
        {
            self.send(chatter.to_owned());
        }
        if Each::hits(harm.swap, said) {
            self.held = Some(frame);
            return;
        }
        match harm.delay {
            Some((each, delay)) if Each::hits(Some(each), said) => {
                let _ = self.outbox.send(Out::Later(frame.clone(), delay));
            }
            _ if Each::hits(harm.corrupt, said) => self.send(with("text", damaged(text))),
            _ => self.send(frame.clone()),
        }
        match harm.again_after {
            Some((each, after)) if Each::hits(Some(each), said) => {
                let _ = self.outbox.send(Out::Later(frame.clone(), after));
            }
            _ => {}
        }
        if Each::hits(harm.duplicate, said) {
            self.send(frame);
        }
        if Each::hits(harm.foreign, said) {
            self.send(with("text", "hello everybody".to_owned()));
            self.send(with("text", forged("0badf00d", said)));
        }
        if Each::hits(harm.invent, said) {
            let invented = Said { seq: said.seq + 1_000_000, ..said.clone() };
            self.send(with("text", forged(text.split('.').next().unwrap(), &invented)));
        }
        if Each::hits(harm.stray, said) {
            self.send(with("room", "elsewhere".to_owned()));
        }
        if let Some(held) = self.held.take() {
            self.send(held);
        }
        if let Some((each, ago)) = harm.gap
            && Each::hits(Some(each), said)
        {
            let since = (SystemTime::now() - ago).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
            let since = u64::try_from(since).unwrap();
            self.send(
                json!({"type": "gap", "room": self.room, "since": since, "reason": "on purpose"}).to_string(),
            );
        }
    }
}

/// A goodbye.
fn close(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code: code.into(), reason: reason.into() }))
}

/// The text with another last character.
fn damaged(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let last = chars.last_mut().unwrap();
    *last = if *last == '#' { '%' } else { '#' };
    chars.into_iter().collect()
}

/// A text in good order that nobody has published.
fn forged(nonce: &str, said: &Said) -> String {
    let head = format!("{nonce}.load.{}.{}", said.publisher, said.seq);
    let crc = crc32fast::hash(format!("{head} filler").as_bytes());
    format!("{head}.{crc:08x} filler")
}
