//! `POST /api/rooms/{room}/messages` and `POST /api/people/{name}/messages`: what a server of the operator's says.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::super::hooks::{Decision, Pass, Visitor};
use super::super::http::Context;
use super::super::identity::{Identity, valid_colour, valid_name};
use super::super::request::{Refusal, is_dropped};
use super::super::said::{Said, trace_outcome};
use super::super::shared::Shared;
use super::super::whisper;
use super::answer::{ApiError, of_outcome};
use super::outcomes::{Begun, UnderWay};
use super::publisher::off;
use bus::{Level, PublishOutcome};
use wire::Room;

/// The session id under which all publishers over HTTP speak. No client has it: theirs are 16 digits.
const SENDER: &str = "api";
/// The name and the colour of a publisher who gives none.
const NAME: &str = "api";
const COLOUR: &str = "#4f46e5";
/// The header by which a request that is made again is recognised.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that the answer is that of an earlier request with the same key.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Number of bytes of a body beside its text.
const BESIDE_THE_TEXT: u64 = 4 * 1024;
/// The most bytes that JSON needs for one byte of a text.
const ESCAPED: u64 = 6;

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    text: String,
    /// The name under which it is said.
    from: Option<String>,
    colour: Option<String>,
}

/// For whom it is.
enum Addressee {
    Room(Room),
    /// A person, by name or session id.
    Person(String),
}

/// What somebody with the token wants to have said.
struct Wanted {
    to: Addressee,
    by: Identity,
    /// The publisher's own part of the message's id.
    id: String,
    /// The text; `None` if the hooks drop it without a word.
    text: Option<String>,
    under_way: Option<UnderWay>,
}

pub(super) async fn in_room(
    State(Context { shared, .. }): State<Context>,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let room = Room::parse(&room).map_err(|error| ApiError::bad_room(&error));
    publish(shared, room.map(Addressee::Room), request).await
}

pub(super) async fn to_person(
    State(Context { shared, .. }): State<Context>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let to = name.trim().to_owned();
    let person = match to.is_empty() {
        true => Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_name", "this is nobody's name")),
        false => Ok(Addressee::Person(to)),
    };
    publish(shared, person, request).await
}

async fn publish(
    shared: Arc<Shared>,
    to: Result<Addressee, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let publisher = shared.publisher.as_ref().ok_or_else(off)?;
    publisher.check(request.headers())?;
    let to = to?;
    let key = key(request.headers())?;
    let body = read(&shared, request).await?;
    let id = key.clone().unwrap_or_else(|| shared.fresh_id());
    let by = identity(&body)?;
    let content = (target(&to), &body.text, &by.name, &by.colour);
    let begun = key.map(|key| publisher.outcomes.begin(&key, content));
    let under_way = match begun {
        None => None,
        Some(Begun::New(under_way)) => Some(under_way),
        Some(Begun::Again(level)) => return Ok(again(&id, level)),
        Some(Begun::UnderWay) => return Ok(refused(&id, "under_way", "the same request is being answered")),
        Some(Begun::Another) => {
            return Ok(refused(&id, "id_reused", "this key stood for another message before"));
        }
        Some(Begun::Full) => {
            return Ok(refused(&id, "overloaded", "too many requests wait for their answers"));
        }
    };
    let text = match allowed(&shared, &to, &by, &body.text) {
        Ok(text) => text,
        Err(Refusal { code, reason }) => return Ok(refused(&id, code, reason)),
    };
    let wanted = Wanted { to, by, id: id.clone(), text, under_way };
    let (told, outcome) = oneshot::channel();
    let tasks = shared.tasks.clone();
    // The message is on its way even if whoever asked does not wait for the answer, and that answer is for the next try.
    tasks.spawn(async move {
        let _ = told.send(wanted.say(&shared).await);
    });
    let lost = |_| PublishOutcome::Unknown { reason: "the node is going away".into() };
    Ok(of_outcome(&id, &outcome.await.unwrap_or_else(lost)))
}

