//! One chat server: HTTP and WebSocket on one port, sessions, rooms, presence.
//!
//! | file | what it is |
//! |---|---|
//! | `http` | routes, and the handshake of a WebSocket |
//! | `session`, `request` | one client: its life, and what it asks |
//! | `link`, `outbox`, `frame` | one client's socket and what waits for it |
//! | `room`, `member`, `roster` | who is in which room, here and elsewhere |
//! | `identity`, `recent`, `rate`, `limits` | who a client is and how much it may |
//! | `shared`, `page` | what sessions share, and the embedded files |

mod frame;
mod http;
mod identity;
mod limits;
mod link;
mod member;
mod outbox;
mod page;
mod rate;
mod recent;
mod request;
mod room;
mod roster;
mod session;
mod shared;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

pub use identity::Secret;
pub use limits::Limits;

use crate::bus::Bus;
use room::Rooms;
use shared::Shared;

/// How long the whole of an orderly end may take.
const SHUTDOWN: Duration = Duration::from_millis(2500);
/// How long a connection may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections beside those of the clients: pages, probes, handshakes.
const SPARE_CONNECTIONS: usize = 1024;
/// The pause after the process ran out of file descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// How a node is set up.
#[derive(Debug)]
pub struct NodeOptions {
    /// How it is called in `welcome`.
    pub name: String,
    /// The pattern's word.
    pub pattern: &'static str,
    /// Its bounds.
    pub limits: Limits,
    /// The secret of its cluster.
    pub secret: Secret,
    /// Origins of browsers that may connect beside the node's own; `*` is any.
    pub allowed_origins: Vec<String>,
    /// What `/metrics` shows.
    pub metrics: Option<PrometheusHandle>,
}

/// Serves clients on the listener until `shutdown` is cancelled, then says goodbye to them, leaves the bus and
/// returns, within three seconds.
///
/// # Errors
/// When the bus's events were taken already.
pub async fn serve(
    listener: TcpListener,
    bus: Arc<dyn Bus>,
    options: NodeOptions,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let events = bus.events().ok_or_else(|| io::Error::other("the bus already has a node"))?;
    let (rooms, commands) = Rooms::new(bus.clone(), options.limits.presence_limit);
    let max_connections =
        options.limits.max_clients.saturating_add(SPARE_CONNECTIONS).min(Semaphore::MAX_PERMITS);
    let shared = Arc::new(Shared::new(
        options.name,
        options.pattern,
        bus.clone(),
        commands,
        options.limits,
        options.secret,
        options.allowed_origins,
        shutdown.clone(),
    ));
    let tasks = shared.tasks.clone();
    tasks.spawn(rooms.run(events, shutdown.clone()));
    let router = TowerToHyperService::new(http::router(shared, options.metrics));
    let connections = Arc::new(Semaphore::new(max_connections));
    loop {
        // Taken before `accept`, so that too many connections wait in the kernel and cost no descriptor.
        let seat = tokio::select! {
            () = shutdown.cancelled() => break,
            seat = connections.clone().acquire_owned() => seat.map_err(io::Error::other)?,
        };
        let tcp = tokio::select! {
            () = shutdown.cancelled() => break,
            tcp = accept(&listener) => tcp,
        };
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(16 * 1024)
            .serve_connection(TokioIo::new(tcp), router.clone())
            .with_upgrades();
        let shutdown = shutdown.clone();
        tasks.spawn(async move {
            let _seat = seat;
            tokio::select! {
                // A connection that fails concerns its client alone.
                _ = connection => {}
                () = shutdown.cancelled() => {}
            }
        });
    }
    drop(listener);
    let deadline = Instant::now() + SHUTDOWN;
    tasks.close();
    if timeout_at(deadline, tasks.wait()).await.is_err() {
        tracing::warn!("some clients did not let go in time");
    }
    if timeout_at(deadline + Duration::from_millis(300), bus.close()).await.is_err() {
        tracing::warn!("the bus did not let go in time");
    }
    Ok(())
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
                // Chat frames are small, and each is wanted now.
                let _ = tcp.set_nodelay(true);
                return tcp;
            }
            Err(error) => {
                // A client that gave up is no matter. Out of descriptors: `accept` would fail at once again.
                tracing::warn!("cannot accept a connection: {error}");
                sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}
