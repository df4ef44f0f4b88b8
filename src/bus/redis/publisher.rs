//! The connection that publishes. Many commands are under way at once, and Redis answers them in order.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use redis::{Cmd, RedisResult, Value};
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::channels::Channels;
use super::connection::RedisConnection;
use super::errors::sentence;
use super::outbox::{Job, Outbox};
use super::server::RedisServer;
use crate::flights::Flights;
use crate::keeper::Service;
use crate::status::{CLOSED, Part, Status};
use crate::{ConnectionFailure, Level, PublishOutcome};
use wire::Room;

/// Largest number of commands under way. No more than these can become unknown at once, and none of them waits inside
/// the library.
pub(super) const WINDOW: usize = 1_024;
/// How long Redis may take to answer a PUBLISH.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);
/// The interval at which the two time limits are checked.
const TICK: Duration = Duration::from_millis(50);
/// How long a bus that closes goes on publishing what waits.
const LEAVE_WITHIN: Duration = Duration::from_millis(300);

/// Publishes what the outbox holds.
pub(super) struct Publisher {
    pub(super) server: Arc<RedisServer>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) status: Arc<Status>,
    pub(super) channels: Arc<Channels>,
    pub(super) stop: CancellationToken,
}

/// A message that was given to the connection.
struct Sent {
    receipt: oneshot::Sender<PublishOutcome>,
    /// Its room and its number there, if it was counted.
    counted: Option<(Room, u64)>,
}

impl Publisher {
    fn command(&self, job: &Job) -> Cmd {
        let mut command = redis::cmd("PUBLISH");
        command.arg(self.channels.name(&job.envelope.room)).arg(&job.envelope.encode()[..]);
        command
    }

    /// Passes Redis's answer on to the sender. An error means that the connection is of no more use.
    fn land(&self, sent: Sent, answer: RedisResult<Value>) -> Result<(), String> {
        let (outcome, result) = match answer {
            Ok(Value::Int(_)) => (PublishOutcome::Ack(Level::Handed), Ok(())),
            Ok(Value::ServerError(error)) => {
                if let Some((room, number)) = &sent.counted {
                    self.outbox.numbers.retract(room, *number);
                }
                let reason = format!("Redis refused: {}", sentence(&error.into()));
                (PublishOutcome::Refused { code: "rejected", reason }, Ok(()))
            }
            Ok(_) => (unknown("the answer is none"), Err("what answers is not Redis".into())),
            Err(error) => {
                let reason = format!("the connection failed: {}", sentence(&error));
                (unknown(&reason), Err(reason))
            }
        };
        self.outbox.answer(sent.receipt, outcome);
        result
    }
}

impl Service for Publisher {
    type Connection = RedisConnection;

    async fn connect(&mut self) -> Result<RedisConnection, ConnectionFailure> {
        self.server.connect(Arc::new(|_| {})).await
    }

