//! A client that listens: tells the ledger when it was online and what it received.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

use super::codec::{Inbound, Outbound};
use super::dial::Traveller;
use super::dialect::Dialect;
use super::run::{Lifeline, Run, room_name};
use super::socket::{GOODBYE, Socket, say_goodbye};
use super::text::{Kind, Reading, Texts};
use crate::ledger::Arrival;

/// Connects, subscribes, listens, reconnects, and is away when it is told to be; until cancelled.
pub(super) async fn listen(run: Arc<Run>, number: usize, cancel: CancellationToken) {
    let name = format!("sub-{number}");
    let _lifeline = Lifeline { health: &run.health, client: &name, cancel: &cancel };
    let client = run.plan.publishers + number;
    let rooms = vec![room_name(run.plan.subscriber_room(number))];
    let traveller = Traveller { name: name.clone(), rooms, tap: run.slowness.tap(number) };
    let mut route = run.dialer.route(traveller, run.plan.subscriber_node(number), client);
    let mut ear = Ear::new(&run, number);
    // Out here, so that it can be closed politely when listening is cancelled.
    let mut socket = None;
    let listening = async {
        loop {
            run.attendance.wanted(number).await;
            let staying = async {
                loop {
                    let open = socket.insert(route.connect(&run.dialer, &run.roster).await);
                    let drops = tokio::select! {
                        biased;
                        () = run.storms.struck(client) => true,
                        () = ear.listen(open, route.node()) => false,
                    };
                    if drops {
                        ear.closed(run.clock.now());
                        socket = None;
                        route.storm(&run.dialer);
                    } else {
                        say_goodbye(socket.take()).await;
                    }
                }
            };
            tokio::select! {
                biased;
                () = run.attendance.unwanted(number) => {}
                () = staying => {}
            }
            ear.leave(socket.take()).await;
            route.leave(&run.dialer);
            run.attendance.left(number);
        }
    };
    cancel.run_until_cancelled(listening).await;
    say_goodbye(socket).await;
}

/// What hears over one connection after another.
struct Ear<'a> {
    run: &'a Run,
    number: usize,
    room: usize,
    room_name: String,
    node: usize,
    /// Whether the present connection's subscription is confirmed.
    subscribed: bool,
    /// Subscriptions asked for so far: each may bring a replay of its own.
    round: u32,
    /// The id of the last message received, from which a replay is to go on.
    last_id: String,
    /// Whether the present subscription asked for a replay.
    asked: bool,
}

impl<'a> Ear<'a> {
    fn new(run: &'a Run, number: usize) -> Self {
        let room = run.plan.subscriber_room(number);
        Self {
            run,
            number,
            room,
            room_name: room_name(room),
            node: 0,
            subscribed: false,
            round: 0,
            last_id: String::new(),
            asked: false,
        }
    }

    /// Subscribes, and listens until the connection is lost.
    async fn listen(&mut self, socket: &mut Socket, node: usize) {
        self.node = node;
        self.round += 1;
        if self.subscribe(socket).await {
            while let Some(message) = socket.next().await {
                let at = self.run.clock.now();
                match message {
                    Ok(Message::Text(frame)) => {
                        if self.received(&frame, at).is_break() {
                            break;
                        }
                    }
                    // A server of somebody else's may say what it says in either kind of frame.
                    Ok(Message::Binary(bytes)) if *self.run.dialer.dialect() != Dialect::V1 => {
                        match std::str::from_utf8(&bytes) {
                            Ok(frame) => {
                                let _ = self.received(frame, at);
                            }
                            Err(_) => self.run.ledger().corrupted(self.number, at),
                        }
                    }
                    Ok(Message::Close(_)) => break,
                    Ok(_) => {}
                    Err(error) => {
                        if let Error::Utf8(_) = error {
                            self.run.ledger().corrupted(self.number, at);
                        }
                        break;
                    }
                }
            }
        }
        self.closed(self.run.clock.now());
    }

    /// Asks for its room, where the dialect can be asked; else it is subscribed as soon as it is connected. `false`
    /// if the connection is lost.
    async fn subscribe(&mut self, socket: &mut Socket) -> bool {
        if *self.run.dialer.dialect() != Dialect::V1 {
            self.online(self.run.clock.now());
            return true;
        }
        let after = (!self.last_id.is_empty()).then_some(&*self.last_id);
        self.asked = after.is_some();
        let subscribe = Outbound::Subscribe { room: &self.room_name, after }.encode();
        socket.send(Message::text(subscribe)).await.is_ok()
    }

    /// It is subscribed.
    fn online(&mut self, at: Duration) {
        let run = self.run;
        self.subscribed = true;
        run.ledger().subscribed(self.number, self.node, at);
        run.roster.subscriber_online(self.number, self.node);
        run.storms.arrived(self.client(), self.node);
        run.attendance.subscribed(self.number);
    }

