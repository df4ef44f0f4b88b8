//! What a session asks the hooks, and what it makes of their answers.

use std::borrow::Cow;
use std::time::Instant;

use super::client_connection::Dialect;
use super::hooks::{Decision, Hooks, Refusal, Visitor};
use super::room::Command;
use super::session::{Ending, Handled, Session};
use wire::Room;

/// The code of what the hooks refuse.
pub(super) const FORBIDDEN: &str = "forbidden";

impl Session {
    /// Asks the hooks, if there are any.
    fn ask_hooks(&self, ask: impl FnOnce(&Hooks, &Visitor<'_>) -> Decision) -> Decision {
        let admitted = self.connection.admitted.as_ref();
        admitted.map_or(Decision::Allow, |it| ask(it.hooks(), &it.visitor(&self.identity)))
    }

    /// Asks the hooks whether the client may be in a room.
    pub(super) fn may_enter(&self, room: &Room) -> Decision {
        self.ask_hooks(|hooks, visitor| hooks.subscribe(visitor, room.as_str()))
    }

    /// Asks the hooks whether the client may say this in a room. They may change the text.
    pub(super) fn may_say(&self, room: &Room, text: &mut Cow<'_, str>) -> Decision {
        self.ask_hooks(|hooks, visitor| hooks.publish_in(visitor, room.as_str(), text))
    }

    /// Asks the hooks whether the client may say this to one person. They may change the text.
    pub(super) fn may_whisper(&self, to: &str, text: &mut Cow<'_, str>) -> Decision {
        self.ask_hooks(|hooks, visitor| hooks.whisper(visitor, to, text))
    }

    /// Tells the hooks that the client is gone.
    pub(super) fn has_gone(&self) {
        if let Some(admitted) = &self.connection.admitted {
            admitted.hooks().disconnect(&admitted.visitor(&self.identity));
        }
    }

    /// Whether the client may appear under this name.
    pub(super) fn may_be_called(&self, name: &str) -> bool {
        self.name_of_pass().is_none_or(|own| own == name)
    }

    /// The name that the hooks have given the client.
    fn name_of_pass(&self) -> Option<&str> {
        self.connection.admitted.as_ref()?.pass().name.as_deref()
    }

    /// Tells the client that it may not choose its name.
    pub(super) fn forbid_name(&self) {
        let own = self.name_of_pass().unwrap_or_default();
        self.error(FORBIDDEN, &format!("here you are `{own}`, as your token says"));
    }

    /// When to look again whether the client's pass has ended. An error if that is now.
    pub(super) fn pass_ends(&self, now: Instant) -> Result<Option<Instant>, Ending> {
        let Some(admitted) = &self.connection.admitted else { return Ok(None) };
        admitted.pass_ends(now).map_err(|why| Ending::close(1008, why))
    }

    /// Tells the client that it may not be in a room.
    pub(super) fn forbid(&self, room: &Room, refusal: &Refusal) {
        self.error(FORBIDDEN, &format!("you may not be in `{room}`: {refusal}"));
    }

    /// Has the client leave the rooms that it may no longer be in.
    pub(super) async fn recheck(&mut self) -> Handled {
        let rooms: Vec<Room> = self.rooms.iter().cloned().collect();
        for room in rooms {
            let refusal = match self.may_enter(&room) {
                Decision::Allow => continue,
                Decision::Refuse(refusal) => Some(refusal),
                Decision::Drop => None,
            };
            if self.connection.dialect == Dialect::Plain {
                return Err(forbidden(refusal));
            }
            if self.rooms.remove(&room) {
                self.keeping.changed();
            }
            // The error says why before `unsubscribed` says that it is so.
            if let Some(refusal) = &refusal {
                self.forbid(&room, refusal);
            }
            self.command(Command::Leave { room, connection: self.connection.clone(), asked: true }).await?;
        }
        Ok(())
    }
}

/// The end of a plain client, which has no frame that could tell it what it may not.
pub(super) fn forbidden(refusal: Option<Refusal>) -> Ending {
    let reason = refusal.map_or_else(|| "forbidden".to_owned(), |refusal| refusal.to_string());
    Ending::close(1008, reason)
}

/// Resolves when the hooks may decide otherwise than before. Never, where there are none.
pub(super) async fn rechecked(changes: &mut Option<tokio::sync::watch::Receiver<()>>) {
    if let Some(receiver) = changes
        && receiver.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}
