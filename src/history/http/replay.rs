//! `GET /rooms/{room}/envelopes`: the messages that nodes request for their clients. See
//! [`recall`](bus::amqp::recall).
//!
//! The message `after` itself is in the answer. On a page that begins `from` a place, [`FOUND`] is `true` if nothing
//! from there on has been trimmed since the previous page. A page may be shorter than `limit` where messages are
//! long; only [`NEXT`] says whether more follows.

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::api::{Context, LIMIT};
use super::refusal::Refusal;
use crate::store::{Margin, Start, Stored};
use bus::amqp::recall::{FOUND, NEXT};
use door::{Query, Wrong};
use trace::{Step, Trace, TraceLine};
use wire::Envelope;

/// Number of envelopes in an answer if the request gives no limit.
const DEFAULT_LIMIT: usize = 500;
/// The most messages before `after` if the request gives no margin.
const DEFAULT_MARGIN: Margin = 500;
/// The most messages that a request may ask for by `last`.
const LAST: i64 = 1_000;
/// The largest margin: the most messages before `after`.
const MARGIN: Margin = 10_000;

pub(super) async fn envelopes(
    State(api): Context,
    Path(room): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::read(
        query.as_deref(),
        &["after", "margin", "unsettled", "heard", "until", "limit", "from", "last"],
    )?;
    let limit = query.number("limit", 1, LIMIT)?.unwrap_or(DEFAULT_LIMIT);
    let until = query.number("until", 0, i64::MAX)?.unwrap_or(i64::MAX);
    let margin = query.number("margin", 0, MARGIN)?;
    let last = query.number("last", 1, LAST)?;
    let start = match (query.text("after")?, query.number("from", 0, i64::MAX)?) {
        (Some(id), None) => Start::After {
            id: id.to_owned(),
            margin: margin.unwrap_or(DEFAULT_MARGIN),
            unsettled: query.number("unsettled", 0, 1)? == Some(1),
            heard: query.text("heard")?.map(str::to_owned),
            last: last.unwrap_or(0),
        },
        (None, Some(_)) if last.is_some() => {
            return Err(Wrong("`last` goes with `after` or alone, not with `from`".into()).into());
        }
        (None, Some(seq)) if margin.is_none() => Start::From(seq),
        (None, Some(_)) => return Err(Wrong("`margin` goes with `after`, not with `from`".into()).into()),
        (None, None) => match last {
            Some(last) => Start::Last(last),
            None => return Err(Wrong("give either `after` or `from`, or `last`".into()).into()),
        },
        (Some(_), Some(_)) => return Err(Wrong("give either `after` or `from`".into()).into()),
    };
    let answer = api.readers.ask(move |reader| reader.replay(&room, &start, until, limit));
    let (found, page) = answer.await.map_err(Refusal::away)?;
    if api.trace.is_on() {
        trace(&api.trace, &page.messages);
    }
    let mut body = Vec::with_capacity(page.messages.iter().map(|message| message.envelope.len() + 1).sum());
    for message in &page.messages {
        body.extend_from_slice(&message.envelope);
        body.push(b'\n');
    }
    let mut response = ([(CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response();
    let headers = response.headers_mut();
    headers.insert(FOUND, HeaderValue::from_static(if found { "true" } else { "false" }));
    if let Some(next) = page.next {
        headers.insert(NEXT, HeaderValue::from(next));
    }
    Ok(response)
}

fn trace(trace: &Trace, messages: &[Stored]) {
    for message in messages {
        // The envelope was readable when it was stored, so this does not fail.
        if let Ok(envelope) = Envelope::decode(Bytes::copy_from_slice(&message.envelope)) {
            trace.record_step(|| TraceLine::now(Step::Replay, &envelope.id, envelope.room.as_str()));
        }
    }
}
