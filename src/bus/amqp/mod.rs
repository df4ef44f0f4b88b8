//! The bus over AMQP 0-9-1: RabbitMQ, durable, with a history service beside it.
//!
//! | file | what it is |
//! |---|---|
//! | `topology` | what stands at RabbitMQ, and what a message looks like there |
//! | `options` | how the bus is set up |
//! | `broker`, `ending`, `failure` | where RabbitMQ is: the URL and the handshake; and what is said when something fails |
//! | `link`, `keeper` | one living connection and how its death is noticed, and the loop that makes it anew |
//! | `outbox`, `publisher`, `flights` | what waits to be confirmed, the connection that publishes it, and what is under way |
//! | `subscriber`, `bindings`, `acks` | the connection that listens: this node's queue, what it is bound by, and acks |
//! | `inbox`, `dedup` | the way from that queue to the node, without second copies |
//! | `canary`, `torn` | messages to itself, by which a node notices that nothing reaches it any more; and how it tells |
//! | `marks`, `history`, `recall` | how far each room was heard, and how what is missing is had from the history |
//!
//! Publishing and listening use one connection each, because RabbitMQ stops reading from a connection that publishes
//! when it is low on memory or disk, and the node's acks must not stop with it.

mod acks;
mod bindings;
pub mod broker;
mod canary;
mod dedup;
mod ending;
mod failure;
mod flights;
mod history;
mod inbox;
mod keeper;
mod link;
mod marks;
mod options;
mod outbox;
mod publisher;
pub mod recall;
mod subscriber;
pub mod topology;
mod torn;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::counters::Counters;
use super::interest::Interest;
use super::status::Status;
use super::{BoxFuture, Bus, BusError, BusEvent, Health, Receipt, Replay};
use broker::Broker;
use canary::Canary;
use history::History;
use inbox::Inbox;
use keeper::Keeper;
use outbox::Outbox;
use publisher::Publisher;
use recall::Recall;
use subscriber::{State, Subscriber};
use topology::Names;
use torn::Torn;
use wire::{Envelope, Room};

pub use options::{AmqpOptions, LiveQueue};

/// How long [`Bus::close`] waits for the tasks to end.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// A bus over RabbitMQ. Dropping it ends its tasks.
pub struct AmqpBus {
    outbox: Arc<Outbox>,
    interest: Arc<Interest>,
    status: Arc<Status>,
    history: Option<Arc<History>>,
    events: Mutex<Option<mpsc::Receiver<BusEvent>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Ends the tasks of a bus that was dropped without [`Bus::close`].
    _stop_when_dropped: DropGuard,
}

impl AmqpBus {
    /// Starts to connect, within a Tokio runtime. It is not an error if RabbitMQ is away: the bus is down until it is
    /// there.
    ///
    /// # Errors
    /// When the URL of the broker or of the history, or the namespace, is malformed.
    pub fn start(options: AmqpOptions) -> Result<Self, BusError> {
        let process = format!("{:016x}", rand::random::<u64>());
        let names = Names::parse(&options.namespace)?;
        let queue = names.live(&process);
        let broker = Arc::new(Broker::parse(&options.url, names, &process)?);
        let counters = Arc::new(Counters::register());
        let status = Arc::new(Status::new("AMQP", format!("connecting to RabbitMQ at {}", broker.shown())));
        let outbox = Arc::new(Outbox::new(options.outbox, options.outbox_age, Arc::clone(&counters)));
        let interest = Arc::new(Interest::default());
        let (inbox, events) = Inbox::new(&options, &interest, &counters);
        let recall = options.history.as_deref().map(Recall::new).transpose()?;
        let history = recall.map(|recall| Arc::new(History::new(recall, &outbox, &process)));
        let canary = Canary::new(&process, &outbox)?;
        let torn = Arc::<Torn>::default();
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();

        let publisher = Publisher::new(&outbox, &status, &torn, &stop);
        let subscriber = Subscriber {
            interest: Arc::clone(&interest),
            status: Arc::clone(&status),
            inbox,
            canary,
            history: history.clone(),
            kind: options.live_queue,
            queue,
            state: State::default(),
            torn: Arc::clone(&torn),
            stop: stop.clone(),
        };
        let keeper = Keeper { broker, torn, reconnects: counters.reconnects.clone(), stop: stop.clone() };
        tasks.spawn(keeper.clone().keep(publisher));
        tasks.spawn(keeper.keep(subscriber));
        tasks.spawn(Arc::clone(&outbox).age(stop.clone()));
        Ok(Self {
            outbox,
            interest,
            status,
            history,
            events: Mutex::new(Some(events)),
            tasks,
            _stop_when_dropped: stop.clone().drop_guard(),
            stop,
        })
    }
}

impl Bus for AmqpBus {
    fn publish(&self, envelope: Envelope) -> Receipt {
        self.outbox.publish(&envelope, Instant::now())
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

    fn replay(&self, room: &Room, after: &str) -> Option<BoxFuture<Result<Replay, BusError>>> {
        self.history.as_ref().map(|history| history.replay(room, after))
    }

    fn crosses_nodes(&self) -> bool {
        true
    }

    /// Gives RabbitMQ a moment to confirm what is queued, and deletes this node's queue there.
    fn close(&self) -> BoxFuture<()> {
        self.outbox.close();
        self.interest.close();
        self.stop.cancel();
        self.tasks.close();
        let tasks = self.tasks.clone();
        Box::pin(async move {
            if tokio::time::timeout(CLOSE_WITHIN, tasks.wait()).await.is_err() {
                tracing::warn!("the AMQP bus did not end within {CLOSE_WITHIN:?}");
            }
        })
    }
}
