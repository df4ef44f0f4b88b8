//! What a client asks of its session, frame by frame.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::identity::valid_name;
use super::link::Dialect;
use super::room::Command;
use super::session::{ECHO, Ending, Handled, Session, cut};
use bus::{Level, Outcome};
use trace::{Line, Step};
use wire::{ClientFrame, Envelope, Kind, NodeFrame, Room};

/// What entering or leaving a room costs in frames. The others are told, so that a client that does nothing else
/// is as loud as one that publishes, and no rate of messages holds it back.
const COMING_OR_GOING: u32 = 5;
/// What asking for a replay costs beside that: the broker and the history are asked, and much may come.
const REPLAY: u32 = 15;
/// The longest id of a message, in bytes. It is a session's id, a dot and the client's own.
const LONGEST_ID: usize = 128;

/// Why a publish is refused before it reaches the bus.
struct Refusal {
    code: &'static str,
    reason: Cow<'static, str>,
}

impl Refusal {
    fn new(code: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into() }
    }
}

impl Session {
    /// A frame of the plain dialect: a message to the lobby.
    pub(super) fn said_plainly(&mut self, text: &str) -> Handled {
        if text.len() as u64 > self.shared.limits.max_text {
            return Err(Ending::close(
                1009,
                format!("a text may have {} bytes", self.shared.limits.max_text),
            ));
        }
        if self.publish_rate.take(Instant::now()).is_err() {
            return Err(Ending::close(1008, self.too_fast()));
        }
        let Ok(lobby) = Room::parse("lobby") else { return Ok(()) };
        let id = self.shared.fresh_id();
        self.trace_in(&id, Some(lobby.as_str()));
        self.publish(lobby, id, text, false)
    }

