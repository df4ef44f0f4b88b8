//! Consumes the queue at the broker: connects again and again, takes the deliveries, and acknowledges those that are
//! committed.
//!
//! The loop is ours and not the library's, whose automatic recovery may hang for good; and the back-off decides how
//! soon fences are answered again after an outage.

mod call;
mod committed;
mod probe;
mod subscription;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::counters::Counters;
use super::error::HistoryError;
use super::intake::Delivery;
use super::status::Status;
use bus::ConnectionFailure;
use bus::amqp::server::AmqpServer;
use bus::amqp::topology::Names;
use subscription::Subscription;

pub use committed::Committed;
pub use subscription::PREFETCH;

/// The pause before the second attempt to connect; later pauses are longer.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// The pause after a failure that does not mend itself, long enough not to fill the broker's log.
const LASTING_PAUSE: Duration = Duration::from_secs(1);

/// The consumer of the history's queue.
pub struct Consumer {
    broker: AmqpServer,
    intake: mpsc::Sender<Delivery>,
    status: Arc<Status>,
    counters: Arc<Counters>,
}

impl Consumer {
    /// Reads the URL, without connecting yet.
    pub fn new(
        url: &str,
        namespace: &str,
        intake: mpsc::Sender<Delivery>,
        status: Arc<Status>,
        counters: Arc<Counters>,
    ) -> Result<Self, HistoryError> {
        let names = Names::parse(namespace).map_err(|error| HistoryError::Namespace(error.to_string()))?;
        let broker = AmqpServer::parse(url, names, "history")
            .map_err(|error| HistoryError::Broker(error.to_string()))?;
        Ok(Self { broker, intake, status, counters })
    }

    /// Consumes until `stop` is cancelled.
    pub async fn run(self, mut committed: watch::Receiver<Committed>, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        let mut consumed_before = false;
        let mut epoch = 0;
        while !stop.is_cancelled() {
            let began = Instant::now();
            epoch += 1;
            let (why, lasting) = tokio::select! {
                () = stop.cancelled() => break,
                subscribed = self.subscribe(epoch) => match subscribed {
                    Ok(subscription) => {
                        if std::mem::replace(&mut consumed_before, true) {
                            self.counters.reconnects.increment(1);
                        }
                        pause = FIRST_PAUSE;
                        self.status.broker_up();
                        tracing::info!("consuming {} at {}", self.broker.names().history, self.broker.shown());
                        let why = subscription.serve(&self.intake, &mut committed, &stop).await;
                        (self.broker.lost(&why), false)
                    }
                    Err(failure) => (failure.reason, failure.lasting),
                },
            };
            if stop.is_cancelled() {
                break;
            }
            if self.status.broker_down(&why) {
                tracing::warn!("{why}");
            }
            let wait = if lasting { LASTING_PAUSE } else { pause };
            pause = (pause * 2).min(LONGEST_PAUSE);
            // The pause counts from the beginning of the attempt: an attempt that ran into its time-out has waited
            // enough.
            let next = (began + wait).max(Instant::now() + FIRST_PAUSE);
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep_until(next) => {}
            }
        }
    }

    async fn subscribe(&self, epoch: u64) -> Result<Subscription, ConnectionFailure> {
        let connected = self.broker.open("consumer").await?;
        Subscription::start(connected, &self.broker, epoch, &self.status, &self.counters).await
    }
}