    /// Its number among all clients.
    fn client(&self) -> usize {
        self.run.plan.publishers + self.number
    }

    /// Goes offline on purpose. The node is told at once; what it had sent before it heard that is heard out.
    async fn leave(&mut self, socket: Option<Socket>) {
        let run = self.run;
        run.ledger().left(self.number, run.clock.now());
        run.roster.away(std::mem::take(&mut self.subscribed));
        run.storms.left(self.client());
        let Some(mut socket) = socket else { return };
        let goodbye = async {
            let _ = socket.close(None).await;
            while let Some(Ok(message)) = socket.next().await {
                let Message::Text(frame) = message else { continue };
                let at = run.clock.now();
                if *run.dialer.dialect() != Dialect::V1 {
                    let _ = self.received(&frame, at);
                } else if let Some(frame) = Inbound::decode(&frame).filter(|frame| frame.kind == "message") {
                    self.message(&frame, at);
                }
            }
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }

    /// The connection is lost.
    fn closed(&mut self, at: Duration) {
        if std::mem::take(&mut self.subscribed) {
            self.run.ledger().closed(self.number, at);
            self.run.roster.offline();
            self.run.storms.lost(self.client());
            self.run.attendance.lost(self.number);
        }
    }

    /// Reads a frame that came at this instant. Breaks when this connection will never be subscribed.
    fn received(&mut self, frame: &str, at: Duration) -> ControlFlow<()> {
        match self.run.dialer.dialect() {
            Dialect::V1 => return self.received_in_v1(frame, at),
            Dialect::Plain => self.said(frame, at),
            Dialect::Template(template) => {
                let frame = template.read(frame);
                match template.text(&frame) {
                    Some(text) => self.said(text, at),
                    None if template.is_broken(&frame) => self.run.ledger().corrupted(self.number, at),
                    None => {}
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// A text of a dialect whose frames say nothing but it. The server may say things of its own.
    fn said(&mut self, text: &str, at: Duration) {
        match self.run.texts.read(text) {
            Reading::Foreign if !Texts::is_message(text) => {
                self.run.health.remark("the server sent a frame that is no message", 1);
            }
            reading => self.judge(reading, Arrival::Live, true, at),
        }
    }

    fn received_in_v1(&mut self, frame: &str, at: Duration) -> ControlFlow<()> {
        let run = self.run;
        let Some(frame) = Inbound::decode(frame) else {
            run.ledger().corrupted(self.number, at);
            return ControlFlow::Continue(());
        };
        match &*frame.kind {
            "message" => self.message(&frame, at),
            "subscribed" if frame.room == self.room_name && !self.subscribed => {
                self.online(at);
                self.replayed(&frame.recovered);
            }
            "lagged" => {
                run.health.remark("a node dropped a frame because a subscriber was too slow", frame.missed);
            }
            "error" => {
                let error = format!("a node answered a subscriber with an error: {}", frame.reason);
                run.health.remark(&error, 1);
                if !self.subscribed {
                    run.roster.trouble(format!("node {}: {}", self.node, frame.reason));
                    // A node whose broker is away says so, and subscribes when it is back.
                    if frame.code != "bus_down" {
                        return ControlFlow::Break(());
                    }
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// Remarks a replay that was asked for and did not bring all.
    fn replayed(&self, recovered: &str) {
        let how_much = match recovered {
            _ if !self.asked || !self.run.keeps_history => return,
            "all" => return,
            "part" => "only a part",
            _ => "nothing",
        };
        let what = format!("a node replayed {how_much} of what a subscriber had missed");
        self.run.health.remark(&what, 1);
    }

    /// Judges a message of v1 by its text.
    fn message(&mut self, frame: &Inbound<'_>, at: Duration) {
        let arrival = match frame.replay {
            true => Arrival::Replay { round: self.round },
            false => Arrival::Live,
        };
        let in_place = frame.room == self.room_name;
        self.judge(self.run.texts.read(&frame.text), arrival, in_place, at);
        self.last_id.clear();
        self.last_id.push_str(&frame.id);
    }

    /// Tells what a text turned out to be; `in_place` if it came under the name of this subscriber's room.
    fn judge(&self, reading: Reading, arrival: Arrival, in_place: bool, at: Duration) {
        let run = self.run;
        match reading {
            Reading::Corrupted => run.ledger().corrupted(self.number, at),
            Reading::Foreign => run.ledger().foreign(self.number, at),
            Reading::Ours { kind: Kind::Load, publisher, seq } => match run.plan.message(publisher, seq) {
                Some(n) if in_place && run.plan.room(n) == self.room => {
                    run.ledger().received(self.number, n, arrival, at);
                }
                _ => run.ledger().unexpected(self.number, at),
            },
            Reading::Ours { kind, publisher, seq } => {
                run.rehearsal.heard(kind, publisher, seq, self.number, in_place);
            }
        }
    }
}