    /// A frame of the v1 dialect.
    pub(super) async fn requested(&mut self, text: &str) -> Handled {
        let frame: ClientFrame<'_> = match serde_json::from_str(text) {
            Ok(frame) => frame,
            Err(error) => {
                self.spend();
                self.welcome_unasked();
                self.error("bad_frame", &format!("not a frame of this dialect: {error}"));
                return Ok(());
            }
        };
        if frame.kind == "publish" {
            self.welcome_unasked();
            return self.requested_publish(&frame);
        }
        if matches!(&*frame.kind, "subscribe" | "unsubscribe") {
            self.spend_as(COMING_OR_GOING);
        } else {
            self.spend();
        }
        if frame.kind == "hello" {
            self.hello(&frame);
            return Ok(());
        }
        self.welcome_unasked();
        match &*frame.kind {
            "subscribe" => self.subscribe(&frame).await,
            "unsubscribe" => self.unsubscribe(&frame).await,
            other => {
                let reason = format!("unknown type `{other}`: hello, subscribe, unsubscribe or publish");
                self.error("unknown_type", &reason);
                Ok(())
            }
        }
    }

    fn hello(&mut self, frame: &ClientFrame<'_>) {
        if self.greeted {
            self.error("late_hello", "hello comes once, before anything else");
            return;
        }
        let name = match frame.name.as_deref().map(|name| valid_name(name).ok_or(())).transpose() {
            Ok(name) => name,
            Err(()) => {
                self.error(
                    "bad_name",
                    "a name has 1 to 32 characters and no control characters; say hello again",
                );
                return;
            }
        };
        if let Some(token) = frame.session.as_deref() {
            match self.shared.secret.verify(token) {
                Some(identity) => self.identity = identity,
                None => self.error("bad_session", "this session is not known here; you go on as a new one"),
            }
        }
        if let Some(name) = name {
            self.identity.name = name.into();
        }
        self.welcome();
    }

    fn welcome_unasked(&mut self) {
        if !self.greeted {
            self.welcome();
        }
    }

    fn welcome(&mut self) {
        self.greeted = true;
        self.say(&NodeFrame::Welcome {
            node: &self.shared.node,
            pattern: self.shared.pattern,
            name: &self.identity.name,
            colour: &self.identity.colour,
            session: &self.shared.secret.sign(&self.identity),
        });
    }

    /// The room that a frame names, or the answer that it names none.
    fn room_of(&self, frame: &ClientFrame<'_>) -> Option<Room> {
        let room = frame.room.as_deref().map(Room::parse);
        match room {
            Some(Ok(room)) => return Some(room),
            Some(Err(error)) => self.error("bad_room", &error.to_string()),
            None => self.error("bad_frame", &format!("{} needs a `room`", frame.kind)),
        }
        None
    }

    async fn subscribe(&mut self, frame: &ClientFrame<'_>) -> Handled {
        let Some(room) = self.room_of(frame) else { return Ok(()) };
        let limit = self.shared.limits.max_rooms;
        if !self.rooms.contains(&room) && self.rooms.len() >= limit {
            self.error(
                "too_many_rooms",
                &format!("a session may be in {limit} rooms; leave one before `{room}`"),
            );
            return Ok(());
        }
        let after = frame.after.as_deref().filter(|after| !after.is_empty());
        if after.is_some() {
            self.spend_as(REPLAY);
        }
        if after.is_some_and(|after| {
            after.len() > LONGEST_ID || after.bytes().any(|byte| !byte.is_ascii_graphic())
        }) {
            let reason = format!("`after` is a message id: up to {LONGEST_ID} visible ASCII characters");
            self.error("bad_after", &reason);
            return Ok(());
        }
        self.enter(room, after.map(Arc::from)).await
    }

    async fn unsubscribe(&mut self, frame: &ClientFrame<'_>) -> Handled {
        let Some(room) = self.room_of(frame) else { return Ok(()) };
        self.rooms.remove(&room);
        let leave = Command::Leave { room, link: self.link.clone(), asked: true };
        self.shared.rooms.send(leave).await.map_err(|_| Ending::close(1001, "node going away"))
    }

    fn requested_publish(&mut self, frame: &ClientFrame<'_>) -> Handled {
        let id = frame.id.as_deref().map_or_else(|| self.shared.fresh_id(), str::to_owned);
        self.trace_in(cut(&id, ECHO), frame.room.as_deref());
        match self.checked(frame) {
            Ok((room, text, others)) => self.publish(room, id, text, others),
            Err(Refusal { code, reason }) => {
                self.spend();
                self.answer(cut(&id, ECHO), Outcome::Refused { code, reason: reason.into_owned() })
            }
        }
    }

    fn checked<'f>(&mut self, frame: &'f ClientFrame<'_>) -> Result<(Room, &'f str, bool), Refusal> {
        let id = frame.id.as_deref();
        if id.is_some_and(|id| {
            !(1..=64).contains(&id.len()) || id.bytes().any(|byte| !byte.is_ascii_graphic())
        }) {
            return Err(Refusal::new("bad_id", "an id has 1 to 64 visible ASCII characters"));
        }
        let room =
            frame.room.as_deref().ok_or_else(|| Refusal::new("bad_frame", "publish needs a `room`"))?;
        let room = Room::parse(room).map_err(|error| Refusal::new("bad_room", error.to_string()))?;
        let text =
            frame.text.as_deref().ok_or_else(|| Refusal::new("bad_frame", "publish needs a `text`"))?;
        let limit = self.shared.limits.max_text;
        if text.len() as u64 > limit {
            return Err(Refusal::new(
                "too_long",
                format!("a text may have {limit} bytes, this one has {}", text.len()),
            ));
        }
        let others = match frame.to.as_deref() {
            None | Some("all") => false,
            Some("others") => true,
            Some(_) => return Err(Refusal::new("bad_to", "`to` is `all` or `others`")),
        };
        if self.publish_rate.take(Instant::now()).is_err() {
            return Err(Refusal::new("rate_limited", self.too_fast()));
        }
        let recent = &mut self.recent;
        if id.is_some_and(|id| {
            let recent = recent.get_or_insert_with(|| self.shared.recent.of(&self.identity.id));
            !recent.note(id, room.as_str(), text)
        }) {
            return Err(Refusal::new("id_reused", "this id stood for another message before"));
        }
        Ok((room, text, others))
    }

    fn too_fast(&self) -> String {
        format!("a session may publish {} messages a second", self.shared.limits.max_rate)
    }

    fn publish(&mut self, room: Room, id: String, text: &str, others: bool) -> Handled {
        let full_id = self.full_id(&id);
        let sent_at =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let message = NodeFrame::Message {
            room: room.as_str(),
            id: &full_id,
            from: &self.identity.name,
            colour: &self.identity.colour,
            text,
            sent_at,
        };
        let frame = message.json();
        let sender = self.identity.id.clone();
        let envelope = Envelope { kind: Kind::Chat, room, id: full_id, sender, others, frame };
        metrics::counter!("pubsub_lab_publishes_total").increment(1);
        self.shared.trace.note(|| Line::now(Step::BusOut, &envelope.id, envelope.room.as_str()));
        let receipt = self.shared.bus.publish(envelope);
        self.expect(id, receipt)
    }

    /// Tells the client what became of a publish.
    pub(super) fn answer(&mut self, id: &str, outcome: Outcome) -> Handled {
        self.trace_answer(id, &outcome);
        match (self.link.dialect, outcome) {
            (Dialect::V1, Outcome::Ack(level)) => {
                let level = match level {
                    Level::Handed => "handed",
                    Level::Confirmed => "confirmed",
                };
                self.say(&NodeFrame::Ack { id, level });
            }
            (Dialect::V1, Outcome::Refused { code, reason }) => {
                metrics::counter!("pubsub_lab_refused_total", "code" => code).increment(1);
                self.say(&NodeFrame::Refused { id, code, reason: &reason });
            }
            (Dialect::V1, Outcome::Unknown { reason }) => {
                metrics::counter!("pubsub_lab_unknown_total").increment(1);
                self.say(&NodeFrame::Unknown { id, reason: &reason });
            }
            (Dialect::Plain, Outcome::Refused { code, reason }) => {
                metrics::counter!("pubsub_lab_refused_total", "code" => code).increment(1);
                return Err(Ending::close(1008, reason));
            }
            // The plain dialect has no words for these.
            (Dialect::Plain, Outcome::Ack(_) | Outcome::Unknown { .. }) => {}
        }
        Ok(())
    }
    /// A message came in.
    fn trace_in(&self, id: &str, room: Option<&str>) {
        self.shared.trace.note(|| {
            let room = room.map(|room| cut(room, ECHO).into());
            Line { room, ..Line::answer(Step::In, self.full_id(id)) }
        });
    }

    /// What became of it is known, and its client is about to be told.
    fn trace_answer(&self, id: &str, outcome: &Outcome) {
        self.shared.trace.note(|| {
            let line = |step| Line::answer(step, self.full_id(id));
            match outcome {
                Outcome::Ack(_) => line(Step::BusAck),
                Outcome::Refused { code, .. } => line(Step::BusRefused).because(*code),
                Outcome::Unknown { .. } => line(Step::BusUnknown),
            }
        });
    }

    /// A message's id, from the one that its client gave it.
    fn full_id(&self, id: &str) -> Arc<str> {
        format!("{}.{id}", self.identity.id).into()
    }
}
