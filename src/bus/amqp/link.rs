//! One living connection, and how its death is noticed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Event, ExchangeKind};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::ending::Ending;
use super::failure::{is_missing, sentence};
use super::topology::{self, Names};

/// Between an answer to a probe and the next one.
const BEAT: Duration = Duration::from_millis(500);
/// How long RabbitMQ may be silent after one is sent. With the beat it bounds how late a hung broker is noticed.
const SILENCE: Duration = Duration::from_secs(2);
/// How long a goodbye may take.
const GOODBYE_WITHIN: Duration = Duration::from_millis(300);

/// A connection on which everything is declared. Dropping it ends it at once.
pub(super) struct Link {
    connection: Connection,
    names: Names,
    /// When RabbitMQ certainly spoke, the last time. Everything counts: under load an answer to a probe may be late
    /// though it is well.
    pulse: watch::Sender<Instant>,
    /// Why RabbitMQ takes nothing more from this connection for now: an alarm on memory or disk.
    blocked: watch::Sender<Option<String>>,
    /// An exchange was found to be gone.
    gone: Arc<AtomicBool>,
    _end: Ending,
}

impl Link {
    pub(super) fn new(connection: Connection, names: Names, end: Ending, gone: &Arc<AtomicBool>) -> Self {
        Self {
            connection,
            names,
            pulse: watch::Sender::new(Instant::now()),
            blocked: watch::Sender::new(None),
            gone: Arc::clone(gone),
            _end: end,
        }
    }

    /// Another channel. What closes one leaves the others alone.
    pub(super) async fn channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    /// Declares what every process of the cluster relies on.
    pub(super) async fn declare(&self) -> lapin::Result<()> {
        self.survey().await?;
        topology::declare(&self.connection, &self.names).await
    }

    /// Looks, before everything is declared, whether the exchanges stand there. One made anew is bound to no queue.
    async fn survey(&self) -> lapin::Result<()> {
        // A channel of its own: the answer that something is missing closes it.
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

    /// The native names.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Notes that RabbitMQ spoke now.
    pub(super) fn heard(&self) {
        self.heard_at(Instant::now());
    }

    /// Notes that it spoke then, or later.
    pub(super) fn heard_at(&self, when: Instant) {
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
    /// The library notices a closed connection. A stopped broker is noticed by nobody else in time: the kernel
    /// goes on acknowledging for it, and a heartbeat takes twice its interval. The probe looks at the same time
    /// whether the exchanges and the history queue are still there.
    pub(super) async fn death(&self) -> String {
        let mut events = self.connection.events_listener();
        let mut blocked = self.blocked();
        // What happened before anybody listened.
        if !self.connection.status().connected() {
            return "the connection ended".into();
        }
        loop {
            let is_blocked = blocked.borrow_and_update().is_some();
            tokio::select! {
                reason = self.follow(&mut events) => return reason,
                // The library writes nothing while blocked; what remains then is its heartbeat.
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
                // That closed one channel, and whoever uses it is told.
                Some(Event::Error(error)) if error.is_amqp_soft_error() => {}
                Some(Event::Error(error)) => return sentence(&error),
                Some(_) => {}
                None => return "the connection ended".into(),
            }
        }
    }

    async fn probe(&self) -> String {
        let channel = match self.answer(self.channel(), false).await {
            Ok(channel) => channel,
            Err(reason) => return reason,
        };
        loop {
            sleep(BEAT).await;
            if let Err(reason) = self.look(&channel).await {
                return reason;
            }
        }
    }

    async fn look(&self, channel: &Channel) -> Result<(), String> {
        for name in [&self.names.chat, &self.names.signals] {
            self.answer(stands(channel, name), true).await?;
        }
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.names.history.as_str().into();
        self.answer(channel.queue_declare(queue, passive, FieldTable::default()), false).await.map(drop)
    }

    /// Waits for an answer as long as RabbitMQ says anything at all. `feeds`: if it is about something without which
    /// the live feed misses messages.
    async fn answer<T>(
        &self,
        call: impl Future<Output = lapin::Result<T>>,
        feeds: bool,
    ) -> Result<T, String> {
        let asked = Instant::now();
        let mut call = std::pin::pin!(call);
        loop {
            let silent_at = asked.max(*self.pulse.borrow()) + SILENCE;
            match timeout_at(silent_at, &mut call).await {
                Ok(Ok(answer)) => {
                    self.heard();
                    return Ok(answer);
                }
                Ok(Err(error)) if is_missing(&error) => {
                    self.gone.fetch_or(feeds, Ordering::Relaxed);
                    return Err(format!("something was deleted there: {}", sentence(&error)));
                }
                Ok(Err(error)) => return Err(sentence(&error)),
                Err(_) if *self.pulse.borrow() + SILENCE > silent_at => {}
                Err(_) => return Err(format!("it has not answered for {SILENCE:?}")),
            }
        }
    }

    /// Says goodbye, if RabbitMQ listens.
    pub(super) async fn leave(self) {
        // Late or dead: dropping it does the same.
        let _ = timeout(GOODBYE_WITHIN, self.connection.close(200, "leaving".into())).await;
    }
}

/// Asks whether an exchange is there.
async fn stands(channel: &Channel, name: &str) -> lapin::Result<()> {
    let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(name.into(), ExchangeKind::Topic, passive, FieldTable::default()).await
}
