//! One living connection, and how its death is detected.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use lapin::options::ExchangeDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Event, ExchangeKind};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::ending::Ending;
use super::errors::{is_missing, sentence};
use super::recent::Recent;
use super::topology::{self, Names};

/// The pause between an answer to a probe and the next probe.
const BEAT: Duration = Duration::from_millis(500);
/// How long RabbitMQ may be silent after a probe was sent. With the pause between probes it bounds how late a hung
/// broker is detected.
const SILENCE: Duration = Duration::from_secs(2);
/// How long an orderly close of the connection may take.
const GOODBYE_WITHIN: Duration = Duration::from_millis(300);

/// A connection on which the exchanges and queues are declared. Dropping it ends the connection at once.
pub(super) struct AmqpConnection {
    connection: Connection,
    names: Names,
    /// The last instant at which RabbitMQ certainly sent something. Everything counts: under load the answer to a
    /// probe may be late although RabbitMQ is well.
    pulse: watch::Sender<Instant>,
    /// Why RabbitMQ takes nothing more from this connection for now (an alarm on memory or disk); `None` while it
    /// does.
    blocked: watch::Sender<Option<String>>,
    /// Set when an exchange was found to be gone.
    gone: Arc<AtomicBool>,
    /// Learns that the history's queue lost messages.
    recent: Arc<Recent>,
    _end: Ending,
}

impl AmqpConnection {
    pub(super) fn new(
        connection: Connection,
        names: Names,
        end: Ending,
        gone: &Arc<AtomicBool>,
        recent: &Arc<Recent>,
    ) -> Self {
        Self {
            connection,
            names,
            pulse: watch::Sender::new(Instant::now()),
            blocked: watch::Sender::new(None),
            gone: Arc::clone(gone),
            recent: Arc::clone(recent),
            _end: end,
        }
    }

    /// Opens another channel. An error that closes one channel leaves the others alone.
    pub(super) async fn channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    /// Declares the exchanges and queues on which every process of the cluster relies.
    pub(super) async fn declare(&self) -> lapin::Result<()> {
        self.survey().await?;
        topology::declare(&self.connection, &self.names).await
    }

