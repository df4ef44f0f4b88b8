//! One living connection: how its death is noticed, and the loop that makes it anew.
//!
//! The loop is ours and not the library's, whose automatic recovery hangs a publisher for good now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Event, ExchangeKind};
use metrics::Counter;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::broker::{Broker, Failure, is_missing, sentence};
use super::ending::Ending;
use super::topology::Names;
use crate::bus::status::CLOSED;

/// Between an answer to a probe and the next one.
const BEAT: Duration = Duration::from_millis(500);
/// How long RabbitMQ may be silent after one. With the beat it bounds how late a hung broker is noticed.
const SILENCE: Duration = Duration::from_secs(2);
/// Pauses before another attempt, before jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// The pause after a failure that does not mend itself, which should not fill the broker's log.
const LASTING_PAUSE: Duration = Duration::from_secs(1);
/// How long a goodbye may take.
const GOODBYE_WITHIN: Duration = Duration::from_millis(300);

/// A connection on which everything is declared. Dropping it ends it at once.
pub(super) struct Link {
    connection: Connection,
    names: Names,
    /// Set by everything that RabbitMQ says: under load an answer to a probe may be late though it is well.
    pulse: Arc<AtomicBool>,
    /// Why RabbitMQ takes nothing more from this connection for now: an alarm on memory or disk.
    blocked: watch::Sender<Option<String>>,
    _end: Ending,
}

impl Link {
    pub(super) fn new(connection: Connection, names: Names, end: Ending) -> Self {
        Self { connection, names, pulse: Arc::default(), blocked: watch::Sender::new(None), _end: end }
    }

    /// Another channel. What closes one leaves the others alone.
    pub(super) async fn channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    /// The native names.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Notes that RabbitMQ spoke.
    pub(super) fn heard(&self) {
        self.pulse.store(true, Ordering::Relaxed);
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
        let channel = match self.answer(self.channel()).await {
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
        let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
        for name in [&self.names.chat, &self.names.signals] {
            let kind = ExchangeKind::Topic;
            let look = channel.exchange_declare(name.as_str().into(), kind, passive, FieldTable::default());
            self.answer(look).await?;
        }
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let name = self.names.history.as_str().into();
        self.answer(channel.queue_declare(name, passive, FieldTable::default())).await.map(drop)
    }

    /// Waits for an answer as long as RabbitMQ says anything at all.
    async fn answer<T>(&self, call: impl Future<Output = lapin::Result<T>>) -> Result<T, String> {
        self.pulse.store(false, Ordering::Relaxed);
        let mut call = std::pin::pin!(call);
        loop {
            match timeout(SILENCE, &mut call).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) if is_missing(&error) => {
                    return Err(format!("something was deleted there: {}", sentence(&error)));
                }
                Ok(Err(error)) => return Err(sentence(&error)),
                Err(_) if self.pulse.swap(false, Ordering::Relaxed) => {}
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

/// What a connection is for.
pub(super) trait Service: Send {
    /// The word by which RabbitMQ's tools show the connection.
    fn purpose(&self) -> &'static str;
    /// Uses the connection until it is dead or the bus stops, and says why it ended.
    fn serve<'a>(&'a mut self, link: &'a Link) -> impl Future<Output = String> + Send + 'a;
    /// There is no connection, and this is why. Called for every failed attempt, and when one ended.
    fn down(&mut self, reason: &str);
}

/// Keeps a service connected until the bus stops.
pub(super) async fn keep(
    broker: Arc<Broker>,
    mut service: impl Service,
    reconnects: Counter,
    stop: CancellationToken,
) {
    let mut pause = FIRST_PAUSE;
    let mut connected_before = false;
    while !stop.is_cancelled() {
        let mut began = Instant::now();
        let attempt = tokio::select! {
            () = stop.cancelled() => break,
            attempt = broker.connect(service.purpose()) => attempt,
        };
        let mut lasting = false;
        match attempt {
            Ok(link) => {
                if std::mem::replace(&mut connected_before, true) {
                    reconnects.increment(1);
                }
                let reason = service.serve(&link).await;
                if stop.is_cancelled() {
                    link.leave().await;
                    break;
                }
                // Closed before anybody hears of it: a dead connection must not be used again.
                drop(link);
                service.down(&broker.lost(&reason));
                began = Instant::now();
                pause = FIRST_PAUSE;
            }
            Err(Failure { reason, lasting: does_not_mend }) => {
                service.down(&reason);
                lasting = does_not_mend;
            }
        }
        let wait = if lasting { LASTING_PAUSE } else { jitter(pause) };
        pause = (pause * 2).min(LONGEST_PAUSE);
        // Counted from when the attempt began: one that ran into its time-out has waited enough.
        tokio::select! {
            () = stop.cancelled() => break,
            () = sleep_until(began + wait) => {}
        }
    }
    service.down(CLOSED);
}

/// Between half of the pause and all of it, so that nodes do not come back in step.
fn jitter(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..=1.0))
}
