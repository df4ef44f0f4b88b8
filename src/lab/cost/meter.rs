//! The thread that looks at the processes of a cluster.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Root;
use super::processes::{Machine, thread_time};
use super::record::Record;
use super::tally::Tally;
use ledger::RunCost;

/// How long the thread waits from one look to the next: two slices of the timeline.
const EVERY: Duration = Duration::from_millis(200);

/// The measurement of one run. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct CostMeter {
    /// Dropped to end the thread, which then looks for the last time.
    end: Sender<()>,
    cost: oneshot::Receiver<Option<RunCost>>,
}

impl CostMeter {
    /// Starts to measure the processes of these roots; the measured load begins at this moment, and the first look is
    /// before it. `None` if there is nothing to measure, or no way to.
    pub(crate) fn start(roots: Vec<Root>, load_begins: Instant) -> Option<Self> {
        if roots.is_empty() {
            return None;
        }
        let machine = Machine::this()?;
        let (end, ended) = mpsc::channel::<()>();
        let (tell, cost) = oneshot::channel();
        let watch = move || {
            let mut tally = Tally::default();
            let mut record = Record::new(roots.iter().map(|(part, _)| *part), load_begins);
            let mut next = Instant::now();
            let mut over = false;
            loop {
                let ids = roots.iter().map(|(part, id)| (*part, id.load(Ordering::Relaxed).cast_signed()));
                let looked = Instant::now();
                tally.look(ids.collect(), machine.ids(), |id| machine.read(id));
                record.add(looked, |part| tally.usage(part));
                if over {
                    break;
                }
                // A look that took too long is not made up for.
                next = (next + EVERY).max(Instant::now());
                let wait = next.saturating_duration_since(Instant::now());
                over = ended.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
            }
            // Whoever measured may have given up; then nobody wants to know.
            tell.send(record.cost(thread_time())).ok();
        };
        thread::Builder::new().name("lab-cost".into()).spawn(watch).ok()?;
        Some(Self { end, cost })
    }

    /// Looks for the last time, and gives what the run has cost; `None` if there was nobody alive to look at.
    pub(crate) async fn finish(self) -> Option<RunCost> {
        drop(self.end);
        self.cost.await.ok().flatten()
    }
}
