//! The bus over Redis publish/subscribe: fire and forget, with one native channel for each room.
//!
//! | file | what it is |
//! |---|---|
//! | `server`, `errors` | where Redis is: the URL and the handshake; and what is said when something fails |
//! | `connection` | one living connection and its heartbeat |
//! | `outbox`, `publisher` | what waits to be published, and the connection that publishes it |
//! | `subscriber` | the connection that keeps Redis told which rooms this node wants |
//! | `channels` | the channels' names, and which of what comes over them are envelopes |
//! | `sessions` | a store of sessions, beside the bus |
//!
//! Publishing and subscribing use one connection each, because Redis may drop a slow subscriber, and a subscriber's
//! backlog must not delay a publish. Both speak RESP3, so Redis 6 or newer is needed.
//!
//! An answer never promises more than is known. `Refused` is given only for a publish that never left our own queue,
//! so nothing refused is ever delivered; a publish that was given to a connection and got no answer is `Unknown`.

mod channels;
mod connection;
mod errors;
mod outbox;
mod publisher;
mod server;
mod sessions;
mod subscriber;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::backoff::Backoff;
use super::inbox::Inbox;
use super::interest::Interest;
use super::running::Running;
use super::status::Status;
use super::{BrokeredBus, BusError, Counters};
use address::SafeUrl;
use channels::Channels;
use outbox::Outbox;
use publisher::Publisher;
use server::RedisServer;
pub use sessions::RedisSessions;
use subscriber::Subscriber;

/// The pause before the second attempt to connect, before jitter; later pauses are longer.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// How a node reaches Redis.
#[derive(Clone)]
pub struct RedisOptions {
    /// The URL of Redis: `redis://[user][:password@]host[:port][/database]`, `rediss://` for TLS, `unix://` for a
    /// socket file.
    pub url: String,
    /// The beginning of every channel's name; a colon and the room follow.
    pub namespace: String,
    /// Number of envelopes that were received and not yet read by the node. Further ones are dropped and reported as
    /// [`BusEvent::Lagged`].
    pub queue: usize,
    /// Number of publishes that wait for the connection. Further ones are refused as `overloaded`.
    pub publish_queue: usize,
    /// The longest that one attempt to connect may take, handshake included. It also bounds how soon a network
    /// that is whole again is noticed.
    pub connect_timeout: Duration,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".into(),
            namespace: "pubsub-lab".into(),
            queue: 65_536,
            publish_queue: 16_384,
            connect_timeout: Duration::from_millis(400),
        }
    }
}

impl fmt::Debug for RedisOptions {
    /// The output shows no password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, namespace, queue, publish_queue, connect_timeout } = self;
        f.debug_struct("RedisOptions")
            .field("url", &SafeUrl::new(url))
            .field("namespace", namespace)
            .field("queue", queue)
            .field("publish_queue", publish_queue)
            .field("connect_timeout", connect_timeout)
            .finish()
    }
}

/// A bus over a Redis server. Dropping it ends its tasks.
pub type RedisBus = BrokeredBus<Outbox>;

impl RedisBus {
    /// Starts to connect, within a Tokio runtime. It is not an error if Redis is away: the bus is down until it is
    /// there.
    ///
    /// # Errors
    /// When the URL is malformed.
    pub fn start(options: RedisOptions) -> Result<Self, BusError> {
        let server = Arc::new(RedisServer::parse(&options.url, options.connect_timeout)?);
        let channels = Arc::new(Channels::new(&options.namespace));
        let counters = Arc::new(Counters::register());
        let status = Arc::new(Status::new("Redis", format!("connecting to Redis at {}", server.shown())));
        let outbox = Arc::new(Outbox::new(options.publish_queue, Arc::clone(&counters)));
        let interest = Arc::new(Interest::default());
        let (inbox, events) = Inbox::new(options.queue, Arc::clone(&counters));
        let inbox = Arc::new(inbox);
        let running = Running::new("Redis", events);

        let publisher = Publisher {
            server: Arc::clone(&server),
            outbox: Arc::clone(&outbox),
            status: Arc::clone(&status),
            channels: Arc::clone(&channels),
            stop: running.stop().clone(),
        };
        let subscriber = Subscriber {
            server,
            interest: Arc::clone(&interest),
            inbox: Arc::clone(&inbox),
            status: Arc::clone(&status),
            channels,
            stop: running.stop().clone(),
        };
        running.keep(publisher, Backoff::new(FIRST_PAUSE, LONGEST_PAUSE), &counters);
        running.keep(subscriber, Backoff::new(FIRST_PAUSE, LONGEST_PAUSE), &counters);
        running.tasks().spawn(inbox.report_losses(running.stop().clone()));
        Ok(Self::new(outbox, interest, status, running))
    }
}
