//! A connection from `accept` to its upgrade or its end: HTTP, and how long and how much of it.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

/// How long a connection may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may speak HTTP: one that takes its answers a byte at a time is not to hold its place for
/// ever, and who wants more connects again.
const HTTP_TIMEOUT: Duration = Duration::from_secs(60);
/// The most bytes of the head of a request.
const HEAD_BYTES: usize = 16 * 1024;
/// The pause after the process ran out of file descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// A connection's place among those that the node has at once. It goes on to the session if there is an upgrade.
#[derive(Debug, Clone)]
pub struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

impl From<OwnedSemaphorePermit> for Place {
    fn from(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: Arc::new(permit) }
    }
}

/// The next connection.
pub async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
                // Chat frames are small, and each is wanted now.
                let _ = tcp.set_nodelay(true);
                return tcp;
            }
            // A client that gave up while it waited.
            Err(error)
                if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                // Out of descriptors or memory: `accept` would fail at once again.
                tracing::warn!("cannot accept a connection: {error}");
                sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

/// Answers the requests of one connection until it ends or is upgraded.
pub async fn serve_http(tcp: TcpStream, router: TowerToHyperService<Router>, place: Place) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(place.clone());
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(tcp), service)
        .with_upgrades();
    tokio::select! {
        // A connection that fails concerns its client alone.
        _ = connection => {}
        () = sleep(HTTP_TIMEOUT) => {}
    }
}
