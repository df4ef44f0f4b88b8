//! The requests that the service answers. Those that nodes make are described in [`recall`](bus::amqp::recall).

mod api;
mod refusal;
mod replay;
mod tell;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

pub use api::Api;

use api::Context;
use door::Query;
use refusal::Refusal;

/// The longest that a request may wait for a fence, in milliseconds.
const WAIT_MS: u64 = 30_000;

const ROUTES: &str = "\
GET /rooms/{room}/messages?limit=&before=&after=
    messages of a room, oldest first; `before` and `after` are message ids
GET /rooms/{room}/envelopes?after=ID&margin=N&heard=ID&unsettled=1&last=N&until=SEQ&limit=N, or from=SEQ, or last=N
    the same as they were published, for nodes
GET /fences/{id}?wait_ms=
    whether everything before a fence is stored
GET /healthz, /readyz, /metrics
";

/// The routes of the service.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/", get(async || ROUTES))
        .route("/rooms/{room}/messages", get(tell::messages))
        .route("/rooms/{room}/envelopes", get(replay::envelopes))
        .route("/fences/{id}", get(fence))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_text))
        .fallback(async || {
            Refusal(StatusCode::NOT_FOUND, "there is nothing here; / lists what there is".into())
        })
        .with_state(Arc::new(api))
}

async fn fence(
    State(api): Context,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::read(query.as_deref(), &["wait_ms"])?;
    let wait = Duration::from_millis(query.number("wait_ms", 0, WAIT_MS)?.unwrap_or(0));
    match api.fences.wait(&id, wait).await {
        Some(seq) => {
            let body = json!({ "seq": seq }).to_string();
            Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
        }
        None => Err(Refusal(StatusCode::NOT_FOUND, format!("the fence `{id}` is not committed"))),
    }
}

async fn ready(State(api): Context) -> Response {
    let troubles = api.status.troubles();
    if troubles.is_empty() {
        "ready\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, troubles.join("\n") + "\n").into_response()
    }
}

async fn metrics_text(State(api): Context) -> Response {
    match &api.metrics {
        Some(handle) => {
            handle.run_upkeep();
            ([(CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
        }
        None => (StatusCode::NOT_FOUND, "this service collects no metrics\n").into_response(),
    }
}
