//! Connections from `accept` to their end or their upgrade: how many, for how long, and who is never kept out.
//!
//! A connection that has asked for nothing yet is idle, and takes a place from nobody (see `places`). Once it has asked, it
//! works, and as many may work at a time as the service says; further ones wait. Probes do not: they are answered while the
//! service is full.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accept::accept;
use super::http::connections;
use super::places::{Place, Places};

/// What is asked to learn whether the service works. The answers are short.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// How much a service lets its connections do.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Number of connections at a time that have asked for something; further ones wait. Those that were upgraded count as
    /// long as they keep their [`ConnectionPermit`].
    pub working: usize,
    /// How long a connection may speak HTTP after it has asked for something. Without a limit, a client that takes its
    /// answer a byte at a time would hold its place for ever.
    pub lifetime: Duration,
}

/// The permit of one connection that works, in the extensions of its request. After an upgrade its owner keeps it, and so
/// does an answer whose end is not known. The connection is idle again when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct ConnectionPermit(Arc<Working>);

#[derive(Debug)]
struct Working {
    _permit: OwnedSemaphorePermit,
    place: Arc<Place>,
    deadline: Deadline,
}

impl ConnectionPermit {
    /// Lets the connection speak HTTP for this long from now and no longer, for an answer that goes on as long as its
    /// client takes it.
    pub fn begin_stream(&self, time: Duration) {
        self.0.deadline.set(time);
    }

    /// Lets the connection speak HTTP for this long from now, if that is longer than before.
    pub fn extend(&self, time: Duration) {
        self.0.deadline.extend(time);
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.place.rest();
    }
}

/// The instant until which a connection may speak HTTP.
#[derive(Debug, Clone)]
struct Deadline(Arc<Until>);

#[derive(Debug)]
struct Until {
    instant: Mutex<Instant>,
    /// Wakes who waits for the instant when it comes earlier than before.
    nearer: Notify,
}

impl Deadline {
    fn new(time: Duration) -> Self {
        Self(Arc::new(Until { instant: Mutex::new(Instant::now() + time), nearer: Notify::new() }))
    }

    fn instant(&self) -> MutexGuard<'_, Instant> {
        self.0.instant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, time: Duration) {
        *self.instant() = Instant::now() + time;
        self.0.nearer.notify_one();
    }

    fn extend(&self, time: Duration) {
        let mut until = self.instant();
        *until = (*until).max(Instant::now() + time);
    }

    /// Resolves when the instant has come, however often it was moved meanwhile.
    async fn passed(&self) {
        loop {
            let until = *self.instant();
            if until <= Instant::now() {
                return;
            }
            tokio::select! {
                () = sleep_until(until) => {}
                () = self.0.nearer.notified() => {}
            }
        }
    }
}

struct Door {
    router: TowerToHyperService<Router>,
    working: Arc<Semaphore>,
    lifetime: Duration,
}

/// Answers on the listener until `stop` is cancelled. Connections are tasks of the tracker and end then as well.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    let working = Arc::new(Semaphore::new(bounds.working.min(Semaphore::MAX_PERMITS)));
    let router = TowerToHyperService::new(router);
    let door = Arc::new(Door { router, working, lifetime: bounds.lifetime });
    let places = Arc::new(Places::default());
    loop {
        // One that waits for a place costs a descriptor; those behind it wait in the kernel.
        let admitted = async {
            let tcp = accept(&listener).await;
            (tcp, places.take().await)
        };
        let (tcp, place) = tokio::select! {
            () = stop.cancelled() => return,
            admitted = admitted => admitted,
        };
        let (door, stop) = (Arc::clone(&door), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = door.answer(tcp, place) => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

impl Door {
    /// Answers the requests of one connection until it ends or is upgraded.
    async fn answer(&self, tcp: TcpStream, place: Place) {
        let place = Arc::new(place);
        let deadline = Deadline::new(self.lifetime);
        let service = service_fn(|mut request: Request<Incoming>| {
            let (place, deadline) = (Arc::clone(&place), deadline.clone());
            async move {
                if PROBES.contains(&request.uri().path()) {
                    return self.router.call(request).await;
                }
                deadline.extend(self.lifetime);
                // The semaphore is never closed, so this cannot fail.
                let permit = Arc::clone(&self.working).acquire_owned().await.ok();
                place.work();
                let permit = permit
                    .map(|permit| ConnectionPermit(Arc::new(Working { _permit: permit, place, deadline })));
                if let Some(permit) = &permit {
                    request.extensions_mut().insert(permit.clone());
                }
                let answer = self.router.call(request).await;
                drop(permit);
                answer
            }
        });
        let connection = connections().serve_connection(TokioIo::new(tcp), service).with_upgrades();
        tokio::select! {
            // The failure of a connection concerns its client alone.
            _ = connection => {}
            () = deadline.passed() => {}
            () = place.lost() => {}
        }
    }
}
