//! A connection from `accept` to its upgrade or its end: how it speaks HTTP, for how long, and how many bytes.

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
/// How long a connection may speak HTTP. Without a limit, a client that takes its answers a byte at a time would hold
/// its place for ever; one that wants more can connect again.
const HTTP_TIMEOUT: Duration = Duration::from_secs(60);
/// The most bytes of the head of a request.
const HEAD_BYTES: usize = 16 * 1024;
/// The pause after the process ran out of file descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// The place of one connection among those that a node serves at once. After an upgrade the session holds it.
#[derive(Debug, Clone)]
pub struct ConnectionPermit {
    _permit: Arc<OwnedSemaphorePermit>,
}

impl From<OwnedSemaphorePermit> for ConnectionPermit {
    fn from(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: Arc::new(permit) }
    }
}

/// Accepts the next connection.
pub async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
                // Chat frames are small and must not wait for one another in the kernel.
                let _ = tcp.set_nodelay(true);
                return tcp;
            }
            // The client gave up while its connection waited to be accepted.
            Err(error)
                if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                // The process is out of descriptors or memory, and another `accept` would fail at once.
                tracing::warn!("cannot accept a connection: {error}");
                sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

/// Answers the requests of one connection until it ends or is upgraded.
pub async fn serve_http(tcp: TcpStream, router: TowerToHyperService<Router>, permit: ConnectionPermit) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(permit.clone());
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(tcp), service)
        .with_upgrades();
    tokio::select! {
        // The failure of a connection concerns its client alone.
        _ = connection => {}
        () = sleep(HTTP_TIMEOUT) => {}
    }
}
