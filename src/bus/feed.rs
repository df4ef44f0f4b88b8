//! The bounded queue between what reads the network and the node. For buses that never wait for their node.
//!
//! What reads the network reads without pause, and whatever it reads ends here: in the queue, or dropped and counted.
//! Were it to wait for the node, the backlog would stand at the other end: a broker drops a connection that does not
//! read, and a peer drops messages where nobody counts them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::{BusEvent, Counters};
use wire::Envelope;

/// Overflow: the newest is dropped, counted, and named to the node as [`BusEvent::Lagged`] as soon as there is room.
pub(super) struct Feed {
    state: Mutex<State>,
    lagging: Notify,
    counters: Arc<Counters>,
}

struct State {
    /// `None` once the bus has stopped, which ends the events.
    events: Option<mpsc::Sender<BusEvent>>,
    /// Dropped and not named yet.
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
        // A loss is named before what came after it.
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

    /// Counts something that came and is no message of ours.
    pub(super) fn garbled(&self) {
        self.counters.garbled.increment(1);
    }

    /// Names losses as soon as there is room, even if no message follows. Ends with the bus, and the events
    /// with it.
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
