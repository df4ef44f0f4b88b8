//! The durable history service: takes every chat message from its AMQP queue, stores it, and replays it on request.
//!
//! | file | what it is |
//! |---|---|
//! | `consumer` | the queue at the broker: connects again and again, takes, acknowledges what is committed |
//! | `intake` | what a delivery turns out to be |
//! | `writer` | the one thread that writes: batches, retries, trimming |
//! | `store` | the SQLite file: its schema, one batch, what is read |
//! | `keep` | how much is kept |
//! | `fences` | which fences are committed, and who waits for one |
//! | `readers`, `http` | questions over HTTP, each with a connection to the file of its own |
//! | `error` | why the service cannot start, or ended |
//! | `status`, `counters` | whether it works, and what is counted |
//!
//! **Nothing is lost.** A delivery is acknowledged after the transaction that stores it is on the disk (WAL with
//! `synchronous=FULL`, so this holds even if the machine loses its power); deliveries that were under way when the
//! service died are delivered again. **Nothing is there twice.** A message id is unique in the file, and a second
//! copy keeps the first one's place. An id that was trimmed is forgotten: its second copy would be stored as new. A
//! file that is removed or replaced while the service runs is opened anew; what it held is gone with it.
//!
//! **Two services.** The queue has one consumer (`exclusive`). A second service of the same namespace says so on
//! `/readyz`, answers questions from its file, and takes over when the first one's connection ends. With the same
//! file it is a standby that continues the same `seq`; with another file each holds what it consumed. Two services
//! that write into one file (two namespaces) wait for each other's transactions and share one sequence. Fences are
//! known to the process that consumed them, and to no other.

mod consumer;
mod counters;
mod error;
mod fences;
mod http;
mod intake;
mod keep;
mod readers;
mod status;
mod store;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use error::HistoryError;
pub use keep::Keep;

use consumer::{Committed, Consumer};
use counters::Counters;
use door::{Bounds, Callers};
use fences::Fences;
use http::Api;
use readers::Readers;
use status::Status;
use store::{Opening, Store};
use trace::Trace;
use writer::Writer;

/// How long an orderly shutdown may take altogether.
const SHUTDOWN: Duration = Duration::from_millis(2500);
/// Number of deliveries that may wait for the writer; the broker holds back the rest.
const INTAKE: usize = consumer::PREFETCH as usize;
/// How much those who ask may do at a time.
const BOUNDS: Bounds = Bounds { working: 1_024, lifetime: Duration::from_secs(120) };

/// How a history service is set up.
#[derive(Debug)]
pub struct HistoryOptions {
    /// The URL of the broker: `amqp://[user:password@]host[:port][/vhost]`.
    pub url: String,
    /// Prefix of the names of all exchanges and queues.
    pub namespace: String,
    /// The SQLite file. The file and its directory are created if they do not exist.
    pub db: PathBuf,
    /// The bounds on how much is kept; every one of them holds. An empty list keeps everything.
    pub keep: Vec<Keep>,
    /// Whose requests are answered.
    pub callers: Callers,
    /// Renders what `/metrics` shows; `None` if there is nothing to show.
    pub metrics: Option<PrometheusHandle>,
    /// Trace handle for the messages that are stored and replayed.
    pub trace: Trace,
}

/// A history service that has looked at its file, and is ready to serve.
pub struct History {
    consumer: Consumer,
    writer: Writer,
    status: Arc<Status>,
    api: Api,
    tasks: TaskTracker,
    committed: watch::Receiver<Committed>,
    callers: Arc<Callers>,
}

impl History {
    /// Opens the file. It is not an error if the file is only locked or full for now: the service reports that and
    /// goes on trying.
    ///
    /// # Errors
    /// When the broker's URL or the namespace is malformed, or the file is not a history.
    pub async fn open(options: HistoryOptions) -> Result<Self, HistoryError> {
        let counters = Arc::new(Counters::register());
        let status = Arc::new(Status::new());
        let fences = Arc::new(Fences::new());
        let tasks = TaskTracker::new();
        let (intake, deliveries) = mpsc::channel(INTAKE);
        let consumer = Consumer::new(
            &options.url,
            &options.namespace,
            intake,
            Arc::clone(&status),
            Arc::clone(&counters),
        )?;
        let path = options.db.clone();
        let opened = tokio::task::spawn_blocking(move || Store::open(&path)).await;
        let opened = opened.map_err(|error| HistoryError::File(format!("the opening failed: {error}")))?;
        let store = match opened {
            Ok(store) => Some(store),
            Err(Opening::Never(why)) => return Err(HistoryError::File(why)),
            Err(Opening::NotNow(why)) => {
                tracing::warn!("{why}");
                status.database_down(&why);
                None
            }
        };
        let readers = Readers::new(options.db.clone(), tasks.clone());
        let (commits, committed) = watch::channel(Committed::default());
        let writer = Writer {
            path: options.db,
            store,
            keep: options.keep,
            deliveries,
            commits,
            fences: Arc::clone(&fences),
            status: Arc::clone(&status),
            counters,
            trace: options.trace.clone(),
        };
        let (status_shown, metrics, trace) = (Arc::clone(&status), options.metrics, options.trace);
        let api = Api { readers, fences, status: status_shown, metrics, trace };
        let callers = Arc::new(options.callers);
        Ok(Self { consumer, writer, status, api, tasks, committed, callers })
    }

    /// Consumes the queue and answers requests until `shutdown` is cancelled, then returns within three seconds.
    ///
    /// # Errors
    /// When the thread that writes has ended by itself: without it nothing would ever be stored again.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) -> Result<(), HistoryError> {
        let Self { consumer, writer, status, api, tasks, committed, callers } = self;
        let routes = door::guard(http::router(api), callers);
        let stop = shutdown.child_token();
        let runtime = tokio::runtime::Handle::current();
        let writing = stop.clone();
        let mut writer = tasks.spawn_blocking(move || runtime.block_on(writer.run(writing)));
        tasks.spawn(consumer.run(committed, stop.clone()));
        tokio::select! {
            () = door::serve(listener, routes, BOUNDS, &tasks, &stop) => {}
            _ = &mut writer => {}
        }
        let failed = !shutdown.is_cancelled();
        status.going_away();
        stop.cancel();
        tasks.close();
        if timeout_at(Instant::now() + SHUTDOWN, tasks.wait()).await.is_err() {
            tracing::warn!("some tasks did not end in time");
        }
        if failed { Err(HistoryError::Writer) } else { Ok(()) }
    }
}
