//! What stands at the broker, and what a message looks like there.
//!
//! | name | what it is |
//! |---|---|
//! | `NS` | durable topic exchange of chat messages; routing key = room |
//! | `NS.signals` | durable topic exchange of presence and control, which nobody keeps |
//! | `NS.history` | durable queue bound to everything in `NS`, bounded (`reject-publish`) |
//! | `NS.live.ID` | a node process's queue, bound in both exchanges by the rooms that its clients are in |
//!
//! Of the bounded queues, the live queue is the exception: it has no length of its own, because a drop there would be
//! noticed by nobody. What bounds it: a queue that nobody consumes expires after 60 s, and RabbitMQ's memory alarm stops
//! those who publish when a node that is connected does not read.
//!
//! The body of a message is the encoded [`Envelope`](crate::wire::Envelope), `message_id` its id, and chat
//! messages are persistent. A *fence* is a control envelope of room [`FENCE_ROOM`] that goes straight to `NS.history`
//! (default exchange): when the history service has committed it, everything before it in the queue is committed.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};

use crate::wire::Room;

/// Messages that the history queue holds; further publishes are refused by the broker.
pub const HISTORY_LENGTH: i64 = 1_000_000;
/// The room of a fence's envelope.
pub const FENCE_ROOM: &str = "$fence";
/// AMQP's `delivery_mode` of a message that survives a restart of the broker.
pub const PERSISTENT: u8 = 2;
/// The longest routing key that AMQP can carry, in bytes.
const KEY_MAX: usize = 255;

/// The native names of one cluster.
#[derive(Debug, Clone)]
pub struct Names {
    /// The exchange of chat messages.
    pub chat: String,
    /// The exchange of presence and control.
    pub signals: String,
    /// The queue of the history service.
    pub history: String,
    namespace: String,
}

impl Names {
    /// The names that begin with this prefix.
    pub fn new(namespace: &str) -> Self {
        Self {
            chat: namespace.to_owned(),
            signals: format!("{namespace}.signals"),
            history: format!("{namespace}.history"),
            namespace: namespace.to_owned(),
        }
    }

    /// The live queue of a node process.
    pub fn live(&self, process: &str) -> String {
        format!("{}.live.{process}", self.namespace)
    }
}

/// A room as a routing key: its name, but for what a topic exchange reads as a pattern (`*` and `#`) and for names
/// longer than AMQP can carry, which share one key a length: who receives compares the envelope's room anyway.
pub fn routing_key(room: &Room) -> String {
    let key = room.as_str().replace('%', "%25").replace('*', "%2A").replace('#', "%23");
    if key.len() <= KEY_MAX { key } else { format!("%long-{}", key.len()) }
}

/// Declares what every process of a cluster relies on: both exchanges, the history queue and its binding.
///
/// # Errors
/// When the connection is lost, or something of this name and another kind stands there.
pub async fn declare(channel: &Channel, names: &Names) -> lapin::Result<()> {
    declare_of_length(channel, names, HISTORY_LENGTH).await
}

/// The same with a history queue that holds another number of messages.
///
/// # Errors
/// As [`declare`].
pub async fn declare_of_length(channel: &Channel, names: &Names, length: i64) -> lapin::Result<()> {
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    for exchange in [&names.chat, &names.signals] {
        channel
            .exchange_declare(exchange.as_str().into(), ExchangeKind::Topic, durable, FieldTable::default())
            .await?;
    }
    let mut bounds = FieldTable::default();
    bounds.insert("x-max-length".into(), AMQPValue::LongLongInt(length));
    bounds.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(names.history.as_str().into(), durable, bounds).await?;
    channel
        .queue_bind(
            names.history.as_str().into(),
            names.chat.as_str().into(),
            "#".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_no_pattern() {
        let key = |name: &str| routing_key(&Room::parse(name).unwrap());
        assert_eq!(key("math.algebra and more"), "math.algebra and more");
        assert_eq!(key("math.*"), "math.%2A");
        assert_eq!(key("#"), "%23");
        assert_eq!(key("%23"), "%2523");
        assert!(key(&"\u{1F600}".repeat(64)).len() <= KEY_MAX);
    }
}
