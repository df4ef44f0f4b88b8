//! The connection that publishes. Many commands are under way at once, and Redis answers them in order.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use redis::{Cmd, RedisResult, Value};
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::failure::sentence;
use super::flights::{Flights, WINDOW};
use super::keeper::Service;
use super::link::{Link, Push};
use super::outbox::{Job, Outbox};
use crate::status::{CLOSED, Part, Status};
use crate::{Level, Outcome};

/// How long Redis may take to answer a PUBLISH.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);
/// The interval at which the two time limits are checked.
const TICK: Duration = Duration::from_millis(50);
/// How long a bus that closes goes on publishing what waits.
const LEAVE_WITHIN: Duration = Duration::from_millis(300);

/// Publishes what the outbox holds.
pub(super) struct Publisher {
    outbox: Arc<Outbox>,
    status: Arc<Status>,
    namespace: String,
    stop: CancellationToken,
}

impl Publisher {
    pub(super) fn new(
        outbox: &Arc<Outbox>,
        status: &Arc<Status>,
        namespace: &str,
        stop: &CancellationToken,
    ) -> Self {
        Self {
            outbox: Arc::clone(outbox),
            status: Arc::clone(status),
            namespace: namespace.into(),
            stop: stop.clone(),
        }
    }

    fn command(&self, job: &Job) -> Cmd {
        let mut command = redis::cmd("PUBLISH");
        command.arg(format!("{}:{}", self.namespace, job.room)).arg(&job.payload[..]);
        command
    }

    /// Passes Redis's answer on to the sender. An error means that the connection is of no more use.
    fn land(&self, (answer, receipt): (RedisResult<Value>, oneshot::Sender<Outcome>)) -> Result<(), String> {
        let (outcome, result) = match answer {
            Ok(Value::Int(_)) => (Outcome::Ack(Level::Handed), Ok(())),
            Ok(Value::ServerError(error)) => {
                let reason = format!("Redis refused: {}", sentence(&error.into()));
                (Outcome::Refused { code: "rejected", reason }, Ok(()))
            }
            Ok(_) => (unknown("the answer is none"), Err("what answers is not Redis".into())),
            Err(error) => {
                let reason = format!("the connection failed: {}", sentence(&error));
                (unknown(&reason), Err(reason))
            }
        };
        self.outbox.answer(receipt, outcome);
        result
    }
}

impl Service for Publisher {
    fn push(&self) -> Push {
        Arc::new(|_| {})
    }

    async fn serve(&mut self, link: &Link) -> String {
        let mut flights = Flights::default();
        let mut death = pin!(link.death());
        let mut leave = pin!(async {
            self.stop.cancelled().await;
            sleep(LEAVE_WITHIN).await;
        });
        let mut stopping = false;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.outbox.open();
        self.status.up(Part::Publisher);

        let reason = loop {
            let now = Instant::now();
            for job in self.outbox.take(WINDOW - flights.len(), now) {
                let (mut connection, command) = (link.connection.clone(), self.command(&job));
                let call = async move { connection.send_packed_command(&command).await };
                flights.start(call.boxed(), job.receipt, now);
            }
            if stopping && flights.is_empty() {
                break CLOSED.into();
            }
            let room = flights.len() < WINDOW;
            tokio::select! {
                biased;
                answer = flights.next() => {
                    link.heard();
                    let mut landed = self.land(answer);
                    while landed.is_ok() && let Some(answer) = flights.next().now_or_never() {
                        landed = self.land(answer);
                    }
                    if let Err(reason) = landed {
                        break reason;
                    }
                }
                reason = &mut death => break reason,
                () = &mut leave => break CLOSED.into(),
                () = self.stop.cancelled(), if !stopping => stopping = true,
                _ = tick.tick(), if !flights.is_empty() => {
                    if flights.oldest().is_some_and(|since| since.elapsed() > ANSWER_WITHIN) {
                        break format!("Redis has not answered a PUBLISH within {ANSWER_WITHIN:?}");
                    }
                }
                () = self.outbox.filled(), if room => {}
            }
        };

        // Commands that were answered before the end still count as answered.
        while let Some(answer) = flights.next().now_or_never() {
            // The reason for the end is known already, so this error is ignored.
            let _ = self.land(answer);
        }
        for receipt in flights.into_receipts() {
            self.outbox.answer(receipt, unknown(&reason));
        }
        reason
    }

