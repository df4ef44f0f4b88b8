//! `GET /rooms/{room}/messages`: the messages of a room, for people and programs that want to read them.
//!
//! Without `before` and `after` the answer has the newest messages. With `after` (alone or with `before`) the page
//! begins right after that message and `more` says that newer ones follow; otherwise the page ends at the newest
//! message, or right before `before`, and `more` says that there are older ones. A page may be shorter than `limit`
//! where messages are long; only `more` says whether it is the last one.

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::api::{Context, LIMIT};
use super::refusal::Refusal;
use crate::store::{Direction, Page, Reader};
use door::Query;

/// Number of messages in an answer if the request gives no limit.
const DEFAULT_LIMIT: usize = 50;

/// The answer of the file: a page, or the id that it does not know.
type Told = Result<Page, String>;

pub(super) async fn messages(
    State(api): Context,
    Path(room): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::read(query.as_deref(), &["limit", "before", "after"])?;
    let limit = query.number("limit", 1, LIMIT)?.unwrap_or(DEFAULT_LIMIT);
    let before = query.text("before")?.map(str::to_owned);
    let after = query.text("after")?.map(str::to_owned);
    let asked = room.clone();
    let told =
        api.readers.ask(move |reader| look(reader, &asked, after.as_deref(), before.as_deref(), limit));
    match told.await.map_err(Refusal::away)? {
        Ok(page) => Ok(([(CONTENT_TYPE, "application/json")], json(&room, &page)).into_response()),
        Err(id) => Err(Refusal(
            StatusCode::NOT_FOUND,
            format!("the room `{room}` has no message `{id}` here, or no longer"),
        )),
    }
}

fn look(
    reader: &mut Reader,
    room: &str,
    after: Option<&str>,
    before: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Told> {
    let mut bounds = [(after, 0), (before, i64::MAX)];
    for (id, place) in &mut bounds {
        if let Some(id) = id {
            match reader.place(room, id)? {
                Some(seq) => *place = seq,
                None => return Ok(Err((*id).to_owned())),
            }
        }
    }
    let [(_, above), (_, below)] = bounds;
    let direction = if after.is_some() { Direction::Newer } else { Direction::Older };
    reader.between(room, above, below, limit, direction).map(Ok)
}

/// The stored frames are JSON already, because every message was checked before it was stored.
fn json(room: &str, page: &Page) -> Vec<u8> {
    let mut body = format!("{{\"room\":{},\"messages\":[", serde_json::Value::from(room)).into_bytes();
    for (n, message) in page.messages.iter().enumerate() {
        if n > 0 {
            body.push(b',');
        }
        let frame = message.envelope.splitn(2, |byte| *byte == b'\n').nth(1);
        body.extend_from_slice(frame.unwrap_or(b"null"));
    }
    body.extend_from_slice(format!("],\"more\":{}}}", page.next.is_some()).as_bytes());
    body
}
