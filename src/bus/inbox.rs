//! The bounded queue between the task that reads the network and the node.
//!
//! Most buses [deliver](Inbox::deliver): their task reads without pause, and every envelope ends in the queue, or
//! dropped and counted. If it waited for the node, the backlog would stand at the other end: a broker drops a
//! connection that does not read, and a peer drops messages where nobody counts them. A bus whose broker keeps what
//! the node has not taken [hands over](Inbox::hand_over): its task waits for the node, and nothing is dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::{BusEvent, Counters};
use wire::Envelope;

/// Overflow policy: whoever hands over waits. Of what is delivered, the newest envelope is dropped and counted, and
/// the loss is reported to the node as [`BusEvent::Lagged`] as soon as there is room.
pub(super) struct Inbox {
    state: Mutex<State>,
    lagging: Notify,
    /// Whether an envelope that is handed over waits for the node.
    waiting: AtomicBool,
    counters: Arc<Counters>,
}

struct State {
    /// `None` once the bus has stopped, which ends the events.
    events: Option<mpsc::Sender<BusEvent>>,
    /// Number of envelopes that were dropped and not reported to the node yet.
    missed: u64,
}

impl Inbox {
    pub(super) fn new(capacity: usize, counters: Arc<Counters>) -> (Self, mpsc::Receiver<BusEvent>) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        let state = Mutex::new(State { events: Some(sender), missed: 0 });
        (Self { state, lagging: Notify::new(), waiting: AtomicBool::new(false), counters }, receiver)
    }

    /// Passes an envelope on. Counts an arrival that is none: anybody may publish to where we listen.
    pub(super) fn checked(&self, arrival: Option<Envelope>) -> Option<Envelope> {
        if arrival.is_none() {
            self.counters.garbled.increment(1);
        }
        arrival
    }

    /// Hands an envelope to the node, or drops it. Never blocks.
    pub(super) fn deliver(&self, envelope: Envelope) {
        let State { events, missed } = &mut *self.lock();
        let Some(events) = events else { return };
        // A loss is reported before the envelopes that came after it.
        if *missed > 0 && events.try_send(BusEvent::Lagged(*missed)).is_ok() {
            *missed = 0;
        }
        let refused =
            if *missed > 0 { Err(()) } else { events.try_send(BusEvent::Envelope(envelope)).map_err(drop) };
        match refused {
            Ok(()) => self.counters.received.increment(1),
            Err(()) => {
                *missed += 1;
                self.counters.dropped.increment(1);
                self.lagging.notify_one();
            }
        }
    }

    /// Hands an envelope to the node as this event; waits while the queue is full. `record` is called once the
    /// envelope has its place: the future may be dropped before, and then the envelope was not handed over.
    pub(super) async fn hand_over(
        &self,
        envelope: Envelope,
        event: fn(Envelope) -> BusEvent,
        record: impl FnOnce(&Envelope),
    ) {
        let Some(events) = self.lock().events.clone() else { return };
        let permit = match events.try_reserve() {
            Ok(permit) => Ok(permit),
            Err(_) => {
                let _waiting = Waiting::begin(&self.waiting);
                events.reserve().await
            }
        };
        // An error means that the node no longer reads, and so nothing is owed to it.
        let Ok(permit) = permit else { return };
        record(&envelope);
        self.counters.received.increment(1);
        permit.send(event(envelope));
    }

    /// Whether an envelope that is handed over waits for the node.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Reports to the node that something is missing; waits while the queue is full.
    pub(super) async fn report_gap(&self, reason: String) {
        let Some(events) = self.lock().events.clone() else { return };
        // An error means that the node no longer reads.
        let _ = events.send(BusEvent::Gap(reason)).await;
    }

    /// Reports losses as soon as there is room, even if no message follows. When the bus stops, this ends and the
    /// events with it.
    pub(super) async fn report_losses(self: Arc<Self>, stop: CancellationToken) {
        let sender = self.lock().events.clone();
        if let Some(sender) = sender {
            let report = async {
                loop {
                    self.lagging.notified().await;
                    let Ok(permit) = sender.reserve().await else { return };
                    // The lock is held over the sending: an envelope that is delivered in between would be before the
                    // loss that it came after.
                    let mut state = self.lock();
                    let missed = std::mem::take(&mut state.missed);
                    if missed > 0 {
                        permit.send(BusEvent::Lagged(missed));
                    }
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = report => stop.cancelled().await,
            }
        }
        self.lock().events = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait for the node. It ends when this is dropped, for example because the connection ended meanwhile.
struct Waiting<'a>(&'a AtomicBool);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicBool) -> Self {
        waiting.store(true, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;
    use crate::meter::Meter;
    use crate::samples::{chat, read};

    fn inbox(capacity: usize) -> (Arc<Inbox>, mpsc::Receiver<BusEvent>, Meter) {
        let meter = Meter::default();
        let counters = Arc::new(meter.around(Counters::register));
        let (inbox, events) = Inbox::new(capacity, counters);
        (Arc::new(inbox), events, meter)
    }

    #[test]
    fn a_full_queue_drops_the_newest_and_names_the_loss_before_what_comes_next() {
        let (inbox, mut events, meter) = inbox(3);
        for id in ["1", "2", "3", "4", "5"] {
            inbox.deliver(chat("r", id));
        }
        assert_eq!((meter.count("received"), meter.count("dropped")), (3, 2));
        assert_eq!(read(&mut events), ["1", "2", "3"]);
        inbox.deliver(chat("r", "6"));
        assert_eq!(read(&mut events), ["-2", "6"]);
        assert_eq!((meter.count("received"), meter.count("dropped")), (4, 2));
    }

    #[test]
    fn a_message_that_has_no_room_beside_the_loss_is_lost_too() {
        let (inbox, mut events, meter) = inbox(1);
        inbox.deliver(chat("r", "1"));
        inbox.deliver(chat("r", "2"));
        assert_eq!(read(&mut events), ["1"]);
        inbox.deliver(chat("r", "3"));
        assert_eq!(read(&mut events), ["-1"]);
        inbox.deliver(chat("r", "4"));
        assert_eq!(read(&mut events), ["-1"]);
        assert_eq!((meter.count("received"), meter.count("dropped")), (1, 3));
    }

    #[test]
    fn a_capacity_of_nothing_is_one() {
        let (inbox, mut events, _) = inbox(0);
        inbox.deliver(chat("r", "1"));
        assert_eq!(read(&mut events), ["1"]);
    }

    /// What was received and what was named as lost before an envelope is everything that was delivered before it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 3)]
    async fn every_loss_is_named_before_what_came_after_it_whoever_names_it() {
        const ALL: u64 = 500_000;
        let (inbox, mut events, _) = inbox(4);
        let stop = CancellationToken::new();
        let report = Arc::clone(&inbox).report_losses(stop.clone());
        let delivering = tokio::task::spawn_blocking(move || {
            (0..ALL).for_each(|n| inbox.deliver(chat("r", &n.to_string())));
        });
        let read = async {
            let mut accounted = 0;
            while accounted < ALL {
                match events.recv().await {
                    Some(BusEvent::Envelope(envelope)) => {
                        assert_eq!(*envelope.id, *accounted.to_string());
                        accounted += 1;
                    }
                    Some(BusEvent::Lagged(missed)) => accounted += missed,
                    other => panic!("{other:?}"),
                }
            }
            stop.cancel();
        };
        tokio::join!(report, read);
        delivering.await.unwrap();
    }

    #[test]
    fn a_loss_is_named_though_no_message_follows_and_only_once() {
        let (inbox, mut events, _) = inbox(1);
        let stop = CancellationToken::new();
        let mut report = pin!(Arc::clone(&inbox).report_losses(stop.clone()));
        for id in ["1", "2", "3"] {
            inbox.deliver(chat("r", id));
        }
        assert!(report.as_mut().now_or_never().is_none());
        assert_eq!(read(&mut events), ["1"]);
        assert!(report.as_mut().now_or_never().is_none());
        assert_eq!(read(&mut events), ["-2"]);
        assert!(report.as_mut().now_or_never().is_none());
        inbox.deliver(chat("r", "4"));
        assert_eq!(read(&mut events), ["4"]);
    }

    #[test]
    fn a_loss_that_the_next_message_has_named_is_not_named_again() {
        let (inbox, mut events, _) = inbox(2);
        let mut report = pin!(Arc::clone(&inbox).report_losses(CancellationToken::new()));
        for id in ["1", "2", "3"] {
            inbox.deliver(chat("r", id));
        }
        assert_eq!(read(&mut events), ["1", "2"]);
        inbox.deliver(chat("r", "4"));
        assert_eq!(read(&mut events), ["-1", "4"]);
        assert!(report.as_mut().now_or_never().is_none());
        assert!(read(&mut events).is_empty());
    }

    #[test]
    fn the_events_end_when_the_bus_stops_and_nothing_is_counted_after_that() {
        let (inbox, mut events, meter) = inbox(2);
        let stop = CancellationToken::new();
        let mut report = pin!(Arc::clone(&inbox).report_losses(stop.clone()));
        assert!(report.as_mut().now_or_never().is_none());
        inbox.deliver(chat("r", "1"));
        stop.cancel();
        assert!(report.as_mut().now_or_never().is_some());
        inbox.deliver(chat("r", "2"));
        assert!(matches!(events.blocking_recv(), Some(BusEvent::Envelope(_))));
        assert!(events.blocking_recv().is_none());
        assert_eq!((meter.count("received"), meter.count("dropped")), (1, 0));
    }

    #[test]
    fn a_node_that_no_longer_reads_misses_everything() {
        let (inbox, events, meter) = inbox(2);
        drop(events);
        inbox.deliver(chat("r", "1"));
        assert_eq!((meter.count("received"), meter.count("dropped")), (0, 1));
    }
}
