//! One living connection: its heartbeat, and the loop that makes it anew.
//!
//! The loop is ours and not the library's, because its back-off decides the recovery time that a bench reports.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics::Counter;
use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, Value};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::broker::{Broker, Failure, sentence};
use crate::status::CLOSED;

/// Between an answer to a heartbeat and the next one.
const BEAT: Duration = Duration::from_millis(250);
/// How long Redis may take to answer one.
const SILENCE: Duration = Duration::from_millis(500);
/// Pauses before another attempt, before jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// The pause after a failure that does not mend itself, which should not fill the broker's log.
const LASTING_PAUSE: Duration = Duration::from_secs(1);

/// Gets what Redis says unasked. Must not block: it runs inside the connection's own task.
pub(super) type Push = Arc<dyn Fn(PushInfo) + Send + Sync>;

/// A connection that answered at least once.
pub(super) struct Link {
    pub(super) connection: MultiplexedConnection,
    /// Cancelled by the library's own notice that the connection ended.
    pub(super) lost: CancellationToken,
    /// Set by everything that Redis says: with a long backlog before it, an answer may be late though Redis is
    /// well.
    pub(super) pulse: Arc<AtomicBool>,
}

impl Link {
    /// Takes what the library says unasked.
    pub(super) fn hear(info: PushInfo, push: &Push, lost: &CancellationToken, pulse: &AtomicBool) {
        if info.kind == PushKind::Disconnection {
            lost.cancel();
        } else {
            pulse.store(true, Ordering::Relaxed);
            push(info);
        }
    }

    /// Notes that Redis spoke.
    pub(super) fn heard(&self) {
        self.pulse.store(true, Ordering::Relaxed);
    }

    /// Ends when the connection is dead, and says why. A stopped process and a black hole are noticed by nobody
    /// else: the kernel goes on acknowledging for the one, and nothing at all comes from the other.
    pub(super) async fn death(&self) -> String {
        tokio::select! {
            () = self.lost.cancelled() => "Redis closed the connection".into(),
            reason = self.heartbeat() => reason,
        }
    }

    async fn heartbeat(&self) -> String {
        let mut connection = self.connection.clone();
        let command = redis::cmd("PING");
        loop {
            sleep(BEAT).await;
            self.pulse.store(false, Ordering::Relaxed);
            let mut ping = std::pin::pin!(connection.send_packed_command(&command));
            loop {
                match timeout(SILENCE, &mut ping).await {
                    Ok(Ok(Value::Array(_))) => return "what answers is not Redis".into(),
                    Ok(Ok(_)) => break,
                    Ok(Err(error)) => return format!("the connection failed: {}", sentence(&error)),
                    Err(_) if self.pulse.swap(false, Ordering::Relaxed) => {}
                    Err(_) => return format!("Redis has not answered for {:?}", BEAT + SILENCE),
                }
            }
        }
    }
}

/// What a connection is for.
pub(super) trait Service {
    /// Where the connection's unasked messages go.
    fn push(&self) -> Push;
    /// Uses the connection until it is dead or the bus stops, and says why it ended.
    fn serve(&mut self, link: &Link) -> impl Future<Output = String> + Send;
    /// There is no connection, and this is why. Called for every failed attempt, and when one ended.
    fn down(&mut self, reason: &str);
}

/// Keeps a service connected until the bus stops.
pub(super) async fn keep(
    broker: Arc<Broker>,
    mut service: impl Service,
    reconnects: Counter,
    stop: CancellationToken,
) {
    let mut pause = FIRST_PAUSE;
    let mut connected_before = false;
    while !stop.is_cancelled() {
        let mut began = Instant::now();
        let attempt = tokio::select! {
            () = stop.cancelled() => break,
            attempt = broker.connect(service.push()) => attempt,
        };
        let mut lasting = false;
        match attempt {
            Ok(link) => {
                if std::mem::replace(&mut connected_before, true) {
                    reconnects.increment(1);
                }
                let reason = service.serve(&link).await;
                // Closed before anybody hears of it: a dead connection must not be used again.
                drop(link);
                if stop.is_cancelled() {
                    break;
                }
                service.down(&broker.lost(&reason));
                began = Instant::now();
                pause = FIRST_PAUSE;
            }
            Err(Failure { reason, lasting: does_not_mend }) => {
                service.down(&reason);
                lasting = does_not_mend;
            }
        }
        let wait = if lasting { LASTING_PAUSE } else { jitter(pause) };
        pause = (pause * 2).min(LONGEST_PAUSE);
        // Counted from when the attempt began: one that ran into its time-out has waited enough.
        tokio::select! {
            () = stop.cancelled() => break,
            () = sleep_until(began + wait) => {}
        }
    }
    service.down(CLOSED);
}

/// Between half of the pause and all of it, so that nodes do not come back in step.
fn jitter(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..=1.0))
}
