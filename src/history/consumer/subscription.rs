//! One subscription to the queue, from its start to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Consumer};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::call::{CALL, Caller};
use super::committed::Committed;
use super::losses::Losses;
use super::marks::Marks;
use super::probe;
use crate::counters::Counters;
use crate::intake::{Content, Delivery};
use crate::status::Status;
use bus::ConnectionFailure;
use bus::amqp::server::{AmqpServer, Connected, sentence};

/// Number of deliveries that the broker sends before the first of them is acknowledged.
pub const PREFETCH: u16 = 1_000;
/// How long an orderly end of the connection may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// A subscription that the broker has confirmed.
pub struct Subscription {
    epoch: u64,
    queue: String,
    consumer: Consumer,
    deliveries: Channel,
    /// A second channel for probes, so that their answers do not wait behind deliveries and an error closes only this
    /// channel.
    questions: Channel,
    counters: Arc<Counters>,
    connected: Connected,
}

impl Subscription {
    /// Waits until the queue is free, and then subscribes as its only consumer.
    pub async fn start(
        connected: Connected,
        broker: &AmqpServer,
        epoch: u64,
        status: &Status,
        counters: &Arc<Counters>,
    ) -> Result<Self, ConnectionFailure> {
        let call = Caller { broker };
        let questions = call.to(connected.connection.create_channel()).await?;
        let queue = broker.names().history.clone();
        let busy = format!("another service consumes {queue}; this one takes over when that ends");
        probe::until_free(
            &questions,
            &queue,
            || broker.silent(CALL),
            |error| broker.failure(error),
            || {
                if status.broker_down(&busy) {
                    tracing::warn!("{busy}");
                }
            },
        )
        .await?;
        let deliveries = call.to(connected.connection.create_channel()).await?;
        call.to(deliveries.basic_qos(PREFETCH, BasicQosOptions::default())).await?;
        // The subscription is exclusive because two services with two files would each get a part of the messages.
        let alone = BasicConsumeOptions { exclusive: true, ..BasicConsumeOptions::default() };
        let consumer = deliveries.basic_consume(
            queue.as_str().into(),
            "pubsub-lab-history".into(),
            alone,
            FieldTable::default(),
        );
        let consumer = call.to(consumer).await?;
        Ok(Self { epoch, queue, consumer, deliveries, questions, counters: Arc::clone(counters), connected })
    }

    /// Tells the nodes what the queue has lost, if anything.
    pub async fn report(&self, losses: &Losses, broker: &AmqpServer) -> Result<(), ConnectionFailure> {
        Caller { broker }.to(losses.report(&self.connected.connection, broker.names())).await
    }

    /// Consumes until the connection is lost or `stop` is cancelled, and says why it ended.
    pub async fn serve(
        self,
        intake: &mpsc::Sender<Delivery>,
        committed: &mut watch::Receiver<Committed>,
        losses: &Losses,
        stop: &CancellationToken,
    ) -> String {
        let Self { epoch, queue, mut consumer, deliveries, questions, counters, connected } = self;
        let (pulse, marks) = (AtomicBool::new(false), Marks::new());
        let mut acks = Acks { epoch, channel: &deliveries, told: 0 };
        let mut waiting: Option<Delivery> = None;
        let mut silence = std::pin::pin!(probe::watch(&questions, &queue, &pulse, &marks, losses, &counters));
        let why = loop {
            tokio::select! {
                () = stop.cancelled() => break None,
                why = &mut silence => break Some(why),
                changed = committed.changed() => {
                    if changed.is_err() {
                        break Some("the writer ended".into());
                    }
                    let done = *committed.borrow_and_update();
                    if let Err(why) = acks.send(done).await {
                        break Some(why);
                    }
                }
                next = consumer.next(), if waiting.is_none() => match next {
                    Some(Ok(delivery)) => {
                        pulse.store(true, Ordering::Relaxed);
                        let (tag, content) = (delivery.delivery_tag, Content::read(delivery.data));
                        if let Content::Mark(id) = &content
                            && !marks.take(id)
                        {
                            losses.record();
                            break Some(probe::purged(&queue));
                        }
                        let delivery = Delivery { epoch, tag, content };
                        waiting = intake.try_send(delivery).err().map(mpsc::error::TrySendError::into_inner);
                    }
                    Some(Err(error)) => break Some(sentence(&error)),
                    None => {
                        losses.record();
                        break Some(probe::deleted(&queue));
                    }
                },
                // The writer is behind, so no further delivery is taken and the broker holds the rest back.
                place = intake.reserve(), if waiting.is_some() => match (place, waiting.take()) {
                    (Ok(place), Some(delivery)) => place.send(delivery),
                    _ => break Some("the writer ended".into()),
                },
            }
        };
        match why {
            Some(why) => why,
            None => {
                goodbye(&connected.connection, &mut acks, committed).await;
                "the service ends".into()
            }
        }
    }
}

/// Acknowledges what the writer still finishes, and closes the connection in good order, so that little is delivered
/// again.
async fn goodbye(connection: &Connection, acks: &mut Acks<'_>, committed: &mut watch::Receiver<Committed>) {
    let deadline = Instant::now() + GOODBYE;
    // An error means that the writer has ended.
    while let Ok(Ok(())) = timeout_at(deadline, committed.changed()).await {
        let done = *committed.borrow_and_update();
        if acks.send(done).await.is_err() {
            return;
        }
    }
    let done = *committed.borrow();
    if acks.send(done).await.is_ok() {
        let _ = timeout_at(deadline, connection.close(200, "the service ends".into())).await;
    }
}

/// Acknowledges the deliveries of one subscription.
struct Acks<'a> {
    epoch: u64,
    channel: &'a Channel,
    /// The newest delivery that was acknowledged. To acknowledge a delivery twice is an error to the broker.
    told: u64,
}

impl Acks<'_> {
    /// Acknowledges everything up to this delivery. Deliveries of another subscription are not acknowledged here: the
    /// broker has delivered them again, or will.
    async fn send(&mut self, done: Committed) -> Result<(), String> {
        if done.epoch != self.epoch || done.tag <= self.told {
            return Ok(());
        }
        let multiple = BasicAckOptions { multiple: true };
        match timeout(CALL, self.channel.basic_ack(done.tag, multiple)).await {
            Ok(Ok(())) => {
                self.told = done.tag;
                Ok(())
            }
            Ok(Err(error)) => Err(sentence(&error)),
            Err(_) => Err(format!("it has taken no acknowledgement for {CALL:?}")),
        }
    }
}
