//! One chat server: HTTP and WebSocket on one port, sessions, rooms, presence.
//!
//! | file | what it is |
//! |---|---|
//! | `http` | routes, and the handshake of a WebSocket |
//! | `session`, `request` | one client: its life, and what it asks |
//! | `greeting`, `keeping`, `entered` | what it gets back of an earlier connection, how that is kept, and its rooms |
//! | `sessions`, `token` | how sessions continue: by what their tokens say, or by a store of the cluster |
//! | `hooks`, `admitted`, `hooked` | what the operator decides about clients and messages |
//! | `client_connection`, `outbox`, `frame`, `frames` | one client's socket and what waits for it |
//! | `room`, `member` | the rooms of this node, and who hears them |
//! | `said` | what somebody says in a room, on its way to the bus |
//! | `tail`, `follow` | the last messages of a room, for those who read it over HTTP |
//! | `api` | what is asked over HTTP: to read a room, to say something in it or to one person |
//! | `whisper`, `addressees`, `search` | what one person says to another, and how that person is found |
//! | `typing`, `rename` | that somebody types in a room, or is called otherwise |
//! | `gaps` | what is missing among what reaches this node |
//! | `presence`, `notices` | who is in the rooms of the cluster, and what clients are told of people and of the bus |
//! | `replay`, `turns`, `catch_up`, `replayed` | what a member missed, and how it is told |
//! | `slow`, `behind` | what was dropped for a slow member, and how it is brought out of the history |
//! | `identity`, `recent`, `rate`, `limits` | who a client is and how much it may |
//! | `shared`, `page`, `counters` | what sessions share, the embedded files, what is counted |
//! | `trail`, `delay` | what the rooms tell the trace, and how long messages stay in the node |

mod addressees;
mod admitted;
mod api;
mod behind;
mod catch_up;
mod client_connection;
mod counters;
mod delay;
mod entered;
mod follow;
mod frame;
mod frames;
mod gaps;
mod greeting;
mod hooked;
mod hooks;
mod http;
mod identity;
mod keeping;
mod limits;
mod member;
mod notices;
mod outbox;
mod page;
mod presence;
mod rate;
mod recent;
mod rename;
mod replay;
mod replayed;
mod request;
mod room;
mod said;
mod search;
mod session;
mod sessions;
mod shared;
mod slow;
mod tail;
#[cfg(test)]
mod tests_of_the_machine;
mod token;
mod trail;
mod turns;
mod typing;
mod whisper;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub use api::Publisher;
pub use delay::{DELIVERY_BUCKETS, DELIVERY_SECONDS};
pub use hooks::{Decision, Hook, Hooks, Knock, Outgoing, Pass, Refusal, Visitor};
pub use identity::is_valid_name;
pub use limits::{Limits, at_most_a_day};
pub use rate::Bucket;
pub use token::Secret;

use bus::{Bus, SessionStore};
use door::{Bounds, Callers};
use room::Rooms;
use sessions::Sessions;
use shared::Shared;
use trace::Trace;

/// How long an orderly shutdown may take altogether.
const SHUTDOWN: Duration = Duration::from_millis(2500);
/// Number of connections that may work beyond those of the clients: for pages and handshakes.
const SPARE_CONNECTIONS: usize = 512;
/// How long a connection may speak HTTP.
const HTTP_TIMEOUT: Duration = Duration::from_secs(60);

/// How a node is set up.
pub struct NodeOptions {
    /// The node's name in `welcome`.
    pub name: String,
    /// The name of the pattern, as `welcome` gives it.
    pub pattern: &'static str,
    /// The node's bounds.
    pub limits: Limits,
    /// The secret that the nodes of its cluster share.
    pub secret: Secret,
    /// The store in which the cluster keeps its sessions; `None` if they are kept in their tokens.
    pub store: Option<Arc<dyn SessionStore>>,
    /// What the operator decides about clients and messages.
    pub hooks: Hooks,
    /// Who may say something over HTTP; `None` if nobody may.
    pub publisher: Option<Publisher>,
    /// Whose requests the node answers.
    pub callers: Callers,
    /// Renders what `/metrics` shows; `None` if there is nothing to show.
    pub metrics: Option<PrometheusHandle>,
    /// Trace handle for the steps of messages.
    pub trace: Trace,
}

/// Serves clients on the listener until `shutdown` is cancelled, then says goodbye to them, leaves the bus and
/// returns, within three seconds.
///
/// # Errors
/// When the bus's events were already taken by somebody else.
pub async fn serve(
    listener: TcpListener,
    bus: Arc<dyn Bus>,
    options: NodeOptions,
    shutdown: CancellationToken,
) -> io::Result<()> {
    counters::register();
    let events = bus.events().ok_or_else(|| io::Error::other("the bus already has a node"))?;
    let (rooms, commands) = Rooms::new(bus.clone(), options.limits.presence_limit);
    let rooms = rooms.traced(options.trace.clone());
    let working = options.limits.max_clients.saturating_add(SPARE_CONNECTIONS);
    let store = options.store.clone();
    let sessions = Sessions::new(options.secret, options.store, &options.limits);
    let shared = Arc::new(Shared::new(
        options.name,
        options.pattern,
        bus.clone(),
        commands,
        options.limits,
        sessions,
        options.hooks,
        options.publisher,
        Arc::new(options.callers),
        shutdown.clone(),
        options.trace,
    ));
    let tasks = shared.tasks.clone();
    tasks.spawn(rooms.run(events, shutdown.clone()));
    if let Some(metrics) = options.metrics.clone() {
        tasks.spawn(delay::keep_small(metrics, shutdown.clone()));
    }
    let router = http::router(shared, options.metrics);
    door::serve(listener, router, Bounds { working, lifetime: HTTP_TIMEOUT }, &tasks, &shutdown).await;
    let deadline = Instant::now() + SHUTDOWN;
    tasks.close();
    if timeout_at(deadline, tasks.wait()).await.is_err() {
        tracing::warn!("some clients did not let go in time");
    }
    if let Some(store) = store {
        store.close().await;
    }
    if timeout_at(deadline + Duration::from_millis(300), bus.close()).await.is_err() {
        tracing::warn!("the bus did not let go in time");
    }
    Ok(())
}
