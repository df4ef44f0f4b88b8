//! The store of sessions in Redis, as in the classic set-up: one key for each session, which expires by itself.
//!
//! It has a connection of its own. A call that finds none waits for one, at most for a second.
//!
//! Overflow policy: a call that finds the queue full fails at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::ready;
use redis::{Cmd, RedisResult, Value};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::connection::RedisConnection;
use super::errors::sentence;
use super::publisher::WINDOW;
use super::server::RedisServer;
use super::{FIRST_PAUSE, LONGEST_PAUSE, RedisOptions};
use crate::flights::Flights;
use crate::keeper::{Service, keep};
use crate::{Backoff, BoxFuture, BusError, ConnectionFailure, SessionStore};

/// How long a call waits for its answer, and for a connection first.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the tasks may take to end.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// What a client is told of a Redis that does not answer; the log has more.
const AWAY: &str = "Redis, which keeps the sessions, does not answer";

/// Sessions in Redis. Dropping it ends its tasks.
pub struct RedisSessions {
    /// The beginning of every key.
    prefix: String,
    jobs: mpsc::Sender<Job>,
    /// Number of connections so far.
    connections: watch::Receiver<u64>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

/// A command whose answer somebody waits for.
struct Job {
    command: Cmd,
    answer: oneshot::Sender<Result<Value, String>>,
}

impl RedisSessions {
    /// Starts to connect, within a Tokio runtime. It is not an error if Redis is away.
    ///
    /// # Errors
    /// When the URL is malformed.
    pub fn start(options: &RedisOptions) -> Result<Self, BusError> {
        let server = RedisServer::parse(&options.url, options.connect_timeout)?;
        let (jobs, queue) = mpsc::channel(options.publish_queue);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let prefix = format!("{}:session:", options.namespace);
        let (connected, connections) = watch::channel(0);
        let desk = Desk { server, queue, connected, refusals: Refusals::new(&prefix), stop: stop.clone() };
        let name = "pubsub_lab_session_store_reconnects_total";
        metrics::describe_counter!(name, "Connections to the store of the sessions that were made anew.");
        let reconnects = metrics::counter!(name);
        tasks.spawn(keep(desk, Backoff::new(FIRST_PAUSE, LONGEST_PAUSE), reconnects, stop.clone()));
        let _stop_when_dropped = stop.clone().drop_guard();
        Ok(Self { prefix, jobs, connections, tasks, stop, _stop_when_dropped })
    }

    /// Queues a command now, and gives its answer later.
    fn ask(&self, command: Cmd) -> BoxFuture<Result<Value, String>> {
        let (answer, answered) = oneshot::channel();
        if self.jobs.try_send(Job { command, answer }).is_err() {
            return ready(Err("too many sessions wait for Redis".to_owned())).boxed();
        }
        let answered = async move {
            match timeout(PATIENCE, answered).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) | Err(_) => Err(AWAY.to_owned()),
            }
        };
        answered.boxed()
    }

    fn key(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }
}

impl SessionStore for RedisSessions {
    fn load(&self, id: &str) -> BoxFuture<Result<Option<String>, String>> {
        let mut command = redis::cmd("GET");
        command.arg(self.key(id));
        let text = self.ask(command).map(|answer| match answer? {
            Value::Nil => Ok(None),
            Value::BulkString(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
            _ => Err(AWAY.to_owned()),
        });
        text.boxed()
    }

    fn save(&self, id: &str, text: String, lifetime: Duration) -> BoxFuture<Result<(), String>> {
        let mut command = redis::cmd("SET");
        let milliseconds = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
        command.arg(self.key(id)).arg(text).arg("PX").arg(milliseconds);
        self.ask(command).map(|answer| answer.map(drop)).boxed()
    }

    fn returns(&self) -> watch::Receiver<u64> {
        self.connections.clone()
    }

    fn close(&self) -> BoxFuture<()> {
        self.stop.cancel();
        self.tasks.close();
        let tasks = self.tasks.clone();
        let ended = async move {
            if timeout(CLOSE_WITHIN, tasks.wait()).await.is_err() {
                tracing::warn!("the sessions' connection to Redis did not end within {CLOSE_WITHIN:?}");
            }
        };
        ended.boxed()
    }
}

/// Where the commands are given to the connection, in the order in which they were queued.
struct Desk {
    server: RedisServer,
    queue: mpsc::Receiver<Job>,
    connected: watch::Sender<u64>,
    refusals: Refusals,
    stop: CancellationToken,
}

impl Service for Desk {
    type Connection = RedisConnection;

    async fn connect(&mut self) -> Result<RedisConnection, ConnectionFailure> {
        self.server.connect(Arc::new(|_| {})).await
    }

    async fn serve(&mut self, connection: RedisConnection) -> String {
        self.connected.send_modify(|number| *number += 1);
        let mut flights = Flights::<oneshot::Sender<_>, RedisResult<Value>>::default();
        let mut death = std::pin::pin!(connection.death());
        let reason = loop {
            let space = flights.len() < WINDOW;
            tokio::select! {
                biased;
                () = flights.ready() => {
                    connection.record_answer();
                    while let Some((waiting, answer)) = flights.land() {
                        // Whoever no longer waits has been told that Redis is away.
                        let _ = waiting.send(self.refusals.read(answer));
                    }
                }
                reason = &mut death => break reason,
                () = self.stop.cancelled() => break "the node ends".into(),
                Some(Job { command, answer }) = self.queue.recv(), if space => {
                    // Whoever asked while there was no connection may have given up.
                    if !answer.is_closed() {
                        let mut sender = connection.multiplexed.clone();
                        let call = async move { sender.send_packed_command(&command).await };
                        flights.start(call.boxed(), |_| answer, Instant::now());
                    }
                }
            }
        };
        self.server.lost(&reason)
    }

    fn report_down(&mut self, _: &str) {
        // The bus over the same server writes into the log how it stands; who waits here runs into its time-out.
    }
}

/// What Redis refuses, as clients are told it, and as the log has it once.
struct Refusals {
    /// The rights that a user of Redis needs for the keys of sessions.
    rights: String,
    logged: AtomicBool,
}

impl Refusals {
    fn new(prefix: &str) -> Self {
        Self { rights: format!("`ACL SETUSER NAME +get +set '~{prefix}*'`"), logged: AtomicBool::new(false) }
    }

    fn read(&self, answer: RedisResult<Value>) -> Result<Value, String> {
        match answer {
            Ok(Value::ServerError(error)) => {
                let said = sentence(&error.into());
                if !self.logged.swap(true, Ordering::Relaxed) {
                    let rights = &self.rights;
                    tracing::warn!("Redis refused a session: {said}; a user needs these rights: {rights}");
                }
                Err(format!("Redis refused: {said}"))
            }
            Ok(value) => Ok(value),
            Err(_) => Err(AWAY.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, parse_redis_value};

    use super::*;

    #[test]
    fn what_redis_says_is_told_and_what_it_does_not_say_is_its_absence() {
        let refusals = Refusals::new("ns:session:");
        assert_eq!(refusals.rights, "`ACL SETUSER NAME +get +set '~ns:session:*'`");
        let refused = parse_redis_value(b"-NOPERM no right to GET\r\n").unwrap();
        assert_eq!(refusals.read(Ok(refused)), Err("Redis refused: NOPERM no right to GET".into()));
        assert_eq!(refusals.read(Ok(Value::Nil)), Ok(Value::Nil));
        assert_eq!(refusals.read(Err((ErrorKind::Io, "broken pipe").into())), Err(AWAY.into()));
    }
}
