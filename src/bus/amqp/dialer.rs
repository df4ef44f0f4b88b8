//! How one of a node's two connections begins and ends, and what both mean for the exchanges.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use super::connection::AmqpConnection;
use super::exchange_losses::ExchangeLosses;
use super::recent::Recent;
use super::server::AmqpServer;
use crate::ConnectionFailure;

/// Makes the connections of one service, one after another.
pub(super) struct Dialer {
    /// The word by which RabbitMQ's tools show the connection's purpose.
    pub(super) purpose: &'static str,
    pub(super) server: Arc<AmqpServer>,
    pub(super) losses: Arc<ExchangeLosses>,
    pub(super) recent: Arc<Recent>,
    pub(super) stop: CancellationToken,
    /// Set when an exchange was found to be gone, and reset when that was reported.
    gone: Arc<AtomicBool>,
    connected_before: bool,
}

impl Dialer {
    pub(super) fn new(
        purpose: &'static str,
        server: &Arc<AmqpServer>,
        losses: &Arc<ExchangeLosses>,
        recent: &Arc<Recent>,
        stop: &CancellationToken,
    ) -> Self {
        let (server, losses, stop) = (Arc::clone(server), Arc::clone(losses), stop.clone());
        let recent = Arc::clone(recent);
        Self { purpose, server, losses, recent, stop, gone: Arc::default(), connected_before: false }
    }

    /// Makes one attempt to connect.
    pub(super) async fn connect(&mut self) -> Result<AmqpConnection, ConnectionFailure> {
        let attempt = self.server.connect(self.purpose, &self.gone, &self.recent).await;
        // Another process may declare the exchange again before the next attempt, so its loss is reported now.
        if self.connected_before {
            self.report_loss();
        }
        if attempt.is_ok() {
            self.connected_before = true;
            // On the first connection a missing exchange only means that RabbitMQ is new to this process, and nothing
            // was lost.
            self.gone.store(false, Ordering::Relaxed);
        }
        attempt
    }

    /// Ends a connection that is of no more use for this reason, and gives a sentence that says so.
    pub(super) async fn hang_up(&self, connection: AmqpConnection, reason: &str) -> String {
        self.report_loss();
        if self.stop.is_cancelled() {
            connection.leave().await;
        }
        self.server.lost(reason)
    }

    fn report_loss(&self) {
        if self.gone.swap(false, Ordering::Relaxed) {
            self.losses.record();
        }
    }
}
