//! HTTP on the node's port: the page, the probes, the metrics, and the handshake of a WebSocket.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::upgrade::Parts;
use hyper_util::rt::TokioIo;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::admitted::{Admitted, NotAdmitted};
use super::api;
use super::client_connection::{ClientConnection, Dialect, Duplex};
use super::hooks::Knock;
use super::page;
use super::session::Session;
use super::shared::Shared;
use bus::Health;
use door::{ConnectionPermit, guard};
use wire::V1;

/// Initial size of a connection's read buffer, in bytes. The library's default of 128 KiB would be most of what an
/// idle client costs.
const READ_BUFFER: usize = 2 * 1024;

/// What the answers are made from.
#[derive(Clone)]
pub struct Context {
    /// What the node's sessions share.
    pub shared: Arc<Shared>,
    metrics: Option<PrometheusHandle>,
}

/// The routes of a node.
pub fn router(shared: Arc<Shared>, metrics: Option<PrometheusHandle>) -> Router {
    let callers = shared.callers.clone();
    let routes = Router::new()
        .route("/", get(root))
        .route("/ws", get(socket))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_text))
        .merge(api::routes())
        .fallback(get(asset))
        .with_state(Context { shared, metrics });
    guard(routes, callers)
}

async fn root(context: State<Context>, request: Request) -> Response {
    if wants_websocket(request.headers()) { socket(context, request).await } else { page::file("index.html") }
}

async fn asset(uri: Uri) -> Response {
    page::file(uri.path().trim_start_matches('/'))
}

async fn ready(State(context): State<Context>) -> Response {
    let health = context.shared.bus.health().borrow().clone();
    match health {
        _ if context.shared.shutdown.is_cancelled() => {
            (StatusCode::SERVICE_UNAVAILABLE, "the node is going away\n").into_response()
        }
        Health::Up => "ready\n".into_response(),
        Health::Down(why) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("the bus is down: {why}\n")).into_response()
        }
    }
}

async fn metrics_text(State(context): State<Context>) -> Response {
    match context.metrics {
        Some(handle) => {
            handle.run_upkeep();
            ([(CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
        }
        None => (StatusCode::NOT_FOUND, "this node collects no metrics\n").into_response(),
    }
}

async fn socket(State(Context { shared, .. }): State<Context>, mut request: Request) -> Response {
    match handshake(&shared, &request) {
        Err(refusal) => {
            let Refusal { status, kind, reason } = refusal;
            shared.callers.turned_away().record(kind, &reason, request.headers());
            (status, [(SEC_WEBSOCKET_VERSION, "13")], reason + "\n").into_response()
        }
        Ok(Handshake { accept, dialect, admitted, seat }) => {
            let upgrade = hyper::upgrade::on(&mut request);
            let permit = request.extensions_mut().remove::<ConnectionPermit>();
            let seat = Seat { _client: seat, _connection: permit };
            let session = serve(shared.clone(), upgrade, dialect, admitted, seat);
            shared.tasks.spawn(session);
            let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
            let headers = response.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
            if dialect == Dialect::V1 {
                headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(V1));
            }
            response
        }
    }
}

/// Waits for the connection to be handed over, then serves the session on it.
async fn serve(
    shared: Arc<Shared>,
    upgrade: hyper::upgrade::OnUpgrade,
    dialect: Dialect,
    admitted: Option<Admitted>,
    seat: Seat,
) {
    let Ok(upgraded) = upgrade.await else { return };
    let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<TcpStream>>() else {
        tracing::error!("a connection was upgraded that this node did not accept");
        return;
    };
    // The bytes that came early are few, and are copied: the original holds on to the HTTP parser's whole buffer for
    // as long as the client stays.
    let early = read_buf.to_vec();
    drop(read_buf);
    let limits = &shared.limits;
    let connection = ClientConnection::new(shared.fresh_number(), dialect, io.into_inner(), limits);
    let connection = Arc::new(connection.admitted(admitted));
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(READ_BUFFER)
        .max_message_size(Some(limits.max_frame as usize))
        .max_frame_size(Some(limits.max_frame as usize));
    let socket =
        WebSocketStream::from_partially_read(Duplex(connection.clone()), early, Role::Server, Some(config))
            .await;
    Session::new(shared, connection, seat).run(socket).await;
}

/// What a client holds as long as it stays: its own permit, and the place of its connection.
pub struct Seat {
    _client: OwnedSemaphorePermit,
    _connection: Option<ConnectionPermit>,
}

struct Handshake {
    accept: HeaderValue,
    dialect: Dialect,
    admitted: Option<Admitted>,
    seat: OwnedSemaphorePermit,
}

/// Why a client is not served.
#[derive(Debug)]
pub struct Refusal {
    /// The status of the answer.
    pub status: StatusCode,
    /// The kind of the reason, by which the log tells it once and not each time.
    pub kind: &'static str,
    /// The reason as a clause for people.
    pub reason: String,
}

fn refuse(status: StatusCode, kind: &'static str, reason: impl Into<String>) -> Refusal {
    Refusal { status, kind, reason: reason.into() }
}

fn handshake(shared: &Shared, request: &Request) -> Result<Handshake, Refusal> {
    let headers = request.headers();
    // Only a `GET` request of HTTP/1.1 can be upgraded, though axum routes `HEAD` here as well.
    let upgradable = request.method() == Method::GET && request.version() == Version::HTTP_11;
    let key = headers.get(SEC_WEBSOCKET_KEY);
    let version = headers.get(SEC_WEBSOCKET_VERSION).map(HeaderValue::as_bytes);
    let (true, Some(key), Some(b"13")) = (upgradable && wants_websocket(headers), key, version) else {
        return Err(refuse(StatusCode::UPGRADE_REQUIRED, "version", "a WebSocket of version 13 lives here"));
    };
    check_form(headers, key)?;
    let dialect = dialect(headers)?;
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()))
        .map_err(|_| refuse(StatusCode::BAD_REQUEST, "form", "an invalid Sec-WebSocket-Key"))?;
    if shared.shutdown.is_cancelled() {
        return Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "going", "the node is going away"));
    }
    let admitted = admit(shared, request)?;
    let seat = take_seat(shared)?;
    Ok(Handshake { accept, dialect, admitted, seat })
}

