//! A client that listens: it tells the ledger when it was online and what it received.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::de::IgnoredAny;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::codec::{Inbound, Outbound};
use super::dial::{Caller, Route};
use super::dialect::{Dialect, ServerFrame, Template};
use super::ending::Ending;
use super::health::Wrong;
use super::observer::{NAME, Observer};
use super::refusal::Refusal;
use super::run::{Lifeline, LoadRun, room_name};
use super::socket::{GOODBYE, Socket, frame_of, say_goodbye};
use super::text::{Reading, TextKind, Traces};
use ledger::Arrival;

/// Connects, subscribes, listens, reconnects, and is away when it is told to be, until it is cancelled.
pub(super) async fn listen(run: Arc<LoadRun>, number: usize, cancel: CancellationToken) {
    let name = format!("{NAME}{number}");
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
            run.roster.wanted(client, run.clock.now());
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
                        () = ear.listen(open, &route) => say_goodbye(socket.take()).await,
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
    /// What this subscriber asks as an observer of its room; `None` if it observes nothing.
    observer: Option<Observer>,
}

/// Why a client stopped reading from a connection.
enum End {
    /// What was waited for has come.
    Enough,
    /// The connection was ended, and not by the load.
    Ended(Ending),
    /// This connection will never be subscribed.
    Refused(Refusal),
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
            observer: Observer::of(run, number),
        }
    }

    /// Subscribes, and listens until the connection is lost.
    async fn listen(&mut self, socket: &mut Socket, route: &Route) {
        self.node = route.node();
        self.round += 1;
        let run = self.run;
        run.ledger().connected(self.number);
        self.observer.iter_mut().for_each(Observer::begin);
        let end = match &run.dialect {
            Dialect::V1 => {
                let after = (!self.last_id.is_empty()).then_some(&*self.last_id);
                self.asked = after.is_some() && route.keeps_history();
                let subscribe = Outbound::Subscribe { room: &self.room_name, after }.encode();
                let unanswered = format!("node {} has not answered its `subscribe` yet", self.node);
                run.roster.waiting(self.client, Refusal::of_server(unanswered));
                match socket.send(Message::text(subscribe)).await {
                    Ok(()) => self.read_frames(socket, |_| false).await,
                    Err(error) => End::Ended(Ending::of(&error)),
                }
            }
            Dialect::Template(template) if template.waits() => {
                let limit = run.dialer.patience();
                let ready =
                    timeout(limit, self.read_frames(socket, |subscriber| subscriber.subscribed)).await;
                match ready {
                    Ok(_) if self.subscribed => self.read_frames(socket, |_| false).await,
                    Ok(end) => end,
                    Err(_) => {
                        let late = format!("no frame that matches `ready` within {limit:?}");
                        End::Refused(Refusal::of_server(late))
                    }
                }
            }
            // In these dialects everybody who is connected is in the room.
            Dialect::Plain | Dialect::Template(_) => {
                self.subscribe(false, run.clock.now());
                self.read_frames(socket, |_| false).await
            }
        };
        self.ended(end);
    }

    /// Records how a connection ended over which this subscriber listened, or wanted to.
    fn ended(&mut self, end: End) {
        let run = self.run;
        let place = format!("node {}", self.node);
        let was_subscribed = self.subscribed;
        self.closed(run.clock.now());
        match end {
            End::Ended(ending) if was_subscribed => run.disconnected(self.client, &ending),
            End::Ended(ending) => {
                run.roster.refused(self.client, &place, &ending.refusal("confirmed the subscription"));
            }
            End::Refused(refusal) => run.roster.refused(self.client, &place, &refusal),
            End::Enough => {}
        }
    }

    /// Reads frames until `enough` says so, or the connection is lost.
    async fn read_frames(&mut self, socket: &mut Socket, enough: impl Fn(&Self) -> bool) -> End {
        while !enough(self) {
            let Some(message) = socket.next().await else { return End::Ended(Ending::Cut) };
            let at = self.run.clock.now();
            match message {
                Ok(Message::Close(why)) => return End::Ended(Ending::Closed(why)),
                Ok(message) => {
                    if let ControlFlow::Break(refusal) = self.received(&message, at) {
                        return End::Refused(refusal);
                    }
                    if let Some(question) = self.observer.as_mut().and_then(Observer::question)
                        && let Err(error) = socket.send(Message::text(question)).await
                    {
                        return End::Ended(Ending::of(&error));
                    }
                }
                Err(error) => return End::Ended(Ending::of(&error)),
            }
        }
        End::Enough
    }

    /// Records that the subscription holds from this instant, and whether the server said that with it this subscriber has
    /// everything that it missed.
    fn subscribe(&mut self, with_all: bool, at: Duration) {
        let run = self.run;
        self.subscribed = true;
        match with_all {
            true => run.ledger().subscribed_with_all(self.number, self.node, at),
            false => run.ledger().subscribed(self.number, self.node, at),
        }
        run.roster.subscriber_online(self.number, self.node, at);
        run.attendance.subscribed(self.number);
        run.storms.arrived(self.client, self.node);
    }

    /// Goes offline on purpose. The node is told at once; the frames that it had sent before are still read.
    async fn leave(&mut self, socket: Option<Socket>) {
        let run = self.run;
        run.ledger().left(self.number, run.clock.now());
        run.roster.away(self.number, std::mem::take(&mut self.subscribed));
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
            self.run.roster.offline(self.client, at);
            self.run.attendance.lost(self.number);
        }
        self.run.storms.lost(self.client);
    }

    /// Reads a frame that came after this subscriber has left. A message still counts, and nothing else matters.
    fn overheard(&mut self, message: &Message, at: Duration) {
        let Some(raw) = frame_of(message) else { return };
        match &self.run.dialect {
            Dialect::V1 => {
                if let Some(frame) = Inbound::decode(&raw).filter(|frame| frame.kind == "message") {
                    self.message(&frame, &raw, at);
                }
            }
            Dialect::Plain => self.judge(&raw, &raw, true, Arrival::Live, at),
            Dialect::Template(template) => self.read_template_frame(template, &template.read(&raw), at),
        }
    }

    /// Reads a frame of somebody else's framing.
    fn read_template_frame(&mut self, template: &Template, frame: &ServerFrame<'_>, at: Duration) {
        let run = self.run;
        match template.text(frame) {
            Some(_) if run.texts.are_joined_in(frame.raw()) => run.health.misread(frame.raw()),
            Some(text) => self.judge(text, frame.raw(), true, Arrival::Live, at),
            None if template.is_ready(frame) || template.is_ack(frame) => {}
            None if !self.read_traces(frame.raw(), template.is_of_json(), at) => {
                run.health.chatter(frame.raw())
            }
            None => {}
        }
    }

    /// Reads a frame in which the dialect finds no text. Gives `false` if there is none of this run in it. What damage
    /// may have done speaks against the server, and all else against how the dialect is read.
    fn read_traces(&self, raw: &str, of_json: bool, at: Duration) -> bool {
        let run = self.run;
        let damaged = of_json && !is_json(raw);
        match run.texts.traces(raw) {
            Traces::Several => run.health.misread(raw),
            Traces::One { .. } if !damaged => run.health.misread(raw),
            Traces::One { .. } | Traces::Remnant if damaged => self.wrong(Wrong::Corrupted, raw, at),
            Traces::One { .. } | Traces::Remnant | Traces::None => return false,
        }
        true
    }

    /// Reads a frame that came at this instant. Breaks with the reason when this connection will never be subscribed.
    fn received(&mut self, message: &Message, at: Duration) -> ControlFlow<Refusal> {
        let Some(raw) = frame_of(message) else { return ControlFlow::Continue(()) };
        match &self.run.dialect {
            Dialect::V1 => return self.read_v1_frame(&raw, at),
            Dialect::Template(template) if !self.subscribed => {
                let frame = template.read(&raw);
                match template.is_ready(&frame) {
                    true => self.subscribe(false, at),
                    false => self.run.roster.overheard(&raw),
                }
                self.read_template_frame(template, &frame, at);
            }
            Dialect::Plain | Dialect::Template(_) => self.overheard(message, at),
        }
        ControlFlow::Continue(())
    }

    /// Reads a frame of `pubsub-lab.v1`.
    fn read_v1_frame(&mut self, raw: &str, at: Duration) -> ControlFlow<Refusal> {
        let run = self.run;
        let decoded = Inbound::decode(raw);
        // What a replay brings says nothing of why a client is not subscribed.
        if !self.subscribed && decoded.as_ref().is_none_or(|frame| frame.kind != "message") {
            run.roster.overheard(raw);
        }
        let Some(frame) = decoded else {
            if !self.read_traces(raw, true, at) {
                run.health.unreadable(raw);
            }
            return ControlFlow::Continue(());
        };
        let of_people = self.observer.as_mut().is_some_and(|observer| {
            frame.kind != "message" && self.subscribed && observer.read(run, &frame, raw, at)
        });
        match &*frame.kind {
            "message" => self.message(&frame, raw, at),
            _ if of_people => {}
            "subscribed" if frame.room == self.room_name && !self.subscribed => {
                self.subscribe(self.asked && frame.recovered == "all", at);
                self.replayed(&frame.recovered);
                if let Some(observer) = &mut self.observer {
                    observer.read(run, &frame, raw, at);
                }
            }
            "lagged" => {
                run.ledger().noticed(self.number, at);
                run.health.remark("a node dropped a frame because a subscriber was too slow", frame.missed);
            }
            "gap" if frame.room == self.room_name => {
                run.ledger().noticed_since(self.number, run.clock.at_unix_ms(frame.since), at);
                let gap = format!("a node told a subscriber that messages may be missing: {}", frame.reason);
                run.health.remark(&gap, 1);
            }
            "error" => {
                let error = format!("a node answered a subscriber with an error: {}", frame.reason);
                run.health.cause(&error);
                if !self.subscribed {
                    let refusal = Refusal::of_server(format!("{} ({})", frame.reason, frame.code));
                    // A node whose broker is away reports that, and subscribes the client when the broker is back.
                    if frame.code != "bus_down" {
                        return ControlFlow::Break(refusal);
                    }
                    run.roster.refused(self.client, &format!("node {}", self.node), &refusal);
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
    fn message(&mut self, frame: &Inbound<'_>, raw: &str, at: Duration) {
        let arrival = match frame.replay {
            true => Arrival::Replay { round: self.round },
            false => Arrival::Live,
        };
        self.judge(&frame.text, raw, frame.room == self.room_name, arrival, at);
        self.last_id.clear();
        self.last_id.push_str(&frame.id);
    }

    /// Judges a message by its text. `in_place` unless it came under the name of another room.
    fn judge(&self, text: &str, raw: &str, in_place: bool, arrival: Arrival, at: Duration) {
        let run = self.run;
        match run.texts.read(text) {
            // Probe and warm-up count nowhere, even where their texts come after the load has begun.
            Reading::Corrupted if run.texts.rehearse(text) => run.ledger().corrupted_rehearsal(),
            Reading::Corrupted => self.wrong(Wrong::Corrupted, text, at),
            Reading::Misread => run.health.misread(raw),
            Reading::Formless if raw != text && run.texts.traces(raw) != Traces::None => {
                run.health.misread(raw)
            }
            Reading::Formless if run.dialect != Dialect::V1 => run.health.chatter(text),
            // In the one dialect that marks messages, what is marked as a message is one, and nobody sent it.
            Reading::Formless => self.wrong(Wrong::Unexpected, text, at),
            Reading::Foreign => self.wrong(Wrong::Foreign, text, at),
            Reading::Ours { kind: TextKind::Load, publisher, seq } => {
                match run.plan.message(publisher, seq) {
                    Some(n) if in_place && run.plan.room(n) == self.room => {
                        run.ledger().received(self.number, n, arrival, at);
                    }
                    _ => self.wrong(Wrong::Unexpected, text, at),
                }
            }
            Reading::Ours { kind, publisher, seq } => {
                run.rehearsal.record_receipt(kind, publisher, seq, self.number, in_place);
            }
        }
    }

    /// Counts a text that is not one of this run, or is not as it was sent.
    fn wrong(&self, what: Wrong, text: &str, at: Duration) {
        let run = self.run;
        run.health.wrong(what, text);
        let mut ledger = run.ledger();
        match what {
            Wrong::Corrupted => ledger.corrupted(self.number, at),
            Wrong::Foreign => ledger.foreign(self.number, at),
            Wrong::Unexpected => ledger.unexpected(self.number, at),
        }
    }
}

/// Whether a frame is JSON from its beginning to its end: one value, or several one after another.
fn is_json(frame: &str) -> bool {
    serde_json::Deserializer::from_str(frame).into_iter::<IgnoredAny>().all(|value| value.is_ok())
}
