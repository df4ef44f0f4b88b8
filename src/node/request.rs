//! What a client asks of its session, frame by frame.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use super::client_connection::Dialect;
use super::hooked::FORBIDDEN;
use super::hooks::Decision;
use super::room::Command;
use super::said::{Said, trace_outcome};
use super::session::{ECHO, Ending, Handled, Session, cut};
use bus::{PublishOutcome, ReplayStart};
use trace::{Step, TraceLine};
use wire::{Level, NodeFrame, Publish, Request, Room};

/// Cost of entering or leaving a room, counted in frames of the frame rate. The other members are told each time, so
/// without this cost a client that only comes and goes would be as loud as one that publishes, and no message rate
/// would hold it back.
pub(super) const COMING_OR_GOING: u32 = 5;
/// Additional cost of a replay, in frames: the broker and the history are asked, and many messages may come.
const REPLAY: u32 = 15;
/// Cost of a list of the people in a room, in frames: it may be long.
const PEOPLE: u32 = 20;
/// The most messages that a client may ask for by `last`.
pub(super) const MOST_LAST: u32 = 500;
/// The longest id of a message, in bytes. It consists of a session's id, a dot and the client's own id.
const LONGEST_ID: usize = 128;

/// What a request costs in frames of the session's frame rate. `None` for what people say, which has
/// a rate of its own.
fn cost(request: &Request<'_>) -> Option<u32> {
    match request {
        Request::Publish(_) | Request::Whisper(_) => None,
        Request::Subscribe { .. } | Request::Unsubscribe { .. } => Some(COMING_OR_GOING),
        Request::People { .. } => Some(PEOPLE),
        Request::Typing { .. } | Request::Rename { .. } => Some(1),
        Request::Hello { .. } | Request::Unknown { .. } => Some(1),
    }
}

/// Why a publish or a whisper is refused before it reaches the bus.
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) reason: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(code: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// Checks the client's own id for a message, if it gave one.
    pub(super) fn of_id(id: Option<&str>) -> Result<(), Self> {
        let wrong =
            |id: &str| !(1..=64).contains(&id.len()) || id.bytes().any(|byte| !byte.is_ascii_graphic());
        if id.is_some_and(wrong) {
            return Err(Self::new("bad_id", "an id has 1 to 64 visible ASCII characters"));
        }
        Ok(())
    }

    /// Checks the id of the last message that somebody holds.
    pub(super) fn of_after(after: &str) -> Result<(), Self> {
        if after.len() > LONGEST_ID || after.bytes().any(|byte| !byte.is_ascii_graphic()) {
            let reason = format!("`after` is a message id: up to {LONGEST_ID} visible ASCII characters");
            return Err(Self::new("bad_after", reason));
        }
        Ok(())
    }

    /// Checks the length of a text, of which `limit` bytes are allowed.
    pub(super) fn of_text(text: &str, limit: u64) -> Result<(), Self> {
        if text.len() as u64 > limit {
            let reason = format!("a text may have {limit} bytes, this one has {}", text.len());
            return Err(Self::new("too_long", reason));
        }
        Ok(())
    }
}

impl From<Refusal> for PublishOutcome {
    fn from(Refusal { code, reason }: Refusal) -> Self {
        Self::Refused { code, reason: reason.into_owned() }
    }
}

/// Whether the hooks drop what a client says, without a word to it. An error if they refuse it.
pub(super) fn is_dropped(decision: Decision) -> Result<bool, Refusal> {
    match decision {
        Decision::Allow => Ok(false),
        Decision::Drop => Ok(true),
        Decision::Refuse(refusal) => Err(Refusal::new(FORBIDDEN, refusal.to_string())),
    }
}

/// A publish that nothing speaks against.
struct Checked<'f> {
    room: Room,
    /// The text as the hooks leave it; `None` if they drop the message without a word.
    text: Option<Cow<'f, str>>,
    others: bool,
}

