//! The connection that publishes. Many messages are under way at once, each confirmed by RabbitMQ.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::canary;
use super::connection::AmqpConnection;
use super::dialer::Dialer;
use super::errors::{is_missing, sentence};
use super::flights::{Cargo, Confirm, Flights, Landed};
use super::outbox::{Job, Outbox, Target};
use super::topology::{Names, PERSISTENT, routing_key};
use crate::keeper::Service;
use crate::status::{CLOSED, Part, Status};
use crate::{ConnectionFailure, Level, PublishOutcome};

/// Largest number of publishes under way. A chat message takes two of them. An outage makes no more than these unknown.
const WINDOW: usize = 2_000;
/// The most publishes that one message takes.
const COPIES: usize = 2;
/// How long a confirm may take if RabbitMQ answers otherwise: a slow disk is no reason to reconnect.
const CONFIRM_WITHIN: Duration = Duration::from_secs(10);
/// The interval at which the ages of messages are checked.
const TICK: Duration = Duration::from_millis(100);
/// How long a bus that closes goes on publishing the messages that wait.
const LEAVE_WITHIN: Duration = Duration::from_millis(300);
/// AMQP's `delivery_mode` of a message that is never written to disk.
const TRANSIENT: u8 = 1;

/// Publishes the messages of the outbox.
pub(super) struct Publisher {
    pub(super) dialer: Dialer,
    pub(super) outbox: Arc<Outbox>,
    pub(super) status: Arc<Status>,
    /// Whether the history's queue rejected its copy of the message that lands next.
    pub(super) history_refused: AtomicBool,
}

impl Publisher {
    /// Publishes until the connection is dead. The messages that were not confirmed are left in `flights`.
    async fn publish(&self, connection: &AmqpConnection, flights: &mut Flights) -> String {
        let channel = match confirming(connection).await {
            Ok(channel) => channel,
            Err(error) => return sentence(&error),
        };
        let mut leave = pin!(async {
            self.dialer.stop.cancelled().await;
            sleep(LEAVE_WITHIN).await;
        });
        let mut blocked = connection.blocked();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopping = false;
        // A message that was given to the library during an alarm is written when the alarm is over.
        let mut unblocked = None;
        loop {
            let held = blocked.borrow_and_update().clone();
            match &held {
                Some(reason) => self.closed(reason),
                None => self.opened(),
            }
            while held.is_none() && !blocked.has_changed().unwrap_or(false) {
                let now = Instant::now();
                self.outbox.publish_again(now);
                for mut job in self.outbox.take(WINDOW.saturating_sub(flights.len()) / COPIES) {
                    // The history's copy goes first: whoever begins to listen between the two finds it in the history.
                    if let Target::Chat(_) = job.target {
                        let way = to_history(&job.id, "chat", connection.names());
                        let call = publish(channel.clone(), way, job.payload.clone()).boxed();
                        flights.publish_to_history(call, &mut job, now);
                    }
                    let way = way(&job, connection.names());
                    flights.publish(publish(channel.clone(), way, job.payload.clone()).boxed(), job, now);
                }
                if stopping && flights.is_empty() {
                    return CLOSED.into();
                }
                let room = flights.len() + COPIES <= WINDOW;
                tokio::select! {
                    biased;
                    () = flights.ready() => {
                        connection.record_answer();
                        if let Err(reason) = self.land(&channel, flights) {
                            return reason;
                        }
                    }
                    _ = blocked.changed() => break,
                    () = &mut leave => return CLOSED.into(),
                    () = self.dialer.stop.cancelled(), if !stopping => stopping = true,
                    _ = tick.tick(), if !flights.is_empty() => {
                        self.give_up_stale(flights);
                        let since = flights.oldest().max(unblocked);
                        if since.is_some_and(|since| since.elapsed() > CONFIRM_WITHIN) {
                            return format!("it has not confirmed a message within {CONFIRM_WITHIN:?}");
                        }
                    }
                    () = self.outbox.recent.due() => {}
                    () = self.outbox.filled(), if room => {}
                }
            }
            if held.is_some() {
                // During an alarm the library writes nothing more, so no further message is given to it.
                tokio::select! {
                    _ = blocked.changed() => {}
                    () = &mut leave => return CLOSED.into(),
                    // RabbitMQ still confirms the messages that it took before the alarm.
                    () = flights.ready() => {
                        connection.record_answer();
                        if let Err(reason) = self.land(&channel, flights) {
                            return reason;
                        }
                    }
                    _ = tick.tick() => self.give_up_stale(flights),
                }
                unblocked = Some(Instant::now());
            }
        }
    }

