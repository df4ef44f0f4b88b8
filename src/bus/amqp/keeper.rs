//! The loop that reconnects, for whatever a connection is used.
//!
//! The loop is ours and not the library's, whose automatic recovery sometimes hangs a publisher for good.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics::Counter;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::broker::Broker;
use super::failure::Failure;
use super::link::Link;
use super::torn::Torn;
use crate::backoff::Backoff;
use crate::status::CLOSED;

/// The pause before the second attempt, before jitter; later pauses are longer.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// A use of a connection: publishing or listening.
pub(super) trait Service: Send {
    /// The word by which RabbitMQ's tools show the connection's purpose.
    fn purpose(&self) -> &'static str;
    /// Uses the connection until it is dead or the bus stops, and says why it ended.
    fn serve<'a>(&'a mut self, link: &'a Link) -> impl Future<Output = String> + Send + 'a;
    /// Reports that there is no connection, and why. Called after every failed attempt, and after a connection ended.
    fn down(&mut self, reason: &str);
}

/// Keeps one service connected.
#[derive(Clone)]
pub(super) struct Keeper {
    pub(super) broker: Arc<Broker>,
    pub(super) torn: Arc<Torn>,
    pub(super) reconnects: Counter,
    pub(super) stop: CancellationToken,
}

impl Keeper {
    /// Keeps a service connected until the bus stops.
    pub(super) async fn keep(self, mut service: impl Service) {
        let Self { broker, torn, reconnects, stop } = self;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut connected_before = false;
        let gone = Arc::<AtomicBool>::default();
        let tell = || {
            if gone.swap(false, Ordering::Relaxed) {
                torn.note();
            }
        };
        while !stop.is_cancelled() {
            let mut began = Instant::now();
            let attempt = tokio::select! {
                () = stop.cancelled() => break,
                attempt = broker.connect(service.purpose(), &gone) => attempt,
            };
            let mut lasting = false;
            match attempt {
                Ok(link) => {
                    if std::mem::replace(&mut connected_before, true) {
                        reconnects.increment(1);
                        tell();
                    }
                    // On the first connection a missing exchange only means that RabbitMQ is new to this process, and
                    // nothing was lost.
                    gone.store(false, Ordering::Relaxed);
                    let reason = service.serve(&link).await;
                    tell();
                    if stop.is_cancelled() {
                        link.leave().await;
                        break;
                    }
                    // The link is closed before anybody learns of the end: a dead connection must not be used again.
                    drop(link);
                    service.down(&broker.lost(&reason));
                    began = Instant::now();
                    backoff.reset();
                }
                Err(Failure { reason, lasting: does_not_mend }) => {
                    // Another process may declare the exchange again before the next attempt, so its loss is reported
                    // now.
                    if connected_before {
                        tell();
                    }
                    service.down(&reason);
                    lasting = does_not_mend;
                }
            }
            let pause = backoff.pause(lasting);
            // The pause counts from the beginning of the attempt: an attempt that ran into its time-out has waited
            // enough.
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep_until(began + pause) => {}
            }
        }
        service.down(CLOSED);
    }
}
