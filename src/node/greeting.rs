//! How a client is greeted: who it is, and what it gets back of an earlier connection.

use super::hooks::Decision;
use super::identity::valid_name;
use super::request::COMING_OR_GOING;
use super::room::Command;
use super::session::{Handled, Session};
use super::sessions::{NotResumed, Resumed};
use wire::{NodeFrame, Room};

/// What there is of an earlier connection.
#[derive(Debug, Default)]
struct Back {
    rooms: Vec<Room>,
    /// Whether the client is to be in these rooms again.
    enters: bool,
    known: Known,
}

/// What the cluster's store, if there is one, has of the session.
#[derive(Debug, Default)]
enum Known {
    /// Nothing: the session is a new one.
    #[default]
    Nothing,
    /// The session as it was.
    Session,
    /// Nobody knows, for it does not answer.
    Nobody,
}

impl Session {
    /// Handles a `hello`.
    pub(super) async fn hello(
        &mut self,
        name: Option<&str>,
        session: Option<&str>,
        rooms: Option<bool>,
    ) -> Handled {
        if self.greeted {
            self.error("late_hello", "hello comes once, before anything else");
            return Ok(());
        }
        let name = match name.map(|name| valid_name(name).ok_or(())).transpose() {
            Ok(name) => name,
            Err(()) => {
                self.error(
                    "bad_name",
                    "a name has 1 to 32 characters and no control characters; say hello again",
                );
                return Ok(());
            }
        };
        // Who says who it is by a token keeps that name, and is told so.
        let name = match name {
            Some(name) if !self.may_be_called(name) => {
                self.forbid_name();
                None
            }
            name => name,
        };
        let mut back = Back { enters: rooms.unwrap_or(true), ..Back::default() };
        if let Some(token) = session {
            match self.shared.sessions.resume(token).await {
                Ok(Resumed { identity, .. }) if !self.may_be_called(&identity.name) => {
                    self.error("bad_session", "this session is another person's; you go on as a new one");
                }
                Ok(Resumed { identity, rooms }) => {
                    (self.identity, back.rooms, back.known) = (identity, rooms, Known::Session);
                    back.rooms.truncate(self.shared.limits.max_rooms);
                }
                Err(NotResumed { away, reason }) => {
                    if away {
                        back.known = Known::Nobody;
                    }
                    self.error(if away { "sessions_away" } else { "bad_session" }, &reason);
                }
            }
        }
        if let Some(name) = name {
            self.identity.name = name.into();
        }
        if self.shared.sessions.are_in_tokens() {
            self.keeping.begin(self.shared.sessions.keep_again());
        }
        self.welcome(back).await
    }

    /// Welcomes a client that does something before it said hello.
    pub(super) async fn welcome_unasked(&mut self) -> Handled {
        if self.greeted { Ok(()) } else { self.welcome(Back::default()).await }
    }

    async fn welcome(&mut self, back: Back) -> Handled {
        let Back { mut rooms, enters, known } = back;
        self.greeted = true;
        let mut forbidden = Vec::new();
        rooms.retain(|room| match self.may_enter(room) {
            Decision::Allow => true,
            Decision::Refuse(refusal) => {
                forbidden.push((room.clone(), refusal));
                false
            }
            Decision::Drop => false,
        });
        for room in rooms.iter().filter(|_| enters) {
            self.rooms.insert(room.clone());
        }
        self.keep_first(known).await;
        self.send_frame(&NodeFrame::Welcome {
            node: &self.shared.node,
            pattern: self.shared.pattern,
            name: &self.identity.name,
            colour: &self.identity.colour,
            session: &self.shared.sessions.token(&self.identity, &self.rooms),
            rooms: rooms.iter().map(Room::as_str).collect(),
        });
        for (room, refusal) in forbidden {
            self.forbid(&room, &refusal);
        }
        let (connection, person) = (self.connection.clone(), self.identity.clone());
        self.command(Command::Greet { connection, person }).await?;
        for room in rooms.into_iter().filter(|_| enters) {
            self.spend_as(COMING_OR_GOING);
            self.enter(room, None).await?;
        }
        Ok(())
    }

    /// Has the store keep the session, if there is one. A new session is there before its client holds the token; any
    /// other is kept while the client is served.
    async fn keep_first(&mut self, known: Known) {
        if self.shared.sessions.are_in_tokens() {
            return;
        }
        self.keeping.begin(self.shared.sessions.keep_again());
        if let Known::Nothing = known {
            let Some(saving) = self.shared.sessions.save(&self.identity, &self.rooms) else { return };
            let Err(why) = saving.await else { return };
            let reason =
                format!("your session is not kept yet: {why}. Until then a reconnect makes a new one");
            self.error("sessions_away", &reason);
        }
        self.keeping.changed();
    }
}
