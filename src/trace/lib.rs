//! Where each message was, and when: what `--trace FILE` of a node or a history writes, one JSON line for each step.
//!
//! | file | what it is |
//! |---|---|
//! | `line` | one step of one message |
//! | `writer` | the thread that writes |
//!
//! Lines wait in a bounded queue for a thread of their own. **When the queue is full, the newest line is dropped**
//! and counted: in `/metrics` (`pubsub_lab_trace_dropped_lines_total`), and in the last line of a process that ends
//! in good order. Each batch is given to the kernel at once, so a SIGKILL loses only the lines of the last
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

pub use line::{Step, TraceLine, unix_us};
use writer::TraceWriter;

/// Number of lines that may wait for the writing thread: a quarter of a second's worth at the pace at which the
/// thread falls behind.
const WAITING: usize = 65_536;
/// How long the end of a trace may take.
const END: Duration = Duration::from_millis(500);
/// The pause between two attempts to tell the writing thread that the trace ends.
const RETRY: Duration = Duration::from_millis(5);

/// A handle through which steps are traced; empty if nothing is traced. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Trace(Option<Arc<Sender>>);

#[derive(Debug)]
struct Sender {
    queue: SyncSender<Item>,
    tally: DroppedLines,
}

/// Counts the lines that are dropped because the queue is full.
#[derive(Clone)]
struct DroppedLines {
    dropped: Arc<AtomicU64>,
    shown: Counter,
}

/// One entry of the queue to the writing thread.
#[derive(Debug)]
enum Item {
    Line(TraceLine),
    /// The trace ends here; no line follows.
    End,
}

/// The thread that writes the trace file, and the channel that ends it.
#[derive(Debug)]
pub struct TraceFile {
    trace: Trace,
    /// Carries no value; it is disconnected once the thread has ended.
    ended: Receiver<()>,
}

impl Trace {
    /// A handle without a trace behind it: no line is made and none is written.
    pub fn off() -> Self {
        Self(None)
    }

    /// Whether lines are written anywhere, so that a caller can spare itself the work of making one.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Traces one step. The closure is called only if there is a trace. Never blocks: a line that finds the queue
    /// full is dropped.
    pub fn record_step(&self, line: impl FnOnce() -> TraceLine) {
        if let Some(sender) = &self.0
            && sender.queue.try_send(Item::Line(line())).is_err()
        {
            sender.tally.drop_lines(1);
        }
    }
}

impl DroppedLines {
    /// Registers the counter of dropped lines at zero. A metrics recorder has to be installed before.
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

impl std::fmt::Debug for DroppedLines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tally").field(&self.dropped).finish()
    }
}

impl TraceFile {
    /// Opens the file for appending and starts the thread that writes to it.
    ///
    /// # Errors
    /// When the file cannot be opened for writing, or the thread cannot be started.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        Self::start(file, WAITING)
    }

    fn start(file: impl io::Write + Send + 'static, waiting: usize) -> io::Result<Self> {
        let (queue, lines) = sync_channel(waiting);
        let (alive, ended) = sync_channel(0);
        let tally = DroppedLines::register();
        let writer = TraceWriter::new(file, lines, tally.clone());
        thread::Builder::new().name("trace".into()).spawn(move || {
            writer.run();
            drop::<SyncSender<()>>(alive);
        })?;
        Ok(Self { trace: Trace(Some(Arc::new(Sender { queue, tally }))), ended })
    }

    /// A handle that traces steps into this file.
    pub fn trace(&self) -> Trace {
        self.trace.clone()
    }

    /// Writes the lines that wait and the last line, then ends the thread. A file that takes nothing does not hold up
    /// the process: after half a second the rest is given up.
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
