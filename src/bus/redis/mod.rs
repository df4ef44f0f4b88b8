//! The bus over Redis publish/subscribe: fire and forget, with one native channel for each room.
//!
//! | file | what it is |
//! |---|---|
//! | `broker`, `failure` | where Redis is: the URL and the handshake; and what is said when something fails |
//! | `link`, `keeper` | one living connection and its heartbeat, and the loop that makes it anew |
//! | `outbox`, `publisher`, `flights` | what waits to be published, the connection that publishes it, and what it has not answered |
//! | `subscriber` | the connection that keeps Redis told which rooms this node wants |
//! | `inbox` | which of what comes over that connection goes on to the node |
//!
//! Publishing and subscribing use one connection each, because Redis may drop a slow subscriber, and a subscriber's
//! backlog must not delay a publish. Both speak RESP3, so Redis 6 or newer is needed.
//!
//! An answer never promises more than is known. `Refused` is given only for a publish that never left our own queue,
//! so nothing refused is ever delivered; a publish that was given to a connection and got no answer is `Unknown`.

mod broker;
mod failure;
mod flights;
mod inbox;
mod keeper;
mod link;
mod outbox;
mod publisher;
mod subscriber;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::counters::Counters;
use super::feed::Feed;
use super::interest::Interest;
use super::redaction::redact;
use super::status::Status;
use super::{BoxFuture, Bus, BusError, BusEvent, Health, Receipt};
use broker::Broker;
use inbox::Inbox;
use outbox::Outbox;
use publisher::Publisher;
use subscriber::Subscriber;
use wire::{Envelope, Room};

/// How long [`Bus::close`] waits for the tasks to end.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

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
            .field("url", &redact(url))
            .field("namespace", namespace)
            .field("queue", queue)
            .field("publish_queue", publish_queue)
            .field("connect_timeout", connect_timeout)
            .finish()
    }
}

/// A bus over a Redis server. Dropping it ends its tasks.
pub struct RedisBus {
    outbox: Arc<Outbox>,
    interest: Arc<Interest>,
    status: Arc<Status>,
    events: Mutex<Option<mpsc::Receiver<BusEvent>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Ends the tasks of a bus that was dropped without [`Bus::close`].
    _stop_when_dropped: DropGuard,
}

impl RedisBus {
    /// Starts to connect, within a Tokio runtime. It is not an error if Redis is away: the bus is down until it is
    /// there.
    pub fn start(options: RedisOptions) -> Result<Self, BusError> {
        let broker = Arc::new(Broker::parse(&options.url, options.connect_timeout)?);
        let counters = Arc::new(Counters::register());
        let status = Arc::new(Status::new("Redis", format!("connecting to Redis at {}", broker.shown())));
        let outbox = Arc::new(Outbox::new(options.publish_queue, Arc::clone(&counters)));
        let interest = Arc::new(Interest::default());
        let (feed, events) = Feed::new(options.queue, Arc::clone(&counters));
        let feed = Arc::new(feed);
        let inbox = Arc::new(Inbox::new(&options.namespace, Arc::clone(&feed)));
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();

        let publisher = Publisher::new(&outbox, &status, &options.namespace, &stop);
        let subscriber = Subscriber::new(&interest, &inbox, &status, &options.namespace, &stop);
        let reconnects = &counters.reconnects;
        tasks.spawn(keeper::keep(Arc::clone(&broker), publisher, reconnects.clone(), stop.clone()));
        tasks.spawn(keeper::keep(broker, subscriber, reconnects.clone(), stop.clone()));
        tasks.spawn(feed.report_losses(stop.clone()));
        Ok(Self {
            outbox,
            interest,
            status,
            events: Mutex::new(Some(events)),
            tasks,
            _stop_when_dropped: stop.clone().drop_guard(),
            stop,
        })
    }
}

impl Bus for RedisBus {
    fn publish(&self, envelope: Envelope) -> Receipt {
        self.outbox.publish(envelope, Instant::now())
    }

    fn subscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>> {
        self.interest.subscribe(room)
    }

    fn unsubscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>> {
        self.interest.unsubscribe(room)
    }

    fn events(&self) -> Option<mpsc::Receiver<BusEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.status.watch()
    }

    fn crosses_nodes(&self) -> bool {
        true
    }

    /// Gives Redis a moment to take and answer the queued publishes; those that it does not take are refused.
    fn close(&self) -> BoxFuture<()> {
        self.outbox.close();
        self.interest.close();
        self.stop.cancel();
        self.tasks.close();
        let tasks = self.tasks.clone();
        Box::pin(async move {
            if tokio::time::timeout(CLOSE_WITHIN, tasks.wait()).await.is_err() {
                tracing::warn!("the Redis bus did not end within {CLOSE_WITHIN:?}");
            }
        })
    }
}
