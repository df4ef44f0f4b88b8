//! The pacing thread: an operating-system thread that does nothing but keep the schedule. A tokio timer alone
//! is more than a millisecond late at the median.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::backlog::SendOrder;
use super::run::LoadRun;
use super::text::TextKind;
use ledger::{Plan, Tempo};

/// How often the receivers' loop is checked for its lag. It also bounds how soon the thread notices anything.
const TICK: Duration = Duration::from_millis(10);

/// The schedule of the messages of one kind, from one instant on.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    kind: TextKind,
    plan: Plan,
    /// The tempo of the plan. It is built once, because the thread asks it before and after every sleep.
    tempo: Tempo,
    begin: Duration,
    /// The number of the first message that is not handed out yet.
    next: usize,
}

impl Schedule {
    /// The schedule of the messages `0..plan.messages`, of which the first is due at `begin`.
    pub(super) fn new(kind: TextKind, plan: Plan, begin: Duration) -> Self {
        Self { kind, tempo: plan.tempo(), plan, begin, next: 0 }
    }

    /// When the next message is due; `None` after the last one.
    fn next_due(&self) -> Option<Duration> {
        (self.next < self.plan.messages).then(|| self.begin + self.tempo.due(self.next))
    }

    /// Takes the next message that is due by `now`, with its publisher. A caller that comes late gets all the
    /// messages that it missed.
    fn take(&mut self, now: Duration) -> Option<(usize, SendOrder)> {
        let due = self.next_due().filter(|due| *due <= now)?;
        let (kind, number) = (self.kind, self.next);
        self.next += 1;
        let (seq, room) = (self.plan.seq(number), self.plan.room(number));
        Some((self.plan.publisher(number), SendOrder { kind, number, seq, room, due }))
    }
}

/// A handle to the pacing thread.
#[derive(Debug)]
pub(super) struct Pacer {
    schedules: std_mpsc::Sender<Schedule>,
    given: AtomicUsize,
    finished: watch::Receiver<usize>,
    halted: Arc<OnceLock<Duration>>,
}

impl Pacer {
    /// Starts the thread. It hands messages to `publishers` and time stamps to the receivers' loop.
    pub(super) fn start(
        run: Arc<LoadRun>,
        publishers: Vec<mpsc::Sender<SendOrder>>,
        ticks: mpsc::Sender<Duration>,
        cancel: CancellationToken,
    ) -> io::Result<Self> {
        let (schedules, inbox) = std_mpsc::channel();
        let (finished_tx, finished) = watch::channel(0);
        let halted = Arc::new(OnceLock::new());
        let beat = Beat {
            run,
            publishers,
            ticks,
            inbox,
            schedule: None,
            finished: finished_tx,
            halted: halted.clone(),
        };
        thread::Builder::new().name("load-pacer".into()).spawn(move || beat.keep(&cancel))?;
        Ok(Self { schedules, given: AtomicUsize::new(0), finished, halted })
    }

    /// Gives the thread a schedule, which it keeps after those that it has. Returns the schedule's ticket.
    pub(super) fn follow(&self, schedule: Schedule) -> usize {
        // The thread lives until it is cancelled, and after that nothing is measured any more, so an error does not
        // matter.
        let _ = self.schedules.send(schedule);
        self.given.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Waits until the schedule of this ticket has been kept to its last message.
    pub(super) async fn finished(&self, ticket: usize) {
        let _ = self.finished.clone().wait_for(|count| *count >= ticket).await;
    }

    /// Ends every schedule at this instant: messages that are due later are not handed out. Only the first call
    /// counts; its instant is returned.
    pub(super) fn halt(&self, at: Duration) -> Duration {
        *self.halted.get_or_init(|| at)
    }

    /// Waits until the thread, whose token was cancelled, has ended.
    pub(super) async fn ended(&self) {
        // The thread holds the only sender, so this ends with the thread.
        let _ = self.finished.clone().wait_for(|_| false).await;
    }
}

/// The state of the pacing thread.
struct Beat {
    run: Arc<LoadRun>,
    publishers: Vec<mpsc::Sender<SendOrder>>,
    ticks: mpsc::Sender<Duration>,
    inbox: std_mpsc::Receiver<Schedule>,
    schedule: Option<Schedule>,
    finished: watch::Sender<usize>,
    /// The instant at which the load was halted. A message that is due later is not handed out.
    halted: Arc<OnceLock<Duration>>,
}

impl Beat {
    fn keep(mut self, cancel: &CancellationToken) {
        sharpen_sleep();
        let mut next_tick = self.run.clock.now();
        while !cancel.is_cancelled() {
            if self.schedule.is_none() {
                self.schedule = self.inbox.try_recv().ok();
            }
            let now = self.run.clock.now();
            self.hand_out(now);
            if next_tick <= now {
                if self.ticks.try_send(self.run.clock.now()).is_err() && !cancel.is_cancelled() {
                    self.run.health.overrun();
                }
                // After a late beat the next one is a whole interval away, so that two beats do not follow each other
                // at once.
                next_tick = now + TICK;
            }
            let wake = self
                .schedule
                .as_ref()
                .and_then(Schedule::next_due)
                .map_or(next_tick, |due| due.min(next_tick));
            thread::sleep(wake.saturating_sub(self.run.clock.now()));
        }
    }