impl Wanted {
    /// Says it, and gives the outcome.
    async fn say(self, shared: &Arc<Shared>) -> PublishOutcome {
        let Self { to, by, id, text, under_way } = self;
        let full_id: Arc<str> = format!("{SENDER}.{id}").into();
        let outcome = match (text, to) {
            (None, _) => PublishOutcome::Ack(Level::Handed),
            (Some(text), Addressee::Room(room)) => {
                let said = Said { by: &by, room, id: full_id.clone(), text: &text, others: false };
                let outcome = said.publish(shared).await;
                trace_outcome(&shared.trace, || full_id, &outcome);
                outcome
            }
            (Some(text), Addressee::Person(to)) => whisper::say(shared, by, full_id, text, to).await,
        };
        if let Some(under_way) = under_way {
            under_way.end(&outcome);
        }
        outcome
    }
}

/// The answer of an earlier request with the same key.
fn again(id: &str, level: Level) -> Response {
    let mut response = of_outcome(id, &PublishOutcome::Ack(level));
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn refused(id: &str, code: &'static str, reason: impl Into<Cow<'static, str>>) -> Response {
    of_outcome(id, &Refusal::new(code, reason).into())
}

/// What a message is for, as a text that no other addressee has.
fn target(to: &Addressee) -> (bool, &str) {
    match to {
        Addressee::Room(room) => (true, room.as_str()),
        Addressee::Person(name) => (false, name),
    }
}

/// The key of a request, which may stand in quotes.
fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(key) = headers.get(KEY) else { return Ok(None) };
    let key = key.to_str().unwrap_or_default();
    let bare = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
    Refusal::of_id(Some(bare))?;
    Ok(Some(bare.to_owned()))
}

/// Reads the body of a request.
async fn read(shared: &Shared, request: Request) -> Result<Body, ApiError> {
    let limit = shared.limits.max_text;
    let most = usize::try_from(limit.saturating_mul(ESCAPED).saturating_add(BESIDE_THE_TEXT));
    let body = to_bytes(request.into_body(), most.unwrap_or(usize::MAX))
        .await
        .map_err(|_| ApiError::from(Refusal::new("too_long", format!("a text may have {limit} bytes"))))?;
    serde_json::from_slice(&body).map_err(|error| {
        let reason = format!("the body is not like {{\"text\":\"...\",\"from\":\"...\"}}: {error}");
        ApiError::new(StatusCode::BAD_REQUEST, "bad_frame", reason)
    })
}

/// The identity under which a publisher speaks.
fn identity(body: &Body) -> Result<Identity, ApiError> {
    let bad = |code, reason: &'static str| ApiError::new(StatusCode::BAD_REQUEST, code, reason);
    let name = body.from.as_deref().unwrap_or(NAME);
    let name = valid_name(name)
        .ok_or_else(|| bad("bad_name", "`from` has 1 to 32 characters, and no control characters"))?;
    let colour = body.colour.as_deref().unwrap_or(COLOUR);
    if !valid_colour(colour) {
        return Err(bad("bad_colour", "`colour` is like #1a2b3c"));
    }
    Ok(Identity { id: SENDER.into(), name: name.into(), colour: colour.into() })
}

/// The text as the hooks leave it; `None` if they drop it. They see a visitor with the name under which it is said, and
/// with the claim `api`.
fn allowed(shared: &Shared, to: &Addressee, by: &Identity, text: &str) -> Result<Option<String>, Refusal> {
    Refusal::of_text(text, shared.limits.max_text)?;
    let mut changed = Cow::Borrowed(text);
    let mut decision = Decision::Allow;
    if !shared.hooks.is_empty() {
        let claims = Map::from_iter([("api".to_owned(), Value::Bool(true))]);
        let pass = Pass { claims, ..Pass::default() };
        let visitor = Visitor { id: &by.id, name: &by.name, pass: &pass };
        decision = match to {
            Addressee::Room(room) => shared.hooks.publish_in(&visitor, room.as_str(), &mut changed),
            Addressee::Person(name) => shared.hooks.whisper(&visitor, name, &mut changed),
        };
    }
    Ok((!is_dropped(decision)?).then(|| changed.into_owned()))
}
