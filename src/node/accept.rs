//! A connection from `accept` to its upgrade or its end: how it speaks HTTP, for how long, and how many bytes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

use door::connections;

/// How long a connection may speak HTTP. Without a limit, a client that takes its answers a byte at a time would hold
/// its place for ever; one that wants more can connect again.
const HTTP_TIMEOUT: Duration = Duration::from_secs(60);

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

/// Answers the requests of one connection until it ends or is upgraded.
pub async fn serve_http(tcp: TcpStream, router: TowerToHyperService<Router>, permit: ConnectionPermit) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(permit.clone());
        router.call(request)
    });
    let connection = connections().serve_connection(TokioIo::new(tcp), service).with_upgrades();
    tokio::select! {
        // The failure of a connection concerns its client alone.
        _ = connection => {}
        () = sleep(HTTP_TIMEOUT) => {}
    }
}
