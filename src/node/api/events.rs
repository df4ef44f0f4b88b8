//! `GET /api/rooms/{room}/events`: a room as a stream of server-sent events (HTML, 9.2).
//!
//! The data of each event is a frame of the socket's dialect. A reader that takes nothing for a while is cut off by the
//! door, for only a connection that takes something asks for more time.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::sync::{oneshot, watch};
use tokio::time::sleep_until;

use super::super::follow::FollowAnswer;
use super::super::hooked::rechecked;
use super::super::http::Context;
use super::super::shared::Shared;
use super::super::tail::{Entry, Held, Mark, Missed};
use super::answer::ApiError;
use super::reader::{Asked, Reader, Start};
use super::reading::{Reading, Unnamed, follow, followed};
use bus::Health;
use wire::{NodeFrame, Recovered, Room};

/// How often a reader hears something at least, even if nothing happens and sockets are pinged less often, so that nothing
/// in between takes the connection for dead.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// The most entries in one piece of the stream.
const AT_ONCE: usize = 64;

/// Streams a room from the place on that the request names.
pub(super) async fn events(
    State(Context { shared, .. }): State<Context>,
    Path(room): Path<String>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let Asked { room, start, .. } = Asked::read(&room, &request, &[])?;
    let reader = Reader::let_in(&shared, &mut request, &room)?;
    metrics::counter!("pubsub_lab_event_streams_total").increment(1);
    let answer = follow(&shared, &room).await?;
    let stream = EventStream::new(shared, room, reader, start, answer);
    let body = Body::from_stream(unfold(stream, async |mut stream| {
        let piece = stream.next().await?;
        Some((Ok::<_, Infallible>(piece), stream))
    }));
    let headers = [
        (CONTENT_TYPE.as_str(), "text/event-stream"),
        (CACHE_CONTROL.as_str(), "no-store"),
        // nginx would hold events back until its buffer is full.
        ("x-accel-buffering", "no"),
    ];
    Ok((headers, body).into_response())
}

/// How far a stream has come.
enum Stage {
    /// The broker is to confirm the room.
    Opening(oneshot::Receiver<FollowAnswer>),
    /// The reader's place in the room is being found.
    Asking(Pin<Box<dyn Future<Output = Reading> + Send>>),
    /// What the reader missed comes out of the history.
    Replay(Box<Reading>),
    /// What happens is told.
    Live(Box<Reading>),
    Over,
}

struct EventStream {
    shared: Arc<Shared>,
    room: Room,
    reader: Reader,
    start: Start,
    stage: Stage,
    /// The id of the last message that was sent.
    last_id: Option<Arc<str>>,
    rechecks: Option<watch::Receiver<()>>,
    begun: bool,
}

impl EventStream {
    fn new(
        shared: Arc<Shared>,
        room: Room,
        reader: Reader,
        start: Start,
        answer: oneshot::Receiver<FollowAnswer>,
    ) -> Self {
        metrics::gauge!("pubsub_lab_event_readers").increment(1);
        let (rechecks, stage) = (reader.rechecks(), Stage::Opening(answer));
        Self { shared, room, reader, start, stage, last_id: None, rechecks, begun: false }
    }

    /// The next piece of the stream. The caller has sent the one before it.
    async fn next(&mut self) -> Option<Bytes> {
        let time = self.shared.limits.slow_after + self.comment_every();
        if !std::mem::replace(&mut self.begun, true) {
            self.reader.begin_stream(time);
            // The answer's head is sent with the first piece, and a browser waits for it.
            return Some(self.greeting());
        }
        self.reader.extend(time);
        let mut rechecks = self.rechecks.take();
        let piece = self.next_piece(&mut rechecks).await;
        self.rechecks = rechecks;
        piece
    }

