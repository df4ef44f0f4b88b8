//! What one person says to another: the person is found first, and then the two ends hear it, and nobody else.
//!
//! The way is a publish's: over the bus, in the nodes' own room, with an answer when the bus has taken it. Every node
//! hears it and gives it to those of its clients who are one of the two ends.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::client_connection::Offered;
use super::frame;
use super::identity::Identity;
use super::presence::ROSTER_ROOM;
use super::request::{Refusal, is_dropped};
use super::room::{Command, Rooms};
use super::search::Found;
use super::session::{ECHO, Handled, Session, WhisperOutcome, cut};
use super::shared::Shared;
use bus::{Health, PublishOutcome};
use wire::{Envelope, Kind, Level, NodeFrame, Room, Whisper, unix_ms};

/// A whisper that was checked, and whose addressee is being looked for.
struct Checked {
    from: Identity,
    /// The full id: the session's id, a dot and the client's own id.
    id: Arc<str>,
    text: String,
    /// What the sender called the addressee.
    to: String,
}

impl Session {
    /// Handles a `whisper`.
    pub(super) async fn requested_whisper(&mut self, frame: &Whisper<'_>) -> Handled {
        let id = frame.id.as_deref().map_or_else(|| self.shared.fresh_id(), str::to_owned);
        match self.checked_whisper(frame) {
            Err(refusal) => {
                self.spend();
                self.tell_outcome(cut(&id, ECHO), refusal.into())
            }
            Ok((_, None)) => self.tell_outcome(&id, PublishOutcome::Ack(Level::Handed)),
            Ok((to, Some(text))) => {
                let from = self.identity.clone();
                let whisper = Checked { from, id: self.full_id(&id), text: text.into(), to: to.into() };
                let (answer, found) = oneshot::channel();
                self.command(Command::Find { to: to.into(), answer }).await?;
                metrics::counter!("pubsub_lab_whispers_total").increment(1);
                let outcome = whisper.sent(self.shared.clone(), found);
                self.expect_whisper(id, outcome);
                Ok(())
            }
        }
    }

    /// The name or id of the addressee, and the text as the hooks leave it: `None` if they drop it.
    fn checked_whisper<'f>(
        &mut self,
        frame: &'f Whisper<'_>,
    ) -> Result<(&'f str, Option<Cow<'f, str>>), Refusal> {
        let id = frame.id.as_deref();
        Refusal::of_id(id)?;
        let to = frame.to.as_deref().map(str::trim).filter(|to| !to.is_empty());
        let to =
            to.ok_or_else(|| Refusal::new("bad_frame", "whisper needs a `to`: a name, or a session's id"))?;
        let text = self.checked_text("whisper", frame.text.as_deref())?;
        if let Health::Down(why) = &*self.shared.bus.health().borrow() {
            return Err(Refusal::new("bus_down", why.clone()));
        }
        self.take_publish(Instant::now())?;
        let mut allowed = Cow::Borrowed(text);
        let dropped = is_dropped(self.may_whisper(to, &mut allowed))?;
        // No room begins with `$`, so no message in a room counts as the same.
        self.record_id(id, &format!("$whisper {to}"), text)?;
        Ok((to, (!dropped).then_some(allowed)))
    }
}

impl Checked {
    /// Waits until the addressee is found, publishes the whisper, and gives the outcome.
    fn sent(self, shared: Arc<Shared>, found: oneshot::Receiver<Found>) -> WhisperOutcome {
        Box::pin(async move {
            match found.await {
                Ok(Found::One(to)) => match self.envelope(&to) {
                    Some(envelope) => shared.bus.publish(envelope).await,
                    None => Refusal::new("bad_frame", "the nodes have no room of their own").into(),
                },
                Ok(Found::Nobody { silent }) => self.nobody(silent).into(),
                Ok(Found::Several) => {
                    let reason = format!(
                        "several people are called `{}`: whisper to one by the id, which `people` tells",
                        cut(&self.to, ECHO)
                    );
                    Refusal::new("several_bear_it", reason).into()
                }
                Ok(Found::Overloaded) => PublishOutcome::overloaded("too many people are being looked for"),
                Err(_) => PublishOutcome::bus_down("the node is going away"),
            }
        })
    }

    fn nobody(&self, silent: usize) -> Refusal {
        let to = cut(&self.to, ECHO);
        let reason = match silent {
            0 => format!("nobody called `{to}` is here now"),
            1 => format!("nobody called `{to}` is here now, but one node does not answer"),
            more => format!("nobody called `{to}` is here now, but {more} nodes do not answer"),
        };
        Refusal::new("no_such_name", reason)
    }

    fn envelope(&self, to: &Identity) -> Option<Envelope> {
        let whisper = NodeFrame::Whisper {
            id: &self.id,
            from: &self.from.name,
            from_id: &self.from.id,
            to: &to.name,
            to_id: &to.id,
            colour: &self.from.colour,
            text: &self.text,
            sent_at: unix_ms(),
        };
        let frame = whisper.json();
        let (room, sender) = (Room::any(ROSTER_ROOM).ok()?, self.from.id.clone());
        Some(Envelope {
            kind: Kind::Whisper,
            room,
            id: self.id.clone(),
            sender,
            others: false,
            count: None,
            frame,
        })
    }
}

/// Has somebody who is no client whisper to a person, by name or session id, and gives the outcome.
pub(super) async fn say(
    shared: &Arc<Shared>,
    from: Identity,
    id: Arc<str>,
    text: String,
    to: String,
) -> PublishOutcome {
    if let Health::Down(why) = &*shared.bus.health().borrow() {
        return PublishOutcome::bus_down(why.clone());
    }
    let (answer, found) = oneshot::channel();
    if shared.rooms.send(Command::Find { to: to.as_str().into(), answer }).await.is_err() {
        return PublishOutcome::bus_down("the node is going away");
    }
    metrics::counter!("pubsub_lab_whispers_total").increment(1);
    Checked { from, id, text, to }.sent(shared.clone(), found).await
}

impl Rooms {
    /// Gives a whisper to those clients of this node who are one of its two ends.
    pub(super) fn deliver_whisper(&mut self, envelope: &Envelope) {
        let Some(ends) = wire::whisper_ends(&envelope.frame) else { return };
        if *ends.from_id != *envelope.sender {
            return;
        }
        let bytes = frame::text(&envelope.frame);
        let greeted = &self.notices.greeted;
        // Who whispers to himself hears it once.
        let from = greeted.of(&ends.from_id).filter(|_| ends.from_id != ends.to_id);
        for connection in greeted.of(&ends.to_id).chain(from) {
            if connection.offer(&bytes) == Offered::MustBeWritten {
                self.dirty.push(connection.clone());
            }
        }
    }
}
