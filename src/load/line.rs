//! The line of a subscriber to its node: a WebSocket, a stream of events, or requests one after another. Who listens at it
//! need not know which.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::address::ServerAddress;
use super::codec::Outbound;
use super::dial::{Opening, Route};
use super::ending::Ending;
use super::events::EventStream;
use super::http::HttpConnection;
use super::introduction::{Introduction, Session};
use super::polls::{Polls, Rhythm};
use super::refusal::Refusal;
use super::run::LoadRun;
use super::slow::{RECEIVE_BUFFER, Tap};
use super::socket::{GOODBYE, Socket, text_of};
use super::stream::Reins;
use scenario::Transport;

/// How long a node may wait until it answers a long poll. Proxies give up after 30 s or more.
const LONG_POLL: Duration = Duration::from_secs(25);

/// What a subscriber hears.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Heard {
    /// A frame of the server, as it came.
    Frame(Utf8Bytes),
    /// A message in the answer to a poll.
    Polled {
        /// The frame, as it stands in the answer.
        frame: Utf8Bytes,
        /// Whether the answer brings what was missed before this connection.
        replay: bool,
    },
    /// The room was confirmed by an answer, and everything has come that was missed, as far as this word says.
    Confirmed {
        /// `all`, `part` or `none`.
        recovered: String,
    },
    /// An answer may lack something that came since the one before it.
    Incomplete,
    /// The place after which another connection is to go on.
    Position(String),
}

/// The line of a subscriber to its node.
#[derive(Debug)]
pub(super) enum Line {
    Socket(Box<Socket>),
    Events(Box<EventStream>),
    Polls(Box<Polls>),
}

impl Line {
    /// Waits for what comes next.
    pub(super) async fn next(&mut self) -> Result<Heard, Ending> {
        match self {
            Line::Socket(socket) => loop {
                match socket.next().await {
                    None => return Err(Ending::Cut),
                    Some(Ok(Message::Close(why))) => return Err(Ending::Closed(why)),
                    Some(Ok(message)) => {
                        if let Some(frame) = text_of(message) {
                            return Ok(Heard::Frame(frame));
                        }
                    }
                    Some(Err(error)) => return Err(Ending::of(&error)),
                }
            },
            Line::Events(events) => events.next().await,
            Line::Polls(polls) => polls.next().await,
        }
    }

    /// Asks for the messages of a room, those after an id if there is one. Over HTTP the request has done so already.
    pub(super) async fn subscribe(&mut self, room: &str, after: Option<&str>) -> Result<(), Ending> {
        self.send(Outbound::Subscribe { room, after }.encode()).await
    }

    /// Sends a frame, if the line takes any: over HTTP everything is said by the request.
    pub(super) async fn send(&mut self, frame: String) -> Result<(), Ending> {
        match self {
            Line::Socket(socket) => {
                socket.send(Message::text(frame)).await.map_err(|error| Ending::of(&error))
            }
            Line::Events(_) | Line::Polls(_) => Ok(()),
        }
    }

    /// Slows the line down to this tap. It was not slowed while it was opened, because how long that takes is not what the
    /// fault is about. A WebSocket has its tap from its introduction.
    fn keep_to(&self, tap: Option<&Arc<Tap>>) {
        let reins = match self {
            Line::Socket(_) => return,
            Line::Events(events) => events.reins(),
            Line::Polls(polls) => polls.reins(),
        };
        tap.into_iter().for_each(|tap| reins.keep_to(tap.clone()));
    }

    /// Tells the node that this subscriber goes. What the node had sent before may still be heard.
    pub(super) async fn hang_up(&mut self) {
        match self {
            Line::Socket(socket) => {
                let _ = socket.as_mut().close(None).await;
            }
            Line::Events(events) => events.hang_up(),
            Line::Polls(polls) => polls.hang_up(),
        }
    }

    /// Closes the line politely. It is a courtesy to the node, and it does not matter whether it arrives.
    pub(super) async fn say_goodbye(mut self) {
        let _ = timeout(GOODBYE, self.hang_up()).await;
    }
}

/// How a subscriber opens its line.
#[derive(Debug)]
pub(super) struct Subscription<'a> {
    /// The number of the subscriber.
    pub(super) number: usize,
    /// The name of the room.
    pub(super) room: &'a str,
    /// The place after which the messages are to go on, if there is one.
    pub(super) after: Option<&'a str>,
}

impl Subscription<'_> {
    /// Opens a connection for HTTP requests.
    async fn http(
        &self,
        node: &ServerAddress,
        route: &Route,
        run: &LoadRun,
    ) -> Result<HttpConnection, Refusal> {
        let buffer = route.tap().map(|_| RECEIVE_BUFFER);
        HttpConnection::open(node, buffer, route.from(), self.reins(run)).await
    }

    /// Opens a connection over which polls go in this rhythm.
    async fn polls(
        &self,
        node: &ServerAddress,
        route: &Route,
        run: &LoadRun,
        rhythm: Rhythm,
    ) -> Result<Polls, Refusal> {
        let (http, path) = (self.http(node, route, run).await?, self.path(node, "messages"));
        let polls = Polls::open(http, path, self.after, rhythm, run.dialer.patience());
        polls.await.map_err(|ending| ending.refusal("answered"))
    }

    fn reins(&self, run: &LoadRun) -> Arc<Reins> {
        Reins::new(run.traffic.meter(self.number))
    }

    fn path(&self, node: &ServerAddress, what: &str) -> String {
        node.path(&format!("/api/rooms/{}/{what}", self.room))
    }
}

impl Opening for Subscription<'_> {
    type Connection = Line;

    async fn open(
        &self,
        node: &ServerAddress,
        route: &Route,
        run: &LoadRun,
    ) -> Result<(Line, Option<Session>), Refusal> {
        let mut session = None;
        let line = match run.transport {
            Transport::Ws => {
                let introduction = Introduction { reins: Some(self.reins(run)) };
                let (socket, welcomed) = introduction.open(node, route, run).await?;
                session = welcomed;
                Line::Socket(Box::new(socket))
            }
            Transport::Sse => {
                let (http, path) = (self.http(node, route, run).await?, self.path(node, "events"));
                let events = EventStream::open(http, path, self.after).await;
                Line::Events(Box::new(events.map_err(|ending| ending.refusal("answered"))?))
            }
            Transport::LongPoll => {
                let rhythm = Rhythm::Waiting(LONG_POLL);
                Line::Polls(Box::new(self.polls(node, route, run, rhythm).await?))
            }
            Transport::Poll => {
                let rhythm = Rhythm::Every { every: run.poll_every, phase: phase(self.number) };
                Line::Polls(Box::new(self.polls(node, route, run, rhythm).await?))
            }
        };
        line.keep_to(route.tap());
        run.traffic.meter(self.number).opened();
        Ok((line, session))
    }

    fn awaited(&self, run: &LoadRun) -> &'static str {
        match run.transport {
            Transport::Ws => Introduction { reins: None }.awaited(run),
            Transport::Sse => "no stream of events",
            Transport::LongPoll | Transport::Poll => "no answer to a poll",
        }
    }
}

/// Which part of an interval a subscriber is behind others, 0 to 1: whatever their number, they are spread out evenly.
fn phase(subscriber: usize) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    (subscriber as f64 * GOLDEN).fract()
}