    fn opened(&self) {
        self.outbox.open(Instant::now());
        self.status.set_up(Part::Publisher);
    }

    fn closed(&self, reason: &str) {
        self.outbox.shut(reason);
        self.status.set_down(Part::Publisher, reason);
    }

    fn give_up_stale(&self, flights: &mut Flights) {
        let now = Instant::now();
        for job in flights.take_stale(|job| self.outbox.is_stale(job, now)) {
            self.outbox.give_up(job);
        }
    }

    /// Answers the confirmed messages. An error means that the connection is of no more use; the messages that
    /// RabbitMQ did not take wait for the next connection.
    fn land(&self, channel: &Channel, flights: &mut Flights) -> Result<(), String> {
        let mut landed = flights.landed();
        // The library hands a returned message to any one of the confirms that came with it, while it holds a lock
        // for all of them. Once this call has had the lock, all of them have landed.
        let _ = channel.wait_for_confirms().now_or_never();
        landed.extend(flights.landed());
        let (again, failed) = self.settle(landed);
        let Some(reason) = failed else { return Ok(()) };
        let unconfirmed = std::mem::take(flights).into_jobs();
        self.outbox.put_back(again.into_iter().chain(unconfirmed).collect(), &reason);
        Err(reason)
    }

    /// Answers the messages that RabbitMQ took or refused. Gives back those that it did not take, with the reason.
    fn settle(&self, landed: Vec<Landed>) -> (Vec<Job>, Option<String>) {
        let mut failed = None;
        let (mut returned, mut all_returned) = (HashSet::new(), false);
        for (_, confirm) in &landed {
            match confirm {
                Ok(Confirmation::Ack(Some(message)) | Confirmation::Nack(Some(message))) => {
                    self.outbox.recent.record_loss();
                    failed.get_or_insert_with(|| "the history's queue was deleted there".to_owned());
                    match message.delivery.properties.message_id() {
                        Some(id) => _ = returned.insert(id.as_str().to_owned()),
                        // It may be any of them, and to publish a message twice does no harm.
                        None => all_returned = true,
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    if is_missing(error) {
                        self.dialer.losses.record();
                    }
                    failed.get_or_insert_with(|| sentence(error));
                }
            }
        }
        let mut again = Vec::new();
        for (cargo, confirm) in landed {
            let Cargo::Message(job) = cargo else {
                // The message itself lands next, perhaps in a later call.
                self.history_refused.store(confirm.is_ok_and(|confirm| confirm.is_nack()), Ordering::Relaxed);
                continue;
            };
            let history_refused = self.history_refused.swap(false, Ordering::Relaxed);
            let Some(job) = job else { continue };
            match confirm {
                Ok(_) if all_returned || returned.contains(&*job.id) => again.push(job),
                Ok(_) if history_refused => self.history_is_full(job),
                Ok(confirm) if confirm.is_nack() => {
                    self.outbox
                        .answer(job, PublishOutcome::Unknown { reason: "RabbitMQ did not take it".into() });
                }
                Ok(_) => self.confirmed(job),
                Err(_) => again.push(job),
            }
        }
        (again, failed)
    }

    fn confirmed(&self, job: Job) {
        let level = match job.target {
            Target::Chat(_) => {
                self.outbox.recent.record(&job.id, &job.payload, Instant::now());
                Level::Confirmed
            }
            Target::Signal(_) | Target::Fence | Target::Again | Target::Canary { .. } => Level::Handed,
        };
        self.outbox.answer(job, PublishOutcome::Ack(level));
    }

    /// Answers a message that the history's full queue rejected. The live feeds have their own copy, so the outcome is
    /// not `Refused`, which would mean that nobody ever sees the message.
    fn history_is_full(&self, job: Job) {
        self.outbox.history_full(Instant::now());
        let reason = "the history is full and did not take it; those who are online may have got it";
        self.outbox.answer(job, PublishOutcome::Unknown { reason: reason.into() });
    }
}

impl Service for Publisher {
    type Connection = AmqpConnection;

