//! Accepts connections and answers on them, within bounds on their number and time.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use door::{accept, connections};

/// Number of connections at a time; further ones wait in the kernel.
const CONNECTIONS: usize = 1_024;
/// How long a connection may last. Without a limit, a client that takes its answers a byte at a time would hold its
/// place for ever.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(120);

/// Answers on the listener until `stop` is cancelled. Connections are tasks of the tracker and end then as well.
pub async fn serve(listener: TcpListener, router: Router, tasks: &TaskTracker, stop: &CancellationToken) {
    let router = TowerToHyperService::new(router);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => return,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let tcp = tokio::select! {
            () = stop.cancelled() => return,
            tcp = accept(&listener) => tcp,
        };
        let (router, stop) = (router.clone(), stop.clone());
        tasks.spawn(async move {
            let _place = place;
            let connection = connections().serve_connection(TokioIo::new(tcp), router);
            tokio::select! {
                // The failure of a connection concerns its client alone.
                _ = connection => {}
                () = sleep(CONNECTION_TIMEOUT) => {}
                () = stop.cancelled() => {}
            }
        });
    }
}
