//! The bus over AMQP 0-9-1: RabbitMQ, durable, with a history service beside it.
//!
//! | file | what it is |
//! |---|---|
//! | `topology` | what stands at RabbitMQ, and what a message looks like there |
//! | `options` | how the bus is set up |
//! | `server`, `ending`, `errors` | where RabbitMQ is: the URL and the handshake; and what is said when something fails |
//! | `dialer`, `connection` | how a connection begins and ends, and how its death is noticed |
//! | `outbox`, `publisher`, `flights` | what waits to be confirmed, the connection that publishes it, and what is under way |
//! | `subscriber`, `bindings`, `acks` | the connection that listens: this node's queue, what it is bound by, and acks |
//! | `live_feed`, `dedup` | the way from that queue to the node, without second copies |
//! | `canary`, `exchange_losses` | messages to itself, by which a node notices that nothing reaches it any more; how often an exchange was deleted |
//! | `recent` | what was confirmed lately, for the case that the history's queue loses what it holds |
//! | `marks`, `history`, `recall` | how far each room was heard, and how what is missing is had from the history |
//! | `comparison` | whether anything is missing that nobody reports |
//!
//! Publishing and listening use one connection each, because RabbitMQ stops reading from a connection that publishes
//! when it is low on memory or disk, and the node's acks must not stop with it.

mod acks;
mod bindings;
mod canary;
mod comparison;
mod connection;
mod dedup;
mod dialer;
mod ending;
mod errors;
mod exchange_losses;
mod flights;
mod history;
mod live_feed;
mod marks;
mod options;
mod outbox;
mod publisher;
pub mod recall;
mod recent;
pub mod server;
mod subscriber;
pub mod topology;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::time::Instant;

use super::brokered::Outgoing;
use super::interest::Interest;
use super::running::Running;
use super::status::Status;
use super::{BoxFuture, BrokeredBus, BusError, Counters, Receipt, Replay, ReplayStart};
use canary::Canary;
use dialer::Dialer;
use exchange_losses::ExchangeLosses;
use history::History;
use live_feed::{Heard, LiveFeed};
use outbox::Outbox;
use publisher::Publisher;
use recall::Recall;
use server::AmqpServer;
use subscriber::{State, Subscriber};
use topology::Names;
use wire::{Envelope, Room};

pub use options::{AmqpOptions, LiveQueue};

/// A bus over RabbitMQ. Dropping it ends its tasks.
pub type AmqpBus = BrokeredBus<Publishing>;

impl AmqpBus {
    /// Starts to connect, within a Tokio runtime. It is not an error if RabbitMQ is away: the bus is down until it is
    /// there.
    ///
    /// # Errors
    /// When the URL of the broker or of the history, or the namespace, is malformed.
    pub fn start(options: AmqpOptions) -> Result<Self, BusError> {
        let process = format!("{:016x}", rand::random::<u64>());
        let names = Names::parse(&options.namespace)?;
        let queue = names.live(options.queue_name.as_deref().unwrap_or(&process));
        let server = Arc::new(AmqpServer::parse(&options.url, names, &process)?);
        let counters = Arc::new(Counters::register());
        let status = Arc::new(Status::new("AMQP", format!("connecting to RabbitMQ at {}", server.shown())));
        let outbox = Arc::new(Outbox::new(options.outbox, options.outbox_age, Arc::clone(&counters)));
        let interest = Arc::new(Interest::default());
        let (feed, events) = LiveFeed::new(&options, &interest, &counters);
        let heard = feed.heard();
        let recall = options.history.as_deref().map(Recall::new).transpose()?;
        let history = recall.map(|recall| Arc::new(History::new(recall, &outbox, &process)));
        let canary = Canary::new(&process, &outbox)?;
        let losses = Arc::<ExchangeLosses>::default();
        let running = Running::new("AMQP", events);
        let stop = running.stop();

        let publisher = Publisher {
            dialer: Dialer::new("publisher", &server, &losses, &outbox.recent, stop),
            outbox: Arc::clone(&outbox),
            status: Arc::clone(&status),
            history_refused: AtomicBool::new(false),
        };
        let subscriber = Subscriber {
            dialer: Dialer::new("subscriber", &server, &losses, &outbox.recent, stop),
            interest: Arc::clone(&interest),
            status: Arc::clone(&status),
            feed,
            canary,
            history: history.clone(),
            kind: options.live_queue,
            queue,
            state: State::default(),
        };
        running.keep(publisher, AmqpServer::backoff(), &counters);
        running.keep(subscriber, AmqpServer::backoff(), &counters);
        running.tasks().spawn(Arc::clone(&outbox).age(stop.clone()));
        Ok(Self::new(Arc::new(Publishing { outbox, heard, history }), interest, status, running))
    }
}

/// What publishes, and what remembers what was published.
pub struct Publishing {
    outbox: Arc<Outbox>,
    heard: Heard,
    history: Option<Arc<History>>,
}

impl Outgoing for Publishing {
    fn publish(&self, envelope: Envelope, now: Instant) -> Receipt {
        self.outbox.publish(&envelope, now)
    }

    fn replay(&self, room: &Room, start: &ReplayStart) -> Option<BoxFuture<Result<Replay, BusError>>> {
        let history = self.history.as_ref()?;
        // Where the node has had nobody in the room for a while, it does not know what it heard there; its queue may.
        let heard = start.heard.clone().or_else(|| self.heard.last(room));
        let start = ReplayStart { heard, ..start.clone() };
        Some(history.replay(room, start))
    }

    fn keeps_history(&self) -> bool {
        self.history.is_some()
    }

    fn fills_gaps(&self) -> bool {
        true
    }

    fn close(&self) {
        self.outbox.close();
    }
}
