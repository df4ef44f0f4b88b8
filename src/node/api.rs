//! What is asked over HTTP: to read a room, at once or as it goes on, and to say something in it or to one person.
//!
//! | file | what it is |
//! |---|---|
//! | `reader` | who reads, and where in the room |
//! | `reading` | how a reader comes to its place in a room |
//! | `poll` | `GET /api/rooms/{room}/messages` |
//! | `events` | `GET /api/rooms/{room}/events` |
//! | `publish`, `publisher` | `POST /api/rooms/{room}/messages` and `/api/people/{name}/messages` |
//! | `outcomes` | what became of the requests with an `Idempotency-Key` |
//! | `answer` | answers that are no success |

mod answer;
mod events;
mod outcomes;
mod poll;
mod publish;
mod publisher;
mod reader;
mod reading;

use axum::Router;
use axum::routing::{get, post};

use super::http::Context;

pub use publisher::Publisher;

/// The routes of the API.
pub fn routes() -> Router<Context> {
    Router::new()
        .route("/api/rooms/{room}/messages", get(poll::messages).post(publish::in_room))
        .route("/api/rooms/{room}/events", get(events::events))
        .route("/api/people/{name}/messages", post(publish::to_person))
        .route("/api/{*rest}", get(answer::nothing_here).post(answer::nothing_here))
}
