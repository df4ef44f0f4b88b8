//! Who reads a room over HTTP, and where in it.

use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::watch;

use super::super::admitted::{Admitted, Shown};
use super::super::hooked::FORBIDDEN;
use super::super::hooks::Decision;
use super::super::http;
use super::super::identity::Identity;
use super::super::request::{MOST_LAST, Refusal};
use super::super::shared::Shared;
use super::super::tail::Mark;
use super::answer::ApiError;
use door::{ConnectionPermit, Query};
use wire::{Envelope, Room};

/// Somebody who reads a room over HTTP. It holds a client's place in the node, and has a guest's identity or the one that
/// the hooks give it, under which nobody sees it.
pub struct Reader {
    admitted: Option<Admitted>,
    identity: Identity,
    connection: Option<ConnectionPermit>,
    _seat: OwnedSemaphorePermit,
}

impl Reader {
    /// Lets in whoever makes this request, to read this room.
    pub fn let_in(shared: &Shared, request: &mut Request, room: &Room) -> Result<Self, ApiError> {
        if shared.shutdown.is_cancelled() {
            return Err(ApiError::unavailable("going", "the node is going away"));
        }
        let admitted = http::admit(shared, request)?;
        let seat = http::take_seat(shared)?;
        let mut identity = Identity::guest();
        if let Some(name) = admitted.as_ref().and_then(|admitted| admitted.pass().name.clone()) {
            identity.name = name;
        }
        let connection = request.extensions_mut().remove::<ConnectionPermit>();
        let reader = Self { admitted, identity, connection, _seat: seat };
        reader.may_read(room)?;
        Ok(reader)
    }

    /// Asks the hooks whether this reader may read a room.
    pub fn may_read(&self, room: &Room) -> Result<(), ApiError> {
        let Some(admitted) = &self.admitted else { return Ok(()) };
        match admitted.hooks().subscribe(&admitted.visitor(&self.identity), room.as_str()) {
            Decision::Allow => Ok(()),
            Decision::Refuse(refusal) => Err(ApiError::forbidden(Some(&refusal))),
            Decision::Drop => Err(ApiError::forbidden(None)),
        }
    }

    /// Tells when the hooks may decide otherwise than before; `None` where there are none.
    pub fn rechecks(&self) -> Option<watch::Receiver<()>> {
        self.admitted.as_ref().map(|admitted| admitted.hooks().changes())
    }

    /// When to look again whether the reader's pass has ended; `None` if it has no end. An error if that is now.
    pub fn pass_ends(&self, now: Instant) -> Result<Option<Instant>, ApiError> {
        let Some(admitted) = &self.admitted else { return Ok(None) };
        admitted.pass_ends(now).map_err(|why| ApiError::new(StatusCode::FORBIDDEN, FORBIDDEN, why))
    }

    /// Lets the reader's connection live for so long from now and no longer, unless it is extended.
    pub fn begin_stream(&self, time: Duration) {
        if let Some(connection) = &self.connection {
            connection.begin_stream(time);
        }
    }

    /// Lets the reader's connection live for so long from now.
    pub fn extend(&self, time: Duration) {
        if let Some(connection) = &self.connection {
            connection.extend(time);
        }
    }

    /// The JSON of a message as this reader is shown it, marked if it comes out of the history. `None` if it is shown none.
    pub fn json(&self, envelope: &Envelope, replay: bool) -> Option<Bytes> {
        match (self.shown(envelope), replay) {
            (shown, true) => shown.replayed(envelope),
            (Shown::AsItIs, false) => Some(envelope.frame.clone()),
            (Shown::Changed(json), false) => Some(json),
            (Shown::Hidden, false) => None,
        }
    }

    /// Whether this reader is shown every message as it is, whatever it says.
    pub fn is_shown_all(&self) -> bool {
        self.admitted.as_ref().is_none_or(|admitted| !admitted.hooks().watches_recipients())
    }

    /// What the reader is shown of a message.
    fn shown(&self, envelope: &Envelope) -> Shown {
        match &self.admitted {
            Some(admitted) => admitted.shown(&self.identity, envelope),
            None => Shown::AsItIs,
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(admitted) = &self.admitted {
            admitted.hooks().disconnect(&admitted.visitor(&self.identity));
        }
    }
}

/// Where a reader begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// Behind this place.
    pub after: Option<Mark>,
    /// At the last so many messages.
    pub last: Option<u32>,
}

/// What a request to read a room asks for.
pub struct Asked {
    /// The room.
    pub room: Room,
    /// Where to begin.
    pub start: Start,
    /// All parameters of the request.
    pub query: Query,
}

impl Asked {
    /// Reads a request for a room of this name, which may have these parameters besides those of every reader.
    pub fn read(room: &str, request: &Request, others: &[&str]) -> Result<Self, ApiError> {
        let room = Room::parse(room).map_err(|error| ApiError::bad_room(&error))?;
        let names = [&["after", "last", "access_token"], others].concat();
        let query = Query::read(request.uri().query(), &names)?;
        let start = Start::read(&query, request.headers())?;
        Ok(Self { room, start, query })
    }
}

/// The header by which a browser says which event it had last (HTML, 9.2).
const LAST_EVENT: &str = "last-event-id";

impl Start {
    /// Reads it from the query and the headers of a request.
    pub fn read(query: &Query, headers: &HeaderMap) -> Result<Self, ApiError> {
        let header = headers.get(LAST_EVENT).and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
        // A browser that comes back asks for the address again, and its header is the newer of the two.
        let after = match header {
            Some(id) => Some(id),
            None => query.text("after")?,
        };
        let after = after.map(Mark::parse);
        let last = query.number("last", 1, MOST_LAST)?;
        if let Some(mark) = &after {
            Refusal::of_after(&mark.id)?;
        }
        Ok(Self { after, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_comes_back_says_more_than_its_address() {
        let start = |query: &str, header: Option<&str>| {
            let query = Query::read(Some(query), &["after", "last"]).unwrap();
            let headers = header.map(|id| (LAST_EVENT.parse().unwrap(), id.parse().unwrap()));
            Start::read(&query, &headers.into_iter().collect())
                .map(|start| start.after.map(|it| it.to_string()))
        };
        assert_eq!(start("after=a", None).unwrap(), Some("a".into()));
        assert_eq!(start("after=a", Some("b")).unwrap(), Some("b".into()));
        assert_eq!(start("after=a", Some("")).unwrap(), Some("a".into()));
        assert_eq!(start("last=3", None).unwrap(), None);
        assert_eq!(start("after=a%20b", None).unwrap_err().code, "bad_after");
        assert_eq!(start("last=501", None).unwrap_err().code, "bad_query");
    }
}
