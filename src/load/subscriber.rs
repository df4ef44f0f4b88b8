//! A client that listens: it tells the ledger when it was online and what it received.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

use super::codec::{Inbound, Outbound};
use super::dial::Caller;
use super::dialect::{Dialect, ServerFrame, Template};
use super::run::{Lifeline, LoadRun, room_name};
use super::socket::{GOODBYE, Socket, frame_of, say_goodbye};
use super::text::{Reading, TextKind};
use ledger::Arrival;

/// Connects, subscribes, listens, reconnects, and is away when it is told to be, until it is cancelled.
pub(super) async fn listen(run: Arc<LoadRun>, number: usize, cancel: CancellationToken) {
    let name = format!("sub-{number}");
    let _lifeline = Lifeline { health: &run.health, client: &name, cancel: &cancel };
    let client = run.plan.publishers + number;
    let mut route = run.dialer.route(Caller {
        name: name.clone(),
        client,
        home: run.plan.subscriber_node(number),
        rooms: vec![room_name(run.plan.subscriber_room(number))],
        publishes: false,
        tap: run.slowness.tap(number),
    });
    let mut ear = Ear::new(&run, number);
    // The socket is kept outside of the loop, so that it can be closed politely when listening is cancelled.
    let mut socket = None;
    let listening = async {
        loop {
            run.attendance.wanted(number).await;
            let staying = async {
                loop {
                    let open = socket.insert(route.connect(&run).await);
                    tokio::select! {
                        biased;
                        () = run.storms.struck(client) => {
                            ear.closed(run.clock.now());
                            drop(socket.take());
                            route.rush();
                        }
                        () = ear.listen(open, route.node()) => say_goodbye(socket.take()).await,
                    }
                }
            };
            tokio::select! {
                biased;
                () = run.attendance.unwanted(number) => {}
                () = staying => {}
            }
            run.storms.left(client);
            ear.leave(socket.take()).await;
            route.leave(&run.dialer);
            run.attendance.left(number);
        }
    };
    cancel.run_until_cancelled(listening).await;
    say_goodbye(socket).await;
}

/// The listening side of one subscriber over one connection after another.
struct Ear<'a> {
    run: &'a LoadRun,
    number: usize,
    /// The number of the subscriber among all clients.
    client: usize,
    room: usize,
    room_name: String,
    node: usize,
    /// Whether the present connection's subscription is confirmed.
    subscribed: bool,
    /// Number of subscriptions so far. Each of them may bring a replay of its own.
    round: u32,
    /// The id of the last message received, after which a replay is to go on.
    last_id: String,
    /// Whether the present subscription asked for a replay.
    asked: bool,
}

