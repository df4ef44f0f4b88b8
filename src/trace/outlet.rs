//! A thread that takes the steps of messages somewhere, in batches, and the bounded queue before it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use metrics::Counter;

use super::line::TraceLine;

/// Number of lines that may wait for the thread: a quarter of a second's worth at the pace at which a file falls
/// behind.
const WAITING: usize = 65_536;
/// Largest number of lines in one batch.
const BATCH: usize = 4_096;
/// How long the end of an outlet may take.
const END: Duration = Duration::from_millis(500);
/// The pause between two attempts to tell the thread that the trace ends.
const RETRY: Duration = Duration::from_millis(5);

/// Where lines go, and how.
pub(super) trait Sink {
    /// How long lines are gathered after the first: each wake-up takes processor time from what is traced.
    const GATHER: Duration;
    /// The name of the counter of lines that were dropped.
    const DROPPED: &'static str;
    /// What that counter says.
    const DROPPED_MEANS: &'static str;

    /// Takes some lines, in their order. Gives how many of the lines taken so far are lost for good with this call.
    fn take(&mut self, lines: &[TraceLine]) -> u64;

    /// The end: no line follows. `dropped` is the number of lines that were lost in all.
    fn end(&mut self, dropped: u64);
}

/// The way to an outlet. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    sender: SyncSender<Item>,
    tally: DroppedLines,
}

/// Counts the lines that are dropped.
#[derive(Clone)]
struct DroppedLines {
    dropped: Arc<AtomicU64>,
    shown: Counter,
}

/// One entry of the queue.
#[derive(Debug)]
enum Item {
    Line(TraceLine),
    /// The trace ends here; no line follows.
    End,
}

/// A place that the steps of messages go to: the thread that takes them there, and the channel that ends it.
#[derive(Debug)]
pub struct Outlet {
    queue: Queue,
    /// Carries no value; it is disconnected once the thread has ended.
    ended: Receiver<()>,
}

impl Queue {
    /// Puts a line into the queue, or drops it if the queue is full.
    pub(super) fn push(&self, line: TraceLine) {
        if self.sender.try_send(Item::Line(line)).is_err() {
            self.tally.drop_lines(1);
        }
    }
}

impl DroppedLines {
    /// Registers the counter of dropped lines at zero. A metrics recorder has to be installed before.
    fn register<S: Sink>() -> Self {
        metrics::describe_counter!(S::DROPPED, S::DROPPED_MEANS);
        let shown = metrics::counter!(S::DROPPED);
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
        f.debug_tuple("DroppedLines").field(&self.dropped).finish()
    }
}

impl Outlet {
    /// Starts the thread that feeds this sink.
    pub(super) fn start(sink: impl Sink + Send + 'static) -> io::Result<Self> {
        Self::start_with(sink, WAITING)
    }

    /// Starts the thread, with a queue of this many lines.
    pub(super) fn start_with<S: Sink + Send + 'static>(sink: S, waiting: usize) -> io::Result<Self> {
        let (sender, lines) = sync_channel(waiting);
        let (alive, ended) = sync_channel(0);
        let tally = DroppedLines::register::<S>();
        let queue = Queue { sender, tally: tally.clone() };
        thread::Builder::new().name("trace".into()).spawn(move || {
            feed(sink, &lines, &tally);
            drop::<SyncSender<()>>(alive);
        })?;
        Ok(Self { queue, ended })
    }

    pub(super) fn queue(&self) -> Queue {
        self.queue.clone()
    }

    /// Takes away the lines that wait, then ends the thread. What takes nothing does not hold up the process: after half
    /// a second the rest is given up.
    pub fn close(self) {
        let deadline = Instant::now() + END;
        while self.queue.sender.try_send(Item::End).is_err() {
            let over = self.ended.try_recv() == Err(TryRecvError::Disconnected);
            if over || Instant::now() >= deadline {
                return;
            }
            thread::sleep(RETRY);
        }
        let _ = self.ended.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

/// Feeds the sink until the end is read, or until no handle is left that could send a line.
fn feed<S: Sink>(mut sink: S, queue: &Receiver<Item>, tally: &DroppedLines) {
    let mut batch = Vec::new();
    let mut over = false;
    while !over {
        let Ok(first) = queue.recv() else { break };
        if matches!(first, Item::Line(_)) {
            thread::sleep(S::GATHER);
        }
        for item in std::iter::once(first).chain(queue.try_iter()) {
            let Item::Line(line) = item else {
                over = true;
                break;
            };
            batch.push(line);
            if batch.len() >= BATCH {
                break;
            }
        }
        tally.drop_lines(sink.take(&batch));
        batch.clear();
    }
    sink.end(tally.dropped());
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    impl Outlet {
        /// Number of lines that were dropped.
        pub(in super::super) fn dropped(&self) -> u64 {
            self.queue.tally.dropped()
        }
    }

    impl Queue {
        /// Fills the queue to its bound with copies of a line; nothing is dropped.
        pub(in super::super) fn fill(&self, line: &TraceLine) {
            while self.sender.try_send(Item::Line(line.clone())).is_ok() {}
        }
    }
}
