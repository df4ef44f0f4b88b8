//! The connection that listens: this node's queue, its bindings, and the messages that come out of it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueBindOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Consumer};
use tokio::time::{Instant, timeout};

use super::acks::{Acks, PREFETCH};
use super::bindings::Bindings;
use super::canary::Canary;
use super::comparison::Comparison;
use super::connection::AmqpConnection;
use super::dialer::Dialer;
use super::errors::{is_missing, sentence};
use super::history::History;
use super::live_feed::LiveFeed;
use super::marks::Mark;
use super::options::LiveQueue;
use super::topology::HISTORY_ROOM;
use crate::ConnectionFailure;
use crate::interest::Interest;
use crate::keeper::Service;
use crate::status::{CLOSED, Part, Status};
use wire::Room;

/// Number of rooms that are bound without a pause.
const CHUNK: usize = 100;
/// How long a queue lives that nobody uses, in milliseconds. It is the only bound on the live queue: RabbitMQ's
/// `drop-head` drops without telling anybody, and `reject-publish` would let one slow node refuse everybody's
/// messages.
const EXPIRES: i32 = 60_000;
/// How long a bus that closes tries to delete its queue.
const DELETE_WITHIN: Duration = Duration::from_millis(300);

/// Listens to the rooms that the node wants.
pub(super) struct Subscriber {
    pub(super) dialer: Dialer,
    pub(super) interest: Arc<Interest>,
    pub(super) status: Arc<Status>,
    pub(super) feed: LiveFeed,
    pub(super) canary: Canary,
    pub(super) history: Option<Arc<History>>,
    pub(super) kind: LiveQueue,
    /// The queue's name. An exclusive queue gets a number appended to it.
    pub(super) queue: String,
    pub(super) state: State,
}

/// The state that outlives a connection.
#[derive(Default)]
pub(super) struct State {
    bindings: Mutex<Bindings>,
    /// Number of queues declared so far.
    declared: AtomicUsize,
    /// Whether the live feed has a gap that was not filled yet.
    gap: AtomicBool,
    /// How often an exchange or queue had been found gone when all rooms were bound the last time.
    losses: AtomicU64,
}

impl Subscriber {
    async fn listen(&self, connection: &AmqpConnection) -> lapin::Result<String> {
        // The count is taken before anything is bound, so that whatever is gone after that is noticed below.
        let losses = self.dialer.losses.count();
        let marks = self.feed.marks();
        if self.state.losses.swap(losses, Ordering::Relaxed) != losses
            && self.state.declared.load(Ordering::Relaxed) > 0
        {
            self.gap();
        }
        let control = connection.channel().await?;
        let queue = self.declare(connection, &control).await?;
        for exchange in [&connection.names().chat, &connection.names().signals] {
            bind(&control, &queue, exchange, self.canary.room().as_str(), false).await?;
        }
        bind(&control, &queue, &connection.names().signals, HISTORY_ROOM, false).await?;
        self.interest.connected();
        self.catch_up(connection, &control, &queue, true).await?;
        tokio::select! {
            ended = self.follow(connection, &control, &queue) => ended,
            ended = self.consume(connection, &queue, marks) => ended,
            () = self.dialer.losses.more_than(losses) => {
                Ok("an exchange was deleted there, and this node's queue may be bound to nothing".into())
            }
        }
    }

    /// Records that the queue did not get every message. A durable feed fills the gap from the history.
    fn gap(&self) {
        if self.kind == LiveQueue::Durable {
            self.state.gap.store(true, Ordering::Relaxed);
        }
    }

