//! The loop that keeps a bus or a history connected: connect, use the connection until it ends, pause, connect again.
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
pub trait Service: Send + 'static {
    /// One living connection. Dropping it ends it.
    type Connection: Send;
    /// Makes one attempt to connect. The future is dropped on `stop`.
    fn connect(&mut self) -> impl Future<Output = Result<Self::Connection, ConnectionFailure>> + Send;
    /// Uses the connection until it is dead or it is time to stop, closes it, and says why it ended. It is closed before
    /// anybody learns of the end, because a dead connection must not be used again.
    fn serve(&mut self, connection: Self::Connection) -> impl Future<Output = String> + Send;
    /// Reports that there is no connection, and why. Called after every failed attempt, after a connection ended, and
    /// once more at the end.
    fn report_down(&mut self, reason: &str);
}

/// Keeps a service connected until `stop` is cancelled. `reconnects` counts every connection but the first.
pub async fn keep(
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

#[cfg(test)]
mod tests_of_the_machine {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;
    use crate::Counters;
    use crate::meter::Meter;

    /// A service whose first attempt fails, and during whose second connection the bus stops.
    #[derive(Default)]
    struct Scripted {
        attempts: u32,
        stop: CancellationToken,
        reports: Arc<Mutex<Vec<String>>>,
    }

    /// A connection that reports when it is closed.
    struct Numbered(u32, Arc<Mutex<Vec<String>>>);

    impl Drop for Numbered {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(format!("{} is closed", self.0));
        }
    }

    impl Service for Scripted {
        type Connection = Numbered;

        async fn connect(&mut self) -> Result<Numbered, ConnectionFailure> {
            self.attempts += 1;
            let failure = || ConnectionFailure { reason: "away".into(), lasting: false };
            let number = self.attempts.checked_sub(1).filter(|number| *number > 0).ok_or_else(failure)?;
            Ok(Numbered(number, Arc::clone(&self.reports)))
        }

        async fn serve(&mut self, connection: Numbered) -> String {
            if connection.0 == 2 {
                self.stop.cancel();
            }
            format!("{} is lost", connection.0)
        }

        fn report_down(&mut self, reason: &str) {
            self.reports.lock().unwrap().push(reason.into());
        }
    }

    #[tokio::test]
    async fn every_failure_and_loss_is_reported_and_every_connection_but_the_first_counted() {
        let (service, meter) = (Scripted::default(), Meter::default());
        let (stop, reports) = (service.stop.clone(), Arc::clone(&service.reports));
        let reconnects = meter.around(Counters::register).reconnects;
        let brief = Duration::from_millis(1);
        keep(service, Backoff::new(brief, brief), reconnects, stop).await;
        let expected = ["away", "1 is closed", "1 is lost", "2 is closed", CLOSED];
        assert_eq!(*reports.lock().unwrap(), expected, "a connection is closed before its end is reported");
        assert_eq!(meter.count("reconnects"), 1);
    }
}
