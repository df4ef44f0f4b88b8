//! The one thread that writes. It stores the deliveries that have come in one transaction, and only then reports that
//! they are stored.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::consumer::Committed;
use super::counters::Counters;
use super::fences::Fences;
use super::intake::{Content, Delivery};
use super::keep::{Bounds, Keep};
use super::status::Status;
use super::store::{self, Opening, Store, Written};
use trace::{Step, Trace, TraceLine};

/// Largest number of deliveries in one transaction.
const BATCH: usize = 1_000;
/// How long the thread waits for a delivery before it checks whether messages have become too old.
const IDLE: Duration = Duration::from_secs(1);
/// The pause before a failed transaction is first tried again; later pauses are longer.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// The least time between two log lines about garbled deliveries.
const GARBLED_LOG: Duration = Duration::from_secs(10);

/// The writer, with everything that it needs.
pub struct Writer {
    /// The path of the file.
    pub path: PathBuf,
    /// The open file; `None` until opening it succeeds.
    pub store: Option<Store>,
    /// The bounds on how much is kept.
    pub keep: Vec<Keep>,
    /// The deliveries that the consumer brings.
    pub deliveries: mpsc::Receiver<Delivery>,
    /// Where the writer reports what may be acknowledged.
    pub commits: watch::Sender<Committed>,
    /// Where the writer reports committed fences.
    pub fences: Arc<Fences>,
    /// Where the writer reports whether the database works.
    pub status: Arc<Status>,
    /// The counters of the service.
    pub counters: Arc<Counters>,
    /// Trace handle for the messages that are stored.
    pub trace: Trace,
}

impl Writer {
    /// Writes until `stop` is cancelled or no delivery can come any more. It blocks, so it needs a thread of its own.
    pub async fn run(mut self, stop: CancellationToken) {
        let bounds = Bounds::of(&self.keep);
        let mut batch = Vec::with_capacity(BATCH);
        let mut reached = Vec::new();
        let mut garbled_logged = None;
        // The messages that an earlier run left may be beyond today's bounds.
        let mut more_to_trim = true;
        loop {
            // The writer does not linger: the deliveries that come while one batch is written form the next batch.
            let idle = if more_to_trim { Duration::ZERO } else { IDLE };
            let came = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                came = timeout(idle, self.deliveries.recv_many(&mut batch, BATCH)) => came,
            };
            match came {
                Ok(0) => return,
                Ok(_) => {}
                Err(_) if self.nothing_to_trim(bounds) => {
                    more_to_trim = false;
                    continue;
                }
                Err(_) => {}
            }
            let Some(written) = self.commit(&batch, bounds, &mut reached, &stop).await else { return };
            more_to_trim = written.more_to_trim;
            self.count(&batch, written, &mut garbled_logged);
            self.tell(&batch, &reached);
            batch.clear();
        }
    }

    /// Tries to commit until it succeeds; gives `None` when it is to stop.
    async fn commit(
        &mut self,
        batch: &[Delivery],
        bounds: Bounds,
        reached: &mut Vec<i64>,
        stop: &CancellationToken,
    ) -> Option<Written> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.attempt(batch, bounds, reached) {
                Ok(written) => {
                    if self.status.database_up() {
                        tracing::info!("the database {} takes messages again", self.path.display());
                    }
                    return Some(written);
                }
                Err(why) => self.failed(&why),
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }

    fn attempt(
        &mut self,
        batch: &[Delivery],
        bounds: Bounds,
        reached: &mut Vec<i64>,
    ) -> Result<Written, String> {
        if self.store.as_ref().is_some_and(|store| !store.is_current(&self.path)) {
            tracing::error!(
                "the database {} was removed or replaced; it is opened anew",
                self.path.display()
            );
            self.store = None;
        }
        let store = match &mut self.store {
            Some(store) => store,
            empty => empty.insert(Store::open(&self.path).map_err(Opening::why)?),
        };
        store.commit(batch, bounds, reached).map_err(|error| {
            if !store::is_lock(&error) {
                // After a failed write nobody knows what the connection still believes about the file.
                self.store = None;
            }
            store::sentence(&self.path, &error)
        })
    }

    fn failed(&self, why: &str) {
        self.counters.failures.increment(1);
        // The trouble is logged once, and again if it turns into another trouble.
        if self.status.database_down(why) {
            tracing::error!("{why}; nothing is acknowledged, it is tried again");
        }
    }

    /// Checks the bounds while nothing comes. Gives true when there is nothing to trim.
    fn nothing_to_trim(&mut self, bounds: Bounds) -> bool {
        let Some(store) = &self.store else { return false };
        let due = store.is_trimming_due(bounds);
        match due {
            Ok(due) => {
                if !due {
                    self.show_holding();
                }
                !due
            }
            // The attempt to write will say what is wrong.
            Err(_) => false,
        }
    }

    fn count(&self, batch: &[Delivery], written: Written, garbled_logged: &mut Option<Instant>) {
        let counters = &self.counters;
        counters.batches.increment(1);
        counters.batch.set(batch.len() as f64);
        counters.stored.increment(written.stored);
        counters.duplicates.increment(written.duplicates);
        counters.trimmed.increment(written.trimmed);
        for delivery in batch {
            match &delivery.content {
                Content::Message(_) | Content::Mark(_) => {}
                Content::Fence(_) => counters.fences.increment(1),
                Content::Other => counters.ignored.increment(1),
                Content::Garbled(why) => {
                    counters.garbled.increment(1);
                    if garbled_logged.is_none_or(|logged: Instant| logged.elapsed() > GARBLED_LOG) {
                        *garbled_logged = Some(Instant::now());
                        tracing::warn!("a delivery is dropped, it cannot be understood: {why}");
                    }
                }
            }
        }
        self.show_holding();
    }

    fn show_holding(&self) {
        let Some(Ok(holding)) = self.store.as_ref().map(Store::holding) else { return };
        self.counters.messages.set(holding.messages as f64);
        self.counters.oldest.set(holding.oldest_ms.unwrap_or(0) as f64 / 1000.0);
        self.counters.seq.set(holding.seq as f64);
    }

    /// Reports that a batch is on the disk.
    fn tell(&self, batch: &[Delivery], reached: &[i64]) {
        if self.trace.is_on() {
            for delivery in batch {
                if let Content::Message(message) = &delivery.content {
                    self.trace.record_step(|| TraceLine::now(Step::Stored, &message.id, &message.room));
                }
            }
        }
        let fences = batch.iter().filter_map(|delivery| match &delivery.content {
            Content::Fence(id) => Some(Arc::clone(id)),
            _ => None,
        });
        self.fences.note(fences.zip(reached.iter().copied()).collect());
        if let Some(last) = batch.last() {
            self.commits.send_replace(Committed { epoch: last.epoch, tag: last.tag });
        }
    }
}
