//! How a client opens a WebSocket and introduces itself, as its dialect wants it.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use super::address::ServerAddress;
use super::codec::{Inbound, Outbound};
use super::dial::{Opening, Route};
use super::dialect::{Dialect, Template};
use super::ending::Ending;
use super::refusal::Refusal;
use super::roster::Roster;
use super::run::LoadRun;
use super::slow::RECEIVE_BUFFER;
use super::socket::{Socket, frame_of};
use super::stream::Reins;
use scenario::Pattern;

/// What a `welcome` said.
#[derive(Debug)]
pub(super) struct Session {
    /// The token with which the same session continues on any node.
    pub(super) token: String,
    /// Whether the node's pattern may keep a history.
    pub(super) keeps_history: bool,
}

/// How a client opens a WebSocket.
#[derive(Debug)]
pub(super) struct Introduction {
    /// The reins of a subscriber's stream; `None` for a publisher.
    pub(super) reins: Option<Arc<Reins>>,
}

impl Opening for Introduction {
    type Connection = Socket;

    /// Opens a WebSocket and sends what the dialect has to be told first.
    async fn open(
        &self,
        node: &ServerAddress,
        route: &Route,
        run: &LoadRun,
    ) -> Result<(Socket, Option<Session>), Refusal> {
        let (dialect, caller) = (&run.dialect, route.caller());
        let buffer = route.tap().map(|_| RECEIVE_BUFFER);
        let mut socket = node.open(dialect.subprotocol(), buffer, route.from(), self.reins.clone()).await?;
        let session = match dialect {
            Dialect::Plain => None,
            Dialect::V1 => {
                let hello = Outbound::hello(&caller.name, route.token()).encode();
                Some(welcome(&mut socket, hello, &run.roster).await?)
            }
            Dialect::Template(template) => {
                for frame in template.connect(&caller.name, &caller.rooms) {
                    socket.send(Message::text(frame)).await?;
                }
                if caller.publishes && template.waits() {
                    ready(&mut socket, template, &run.roster).await?;
                }
                None
            }
        };
        // The connection is slowed only now, because how long it takes to be made is not what the fault is about.
        if let Some((reins, tap)) = self.reins.as_ref().zip(route.tap()) {
            reins.keep_to(tap.clone());
        }
        Ok((socket, session))
    }

    fn awaited(&self, run: &LoadRun) -> &'static str {
        match &run.dialect {
            Dialect::Plain => "no WebSocket",
            Dialect::V1 => "no welcome",
            Dialect::Template(template) if template.waits() => "no frame that matches `ready`",
            Dialect::Template(_) => "no WebSocket",
        }
    }
}

/// Whether a node of the pattern with this name may keep a history. Of a pattern that is not ours nobody knows, so it
/// may.
fn keeps_history(pattern: &str) -> bool {
    Pattern::named(pattern).is_none_or(Pattern::has_history)
}

/// Says hello, and gives the session.
async fn welcome(socket: &mut Socket, hello: String, roster: &Roster) -> Result<Session, Refusal> {
    socket.send(Message::text(hello)).await?;
    let mut refusal = Refusal::closed(None, "said welcome");
    while let Some(message) = socket.next().await {
        let message = message.map_err(|error| Ending::of(&error).refusal("said welcome"))?;
        if let Message::Close(frame @ Some(_)) = &message {
            refusal = Refusal::closed(frame.as_ref(), "said welcome");
        }
        let Some(text) = frame_of(&message) else { continue };
        match Inbound::decode(&text) {
            Some(welcome) if welcome.kind == "welcome" => {
                return Ok(Session {
                    token: welcome.session.into_owned(),
                    keeps_history: keeps_history(&welcome.pattern),
                });
            }
            // This error is not the end: a node that does not know the session says so, and welcomes a new one.
            Some(error) if error.kind == "error" => {
                refusal = Refusal::of_server(format!("{} ({})", error.reason, error.code));
            }
            _ => {}
        }
        roster.overheard(&text);
    }
    Err(refusal)
}

/// What a server does that says that a client is ready.
const READY: &str = "sent a frame that matches `ready`";

/// Waits until the server says that the client is ready.
async fn ready(socket: &mut Socket, template: &Template, roster: &Roster) -> Result<(), Refusal> {
    let mut goodbye = None;
    while let Some(message) = socket.next().await {
        let message = message.map_err(|error| Ending::of(&error).refusal(READY))?;
        if let Some(frame) = frame_of(&message) {
            if template.is_ready(&template.read(&frame)) {
                return Ok(());
            }
            roster.overheard(&frame);
        } else if let Message::Close(frame) = message {
            goodbye = frame;
        }
    }
    Err(Refusal::closed(goodbye.as_ref(), READY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_says_whether_there_is_a_history() {
        let known = ["local", "redis", "zeromq", "amqp", "somebody's", ""].map(keeps_history);
        assert_eq!(known, [false, false, false, true, true, true]);
    }
}