    /// Finds the node's queue, or declares it. A queue that is gone took messages with it.
    async fn declare(&self, connection: &AmqpConnection, control: &Channel) -> lapin::Result<String> {
        let before = self.state.declared.load(Ordering::Relaxed);
        if self.kind == LiveQueue::Exclusive {
            // The former queue may live on until RabbitMQ notices that its connection is gone, so the new one has
            // another name.
            let queue = format!("{}.{before}", self.queue);
            let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
            control.queue_declare(queue.as_str().into(), options, FieldTable::default()).await?;
            self.state.declared.store(before + 1, Ordering::Relaxed);
            self.bindings().clear();
            return Ok(queue);
        }
        if before > 0 {
            let passive = QueueDeclareOptions { passive: true, ..Default::default() };
            // The question needs a channel of its own, because the answer that there is no such queue closes the
            // channel.
            let asked = connection.channel().await?;
            match asked.queue_declare(self.queue.as_str().into(), passive, FieldTable::default()).await {
                Ok(_) => return Ok(self.queue.clone()),
                Err(error) if is_missing(&error) => {
                    tracing::warn!("the queue `{}` is gone, and what was in it", self.queue);
                    self.gap();
                }
                Err(error) => return Err(error),
            }
        }
        let mut expires = FieldTable::default();
        expires.insert("x-expires".into(), AMQPValue::LongInt(EXPIRES));
        let durable = QueueDeclareOptions { durable: true, ..Default::default() };
        control.queue_declare(self.queue.as_str().into(), durable, expires).await?;
        self.state.declared.store(before + 1, Ordering::Relaxed);
        self.bindings().clear();
        Ok(self.queue.clone())
    }

    /// Binds and unbinds what the node asks for, beginning at a moment at which all wanted rooms were bound.
    async fn follow(
        &self,
        connection: &AmqpConnection,
        control: &Channel,
        queue: &str,
    ) -> lapin::Result<String> {
        loop {
            self.interest.changed().await;
            self.catch_up(connection, control, queue, false).await?;
        }
    }

    /// Binds the rooms that the node wants and unbinds the others. Binding a room twice changes nothing.
    async fn catch_up(
        &self,
        connection: &AmqpConnection,
        control: &Channel,
        queue: &str,
        all: bool,
    ) -> lapin::Result<()> {
        let mut work = self.interest.take();
        if all {
            // The node may have left rooms while there was no connection, and their bindings are removed as well.
            work.unsubscribe.extend(self.bindings().others(&work.subscribe));
        }
        let exchanges = [&connection.names().chat, &connection.names().signals];
        for room in &work.unsubscribe {
            let key = self.bindings().remove(room);
            for exchange in exchanges.iter().filter(|_| key.is_some()) {
                let key = key.as_deref().unwrap_or_default().into();
                let (queue, exchange) = (queue.into(), exchange.as_str().into());
                control.queue_unbind(queue, exchange, key, FieldTable::default()).await?;
            }
            self.feed.end_room(room);
            self.interest.confirmed(room, false);
        }
        for rooms in work.subscribe.chunks(CHUNK) {
            for (n, room) in rooms.iter().enumerate() {
                self.feed.begin_room(room);
                let key = self.bindings().add(room);
                let is_last = n + 1 == rooms.len();
                bind(control, queue, exchanges[0], &key, true).await?;
                // RabbitMQ answers in order, so the answer to the last command says that all of them are done.
                bind(control, queue, exchanges[1], &key, !is_last).await?;
            }
            for room in rooms {
                self.interest.confirmed(room, true);
            }
        }
        connection.record_answer();
        Ok(())
    }

    /// Fills the gap, if there is one, and then hands over the messages that the queue holds.
    ///
    /// `marks` is how far the node had heard each room before this connection.
    async fn consume(
        &self,
        connection: &AmqpConnection,
        queue: &str,
        marks: Vec<(Room, Mark)>,
    ) -> lapin::Result<String> {
        // On the first connection there are no marks yet.
        let mut before = marks;
        if self.state.gap.load(Ordering::Relaxed) {
            self.fill_gap().await;
            self.state.gap.store(false, Ordering::Relaxed);
            before = self.feed.marks();
        }
        let channel = connection.channel().await?;
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions { exclusive: true, ..Default::default() };
        let consumer = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
        self.status.set_up(Part::Subscriber);
        tokio::select! {
            ended = self.hand_over(connection, &channel, consumer) => ended,
            deaf = self.canary.watch(&self.feed) => {
                self.gap();
                Ok(deaf)
            }
            missing = self.compare(before) => Ok(missing),
        }
    }

