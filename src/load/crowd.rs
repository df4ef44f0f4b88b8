//! The threads in which the clients run: one for all publishers, and several for the subscribers.

use std::io;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

use super::backlog::SendOrder;
use super::engine::Engine;
use super::publisher::publish;
use super::run::LoadRun;
use super::subscriber::listen;

/// Number of orders that may wait between the pacing thread and a publisher. A further one is dropped and counted as
/// an overrun. A publisher empties this queue even while it has no connection.
pub(super) const ORDERS: usize = 16_384;
/// Number of time stamps that may wait for the receivers' loop, one every ten milliseconds. A further one is dropped
/// and counted as an overrun: the loop has then stood still for over a second.
pub(super) const TICKS: usize = 128;
/// The most threads that receive.
const RECEIVERS: usize = 4;

/// Starts the thread of all publishers, each of which takes its orders out of one of the inboxes.
pub(super) fn start_publishers(
    run: &Arc<LoadRun>,
    inboxes: Vec<mpsc::Receiver<SendOrder>>,
    cancel: &CancellationToken,
) -> io::Result<Engine> {
    let (run, token) = (run.clone(), cancel.clone());
    Engine::start("load-publishers", 1, cancel.clone(), move |tasks| {
        for (number, inbox) in inboxes.into_iter().enumerate().filter(|(number, _)| run.plays(*number)) {
            // Each publisher gets a token of its own: all of them would queue for the lock of a shared one.
            tasks.spawn(publish(run.clone(), number, inbox, token.child_token()));
        }
    })
}

/// Starts the threads of all subscribers. `ticks` are moments at which the pacing thread wrote to them: how long each takes to
/// be read is the receivers' lag.
pub(super) fn start_subscribers(
    run: &Arc<LoadRun>,
    mut ticks: mpsc::Receiver<Duration>,
    cancel: &CancellationToken,
) -> io::Result<Engine> {
    let (run, token) = (run.clone(), cancel.clone());
    let workers = available_parallelism().map_or(1, usize::from).min(RECEIVERS);
    Engine::start("load-receivers", workers, cancel.clone(), move |tasks| {
        for number in run.plan.all_subscribers().filter(|number| run.plays(*number)) {
            tasks.spawn(listen(run.clone(), number, token.child_token()));
        }
        tasks.spawn(async move {
            let mut sent = Vec::with_capacity(TICKS);
            // This ends with the pacing thread, which holds the sender.
            while ticks.recv_many(&mut sent, TICKS).await > 0 {
                // The task yields once: whatever other tasks have to do now comes first, as it would come before a
                // frame that arrives now.
                yield_now().await;
                let now = run.clock.now();
                sent.drain(..).for_each(|sent| run.health.loop_lag(now.saturating_sub(sent)));
            }
        });
    })
}
