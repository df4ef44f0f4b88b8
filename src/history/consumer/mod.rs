//! Consumes the queue at the broker: connects again and again, takes the deliveries, and acknowledges those that are
//! committed. The pauses between the attempts decide how soon fences are answered again after an outage.

mod call;
mod committed;
mod losses;
mod marks;
mod probe;
mod subscription;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::counters::Counters;
use super::error::HistoryError;
use super::intake::Delivery;
use super::status::Status;
use bus::ConnectionFailure;
use bus::amqp::server::AmqpServer;
use bus::amqp::topology::Names;
use bus::keeper::{Service, keep};
use losses::Losses;
use subscription::Subscription;

pub use committed::Committed;
pub use subscription::PREFETCH;

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
    pub async fn run(self, committed: watch::Receiver<Committed>, stop: CancellationToken) {
        let reconnects = self.counters.reconnects.clone();
        let losses = Losses::default();
        let consuming = Consuming { consumer: self, committed, stop: stop.clone(), losses, epoch: 0 };
        keep(consuming, AmqpServer::backoff(), reconnects, stop).await;
    }
}

/// The consumer, while it runs.
struct Consuming {
    consumer: Consumer,
    committed: watch::Receiver<Committed>,
    stop: CancellationToken,
    losses: Losses,
    /// Number of attempts to subscribe so far.
    epoch: u64,
}

impl Service for Consuming {
    type Connection = Subscription;

    async fn connect(&mut self) -> Result<Subscription, ConnectionFailure> {
        self.epoch += 1;
        let Consumer { broker, status, counters, .. } = &self.consumer;
        let connected = broker.open("consumer").await?;
        if connected.was_missing {
            self.losses.record();
        }
        let subscription = Subscription::start(connected, broker, self.epoch, status, counters).await?;
        subscription.report(&self.losses, broker).await?;
        Ok(subscription)
    }

    async fn serve(&mut self, subscription: Subscription) -> String {
        let Consumer { broker, intake, status, .. } = &self.consumer;
        status.broker_up();
        tracing::info!("consuming {} at {}", broker.names().history, broker.shown());
        let why = subscription.serve(intake, &mut self.committed, &self.losses, &self.stop).await;
        broker.lost(&why)
    }

    fn report_down(&mut self, reason: &str) {
        // A service that ends has no trouble with its broker.
        if !self.stop.is_cancelled() && self.consumer.status.broker_down(reason) {
            tracing::warn!("{reason}");
        }
    }
}