impl<'a> Ear<'a> {
    fn new(run: &'a LoadRun, number: usize) -> Self {
        let room = run.plan.subscriber_room(number);
        Self {
            run,
            number,
            client: run.plan.publishers + number,
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
        let run = self.run;
        run.ledger().connected(self.number);
        match &run.dialect {
            Dialect::V1 => {
                let after = (!self.last_id.is_empty()).then_some(&*self.last_id);
                self.asked = after.is_some();
                let subscribe = Outbound::Subscribe { room: &self.room_name, after }.encode();
                if socket.send(Message::text(subscribe)).await.is_ok() {
                    self.read_frames(socket, |_| false).await;
                }
            }
            Dialect::Template(template) if template.waits() => {
                let ready = timeout(
                    run.dialer.patience(),
                    self.read_frames(socket, |subscriber| subscriber.subscribed),
                )
                .await;
                if ready.is_err() {
                    let limit = run.dialer.patience();
                    run.roster
                        .trouble(format!("node {node}: no frame that matches `ready` within {limit:?}"));
                }
                if self.subscribed {
                    self.read_frames(socket, |_| false).await;
                }
            }
            // In these dialects everybody who is connected is in the room.
            Dialect::Plain | Dialect::Template(_) => {
                self.subscribe(run.clock.now());
                self.read_frames(socket, |_| false).await;
            }
        }
        self.closed(run.clock.now());
    }

    /// Reads frames until `enough` says so, or the connection is lost.
    async fn read_frames(&mut self, socket: &mut Socket, enough: impl Fn(&Self) -> bool) {
        while !enough(self)
            && let Some(message) = socket.next().await
        {
            let at = self.run.clock.now();
            match message {
                Ok(Message::Close(why)) => return self.run.closed_because(why.as_ref()),
                Ok(message) => {
                    if self.received(&message, at).is_break() {
                        return;
                    }
                }
                Err(error) => {
                    if let Error::Utf8(_) = error {
                        self.run.ledger().corrupted(self.number, at);
                    }
                    return;
                }
            }
        }
    }

    /// Records that the subscription holds from this instant.
    fn subscribe(&mut self, at: Duration) {
        let run = self.run;
        self.subscribed = true;
        run.ledger().subscribed(self.number, self.node, at);
        run.roster.subscriber_online(self.number, self.node);
        run.attendance.subscribed(self.number);
        run.storms.arrived(self.client, self.node);
    }

    /// Goes offline on purpose. The node is told at once; the frames that it had sent before are still read.
    async fn leave(&mut self, socket: Option<Socket>) {
        let run = self.run;
        run.ledger().left(self.number, run.clock.now());
        run.roster.away(std::mem::take(&mut self.subscribed));
        let Some(mut socket) = socket else { return };
        let goodbye = async {
            let _ = socket.close(None).await;
            while let Some(Ok(message)) = socket.next().await {
                self.overheard(&message, run.clock.now());
            }
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }

    /// Records that the connection was lost at this instant.
    fn closed(&mut self, at: Duration) {
        if std::mem::take(&mut self.subscribed) {
            self.run.ledger().closed(self.number, at);
            self.run.roster.offline();
            self.run.attendance.lost(self.number);
        }
        self.run.storms.lost(self.client);
    }

    /// Reads a frame that came after this subscriber has left. A message still counts, and nothing else matters.
    fn overheard(&mut self, message: &Message, at: Duration) {
        match (&self.run.dialect, message) {
            (Dialect::V1, Message::Text(frame)) => {
                if let Some(frame) = Inbound::decode(frame).filter(|frame| frame.kind == "message") {
                    self.message(&frame, at);
                }
            }
            (Dialect::V1, _) => {}
            (Dialect::Plain, message) => {
                if let Some(text) = frame_of(message) {
                    self.judge(&text, true, Arrival::Live, at);
                }
            }
            (Dialect::Template(template), message) => {
                if let Some(frame) = frame_of(message) {
                    self.read_template_frame(template, &template.read(&frame), at);
                }
            }
        }
    }

    /// Reads a frame of somebody else's framing.
    fn read_template_frame(&mut self, template: &Template, frame: &ServerFrame<'_>, at: Duration) {
        let run = self.run;
        match template.text(frame) {
            Some(text) => self.judge(text, true, Arrival::Live, at),
            None if template.is_broken(frame) && run.texts.are_in(frame.raw()) => {
                run.ledger().corrupted(self.number, at);
            }
            None if template.is_ready(frame) || template.is_ack(frame) => {}
            None => run.health.chatter(frame.raw()),
        }
    }

    /// Reads a frame that came at this instant. Breaks when this connection will never be subscribed.
    fn received(&mut self, message: &Message, at: Duration) -> ControlFlow<()> {
        match (&self.run.dialect, message) {
            (Dialect::V1, Message::Text(frame)) => return self.read_v1_frame(frame, at),
            (Dialect::Template(template), message) if !self.subscribed => {
                if let Some(frame) = frame_of(message) {
                    let frame = template.read(&frame);
                    if template.is_ready(&frame) {
                        self.subscribe(at);
                    }
                    self.read_template_frame(template, &frame, at);
                }
            }
            (_, message) => self.overheard(message, at),
        }
        ControlFlow::Continue(())
    }

    /// Reads a frame of `pubsub-lab.v1`.
    fn read_v1_frame(&mut self, frame: &str, at: Duration) -> ControlFlow<()> {
        let run = self.run;
        let Some(frame) = Inbound::decode(frame) else {
            run.ledger().corrupted(self.number, at);
            return ControlFlow::Continue(());
        };
        match &*frame.kind {
            "message" => self.message(&frame, at),
            "subscribed" if frame.room == self.room_name && !self.subscribed => {
                self.subscribe(at);
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
                    // A node whose broker is away reports that, and subscribes the client when the broker is back.
                    if frame.code != "bus_down" {
                        return ControlFlow::Break(());
                    }
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// Remarks on a replay that was asked for and did not bring all.
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

    /// Takes a message of `pubsub-lab.v1`.
    fn message(&mut self, frame: &Inbound<'_>, at: Duration) {
        let arrival = match frame.replay {
            true => Arrival::Replay { round: self.round },
            false => Arrival::Live,
        };
        self.judge(&frame.text, frame.room == self.room_name, arrival, at);
        self.last_id.clear();
        self.last_id.push_str(&frame.id);
    }

    /// Judges a message by its text. `in_place` unless it came under the name of another room.
    fn judge(&self, text: &str, in_place: bool, arrival: Arrival, at: Duration) {
        let run = self.run;
        match run.texts.read(text) {
            // Probe and warm-up count nowhere, even where their texts come after the load has begun.
            Reading::Corrupted if run.texts.rehearse(text) => run.ledger().corrupted_rehearsal(),
            Reading::Corrupted => run.ledger().corrupted(self.number, at),
            // In the one dialect that marks messages, what is marked as a message is one.
            Reading::Formless if run.dialect != Dialect::V1 => run.health.chatter(text),
            Reading::Foreign | Reading::Formless => run.ledger().foreign(self.number, at),
            Reading::Ours { kind: TextKind::Load, publisher, seq } => {
                match run.plan.message(publisher, seq) {
                    Some(n) if in_place && run.plan.room(n) == self.room => {
                        run.ledger().received(self.number, n, arrival, at);
                    }
                    _ => run.ledger().unexpected(self.number, at),
                }
            }
            Reading::Ours { kind, publisher, seq } => {
                run.rehearsal.record_receipt(kind, publisher, seq, self.number, in_place);
            }
        }
    }
}