    /// Checks, before anything is declared, whether the history's queue and the exchanges exist. A queue that is
    /// declared again is empty, and an exchange is bound to no queue.
    async fn survey(&self) -> lapin::Result<()> {
        if topology::is_history_missing(&self.connection, &self.names).await? {
            self.recent.record_loss();
        }
        // The question needs a channel of its own, because the answer that something is missing closes the channel.
        let channel = self.channel().await?;
        for name in [&self.names.chat, &self.names.signals] {
            match stands(&channel, name).await {
                Ok(()) => {}
                Err(error) if is_missing(&error) => {
                    self.gone.store(true, Ordering::Relaxed);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The names of the cluster's exchanges and queues.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Records that RabbitMQ sent something now.
    pub(super) fn record_answer(&self) {
        self.record_answer_at(Instant::now());
    }

    /// Records that RabbitMQ sent something at this instant or later.
    pub(super) fn record_answer_at(&self, when: Instant) {
        self.pulse.send_if_modified(|last| {
            let later = when > *last;
            *last = when.max(*last);
            later
        });
    }

    /// Why RabbitMQ takes nothing more from this connection; `None` while it does.
    pub(super) fn blocked(&self) -> watch::Receiver<Option<String>> {
        self.blocked.subscribe()
    }

    /// Ends when the connection is dead or what it relies on is gone, and says why.
    ///
    /// The library notices a closed connection. Nothing but the probe notices a stopped broker in time: the kernel
    /// goes on acknowledging for it, and a heartbeat takes twice its interval. The probe also checks whether the
    /// exchanges and the history queue still exist.
    pub(super) async fn death(&self) -> String {
        let mut events = self.connection.events_listener();
        let mut blocked = self.blocked();
        // The connection may have ended before this function began to listen to its events.
        if !self.connection.status().connected() {
            return "the connection ended".into();
        }
        loop {
            let is_blocked = blocked.borrow_and_update().is_some();
            tokio::select! {
                reason = self.follow(&mut events) => return reason,
                // While blocked, the library writes nothing but its heartbeat, so a probe would get no answer.
                reason = self.probe(), if !is_blocked => return reason,
                _ = blocked.changed() => {}
            }
        }
    }

    async fn follow(&self, events: &mut (impl Stream<Item = Event> + Unpin)) -> String {
        loop {
            match events.next().await {
                Some(Event::ConnectionBlocked(reason)) => {
                    self.blocked.send_replace(Some(format!("it takes no messages for now: {reason}")));
                }
                Some(Event::ConnectionUnblocked) => _ = self.blocked.send_replace(None),
                // A soft error closed one channel, and whoever uses that channel gets the error.
                Some(Event::Error(error)) if error.is_amqp_soft_error() => {}
                Some(Event::Error(error)) => return sentence(&error),
                Some(_) => {}
                None => return "the connection ended".into(),
            }
        }
    }

    async fn probe(&self) -> String {
        let channel = match self.answer(self.channel(), || {}).await {
            Ok(channel) => channel,
            Err(reason) => return reason,
        };
        let mut unread = None;
        loop {
            sleep(BEAT).await;
            match self.look(&channel).await {
                Ok(now) => {
                    // While nobody consumes the queue, it only grows.
                    if matches!((unread, now), (Some(before), Some(now)) if now < before) {
                        self.recent.record_loss();
                    }
                    unread = now;
                }
                Err(reason) => return reason,
            }
        }
    }

    /// Checks whether everything is still there. Gives the number of messages in the history's queue, or `None` while
    /// somebody consumes it.
    async fn look(&self, channel: &Channel) -> Result<Option<u32>, String> {
        for name in [&self.names.chat, &self.names.signals] {
            self.answer(stands(channel, name), || self.gone.store(true, Ordering::Relaxed)).await?;
        }
        let queue = topology::look(channel, &self.names.history);
        let queue = self.answer(queue, || self.recent.record_loss()).await?;
        let is_consumed = queue.consumer_count() > 0;
        self.recent.record_look(is_consumed, Instant::now());
        Ok((!is_consumed).then(|| queue.message_count()))
    }

    /// Waits for an answer as long as RabbitMQ sends anything at all. `missing` is called if what was asked about does
    /// not exist.
    async fn answer<T>(
        &self,
        call: impl Future<Output = lapin::Result<T>>,
        missing: impl Fn(),
    ) -> Result<T, String> {
        let asked = Instant::now();
        let mut call = std::pin::pin!(call);
        loop {
            let silent_at = asked.max(*self.pulse.borrow()) + SILENCE;
            match timeout_at(silent_at, &mut call).await {
                Ok(Ok(answer)) => {
                    self.record_answer();
                    return Ok(answer);
                }
                Ok(Err(error)) if is_missing(&error) => {
                    missing();
                    return Err(format!("something was deleted there: {}", sentence(&error)));
                }
                Ok(Err(error)) => return Err(sentence(&error)),
                Err(_) if *self.pulse.borrow() + SILENCE > silent_at => {}
                Err(_) => return Err(format!("it has not answered for {SILENCE:?}")),
            }
        }
    }

    /// Closes the connection in good order, if RabbitMQ answers in time.
    pub(super) async fn leave(self) {
        // If the answer is late or RabbitMQ is dead, dropping the connection ends it as well.
        let _ = timeout(GOODBYE_WITHIN, self.connection.close(200, "leaving".into())).await;
    }
}

/// Whether an exchange exists.
async fn stands(channel: &Channel, name: &str) -> lapin::Result<()> {
    let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(name.into(), ExchangeKind::Topic, passive, FieldTable::default()).await
}
