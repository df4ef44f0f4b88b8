//! That somebody is called otherwise, or has another colour, while connected.

use std::sync::Arc;

use super::client_connection::ClientConnection;
use super::identity::{Identity, valid_colour, valid_name};
use super::request::COMING_OR_GOING;
use super::room::{Command, Rooms};
use super::session::{Handled, Session};
use wire::Room;

impl Session {
    /// Handles a `rename`. The client gets a new token by a `session`, as whenever its session has changed.
    pub(super) async fn rename(&mut self, name: Option<&str>, colour: Option<&str>) -> Handled {
        if name.is_none() && colour.is_none() {
            self.error("bad_frame", "rename needs a `name` or a `colour`");
            return Ok(());
        }
        let mut person = self.identity.clone();
        if let Some(name) = name {
            let Some(name) = valid_name(name) else {
                self.error("bad_name", "a name has 1 to 32 characters and no control characters");
                return Ok(());
            };
            if !self.may_be_called(name) {
                self.forbid_name();
                return Ok(());
            }
            person.name = name.into();
        }
        if let Some(colour) = colour {
            if !valid_colour(colour) {
                self.error("bad_colour", "a colour is `#` and six hexadecimal digits");
                return Ok(());
            }
            person.colour = colour.into();
        }
        if person == self.identity {
            return Ok(());
        }
        self.identity = person.clone();
        self.keeping.changed();
        let rooms: Vec<_> = self.rooms.iter().cloned().collect();
        // Everybody in each of these rooms is told.
        self.spend_as(COMING_OR_GOING.saturating_mul(u32::try_from(rooms.len()).unwrap_or(u32::MAX)));
        self.command(Command::Rename { connection: self.connection.clone(), person, rooms }).await?;
        // Some rooms may be open to certain names alone.
        self.recheck().await
    }
}

impl Rooms {
    /// Records who a client is from now on, and tells the others in its rooms.
    pub(super) fn rename(&mut self, connection: Arc<ClientConnection>, person: Identity, rooms: &[Room]) {
        for room in rooms {
            let Some(state) = self.rooms.get_mut(room) else { continue };
            let number = connection.number;
            let waiting = state.waiting.iter_mut().map(|waiting| &mut waiting.member);
            for member in waiting.filter(|member| member.connection.number == number) {
                member.identity = person.clone();
            }
            if state.has(number) {
                self.presence.rename(room, &person);
            }
        }
        self.notices.greeted.insert(connection, person);
        self.tell_changes();
    }
}
