//! One living connection, and its heartbeat.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, Value};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::errors::sentence;

/// The pause between an answer to a heartbeat and the next heartbeat.
const BEAT: Duration = Duration::from_millis(250);
/// How long Redis may take to answer a heartbeat.
const SILENCE: Duration = Duration::from_millis(500);
/// Receives the messages that Redis sends unasked. It must not block, because it runs inside the connection's own
/// task.
pub(super) type Push = Arc<dyn Fn(PushInfo) + Send + Sync>;

/// A connection that answered at least once.
pub(super) struct RedisConnection {
    pub(super) multiplexed: MultiplexedConnection,
    /// Cancelled by the library's own notice that the connection ended.
    pub(super) lost: CancellationToken,
    /// Set by everything that Redis sends. With a long backlog before it, the answer to a heartbeat may be late
    /// although Redis is well.
    pub(super) pulse: Arc<AtomicBool>,
}

impl RedisConnection {
    /// Takes a message that the library gives unasked.
    pub(super) fn take_push(info: PushInfo, push: &Push, lost: &CancellationToken, pulse: &AtomicBool) {
        if info.kind == PushKind::Disconnection {
            lost.cancel();
        } else {
            pulse.store(true, Ordering::Relaxed);
            push(info);
        }
    }

    /// Records that Redis sent something.
    pub(super) fn record_answer(&self) {
        self.pulse.store(true, Ordering::Relaxed);
    }

    /// Ends when the connection is dead, and says why. Nothing but the heartbeat notices a stopped process or a black
    /// hole: the kernel goes on acknowledging for a stopped process, and nothing at all comes out of a black hole.
    pub(super) async fn death(&self) -> String {
        tokio::select! {
            () = self.lost.cancelled() => "Redis closed the connection".into(),
            reason = self.heartbeat() => reason,
        }
    }

    async fn heartbeat(&self) -> String {
        let mut connection = self.multiplexed.clone();
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