impl Session {
    /// Handles a frame of the plain dialect: a message to the lobby.
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
        let mut text = Cow::Borrowed(text);
        match self.may_say(&lobby, &mut text) {
            Decision::Allow => {}
            Decision::Refuse(refusal) => return Err(Ending::close(1008, refusal.to_string())),
            Decision::Drop => return Ok(()),
        }
        let id = self.shared.fresh_id();
        self.trace_in(&id, Some(lobby.as_str()));
        self.publish(lobby, id, &text, false)
    }

    /// Handles a frame of the v1 dialect.
    pub(super) async fn requested(&mut self, text: &str) -> Handled {
        let request = match Request::read(text) {
            Ok(request) => request,
            Err(error) => {
                self.spend();
                self.welcome_unasked().await?;
                self.error("bad_frame", &format!("not a frame of this dialect: {error}"));
                return Ok(());
            }
        };
        if let Some(frames) = cost(&request) {
            self.spend_as(frames);
        }
        if !matches!(request, Request::Hello { .. }) {
            self.welcome_unasked().await?;
        }
        match request {
            Request::Hello { name, session, rooms } => {
                return self.hello(name.as_deref(), session.as_deref(), rooms).await;
            }
            Request::Subscribe { room, after, last } => {
                return self.subscribe(room.as_deref(), after.as_deref(), last).await;
            }
            Request::Unsubscribe { room } => return self.unsubscribe(room.as_deref()).await,
            Request::People { room } => {
                let Some(room) = self.room_of("people", room.as_deref()) else { return Ok(()) };
                return self.command(Command::People { room, connection: self.connection.clone() }).await;
            }
            Request::Publish(publish) => return self.requested_publish(&publish),
            Request::Whisper(whisper) => return self.requested_whisper(&whisper).await,
            Request::Typing { room } => return self.typing(room.as_deref()).await,
            Request::Rename { name, colour } => {
                return self.rename(name.as_deref(), colour.as_deref()).await;
            }
            Request::Unknown { kind } => {
                let reason = format!("unknown type `{kind}`: {}", Request::TYPES);
                self.error("unknown_type", &reason);
            }
        }
        Ok(())
    }

    /// The room that a frame of type `kind` names. Answers with an error if it names none.
    pub(super) fn room_of(&self, kind: &str, room: Option<&str>) -> Option<Room> {
        match room.map(Room::parse) {
            Some(Ok(room)) => return Some(room),
            Some(Err(error)) => self.error("bad_room", &error.to_string()),
            None => self.error("bad_frame", &format!("{kind} needs a `room`")),
        }
        None
    }

    async fn subscribe(&mut self, room: Option<&str>, after: Option<&str>, last: Option<u32>) -> Handled {
        let Some(room) = self.room_of("subscribe", room) else { return Ok(()) };
        let limit = self.shared.limits.max_rooms;
        if !self.rooms.contains(&room) && self.rooms.len() >= limit {
            self.error(
                "too_many_rooms",
                &format!("a session may be in {limit} rooms; leave one before `{room}`"),
            );
            return Ok(());
        }
        match self.may_enter(&room) {
            Decision::Allow => {}
            Decision::Refuse(refusal) => {
                self.forbid(&room, &refusal);
                return Ok(());
            }
            Decision::Drop => return Ok(()),
        }
        let after = after.filter(|after| !after.is_empty());
        if after.is_some() || last.is_some() {
            self.spend_as(REPLAY);
        }
        if let Some(Err(refusal)) = after.map(Refusal::of_after) {
            self.error(refusal.code, &refusal.reason);
            return Ok(());
        }
        if last.is_some_and(|last| !(1..=MOST_LAST).contains(&last)) {
            self.error("bad_last", &format!("`last` is a number of messages from 1 to {MOST_LAST}"));
            return Ok(());
        }
        let start = ReplayStart { after: after.map(Arc::from), last: last.unwrap_or(0), heard: None };
        let start = (after.is_some() || last.is_some()).then_some(start);
        self.enter(room, start).await
    }

    async fn unsubscribe(&mut self, room: Option<&str>) -> Handled {
        let Some(room) = self.room_of("unsubscribe", room) else { return Ok(()) };
        if self.rooms.remove(&room) {
            self.keeping.changed();
        }
        let leave = Command::Leave { room, connection: self.connection.clone(), asked: true };
        self.command(leave).await
    }

    fn requested_publish(&mut self, frame: &Publish<'_>) -> Handled {
        let id = frame.id.as_deref().map_or_else(|| self.shared.fresh_id(), str::to_owned);
        self.trace_in(cut(&id, ECHO), frame.room.as_deref());
        match self.checked(frame) {
            Ok(Checked { text: None, .. }) => self.answer(&id, PublishOutcome::Ack(Level::Handed)),
            Ok(Checked { room, text: Some(text), others }) => self.publish(room, id, &text, others),
            Err(refusal) => {
                self.spend();
                self.answer(cut(&id, ECHO), refusal.into())
            }
        }
    }

    fn checked<'f>(&mut self, frame: &'f Publish<'_>) -> Result<Checked<'f>, Refusal> {
        let id = frame.id.as_deref();
        Refusal::of_id(id)?;
        let room =
            frame.room.as_deref().ok_or_else(|| Refusal::new("bad_frame", "publish needs a `room`"))?;
        let room = Room::parse(room).map_err(|error| Refusal::new("bad_room", error.to_string()))?;
        let text = self.checked_text("publish", frame.text.as_deref())?;
        let others = match frame.to.as_deref() {
            None | Some("all") => false,
            Some("others") => true,
            Some(_) => return Err(Refusal::new("bad_to", "`to` is `all` or `others`")),
        };
        self.take_publish(Instant::now())?;
        let mut allowed = Cow::Borrowed(text);
        let dropped = is_dropped(self.may_say(&room, &mut allowed))?;
        self.record_id(id, room.as_str(), text)?;
        Ok(Checked { room, text: (!dropped).then_some(allowed), others })
    }

    /// Checks the text of a frame of type `kind`.
    pub(super) fn checked_text<'f>(&self, kind: &str, text: Option<&'f str>) -> Result<&'f str, Refusal> {
        let text = text.ok_or_else(|| Refusal::new("bad_frame", format!("{kind} needs a `text`")))?;
        Refusal::of_text(text, self.shared.limits.max_text)?;
        Ok(text)
    }

    /// Charges the rate of what people say.
    pub(super) fn take_publish(&mut self, now: Instant) -> Result<(), Refusal> {
        let taken = self.publish_rate.take(now);
        taken.map_err(|_| Refusal::new("rate_limited", self.too_fast()))
    }

    /// Records for which text and which room the client used its id, or refuses the id if it stood for something else.
    pub(super) fn record_id(&mut self, id: Option<&str>, room: &str, text: &str) -> Result<(), Refusal> {
        let recent = &mut self.recent;
        if id.is_some_and(|id| {
            let recent = recent.get_or_insert_with(|| self.shared.recent.of(&self.identity.id));
            !recent.record(id, room, text)
        }) {
            return Err(Refusal::new("id_reused", "this id stood for another message before"));
        }
        Ok(())
    }

    fn too_fast(&self) -> String {
        format!("a session may publish {} messages a second", self.shared.limits.max_rate)
    }

    fn publish(&mut self, room: Room, id: String, text: &str, others: bool) -> Handled {
        let full_id = self.full_id(&id);
        let said = Said { by: &self.identity, room, id: full_id, text, others };
        let receipt = said.publish(&self.shared);
        self.expect(id, receipt)
    }

    /// Tells the client the outcome of a publish.
    pub(super) fn answer(&mut self, id: &str, outcome: PublishOutcome) -> Handled {
        trace_outcome(&self.shared.trace, || self.full_id(id), &outcome);
        self.tell_outcome(id, outcome)
    }

    /// Tells the client the outcome of a publish or a whisper, of which no trace is kept.
    pub(super) fn tell_outcome(&mut self, id: &str, outcome: PublishOutcome) -> Handled {
        match (self.connection.dialect, outcome) {
            (Dialect::V1, PublishOutcome::Ack(level)) => {
                self.send_frame(&NodeFrame::Ack { id, level });
            }
            (Dialect::V1, PublishOutcome::Refused { code, reason }) => {
                metrics::counter!("pubsub_lab_refused_total", "code" => code).increment(1);
                self.send_frame(&NodeFrame::Refused { id, code, reason: &reason });
            }
            (Dialect::V1, PublishOutcome::Unknown { reason }) => {
                metrics::counter!("pubsub_lab_unknown_total").increment(1);
                self.send_frame(&NodeFrame::Unknown { id, reason: &reason });
            }
            (Dialect::Plain, PublishOutcome::Refused { code, reason }) => {
                metrics::counter!("pubsub_lab_refused_total", "code" => code).increment(1);
                return Err(Ending::close(1008, reason));
            }
            // The plain dialect has no words for an acknowledgement or an unknown outcome.
            (Dialect::Plain, PublishOutcome::Ack(_) | PublishOutcome::Unknown { .. }) => {}
        }
        Ok(())
    }

    /// Traces that a message came in from the client.
    fn trace_in(&self, id: &str, room: Option<&str>) {
        self.shared.trace.record_step(|| {
            let room = room.map(|room| cut(room, ECHO).into());
            TraceLine { room, ..TraceLine::answer(Step::In, self.full_id(id)) }
        });
    }

    /// The full id of a message, made from the session's id and the id that the client gave.
    pub(super) fn full_id(&self, id: &str) -> Arc<str> {
        format!("{}.{id}", self.identity.id).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_costs_more_the_more_people_it_concerns_and_a_publish_has_its_own_rate() {
        for (frame, frames) in [
            (r#"{"type":"hello"}"#, Some(1)),
            (r#"{"type":"subscribe"}"#, Some(5)),
            (r#"{"type":"unsubscribe"}"#, Some(5)),
            (r#"{"type":"people"}"#, Some(20)),
            (r#"{"type":"publish"}"#, None),
            (r#"{"type":"whisper"}"#, None),
            (r#"{"type":"typing"}"#, Some(1)),
            (r#"{"type":"rename"}"#, Some(1)),
            (r#"{"type":"what"}"#, Some(1)),
        ] {
            assert_eq!(cost(&Request::read(frame).unwrap()), frames, "{frame}");
        }
    }
}
