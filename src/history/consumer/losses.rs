//! The news that the queue was deleted or purged, for the nodes, which have what they published lately.

use std::sync::atomic::{AtomicBool, Ordering};

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Connection};

use super::marks::control;
use bus::amqp::topology::{HISTORY_ROOM, Names};

/// Whether the queue lost messages that the nodes do not know of yet.
#[derive(Default)]
pub struct Losses(AtomicBool);

impl Losses {
    /// Records that messages are gone from the queue.
    pub fn record(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Tells all nodes, if there is anything to tell.
    pub async fn report(&self, connection: &Connection, names: &Names) -> lapin::Result<()> {
        let Some(envelope) = self.0.load(Ordering::Relaxed).then(|| control("lost")).flatten() else {
            return Ok(());
        };
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let (exchange, options) = (names.signals.as_str().into(), BasicPublishOptions::default());
        let properties = BasicProperties::default();
        channel
            .basic_publish(exchange, HISTORY_ROOM.into(), options, &envelope.encode(), properties)
            .await?
            .await?;
        self.0.store(false, Ordering::Relaxed);
        Ok(())
    }
}