    /// Hands out all messages that are due by now.
    fn hand_out(&mut self, now: Duration) {
        let Some(schedule) = &mut self.schedule else { return };
        let halted = self.halted.get();
        let until = halted.map_or(now, |halted| now.min(*halted));
        while let Some((publisher, order)) = schedule.take(until) {
            if !self.run.plays(publisher) {
                continue;
            }
            let load = usize::from(order.kind == TextKind::Load);
            self.run.waiting.send_modify(|waiting| *waiting += load);
            if self.publishers[publisher].try_send(order).is_err() {
                self.run.health.overrun();
                self.run.waiting.send_modify(|waiting| *waiting -= load);
            }
        }
        if schedule.next_due().is_none() || halted.is_some_and(|halted| *halted <= now) {
            self.schedule = None;
            self.finished.send_modify(|count| *count += 1);
        }
    }
}

/// Asks the kernel to wake this thread exactly when it asked for it. By default the kernel may add 50 µs to save
/// power.
fn sharpen_sleep() {
    #[cfg(target_os = "linux")]
    // If the kernel refuses, sleeping is only less exact, and the publish delay shows it.
    let _ = nix::sys::prctl::set_timerslack(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::Surge;

    fn plan(rate: f64, messages: usize) -> Plan {
        let (publishers, subscribers, nodes, rooms, surges, crosses_nodes) = (3, 1, 1, 2, vec![], true);
        Plan { publishers, subscribers, nodes, rooms, rate, surges, messages, crosses_nodes }
    }

    fn schedule(rate: f64, messages: usize) -> Schedule {
        Schedule::new(TextKind::Load, plan(rate, messages), Duration::from_secs(1))
    }

    #[test]
    fn due_times_are_begin_plus_n_intervals_and_do_not_drift() {
        let mut schedule = schedule(3.0, 3_000_001);
        schedule.next = 3_000_000;
        assert_eq!(schedule.next_due(), Some(Duration::from_secs(1_000_001)));
    }

    #[test]
    fn nothing_is_handed_out_early_and_nothing_skipped_when_late() {
        let mut schedule = schedule(1000.0, 5);
        assert_eq!(schedule.take(Duration::from_nanos(999_999_999)), None);
        let late = Duration::from_millis(1003);
        let taken: Vec<_> = std::iter::from_fn(|| schedule.take(late)).collect();
        let summary: Vec<_> =
            taken.iter().map(|(p, o)| (*p, o.number, o.seq, o.room, o.due.as_millis())).collect();
        assert_eq!(summary, [(0, 0, 0, 0, 1000), (1, 1, 0, 0, 1001), (2, 2, 0, 0, 1002), (0, 3, 1, 1, 1003)]);
        assert_eq!(schedule.next_due(), Some(Duration::from_millis(1004)));
        assert!(schedule.take(Duration::from_secs(9)).is_some());
        assert_eq!(schedule.next_due(), None);
    }

    #[test]
    fn a_surge_hands_out_more_while_it_lasts() {
        let (from, until) = (Duration::from_millis(100), Duration::from_millis(200));
        let surges = vec![Surge { from, until, factor: 10.0 }];
        let mut schedule =
            Schedule::new(TextKind::Load, Plan { surges, ..plan(100.0, 120) }, Duration::from_secs(1));
        let mut taken = |ms| std::iter::from_fn(|| schedule.take(Duration::from_millis(ms))).count();
        // Ten messages in a tenth of a second, then a hundred, then ten again; the first message is due at once.
        assert_eq!([taken(1_099), taken(1_199), taken(1_299)], [10, 100, 10]);
        assert_eq!(schedule.next_due(), None);
    }
}
