//! That somebody is about to say something in a room. It is told at once or not at all.

use std::time::Instant;

use super::client_connection::ClientConnection;
use super::frame;
use super::identity::Identity;
use super::notices::offer;
use super::room::{Command, Rooms};
use super::session::{Handled, Session};
use wire::{Envelope, Kind, NodeFrame, Room};

/// Number of `typing` frames a second that one client is heard with. Any more are ignored.
pub const RATE: u32 = 2;

impl Session {
    /// Handles a `typing`.
    pub(super) async fn typing(&mut self, room: Option<&str>) -> Handled {
        let Some(room) = self.room_of("typing", room) else { return Ok(()) };
        if self.typing_rate.take(Instant::now()).is_err() {
            return Ok(());
        }
        let (connection, person) = (self.connection.clone(), self.identity.clone());
        self.command(Command::Typing { room, connection, person }).await
    }
}

impl Rooms {
    /// Tells the bus that somebody types, if that person is in the room. In a room of which nobody is told who comes and
    /// goes, nobody is told who types.
    pub(super) fn tell_typing(&mut self, room: Room, connection: &ClientConnection, person: &Identity) {
        if !self.rooms.get(&room).is_some_and(|state| state.has(connection.number)) {
            let reason = &format!("only who is in `{room}` may type there");
            let error = NodeFrame::Error { code: "not_in_room", reason };
            return connection.answer(frame::text(&error.json()));
        }
        if !self.presence.names_people(&room) {
            return;
        }
        let Identity { id, name, colour } = person;
        let frame = NodeFrame::Typing { room: room.as_str(), name, colour, id }.json();
        let (sender, id) = (id.clone(), format!("typing.{id}").into());
        // Nobody waits for the outcome: who types on is told again soon.
        drop(self.bus.publish(Envelope {
            kind: Kind::Presence,
            room,
            id,
            sender,
            others: true,
            count: None,
            frame,
        }));
    }

    /// Gives the clients of a room what another person there does, as a frame that came over the bus.
    pub(super) fn pass_on(&mut self, envelope: &Envelope) {
        let Some(state) = self.rooms.get(&envelope.room) else { return };
        let others = state.audience().filter(|member| member.identity.id != envelope.sender);
        offer(others.map(|member| &member.connection), &frame::text(&envelope.frame), &mut self.dirty);
    }
}
