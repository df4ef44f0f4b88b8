//! The bounded queue between the task that reads the network and the node, for buses that never wait for their node.
//!
//! That task reads without pause, and every envelope ends here: in the queue, or dropped and counted. If it waited
//! for the node, the backlog would stand at the other end: a broker drops a connection that does not read, and a peer
//! drops messages where nobody counts them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::{BusEvent, Counters};
use wire::Envelope;

/// Overflow policy: the newest envelope is dropped and counted, and the loss is reported to the node as
/// [`BusEvent::Lagged`] as soon as there is room.
pub(super) struct Feed {
    state: Mutex<State>,
    lagging: Notify,
    counters: Arc<Counters>,
}

struct State {
    /// `None` once the bus has stopped, which ends the events.
    events: Option<mpsc::Sender<BusEvent>>,
    /// Number of envelopes that were dropped and not reported to the node yet.
    missed: u64,
}

impl Feed {
    pub(super) fn new(capacity: usize, counters: Arc<Counters>) -> (Self, mpsc::Receiver<BusEvent>) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        let state = Mutex::new(State { events: Some(sender), missed: 0 });
        (Self { state, lagging: Notify::new(), counters }, receiver)
    }

    /// Hands an envelope to the node. Never blocks.
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

    /// Counts an arrival that is no message of ours.
    pub(super) fn garbled(&self) {
        self.counters.garbled.increment(1);
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
                    let missed = std::mem::take(&mut self.lock().missed);
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

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;
    use crate::meter::Meter;
    use crate::samples::{chat, read};

    fn feed(capacity: usize) -> (Arc<Feed>, mpsc::Receiver<BusEvent>, Meter) {
        let meter = Meter::default();
        let counters = Arc::new(meter.around(Counters::register));
        let (feed, events) = Feed::new(capacity, counters);
        (Arc::new(feed), events, meter)
    }

    #[test]
    fn a_full_queue_drops_the_newest_and_names_the_loss_before_what_comes_next() {
        let (feed, mut events, meter) = feed(3);
        for id in ["1", "2", "3", "4", "5"] {
            feed.deliver(chat("r", id));
        }
        assert_eq!((meter.count("received"), meter.count("dropped")), (3, 2));
        assert_eq!(read(&mut events), ["1", "2", "3"]);
        feed.deliver(chat("r", "6"));
        assert_eq!(read(&mut events), ["-2", "6"]);
        assert_eq!((meter.count("received"), meter.count("dropped")), (4, 2));
    }

    #[test]
    fn a_message_that_has_no_room_beside_the_loss_is_lost_too() {
        let (feed, mut events, meter) = feed(1);
        feed.deliver(chat("r", "1"));
        feed.deliver(chat("r", "2"));
        assert_eq!(read(&mut events), ["1"]);
        feed.deliver(chat("r", "3"));
        assert_eq!(read(&mut events), ["-1"]);
        feed.deliver(chat("r", "4"));
        assert_eq!(read(&mut events), ["-1"]);
        assert_eq!((meter.count("received"), meter.count("dropped")), (1, 3));
    }

    #[test]
    fn a_capacity_of_nothing_is_one() {
        let (feed, mut events, _) = feed(0);
        feed.deliver(chat("r", "1"));
        assert_eq!(read(&mut events), ["1"]);
    }

    #[test]
    fn a_loss_is_named_though_no_message_follows_and_only_once() {
        let (feed, mut events, _) = feed(1);
        let stop = CancellationToken::new();
        let mut report = pin!(Arc::clone(&feed).report_losses(stop.clone()));
        for id in ["1", "2", "3"] {
            feed.deliver(chat("r", id));
        }
        assert!(report.as_mut().now_or_never().is_none());
        assert_eq!(read(&mut events), ["1"]);
        assert!(report.as_mut().now_or_never().is_none());
        assert_eq!(read(&mut events), ["-2"]);
        assert!(report.as_mut().now_or_never().is_none());
        feed.deliver(chat("r", "4"));
        assert_eq!(read(&mut events), ["4"]);
    }

    #[test]
    fn a_loss_that_the_next_message_has_named_is_not_named_again() {
        let (feed, mut events, _) = feed(2);
        let mut report = pin!(Arc::clone(&feed).report_losses(CancellationToken::new()));
        for id in ["1", "2", "3"] {
            feed.deliver(chat("r", id));
        }
        assert_eq!(read(&mut events), ["1", "2"]);
        feed.deliver(chat("r", "4"));
        assert_eq!(read(&mut events), ["-1", "4"]);
        assert!(report.as_mut().now_or_never().is_none());
        assert!(read(&mut events).is_empty());
    }

    #[test]
    fn the_events_end_when_the_bus_stops_and_nothing_is_counted_after_that() {
        let (feed, mut events, meter) = feed(2);
        let stop = CancellationToken::new();
        let mut report = pin!(Arc::clone(&feed).report_losses(stop.clone()));
        assert!(report.as_mut().now_or_never().is_none());
        feed.deliver(chat("r", "1"));
        stop.cancel();
        assert!(report.as_mut().now_or_never().is_some());
        feed.deliver(chat("r", "2"));
        assert!(matches!(events.blocking_recv(), Some(BusEvent::Envelope(_))));
        assert!(events.blocking_recv().is_none());
        assert_eq!((meter.count("received"), meter.count("dropped")), (1, 0));
    }

    #[test]
    fn a_node_that_no_longer_reads_misses_everything() {
        let (feed, events, meter) = feed(2);
        drop(events);
        feed.deliver(chat("r", "1"));
        assert_eq!((meter.count("received"), meter.count("dropped")), (0, 1));
    }
}
