//! One page of a replay, read out of an answer that nobody vouches for.

use std::collections::VecDeque;
use std::str::FromStr;

use bytes::Bytes;

use super::question::{Answer, Failure};
use wire::{Envelope, Kind, Room};

/// Response header: whether `after` is known.
pub const FOUND: &str = "pubsub-lab-found";
/// Response header: where the next page begins.
pub const NEXT: &str = "pubsub-lab-next";

/// One page of a replay.
#[derive(Debug)]
pub(super) struct Page {
    /// Whether the history has what was asked for, if it says so.
    pub(super) found: Option<bool>,
    /// Where the next page begins.
    pub(super) next: Option<u64>,
    /// The messages.
    pub(super) envelopes: VecDeque<Envelope>,
}

impl Page {
    /// Reads a page of a room.
    pub(super) fn read(room: &Room, answer: &Answer) -> Result<Self, Failure> {
        Ok(Self {
            found: header(answer, FOUND)?,
            next: header(answer, NEXT)?,
            envelopes: envelopes(room, answer.body()?)?,
        })
    }
}

fn header<T: FromStr>(answer: &Answer, name: &str) -> Result<Option<T>, Failure> {
    let Some(value) = answer.headers.get(name) else { return Ok(None) };
    let value = value.to_str().ok().and_then(|value| value.parse().ok());
    value.map(Some).ok_or_else(|| Failure(format!("its header `{name}` is garbled")))
}

fn envelopes(room: &Room, body: &Bytes) -> Result<VecDeque<Envelope>, Failure> {
    let mut envelopes = VecDeque::new();
    let mut ends = body.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    let mut begin = 0;
    while begin < body.len() {
        // A line without an end was cut off on its way.
        let (Some(_), Some(end)) = (ends.next(), ends.next()) else {
            return Err(Failure("a message ends too early".into()));
        };
        let envelope =
            Envelope::decode(body.slice(begin..end)).map_err(|error| Failure(error.to_string()))?;
        if envelope.kind != Kind::Chat || envelope.room != *room {
            return Err(Failure("it told what was not asked".into()));
        }
        envelopes.push_back(envelope);
        begin = end + 1;
    }
    Ok(envelopes)
}
