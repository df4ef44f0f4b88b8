//! How an AMQP bus is set up.

use std::fmt;

use address::SafeUrl;
use std::time::Duration;

/// How an AMQP bus is set up.
#[derive(Clone)]
pub struct AmqpOptions {
    /// The URL of RabbitMQ: `amqp://[user:password@]host[:port][/vhost]`.
    pub url: String,
    /// Prefix of the names of all exchanges and queues.
    pub namespace: String,
    /// The URL of the history service, such as `http://127.0.0.1:9100`. Without it nothing is replayed.
    pub history: Option<String>,
    /// Number of events that may wait for the node; further ones wait in the node's queue at the broker.
    pub queue: usize,
    /// Number of messages that may wait for their confirm; further ones are refused.
    pub outbox: usize,
    /// How long a message may wait for its confirm. After that its outcome is refused if it was never sent, else
    /// unknown.
    pub outbox_age: Duration,
    /// Which queue the node's live feed comes from.
    pub live_queue: LiveQueue,
    /// The end of the name of the node's queue; a random one by default. No two nodes of a namespace may share it.
    pub queue_name: Option<String>,
    /// Number of ids that are remembered to drop second copies of a live message.
    pub dedup_ids: usize,
    /// How long an id is remembered to drop second copies.
    pub dedup_age: Duration,
}

/// Which queue a node's live feed comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveQueue {
    /// A durable queue of the node process, which survives reconnects and restarts of the broker.
    Durable,
    /// The queue that textbooks use: exclusive to the connection, and deleted with it.
    Exclusive,
}

impl Default for AmqpOptions {
    fn default() -> Self {
        Self {
            url: "amqp://127.0.0.1:5672".into(),
            namespace: "pubsub-lab".into(),
            history: None,
            queue: 65_536,
            outbox: 10_000,
            outbox_age: Duration::from_secs(60),
            live_queue: LiveQueue::Durable,
            queue_name: None,
            dedup_ids: 200_000,
            dedup_age: Duration::from_secs(600),
        }
    }
}

impl fmt::Debug for AmqpOptions {
    /// The output shows no password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpOptions")
            .field("url", &SafeUrl::new(&self.url))
            .field("namespace", &self.namespace)
            .field("history", &self.history.as_deref().map(SafeUrl::new))
            .field("queue", &self.queue)
            .field("outbox", &self.outbox)
            .field("outbox_age", &self.outbox_age)
            .field("live_queue", &self.live_queue)
            .field("queue_name", &self.queue_name)
            .field("dedup_ids", &self.dedup_ids)
            .field("dedup_age", &self.dedup_age)
            .finish()
    }
}