    /// Compares the live feed with the history, until messages are missing because a binding is. Without a history, and
    /// for the textbook's queue, nobody compares.
    async fn compare(&self, before: Vec<(Room, Mark)>) -> String {
        match (&self.history, self.kind) {
            (Some(history), LiveQueue::Durable) => {
                Comparison { feed: &self.feed, history, canary: &self.canary }.run(before).await
            }
            (None, _) | (_, LiveQueue::Exclusive) => std::future::pending().await,
        }
    }

    async fn fill_gap(&self) {
        let filled = match &self.history {
            Some(history) => history.backfill(&self.feed).await,
            None => Err("no history service is named".into()),
        };
        match filled {
            Ok(()) => tracing::info!("the gap in the live feed was filled from the history"),
            Err(reason) => {
                tracing::warn!("the live feed has a gap: {reason}");
                self.feed.inbox.report_gap(reason).await;
            }
        }
    }

    /// Hands every delivery to the node, and acks those that were handed over: RabbitMQ delivers the others again.
    async fn hand_over(
        &self,
        connection: &AmqpConnection,
        channel: &Channel,
        mut consumer: Consumer,
    ) -> lapin::Result<String> {
        let mut acks = Acks::default();
        loop {
            let ready = consumer.next().now_or_never();
            if let Some(tag) = acks.due(ready.is_none()) {
                let now = Instant::now();
                channel.basic_ack(tag, BasicAckOptions { multiple: true }).await?;
                acks.sent(tag, now);
            }
            let waited = ready.is_none();
            let delivery = match ready {
                Some(delivery) => delivery,
                None => consumer.next().await,
            };
            let Some(delivery) = delivery else {
                // The gap is recorded even if somebody else declares the queue again before this node does.
                self.gap();
                return Ok("this node's queue was deleted there".into());
            };
            let delivery = delivery?;
            if waited {
                connection.record_answer();
            } else if let Some(when) = acks.proves(delivery.delivery_tag) {
                connection.record_answer_at(when);
            }
            if let Some(envelope) = self.feed.decode(delivery.routing_key.as_str(), delivery.data)
                && !self.canary.take(&envelope)
                && !self.dialer.recent.take(&envelope)
            {
                self.feed.hand(envelope).await;
            }
            acks.add(delivery.delivery_tag);
        }
    }

    fn bindings(&self) -> MutexGuard<'_, Bindings> {
        self.state.bindings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service for Subscriber {
    type Connection = AmqpConnection;

    async fn connect(&mut self) -> Result<AmqpConnection, ConnectionFailure> {
        self.dialer.connect().await
    }

    async fn serve(&mut self, connection: AmqpConnection) -> String {
        let reason = tokio::select! {
            reason = connection.death() => reason,
            ended = self.listen(&connection) => ended.unwrap_or_else(|error| {
                // The loss is recorded before the connection ends: by then somebody else may have declared the exchange
                // again.
                if is_missing(&error) {
                    self.dialer.losses.record();
                }
                sentence(&error)
            }),
            () = self.dialer.stop.cancelled() => CLOSED.into(),
        };
        if self.dialer.stop.is_cancelled() && self.kind == LiveQueue::Durable {
            let delete = async {
                let channel = connection.channel().await?;
                channel.queue_delete(self.queue.as_str().into(), QueueDeleteOptions::default()).await
            };
            // If the queue is not deleted in time, it expires.
            let _ = timeout(DELETE_WITHIN, delete).await;
        }
        self.dialer.hang_up(connection, &reason).await
    }

    fn report_down(&mut self, reason: &str) {
        self.interest.disconnected();
        self.status.set_down(Part::Subscriber, reason);
    }
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str, nowait: bool) -> lapin::Result<()> {
    let options = QueueBindOptions { nowait };
    channel.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default()).await
}
