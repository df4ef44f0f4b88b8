//! The exchanges and queues at the broker, and what a message looks like there.
//!
//! | name | what it is |
//! |---|---|
//! | `NS` | durable topic exchange of chat messages; routing key = room |
//! | `NS.signals` | durable topic exchange of presence and control, which nobody keeps |
//! | `NS.history` | durable queue of the history, bounded (`reject-publish`), bound to no exchange of ours |
//! | `NS.live.ID` | a node process's queue, bound in both exchanges by the rooms that its clients are in |
//!
//! The live queue is the exception among the bounded queues: it has no length limit, because nobody would notice a
//! drop there. Two things bound it: a queue that nobody consumes expires after 60 s, and RabbitMQ's memory alarm
//! stops the publishers when a connected node does not read.
//!
//! A chat message is published twice, first into `NS.history` (through the default exchange, to which every queue is
//! bound for good) and then to `NS` for the live feeds. Through a binding of its own the history would lose what is
//! published while somebody has removed the binding: RabbitMQ confirms a message that reached any queue.
//!
//! The body of a message is the encoded [`Envelope`](wire::Envelope), `message_id` its id, and chat
//! messages are persistent. A *fence* is a control envelope of room [`FENCE_ROOM`] that goes straight to `NS.history`
//! (default exchange): when the history service has committed it, everything before it in the queue is committed.

use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, Error, ErrorKind, ExchangeKind};

use super::errors::is_missing;
use crate::BusError;
use wire::Room;

/// Number of messages that the history queue holds; the broker refuses further publishes.
pub const HISTORY_LENGTH: i64 = 1_000_000;
/// The room of the envelopes by which the history reports that its queue lost messages, and marks places in the queue.
pub const HISTORY_ROOM: &str = "$history";
/// The room of a fence's envelope.
pub const FENCE_ROOM: &str = "$fence";
/// AMQP's `delivery_mode` of a message that survives a restart of the broker.
pub const PERSISTENT: u8 = 2;
/// The longest routing key that AMQP can carry, in bytes.
const KEY_MAX: usize = 255;
/// The longest namespace, in bytes. Names in AMQP have at most 255 bytes, and something is appended to it.
const NAMESPACE_MAX: usize = 200;

/// The names of one cluster's exchanges and queues.
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
    /// Makes the names that begin with a namespace that somebody chose.
    ///
    /// # Errors
    /// When RabbitMQ would refuse one of the names.
    pub fn parse(namespace: &str) -> Result<Self, BusError> {
        let why = if namespace.is_empty() {
            "it is empty"
        } else if namespace.len() > NAMESPACE_MAX {
            "it is too long"
        } else if namespace.starts_with("amq.") {
            "names that begin with `amq.` are RabbitMQ's own"
        } else if namespace.chars().any(char::is_control) {
            "it has control characters"
        } else {
            return Ok(Self::new(namespace));
        };
        Err(BusError::Setup(format!("`{}` is no namespace: {why}", namespace.escape_debug())))
    }

    /// Makes the names that begin with this namespace, which is known to be valid.
    pub fn new(namespace: &str) -> Self {
        Self {
            chat: namespace.to_owned(),
            signals: format!("{namespace}.signals"),
            history: format!("{namespace}.history"),
            namespace: namespace.to_owned(),
        }
    }

    /// The name of the live queue of a node process.
    pub fn live(&self, process: &str) -> String {
        format!("{}.live.{process}", self.namespace)
    }
}

/// A room as a routing key: the room's name, except for what a topic exchange reads as a pattern (`*` and `#`), and
/// except for names that are longer than AMQP can carry. All long names of one length share a key; a receiver
/// compares the envelope's room anyway.
pub fn routing_key(room: &Room) -> String {
    let key = room.as_str().replace('%', "%25").replace('*', "%2A").replace('#', "%23");
    if key.len() <= KEY_MAX { key } else { format!("%long-{}", key.len()) }
}

/// What RabbitMQ says about a queue.
///
/// # Errors
/// When the connection is lost, or there is no such queue; then RabbitMQ closes the channel.
pub async fn look(channel: &Channel, queue: &str) -> lapin::Result<lapin::Queue> {
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), passive, FieldTable::default()).await
}

/// Whether the history's queue does not exist.
///
/// # Errors
/// When the connection is lost, or the user may not ask.
pub async fn is_history_missing(connection: &Connection, names: &Names) -> lapin::Result<bool> {
    // The question needs a channel of its own, because the answer that something is missing closes the channel.
    match look(&connection.create_channel().await?, &names.history).await {
        Ok(_) => Ok(false),
        Err(error) if is_missing(&error) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Declares the exchanges and queues on which every process of a cluster relies: both exchanges and the history queue.
///
/// A history queue that already exists with another length stays as it is.
///
/// # Errors
/// When the connection is lost, or an exchange or queue of this name exists with other properties.
pub async fn declare(connection: &Connection, names: &Names) -> lapin::Result<()> {
    let channel = connection.create_channel().await?;
    let Err(error) = declare_of_length(&channel, names, HISTORY_LENGTH).await else { return Ok(()) };
    let Some(length) = other_length(&error) else { return Err(error) };
    tracing::warn!("the queue `{}` holds {length} messages at most, and stays so", names.history);
    // The refusal has closed the other channel, so a new one is needed.
    declare_of_length(&connection.create_channel().await?, names, length).await
}

/// Declares everything, with a history queue that holds `length` messages.
async fn declare_of_length(channel: &Channel, names: &Names, length: i64) -> lapin::Result<()> {
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
    channel.queue_declare(names.history.as_str().into(), durable, bounds).await.map(drop)
}

/// The length of the existing history queue, if it differs from what was asked for in nothing else.
fn other_length(error: &Error) -> Option<i64> {
    let ErrorKind::ProtocolError(error) = error.kind() else { return None };
    let text = error.get_message().as_str();
    let (_, current) = text.split_once("inequivalent arg 'x-max-length'")?.1.split_once("current is '")?;
    current.split('\'').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_what_rabbitmq_takes_as_the_beginning_of_a_name() {
        let error = |namespace: &str| Names::parse(namespace).map(drop).map_err(|error| error.to_string());
        for right in ["pubsub-lab", "amq", "x amq.", "é", &"x".repeat(NAMESPACE_MAX)] {
            assert_eq!(error(right), Ok(()), "{right:?}");
        }
        for (wrong, expected) in [
            ("", "`` is no namespace: it is empty"),
            ("amq.x", "`amq.x` is no namespace: names that begin with `amq.` are RabbitMQ's own"),
            ("a\nb", "`a\\nb` is no namespace: it has control characters"),
        ] {
            assert_eq!(error(wrong), Err(expected.into()));
        }
        assert!(
            error(&"é".repeat(NAMESPACE_MAX / 2 + 1)).is_err_and(|error| error.ends_with("it is too long"))
        );
    }

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
