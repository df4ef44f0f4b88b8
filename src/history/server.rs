//! Accepts connections and answers on them, within bounds on their number and time.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Number of connections at a time; further ones wait in the kernel.
const CONNECTIONS: usize = 1_024;
/// How long a connection may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may last. Without a limit, a client that takes its answers a byte at a time would hold its
/// place for ever.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(120);
/// The most bytes of the head of a request.
const HEAD_BYTES: usize = 16 * 1024;
/// The pause after the process ran out of file descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

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
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(HEAD_BYTES)
                .serve_connection(TokioIo::new(tcp), router);
            tokio::select! {
                // The failure of a connection concerns its client alone.
                _ = connection => {}
                () = sleep(CONNECTION_TIMEOUT) => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
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
