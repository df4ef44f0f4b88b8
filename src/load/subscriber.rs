//! A client that listens: tells the ledger when it was online and what it received.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

use super::codec::{Inbound, Outbound};
use super::run::{Lifeline, Run, room_name};
use super::socket::{GOODBYE, Socket, say_goodbye};
use super::text::{Kind, Reading};
use crate::ledger::Arrival;

/// Connects, subscribes, listens, reconnects, and is away when it is told to be; until cancelled.
pub(super) async fn listen(run: Arc<Run>, number: usize, cancel: CancellationToken) {
    let name = format!("sub-{number}");
    let _lifeline = Lifeline { health: &run.health, client: &name, cancel: &cancel };
    let client = run.plan.publishers + number;
    let mut route = run.dialer.route(name.clone(), run.plan.subscriber_node(number), client);
    let mut ear = Ear::new(&run, number);
    // Out here, so that it can be closed politely when listening is cancelled.
    let mut socket = None;
    let listening = async {
        loop {
            run.attendance.wanted(number).await;
            let staying = async {
                loop {
                    let open = socket.insert(route.connect(&run.dialer, &run.roster).await);
                    ear.listen(open, route.node()).await;
                    say_goodbye(socket.take()).await;
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
        let after = (!self.last_id.is_empty()).then_some(&*self.last_id);
        self.asked = after.is_some();
        let subscribe = Outbound::Subscribe { room: &self.room_name, after }.encode();
        if socket.send(Message::text(subscribe)).await.is_ok() {
            while let Some(message) = socket.next().await {
                let at = self.run.clock.now();
                match message {
                    Ok(Message::Text(frame)) => {
                        if self.received(&frame, at).is_break() {
                            break;
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

    /// Goes offline on purpose. The node is told at once; what it had sent before it heard that is heard out.
    async fn leave(&mut self, socket: Option<Socket>) {
        let run = self.run;
        run.ledger().left(self.number, run.clock.now());
        run.roster.away(std::mem::take(&mut self.subscribed));
        let Some(mut socket) = socket else { return };
        let goodbye = async {
            let _ = socket.close(None).await;
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(frame) = message
                    && let Some(frame) = Inbound::decode(&frame)
                    && frame.kind == "message"
                {
                    self.message(&frame, run.clock.now());
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
            self.run.attendance.lost(self.number);
        }
    }

    /// Reads a frame that came at this instant. Breaks when this connection will never be subscribed.
    fn received(&mut self, frame: &str, at: Duration) -> ControlFlow<()> {
        let run = self.run;
        let Some(frame) = Inbound::decode(frame) else {
            run.ledger().corrupted(self.number, at);
            return ControlFlow::Continue(());
        };
        match &*frame.kind {
            "message" => self.message(&frame, at),
            "subscribed" if frame.room == self.room_name && !self.subscribed => {
                self.subscribed = true;
                run.ledger().subscribed(self.number, self.node, at);
                run.roster.subscriber_online(self.number, self.node);
                run.attendance.subscribed(self.number);
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

    /// Judges a message by its text.
    fn message(&mut self, frame: &Inbound<'_>, at: Duration) {
        let run = self.run;
        let in_place = frame.room == self.room_name;
        match run.texts.read(&frame.text) {
            Reading::Corrupted => run.ledger().corrupted(self.number, at),
            Reading::Foreign => run.ledger().foreign(self.number, at),
            Reading::Ours { kind: Kind::Load, publisher, seq } => {
                let arrival = match frame.replay {
                    true => Arrival::Replay { round: self.round },
                    false => Arrival::Live,
                };
                match run.plan.message(publisher, seq) {
                    Some(n) if in_place && run.plan.room(n) == self.room => {
                        run.ledger().received(self.number, n, arrival, at);
                    }
                    _ => run.ledger().unexpected(self.number, at),
                }
            }
            Reading::Ours { kind, publisher, seq } => {
                run.rehearsal.heard(kind, publisher, seq, self.number, in_place);
            }
        }
        self.last_id.clear();
        self.last_id.push_str(&frame.id);
    }
}
