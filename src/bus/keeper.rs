//! The loop that keeps a bus connected: connect, use the connection until it ends, pause, connect again.
//!
//! The loop is ours and no library's: its pauses decide the recovery time that a bench reports, and the automatic
//! recovery of the AMQP library sometimes hangs a publisher for good.

use metrics::Counter;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::status::CLOSED;

/// The reason why there is no connection.
#[derive(Debug)]
pub struct ConnectionFailure {
    /// The reason as a sentence for people.
    pub reason: String,
    /// Whether trying again soon is pointless: a wrong password does not mend itself.
    pub lasting: bool,
}

/// A use of a connection, such as publishing or listening.
pub(super) trait Service: Send + 'static {
    /// One living connection. Dropping it ends it.
    type Connection: Send;
    /// Makes one attempt to connect. The future is dropped when the bus stops.
    fn connect(&mut self) -> impl Future<Output = Result<Self::Connection, ConnectionFailure>> + Send;
    /// Uses the connection until it is dead or the bus stops, closes it, and says why it ended. It is closed before
    /// anybody learns of the end, because a dead connection must not be used again.
    fn serve(&mut self, connection: Self::Connection) -> impl Future<Output = String> + Send;
    /// Reports that there is no connection, and why. Called after every failed attempt, after a connection ended, and
    /// when the bus stops.
    fn report_down(&mut self, reason: &str);
}

/// Keeps a service connected until the bus stops. `reconnects` counts every connection but the first.
pub(super) async fn keep(
    mut service: impl Service,
    mut backoff: Backoff,
    reconnects: Counter,
    stop: CancellationToken,
) {
    let mut connected_before = false;
    while !stop.is_cancelled() {
        let mut began = Instant::now();
        let attempt = tokio::select! {
            () = stop.cancelled() => break,
            attempt = service.connect() => attempt,
        };
        let mut lasting = false;
        match attempt {
            Ok(connection) => {
                if std::mem::replace(&mut connected_before, true) {
                    reconnects.increment(1);
                }
                let reason = service.serve(connection).await;
                if stop.is_cancelled() {
                    break;
                }
                service.report_down(&reason);
                began = Instant::now();
                backoff.reset();
            }
            Err(failure) => {
                service.report_down(&failure.reason);
                lasting = failure.lasting;
            }
        }
        let pause = backoff.pause(lasting);
        // The pause counts from the beginning of the attempt: an attempt that ran into its time-out has waited
        // enough.
        tokio::select! {
            () = stop.cancelled() => break,
            () = sleep_until(began + pause) => {}
        }
    }
    service.report_down(CLOSED);
}
