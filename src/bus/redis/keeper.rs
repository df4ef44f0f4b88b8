//! The loop that reconnects, for whatever a connection is used.
//!
//! The loop is ours and not the library's, because its back-off decides the recovery time that a bench reports.

use std::sync::Arc;
use std::time::Duration;

use metrics::Counter;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::broker::Broker;
use super::failure::Failure;
use super::link::{Link, Push};
use crate::backoff::Backoff;
use crate::status::CLOSED;

/// The pause before the second attempt, before jitter; later pauses are longer.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// A use of a connection: publishing or listening.
pub(super) trait Service {
    /// The receiver of the messages that Redis sends unasked.
    fn push(&self) -> Push;
    /// Uses the connection until it is dead or the bus stops, and says why it ended.
    fn serve(&mut self, link: &Link) -> impl Future<Output = String> + Send;
    /// Reports that there is no connection, and why. Called after every failed attempt, and after a connection ended.
    fn down(&mut self, reason: &str);
}

/// Keeps a service connected until the bus stops.
pub(super) async fn keep(
    broker: Arc<Broker>,
    mut service: impl Service,
    reconnects: Counter,
    stop: CancellationToken,
) {
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let mut connected_before = false;
    while !stop.is_cancelled() {
        let mut began = Instant::now();
        let attempt = tokio::select! {
            () = stop.cancelled() => break,
            attempt = broker.connect(service.push()) => attempt,
        };
        let mut lasting = false;
        match attempt {
            Ok(link) => {
                if std::mem::replace(&mut connected_before, true) {
                    reconnects.increment(1);
                }
                let reason = service.serve(&link).await;
                // The link is closed before anybody learns of the end: a dead connection must not be used again.
                drop(link);
                if stop.is_cancelled() {
                    break;
                }
                service.down(&broker.lost(&reason));
                began = Instant::now();
                backoff.reset();
            }
            Err(Failure { reason, lasting: does_not_mend }) => {
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