    fn down(&mut self, reason: &str) {
        self.outbox.shut(reason);
        self.status.down(Part::Publisher, reason);
    }
}

fn unknown(reason: &str) -> Outcome {
    Outcome::Unknown { reason: format!("given to the connection, but {reason}") }
}

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, parse_redis_value};

    use super::*;
    use crate::meter::Meter;
    use crate::samples::{any_moment, chat};
    use crate::{Counters, Health};

    fn publisher() -> (Publisher, Meter) {
        let meter = Meter::default();
        let counters = Arc::new(meter.around(Counters::register));
        let outbox = Arc::new(Outbox::new(10, counters));
        let status = Arc::new(Status::new("Redis", "connecting".into()));
        (Publisher::new(&outbox, &status, "ns", &CancellationToken::new()), meter)
    }

    /// The outcome that the sender of a publish gets, and why the connection is of no more use, if it is not.
    fn land(answer: RedisResult<Value>) -> (Outcome, Option<String>) {
        let (publisher, _) = publisher();
        let (receipt, told) = oneshot::channel();
        let landed = publisher.land((answer, receipt));
        (told.now_or_never().unwrap().unwrap(), landed.err())
    }

    #[test]
    fn a_publish_is_a_command_on_the_rooms_own_channel() {
        let ((publisher, _), now) = (publisher(), any_moment());
        publisher.outbox.open();
        let _receipt = publisher.outbox.publish(chat("a room", "1"), now);
        let jobs = publisher.outbox.take(1, now);
        let packed = publisher.command(&jobs[0]).get_packed_command();
        let expected = "*3\r\n$7\r\nPUBLISH\r\n$9\r\nns:a room\r\n$21\r\n1 chat 1 s - a room\nx\r\n";
        assert_eq!(String::from_utf8(packed).unwrap(), expected);
    }

    #[test]
    fn a_number_is_an_ack_however_many_nodes_heard_it() {
        for heard in [0, 3] {
            assert_eq!(land(Ok(Value::Int(heard))), (Outcome::Ack(Level::Handed), None));
        }
    }

    #[test]
    fn redis_says_no_to_one_message_and_the_connection_stays() {
        let answer = parse_redis_value(b"-NOPERM no such channel\r\n").unwrap();
        let (outcome, ended) = land(Ok(answer));
        assert!(
            matches!(&outcome, Outcome::Refused { code: "rejected", reason } if reason.contains("no such channel")),
            "{outcome:?}"
        );
        assert_eq!(ended, None);
    }

    #[test]
    fn what_is_no_answer_leaves_the_message_unknown_and_ends_the_connection() {
        let (outcome, ended) = land(Ok(Value::Nil));
        assert!(matches!(outcome, Outcome::Unknown { .. }));
        assert_eq!(ended.as_deref(), Some("what answers is not Redis"));
        let error = (ErrorKind::Io, "broken pipe").into();
        let (outcome, ended) = land(Err(error));
        assert!(
            matches!(&outcome, Outcome::Unknown { reason } if reason.contains("broken pipe")),
            "{outcome:?}"
        );
        assert!(ended.is_some_and(|reason| reason.contains("broken pipe")));
    }

    #[test]
    fn without_a_connection_what_waits_is_refused_and_the_bus_is_down() {
        let ((mut publisher, meter), now) = (publisher(), any_moment());
        publisher.outbox.open();
        let receipt = publisher.outbox.publish(chat("r", "1"), now);
        publisher.down("lost");
        assert_eq!(receipt.now_or_never(), Some(Outcome::bus_down("lost")));
        assert_eq!(*publisher.status.watch().borrow(), Health::Down("lost".into()));
        assert_eq!(meter.count("refused"), 1);
    }
}
