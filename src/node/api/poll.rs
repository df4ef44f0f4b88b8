//! `GET /api/rooms/{room}/messages`: what was said in a room since the last time, now or as soon as there is something.

use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout, timeout_at};

use super::super::http::Context;
use super::super::shared::Shared;
use super::super::tail::{Entry, Mark};
use super::answer::ApiError;
use super::reader::{Asked, Reader, Start};
use super::reading::{Reading, Unnamed, follow, followed};
use bus::Health;
use wire::{Recovered, Room};

/// The most messages in one answer.
const MOST: usize = 1_000;
/// The longest that a request may wait for something to happen.
const LONGEST_WAIT: f64 = 30.0;
/// How long a request waits for the broker to confirm the room.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(5);

/// An answer. Each message and each notice is a frame of the socket's dialect.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    room: &'a str,
    messages: Vec<&'a RawValue>,
    notices: Vec<&'a RawValue>,
    /// Where the next request is to go on.
    next: String,
    recovered: Recovered,
}

/// Answers with what follows the place that the request names.
pub(super) async fn messages(
    State(Context { shared, .. }): State<Context>,
    Path(room): Path<String>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let Asked { room, start, query } = Asked::read(&room, &request, &["wait"])?;
    let wait = query.number("wait", 0.0, LONGEST_WAIT)?.map(Duration::from_secs_f64).unwrap_or_default();
    let reader = Reader::let_in(&shared, &mut request, &room)?;
    metrics::counter!("pubsub_lab_polls_total").increment(1);
    let deadline = Instant::now() + wait;
    let answer = timeout(CONFIRMED_WITHIN, follow(&shared, &room).await?).await;
    let followed = followed(answer.map_err(|_| unconfirmed(&shared, &room))?)?;
    let reading =
        Reading::begin(shared.clone(), room.clone(), followed, start.clone(), Unnamed::Oldest).await;
    let found = Found::gather(reading, &reader, &start, deadline, &shared).await;
    let body = found.json(&room);
    Ok(([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response())
}

fn unconfirmed(shared: &Shared, room: &Room) -> ApiError {
    let why = match &*shared.bus.health().borrow() {
        Health::Down(why) => why.clone(),
        Health::Up => "it does not answer".to_owned(),
    };
    ApiError::unavailable("bus_down", format!("the broker has not confirmed `{room}` yet: {why}"))
}

/// What a request found.
struct Found {
    messages: Vec<Bytes>,
    notices: Vec<Bytes>,
    next: Mark,
    recovered: Recovered,
}

impl Found {
    /// Collects what there is, and waits until the deadline while there is nothing.
    async fn gather(
        mut reading: Reading,
        reader: &Reader,
        start: &Start,
        deadline: Instant,
        shared: &Shared,
    ) -> Self {
        let id = start.after.as_ref().map(|mark| mark.id.clone()).unwrap_or_default();
        let mut found = Self {
            messages: Vec::new(),
            notices: Vec::new(),
            next: reading.tail.mark(id, reading.at),
            recovered: reading.recovered,
        };
        while let Some(envelope) = reading.replay_next().await {
            found.messages.extend(reader.json(&envelope, true));
            found.next = Mark::parse(&envelope.id);
            if found.messages.len() >= MOST {
                found.recovered = reading.recovered;
                return found;
            }
        }
        found.recovered = reading.recovered;
        found.next = reading.tail.mark(std::mem::take(&mut found.next.id), reading.at);
        loop {
            found.read_tail(&mut reading, reader);
            if !found.messages.is_empty() || !found.notices.is_empty() {
                return found;
            }
            tokio::select! {
                woken = timeout_at(deadline, reading.tail.reached(reading.at)) => if woken.is_err() {
                    return found;
                },
                () = shared.shutdown.cancelled() => return found,
            }
        }
    }

    fn read_tail(&mut self, reading: &mut Reading, reader: &Reader) {
        let room = MOST.saturating_sub(self.messages.len());
        let entries = reading.take(room).unwrap_or_else(|_| {
            // What was forgotten meanwhile is missing.
            self.recovered = Recovered::Part;
            reading.take_what_is_left(room)
        });
        for entry in entries {
            match &*entry {
                Entry::Message(held) => {
                    self.next.id = held.envelope.id.to_string();
                    self.messages.extend(reader.json(&held.envelope, held.replay));
                }
                Entry::Notice { json, .. } => self.notices.push(json.clone()),
            }
        }
        self.next = reading.tail.mark(std::mem::take(&mut self.next.id), reading.at);
    }

    fn json(&self, room: &Room) -> Vec<u8> {
        let answer = Answer {
            room: room.as_str(),
            messages: raw(&self.messages),
            notices: raw(&self.notices),
            next: self.next.to_string(),
            recovered: self.recovered,
        };
        // It has words and frames only, so serialising it cannot fail.
        serde_json::to_vec(&answer).unwrap_or_default()
    }
}

/// The frames as they stand in an answer. What is no JSON was no node's frame.
fn raw(frames: &[Bytes]) -> Vec<&RawValue> {
    frames.iter().filter_map(|frame| serde_json::from_slice(frame).ok()).collect()
}