/// Takes a client's place in the node.
pub fn take_seat(shared: &Shared) -> Result<OwnedSemaphorePermit, Refusal> {
    shared.seats.clone().try_acquire_owned().map_err(|_| {
        metrics::counter!("pubsub_lab_clients_refused_total").increment(1);
        let limit = shared.limits.max_clients;
        refuse(StatusCode::SERVICE_UNAVAILABLE, "full", format!("this node is full: it has {limit} clients"))
    })
}

/// Asks the hooks, if there are any, whether the client may come in.
pub fn admit(shared: &Shared, request: &Request) -> Result<Option<Admitted>, Refusal> {
    if shared.hooks.is_empty() {
        return Ok(None);
    }
    let knock = Knock { headers: request.headers(), uri: request.uri() };
    match Admitted::let_in(&shared.hooks, &knock) {
        Ok(admitted) => Ok(Some(admitted)),
        Err(NotAdmitted::Refused(refusal)) => {
            Err(refuse(StatusCode::UNAUTHORIZED, "hook", refusal.to_string()))
        }
        Err(NotAdmitted::Dropped) => Err(refuse(StatusCode::UNAUTHORIZED, "hook", "not for you")),
    }
}

/// Checks what a client may get wrong although it asks for a WebSocket (RFC 6455, 4.1): the request must ask for the
/// upgrade in `Connection` too, has a key of 16 bytes, and has no body.
fn check_form(headers: &HeaderMap, key: &HeaderValue) -> Result<(), Refusal> {
    let bad = |reason| Err(refuse(StatusCode::BAD_REQUEST, "form", reason));
    let asks = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|word| word.trim().eq_ignore_ascii_case("upgrade")));
    if !asks {
        return bad(
            "the request does not say `Connection: Upgrade`; a proxy before this node may have removed it",
        );
    }
    if !is_key(key.as_bytes()) {
        return bad("an invalid Sec-WebSocket-Key");
    }
    let is_empty = headers.get(CONTENT_LENGTH).is_none_or(|length| length.as_bytes() == b"0");
    if !is_empty || headers.contains_key(TRANSFER_ENCODING) {
        return bad("the request for a WebSocket has a body");
    }
    Ok(())
}

/// Whether this is 16 bytes in base64: 22 characters and two signs of padding.
fn is_key(key: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.strip_suffix(b"==").is_some_and(|digits| digits.len() == 22 && digits.iter().all(is_digit))
}

fn wants_websocket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

fn dialect(headers: &HeaderMap) -> Result<Dialect, Refusal> {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL);
    let mut offered =
        offered.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).peekable();
    if offered.peek().is_none() {
        return Ok(Dialect::Plain);
    }
    if offered.any(|protocol| protocol.trim() == V1) {
        return Ok(Dialect::V1);
    }
    // A browser would drop the connection without a word if none of its protocols was chosen.
    Err(refuse(
        StatusCode::BAD_REQUEST,
        "dialect",
        format!("this node speaks the subprotocol {V1}, or plain text without one"),
    ))
}
