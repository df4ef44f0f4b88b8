//! Where each message was, and when: what `--trace FILE` of a node or a history writes, one JSON line a step.
//!
//! | file | what it is |
//! |---|---|
//! | `line` | one step of one message |
//! | `writer` | the thread that writes |
//!
//! Lines wait in a bounded queue for a thread of their own. **Full: the newest is dropped**, and counted: in
//! `/metrics` (`pubsub_lab_trace_dropped_lines_total`), and in the last line of a process that ends in good order.
//! Each batch is given to the kernel at once, so a SIGKILL loses no more than what came within the last
//! milliseconds.

mod line;
mod writer;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use metrics::Counter;

pub use line::{Line, Step, unix_us};
use writer::Writer;

/// Lines that may wait for the thread: a quarter of a second at the pace at which it falls behind.
const WAITING: usize = 65_536;
/// How long the end may take.
const END: Duration = Duration::from_millis(500);
/// The pause between two tries to tell the thread of the end.
const RETRY: Duration = Duration::from_millis(5);

/// The way to the trace, or nothing at all. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Trace(Option<Arc<Sender>>);

#[derive(Debug)]
struct Sender {
    queue: SyncSender<Item>,
    tally: Tally,
}

/// What is dropped.
#[derive(Clone)]
struct Tally {
    dropped: Arc<AtomicU64>,
    shown: Counter,
}

/// What waits for the thread.
#[derive(Debug)]
enum Item {
    Line(Line),
    /// Nothing follows.
    End,
}

/// The thread that writes, and what ends it.
#[derive(Debug)]
pub struct TraceFile {
    trace: Trace,
    /// Says nothing; disconnected when the thread has ended.
    ended: Receiver<()>,
}

impl Trace {
    /// No trace: nothing is made, nothing is written.
    pub fn off() -> Self {
        Self(None)
    }

    /// Whether anybody wants lines.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Notes a step, which is only made if there is a trace. Never blocks.
    pub fn note(&self, line: impl FnOnce() -> Line) {
        if let Some(sender) = &self.0
            && sender.queue.try_send(Item::Line(line())).is_err()
        {
            sender.tally.drop_lines(1);
        }
    }
}

impl Tally {
    /// Registers the count at zero, so the metrics recorder has to be installed before.
    fn register() -> Self {
        let name = "pubsub_lab_trace_dropped_lines_total";
        metrics::describe_counter!(
            name,
            "Lines of the trace that were dropped because its file was too slow."
        );
        let shown = metrics::counter!(name);
        shown.increment(0);
        Self { dropped: Arc::default(), shown }
    }

    fn drop_lines(&self, lines: u64) {
        self.dropped.fetch_add(lines, Ordering::Relaxed);
        self.shown.increment(lines);
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tally").field(&self.dropped).finish()
    }
}

impl TraceFile {
    /// Opens the file, to append to it, and starts the thread.
    ///
    /// # Errors
    /// When the file cannot be opened for writing, or there is no thread to be had.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        Self::start(file, WAITING)
    }

    fn start(file: impl io::Write + Send + 'static, waiting: usize) -> io::Result<Self> {
        let (queue, lines) = sync_channel(waiting);
        let (alive, ended) = sync_channel(0);
        let tally = Tally::register();
        let writer = Writer::new(file, lines, tally.clone());
        thread::Builder::new().name("trace".into()).spawn(move || {
            writer.run();
            drop::<SyncSender<()>>(alive);
        })?;
        Ok(Self { trace: Trace(Some(Arc::new(Sender { queue, tally }))), ended })
    }

    /// What notes steps in this file.
    pub fn trace(&self) -> Trace {
        self.trace.clone()
    }

    /// Writes what waits and the last line, and ends the thread. A file that takes nothing holds up no process: it
    /// is given up after half a second.
    pub fn close(self) {
        let deadline = Instant::now() + END;
        if let Some(sender) = &self.trace.0 {
            while sender.queue.try_send(Item::End).is_err() {
                let over = self.ended.try_recv() == Err(TryRecvError::Disconnected);
                if over || Instant::now() >= deadline {
                    return;
                }
                thread::sleep(RETRY);
            }
        }
        let _ = self.ended.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_the_machine;