    async fn connect(&mut self) -> Result<AmqpConnection, ConnectionFailure> {
        self.dialer.connect().await
    }

    async fn serve(&mut self, connection: AmqpConnection) -> String {
        let mut flights = Flights::default();
        let reason = tokio::select! {
            reason = self.publish(&connection, &mut flights) => reason,
            reason = connection.death() => reason,
        };
        // Messages that were confirmed before the end still count as confirmed.
        let (mut unconfirmed, _) = self.settle(flights.landed());
        unconfirmed.extend(flights.into_jobs());
        self.outbox.put_back(unconfirmed, &reason);
        self.dialer.hang_up(connection, &reason).await
    }

    fn report_down(&mut self, reason: &str) {
        self.closed(reason);
        if self.dialer.stop.is_cancelled() {
            self.outbox.drain();
        }
    }
}

/// A channel on which RabbitMQ confirms what it takes.
async fn confirming(connection: &AmqpConnection) -> lapin::Result<Channel> {
    let channel = connection.channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

/// The exchange, key, options and properties with which one message is published.
struct Way {
    exchange: ShortString,
    key: ShortString,
    options: BasicPublishOptions,
    properties: BasicProperties,
}

/// Gives a message to the connection, and waits for its confirm.
async fn publish(channel: Channel, way: Way, payload: Bytes) -> Confirm {
    let Way { exchange, key, options, properties } = way;
    channel.basic_publish(exchange, key, options, &payload, properties).await?.await
}

/// How a message is published: everything that `rabbitmqadmin get` shows of it besides its text. Of a chat message, how
/// the live feeds' copy is published.
fn way(job: &Job, names: &Names) -> Way {
    let (exchange, room, kind, mode) = match &job.target {
        Target::Chat(room) => (&names.chat, room, "chat", PERSISTENT),
        Target::Signal(room) => (&names.signals, room, "signal", TRANSIENT),
        Target::Fence => return to_history(&job.id, "fence", names),
        Target::Again => return to_history(&job.id, "chat", names),
        Target::Canary { room, chat: true } => (&names.chat, room, "canary", TRANSIENT),
        Target::Canary { room, chat: false } => (&names.signals, room, "canary", TRANSIENT),
    };
    let properties = properties(&job.id, kind, mode);
    let properties = match job.target {
        Target::Canary { .. } => properties.with_expiration(canary::LIVES.as_millis().to_string().into()),
        _ => properties,
    };
    // A room that nobody is in leads nowhere. A canary is missed where it should arrive.
    let options = BasicPublishOptions::default();
    Way { exchange: exchange.as_str().into(), key: routing_key(room).into(), options, properties }
}

/// How a message gets into the history's queue and nowhere else. Nobody can take away this way as long as the queue is
/// there, and RabbitMQ returns what it cannot put into the queue.
fn to_history(id: &str, kind: &str, names: &Names) -> Way {
    Way {
        exchange: "".into(),
        key: names.history.as_str().into(),
        options: BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() },
        properties: properties(id, kind, PERSISTENT),
    }
}

fn properties(id: &str, kind: &str, mode: u8) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_content_type("text/plain".into())
        .with_delivery_mode(mode)
        .with_app_id("pubsub-lab".into())
        .with_type(kind.into());
    // If AMQP cannot carry the id, the envelope still has it.
    match ShortString::try_new(id) {
        Ok(id) => properties.with_message_id(id),
        Err(_) => properties,
    }
}