    async fn next_piece(&mut self, rechecks: &mut Option<watch::Receiver<()>>) -> Option<Bytes> {
        if matches!(self.stage, Stage::Over) {
            return None;
        }
        let shutdown = self.shared.shutdown.clone();
        let now = Instant::now();
        let comment = now + self.comment_every();
        // The next piece comes before long, and with it the next look at the pass.
        let pass_ends = match self.reader.pass_ends(now) {
            Ok(ends) => ends,
            Err(error) => return Some(self.end(&error)),
        };
        let wake = pass_ends.map_or(comment, |ends| ends.min(comment));
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return None,
                () = rechecked(rechecks) => {
                    if let Err(error) = self.reader.may_read(&self.room) {
                        return Some(self.end(&error));
                    }
                }
                piece = self.advance() => match piece {
                    Some(piece) if piece.is_empty() => {}
                    piece => return piece,
                },
                () = sleep_until(wake.into()) => return Some(match self.reader.pass_ends(Instant::now()) {
                    Ok(_) => Bytes::from_static(b":\n\n"),
                    Err(error) => self.end(&error),
                }),
            }
        }
    }

    fn comment_every(&self) -> Duration {
        COMMENT_EVERY.min(self.shared.limits.ping_every)
    }

    /// Ends the stream with this error.
    fn end(&mut self, error: &ApiError) -> Bytes {
        self.stage = Stage::Over;
        event("error", &error.json())
    }

    fn greeting(&self) -> Bytes {
        match &*self.shared.bus.health().borrow() {
            Health::Up => Bytes::from_static(b": hello\n\n"),
            Health::Down(_) => {
                Bytes::from_static(b": the broker is away; what is said comes as soon as it is back\n\n")
            }
        }
    }

    /// Goes on by one piece, which may be empty. `None` at the end. May be dropped at any time, and nothing is lost.
    async fn advance(&mut self) -> Option<Bytes> {
        match &mut self.stage {
            Stage::Opening(answer) => {
                let followed = match followed(answer.await) {
                    Ok(followed) => followed,
                    Err(error) => return Some(self.end(&error)),
                };
                let (shared, room, start) = (self.shared.clone(), self.room.clone(), self.start.clone());
                let begin = Reading::begin(shared, room, followed, start, Unnamed::Next);
                self.stage = Stage::Asking(Box::pin(begin));
                Some(Bytes::new())
            }
            Stage::Asking(begin) => {
                self.stage = Stage::Replay(Box::new(begin.await));
                Some(Bytes::new())
            }
            Stage::Replay(reading) => match reading.replay_next().await {
                Some(envelope) => {
                    self.last_id = Some(envelope.id.clone());
                    let json = self.reader.json(&envelope, true);
                    Some(json.map(|json| message(&envelope.id, &json)).unwrap_or_default())
                }
                None => Some(self.go_live()),
            },
            Stage::Live(reading) => {
                reading.tail.reached(reading.at).await;
                Some(self.read_tail(AT_ONCE, false))
            }
            Stage::Over => None,
        }
    }

    /// Tells that the reader hears the room from now on, and how much of what it missed it has got.
    fn go_live(&mut self) -> Bytes {
        let Stage::Replay(reading) = std::mem::replace(&mut self.stage, Stage::Over) else {
            return Bytes::new();
        };
        let (members, recovered) = (reading.members, reading.recovered);
        self.stage = Stage::Live(reading);
        // What the node still holds of what was missed comes first, as a replay does.
        let held = match recovered {
            Recovered::None => Bytes::new(),
            Recovered::All | Recovered::Part => self.read_tail(usize::MAX, true),
        };
        // So much was said during the replay that the history is asked for it: the answer follows then.
        if !matches!(self.stage, Stage::Live(_)) {
            return held;
        }
        let subscribed = NodeFrame::Subscribed { room: self.room.as_str(), members, recovered };
        [held, event("subscribed", &subscribed.json())].concat().into()
    }

    /// What is in the room's tail and was not sent yet, at most so many entries, marked as `replayed` or not.
    fn read_tail(&mut self, most: usize, replayed: bool) -> Bytes {
        let Stage::Live(reading) = &mut self.stage else { return Bytes::new() };
        let mut piece = Vec::new();
        let entries = match reading.take(most) {
            Ok(entries) => entries,
            Err(Missed(missed)) => {
                // The reader is so slow that the node no longer holds what comes next.
                metrics::counter!("pubsub_lab_event_streams_lagged_total").increment(1);
                if self.shared.bus.keeps_history()
                    && let Some(id) = &self.last_id
                {
                    let start = Start { after: Some(Mark::parse(id)), last: None };
                    let again = reading.followed();
                    let begin =
                        Reading::begin(self.shared.clone(), self.room.clone(), again, start, Unnamed::Next);
                    self.stage = Stage::Asking(Box::pin(begin));
                    return Bytes::new();
                }
                piece.extend_from_slice(&event("lagged", &NodeFrame::Lagged { missed }.json()));
                reading.take_what_is_left(most)
            }
        };
        for entry in entries {
            match &*entry {
                Entry::Message(held) => {
                    self.last_id = Some(held.envelope.id.clone());
                    piece.extend_from_slice(&of_message(held, &self.reader, replayed));
                }
                Entry::Notice { kind, json } => piece.extend_from_slice(&event(kind, json)),
            }
        }
        piece.into()
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        metrics::gauge!("pubsub_lab_event_readers").decrement(1);
    }
}

/// The event of a message as a reader is shown it; empty if it is shown none. What all readers are shown is made once.
fn of_message(held: &Held, reader: &Reader, replayed: bool) -> Bytes {
    let (id, replay) = (&held.envelope.id, held.replay || replayed);
    let make = || reader.json(&held.envelope, replay).map(|json| message(id, &json)).unwrap_or_default();
    match reader.is_shown_all() && replay == held.replay {
        true => held.event.get_or_init(make).clone(),
        false => make(),
    }
}

/// The event of a message.
fn message(id: &str, json: &[u8]) -> Bytes {
    // JSON text has no line breaks, and neither has an id.
    [b"id: ", id.as_bytes(), b"\ndata: ", json, b"\n\n"].concat().into()
}

/// An event of this type.
fn event(kind: &str, json: &[u8]) -> Bytes {
    [b"event: ", kind.as_bytes(), b"\ndata: ", json, b"\n\n"].concat().into()
}
