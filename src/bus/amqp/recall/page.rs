//! One page of a replay, read out of an answer that may be wrong in any way.

use std::collections::VecDeque;
use std::str::FromStr;

use bytes::Bytes;

use super::question::{Answer, HistoryFailure};
use wire::{Envelope, Room};

/// Response header: whether `after` is known.
pub const FOUND: &str = "pubsub-lab-found";
/// Response header: where the next page begins.
pub const NEXT: &str = "pubsub-lab-next";

/// One page of a replay.
#[derive(Debug)]
pub(super) struct Page {
    /// Whether the history knows `after`, or still holds everything that was to come; `None` if it does not say.
    pub(super) found: Option<bool>,
    /// Where the next page begins.
    pub(super) next: Option<u64>,
    /// The messages of the page, oldest first.
    pub(super) envelopes: VecDeque<Envelope>,
}

impl Page {
    /// Reads a page of a room.
    pub(super) fn read(room: &Room, answer: &Answer) -> Result<Self, HistoryFailure> {
        Ok(Self {
            found: header(answer, FOUND)?,
            next: header(answer, NEXT)?,
            envelopes: envelopes(room, answer.body()?)?,
        })
    }
}

fn header<T: FromStr>(answer: &Answer, name: &str) -> Result<Option<T>, HistoryFailure> {
    let Some(value) = answer.headers.get(name) else { return Ok(None) };
    let value = value.to_str().ok().and_then(|value| value.parse().ok());
    value.map(Some).ok_or_else(|| HistoryFailure(format!("its header `{name}` is garbled")))
}

fn envelopes(room: &Room, body: &Bytes) -> Result<VecDeque<Envelope>, HistoryFailure> {
    let mut envelopes = VecDeque::new();
    let mut ends = body.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    let mut begin = 0;
    while begin < body.len() {
        // A line without an end was cut off on its way.
        let (Some(_), Some(end)) = (ends.next(), ends.next()) else {
            return Err(HistoryFailure("a message ends too early".into()));
        };
        let envelope =
            Envelope::decode(body.slice(begin..end)).map_err(|error| HistoryFailure(error.to_string()))?;
        if !envelope.kind.is_kept() || envelope.room != *room {
            return Err(HistoryFailure("it told what was not asked".into()));
        }
        envelopes.push_back(envelope);
        begin = end + 1;
    }
    Ok(envelopes)
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::*;
    use crate::samples::room;

    fn read(headers: &[(&'static str, &'static str)], body: &'static str) -> Result<Page, String> {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let answer = Answer { status: 200, headers, body: Some(Bytes::from_static(body.as_bytes())) };
        Page::read(&room("a room"), &answer).map_err(|HistoryFailure(reason)| reason)
    }

    #[test]
    fn a_page_is_its_messages_in_order_and_where_the_next_one_begins() {
        let body = "1 chat s.1 s - a room\n{}\n1 chat s.2 s - a room\n{\"x\":1}\n";
        let page = read(&[(FOUND, "true"), (NEXT, "9")], body).unwrap();
        assert_eq!((page.found, page.next), (Some(true), Some(9)));
        let messages: Vec<_> = page.envelopes.iter().map(|it| (&*it.id, &it.frame[..])).collect();
        assert_eq!(messages, [("s.1", &b"{}"[..]), ("s.2", &b"{\"x\":1}"[..])]);
    }

    #[test]
    fn an_empty_page_without_headers_is_the_last_one() {
        let page = read(&[], "").unwrap();
        assert_eq!((page.found, page.next, page.envelopes.len()), (None, None, 0));
    }

    #[test]
    fn what_is_cut_off_or_was_not_asked_is_no_page() {
        for (body, why) in [
            ("1 chat s.1 s - a room\n", "too early"),
            ("1 chat s.1 s - a room\n{}", "too early"),
            ("1 chat s.1 s - a room\n{}\n\n", "too early"),
            ("1 chat s.1 s - other\n{}\n", "not asked"),
            ("1 presence s.1 s - a room\n{}\n", "not asked"),
            ("\n\n", "not an envelope"),
            ("9 chat s.1 s - a room\n{}\n", "version 9"),
        ] {
            let error = read(&[], body).unwrap_err();
            assert!(error.contains(why), "{body:?}: {error}");
        }
    }

    #[test]
    fn a_garbled_header_is_named() {
        for (name, value) in [(FOUND, "perhaps"), (NEXT, "-1"), (NEXT, ""), (FOUND, "\t\u{e9}")] {
            let error = read(&[(name, value)], "").unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