    async fn serve(&mut self, connection: RedisConnection) -> String {
        let mut flights = Flights::default();
        let mut death = pin!(connection.death());
        let mut leave = pin!(async {
            self.stop.cancelled().await;
            sleep(LEAVE_WITHIN).await;
        });
        let mut stopping = false;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.outbox.open();
        self.status.set_up(Part::Publisher);

        let reason = loop {
            let now = Instant::now();
            for mut job in self.outbox.take(WINDOW - flights.len(), now) {
                // From here on nothing but Redis can refuse the message, and nothing can overtake it.
                self.outbox.numbers.count(&mut job.envelope);
                let (mut sender, command) = (connection.multiplexed.clone(), self.command(&job));
                let call = async move { sender.send_packed_command(&command).await };
                let counted = job.envelope.count.map(|count| (job.envelope.room, count.number));
                let sent = Sent { receipt: job.receipt, counted };
                flights.start(call.boxed(), |_| sent, now);
            }
            if stopping && flights.is_empty() {
                break CLOSED.into();
            }
            let room = flights.len() < WINDOW;
            tokio::select! {
                biased;
                () = flights.ready() => {
                    connection.record_answer();
                    let mut landed = Ok(());
                    while landed.is_ok() && let Some((sent, answer)) = flights.land() {
                        landed = self.land(sent, answer);
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
        while let Some((sent, answer)) = flights.land() {
            // The reason for the end is known already, so this error is ignored.
            let _ = self.land(sent, answer);
        }
        for sent in flights.into_cargo() {
            self.outbox.answer(sent.receipt, unknown(&reason));
        }
        self.server.lost(&reason)
    }

    fn report_down(&mut self, reason: &str) {
        self.outbox.shut(reason);
        self.status.set_down(Part::Publisher, reason);
    }
}

fn unknown(reason: &str) -> PublishOutcome {
    PublishOutcome::Unknown { reason: format!("given to the connection, but {reason}") }
}

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, parse_redis_value};

    use super::*;
    use crate::brokered::Outgoing;
    use crate::meter::Meter;
    use crate::samples::{any_moment, chat};
    use crate::{Counters, Health};

    fn publisher() -> (Publisher, Meter) {
        let meter = Meter::default();
        let counters = Arc::new(meter.around(Counters::register));
        let outbox = Arc::new(Outbox::new(10, counters));
        let status = Arc::new(Status::new("Redis", "connecting".into()));
        let server = RedisServer::parse("redis://127.0.0.1", Duration::from_secs(1)).unwrap();
        let channels = Arc::new(Channels::new("ns"));
        let stop = CancellationToken::new();
        (Publisher { server: Arc::new(server), outbox, status, channels, stop }, meter)
    }

    /// The outcome that the sender of a publish gets, and why the connection is of no more use, if it is not.
    fn land(answer: RedisResult<Value>) -> (PublishOutcome, Option<String>) {
        let (publisher, _) = publisher();
        let (receipt, told) = oneshot::channel();
        let landed = publisher.land(Sent { receipt, counted: None }, answer);
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
            assert_eq!(land(Ok(Value::Int(heard))), (PublishOutcome::Ack(Level::Handed), None));
        }
    }

    #[test]
    fn redis_says_no_to_one_message_and_the_connection_stays() {
        let answer = parse_redis_value(b"-NOPERM no such channel\r\n").unwrap();
        let (outcome, ended) = land(Ok(answer));
        assert!(
            matches!(&outcome, PublishOutcome::Refused { code: "rejected", reason }
                if reason.contains("no such channel")),
            "{outcome:?}"
        );
        assert_eq!(ended, None);
    }

    #[test]
    fn the_number_of_a_message_that_redis_refused_is_told_as_unused() {
        let ((publisher, _), now) = (publisher(), any_moment().into_std());
        for answer in ["-NOPERM no such channel\r\n", ":0\r\n"] {
            let mut envelope = chat("r", "1");
            publisher.outbox.numbers.count(&mut envelope);
            let counted = envelope.count.map(|count| (envelope.room, count.number));
            let sent = Sent { receipt: oneshot::channel().0, counted };
            publisher.land(sent, parse_redis_value(answer.as_bytes())).unwrap();
        }
        let told = publisher.outbox.numbers.latest(now);
        assert_eq!((told[0].number, &told[0].unused[..]), (2, &[(1, 1)][..]));
    }

    #[test]
    fn what_is_no_answer_leaves_the_message_unknown_and_ends_the_connection() {
        let (outcome, ended) = land(Ok(Value::Nil));
        assert!(matches!(outcome, PublishOutcome::Unknown { .. }));
        assert_eq!(ended.as_deref(), Some("what answers is not Redis"));
        let error = (ErrorKind::Io, "broken pipe").into();
        let (outcome, ended) = land(Err(error));
        assert!(
            matches!(&outcome, PublishOutcome::Unknown { reason } if reason.contains("broken pipe")),
            "{outcome:?}"
        );
        assert!(ended.is_some_and(|reason| reason.contains("broken pipe")));
    }

    #[test]
    fn without_a_connection_what_waits_is_refused_and_the_bus_is_down() {
        let ((mut publisher, meter), now) = (publisher(), any_moment());
        publisher.outbox.open();
        let receipt = publisher.outbox.publish(chat("r", "1"), now);
        publisher.report_down("lost");
        assert_eq!(receipt.now_or_never(), Some(PublishOutcome::bus_down("lost")));
        assert_eq!(*publisher.status.watch().borrow(), Health::Down("lost".into()));
        assert_eq!(meter.count("refused"), 1);
    }
}
