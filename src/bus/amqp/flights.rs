//! The messages that were given to the connection and are not confirmed yet.

use lapin::{Confirmation, Error, ErrorKind};
use tokio::time::Instant;

use super::outbox::Job;
use crate::{BoxFuture, flights};

/// RabbitMQ's answer to a message, or the reason why there is none.
pub(super) type Confirm = lapin::Result<Confirmation>;

/// What a call gave to the connection.
pub(super) enum Cargo {
    /// The history's copy of a chat message. The copy for the live feeds is always the next call.
    HistoryCopy,
    /// A message, or the last copy of one. `None` if the message was answered otherwise before, for example because it
    /// was too old.
    Message(Option<Job>),
}

/// What was given to the connection, with RabbitMQ's answer.
pub(super) type Landed = (Cargo, Confirm);

/// The calls under way.
pub(super) type Flights = flights::Flights<Cargo, Confirm>;

impl Flights {
    /// Begins a call that gives the history's copy of a message to the connection; `publish` is to follow at once.
    pub(super) fn publish_to_history(&mut self, call: BoxFuture<Confirm>, job: &mut Job, now: Instant) {
        let cargo = |confirm: Option<&Confirm>| {
            job.written |= is_written(confirm);
            Cargo::HistoryCopy
        };
        self.start(call, cargo, now);
    }

    /// Begins a call that gives a message to the connection.
    pub(super) fn publish(&mut self, call: BoxFuture<Confirm>, mut job: Job, now: Instant) {
        let cargo = |confirm: Option<&Confirm>| {
            job.written |= is_written(confirm);
            Cargo::Message(Some(job))
        };
        self.start(call, cargo, now);
    }

    /// Takes out the confirmed messages that have only confirmed ones before them.
    pub(super) fn landed(&mut self) -> Vec<Landed> {
        std::iter::from_fn(|| self.land()).collect()
    }

    /// Takes out the messages that are too old to wait for.
    pub(super) fn take_stale(&mut self, is_stale: impl Fn(&Job) -> bool) -> Vec<Job> {
        let jobs = self.cargo_mut().filter_map(|cargo| match cargo {
            Cargo::Message(job) => job.take_if(|job| is_stale(job)),
            Cargo::HistoryCopy => None,
        });
        jobs.collect()
    }

    /// The messages that were not confirmed, oldest first.
    pub(super) fn into_jobs(self) -> Vec<Job> {
        let jobs = self.into_cargo().filter_map(|cargo| match cargo {
            Cargo::Message(job) => job,
            Cargo::HistoryCopy => None,
        });
        jobs.collect()
    }
}

/// Whether a call may have sent its message. The library takes nothing for a channel that it knows to be dead.
fn is_written(confirm: Option<&Confirm>) -> bool {
    !confirm.is_some_and(|confirm| confirm.as_ref().is_err_and(is_dead_channel))
}

fn is_dead_channel(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidChannelState(..))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use futures_util::FutureExt;
    use lapin::ChannelState;
    use tokio::sync::oneshot;

    use super::*;
    use crate::Counters;
    use crate::amqp::outbox::Outbox;
    use crate::samples::{any_moment, chat};

    /// Messages with these ids, as the publisher takes them.
    fn jobs(ids: &[&str]) -> Vec<Job> {
        let outbox = Outbox::new(100, Duration::from_secs(60), Arc::new(Counters::register()));
        ids.iter().for_each(|id| drop(outbox.publish(&chat("r", id), any_moment())));
        outbox.take(100)
    }

    /// Gives the messages to a connection that confirms each of them when the test says so.
    fn start(ids: &[&str]) -> (Flights, Vec<oneshot::Sender<Confirmation>>) {
        let mut flights = Flights::default();
        let rabbitmq = jobs(ids).into_iter().map(|job| {
            let (confirm, confirmed) = oneshot::channel();
            flights.publish(async { Ok(confirmed.await.unwrap()) }.boxed(), job, any_moment());
            confirm
        });
        let rabbitmq = rabbitmq.collect();
        (flights, rabbitmq)
    }

    fn ids(jobs: impl IntoIterator<Item = Job>) -> Vec<String> {
        jobs.into_iter().map(|job| job.id.to_string()).collect()
    }

    /// The ids of the messages that have landed.
    fn landed(flights: &mut Flights) -> Vec<String> {
        ids(flights.landed().into_iter().filter_map(|(cargo, _)| match cargo {
            Cargo::Message(job) => job,
            Cargo::HistoryCopy => None,
        }))
    }

    #[test]
    fn what_is_confirmed_before_its_time_waits_for_those_before_it() {
        let (mut flights, mut rabbitmq) = start(&["1", "2", "3"]);
        rabbitmq.remove(1).send(Confirmation::Ack(None)).unwrap();
        assert!(flights.landed().is_empty());
        rabbitmq.remove(0).send(Confirmation::Ack(None)).unwrap();
        assert_eq!(landed(&mut flights), ["1", "2"]);
        assert_eq!(ids(flights.into_jobs()), ["3"]);
    }

    #[test]
    fn a_confirm_comes_with_its_message() {
        let (mut flights, mut rabbitmq) = start(&["1"]);
        rabbitmq.remove(0).send(Confirmation::Nack(None)).unwrap();
        let landed = flights.landed();
        assert!(
            matches!(&landed[..], [(Cargo::Message(Some(job)), Ok(confirm))] if &*job.id == "1" && confirm.is_nack())
        );
        assert!(flights.is_empty() && flights.ready().now_or_never().is_none());
    }

    #[test]
    fn what_was_given_to_a_connection_was_perhaps_sent_but_not_if_its_channel_was_dead() {
        let mut flights = Flights::default();
        let dead = || ErrorKind::InvalidChannelState(ChannelState::Closed, "publish");
        let calls: [BoxFuture<Confirm>; 3] = [
            std::future::pending().boxed(),
            std::future::ready(Err(dead().into())).boxed(),
            std::future::ready(Err(ErrorKind::ChannelsLimitReached.into())).boxed(),
        ];
        for (call, job) in calls.into_iter().zip(jobs(&["1", "2", "3"])) {
            flights.publish(call, job, any_moment());
        }
        let written: Vec<_> = flights.into_jobs().iter().map(|job| job.written).collect();
        assert_eq!(written, [true, false, true]);
    }

    #[test]
    fn a_message_that_was_given_to_a_connection_before_stays_so() {
        let mut flights = Flights::default();
        let dead = ErrorKind::InvalidChannelState(ChannelState::Closed, "publish");
        let mut job = jobs(&["1"]).remove(0);
        job.written = true;
        flights.publish(std::future::ready(Err(dead.into())).boxed(), job, any_moment());
        assert!(flights.into_jobs()[0].written);
    }

    #[test]
    fn a_message_of_which_the_history_may_have_a_copy_was_perhaps_sent() {
        let mut flights = Flights::default();
        let dead = ErrorKind::InvalidChannelState(ChannelState::Closed, "publish");
        let mut job = jobs(&["1"]).remove(0);
        flights.publish_to_history(std::future::pending().boxed(), &mut job, any_moment());
        flights.publish(std::future::ready(Err(dead.into())).boxed(), job, any_moment());
        assert_eq!(flights.len(), 2);
        let jobs = flights.into_jobs();
        assert!(jobs.len() == 1 && jobs[0].written);
    }

    #[test]
    fn what_is_too_old_is_taken_out_and_its_confirm_tells_nobody() {
        let (mut flights, mut rabbitmq) = start(&["1", "2", "3"]);
        assert_eq!(ids(flights.take_stale(|job| &*job.id != "2")), ["1", "3"]);
        assert!(flights.take_stale(|job| &*job.id != "2").is_empty());
        assert_eq!(flights.len(), 3, "their confirms are still to come");
        for confirm in rabbitmq.drain(..2) {
            confirm.send(Confirmation::Ack(None)).unwrap();
        }
        assert_eq!(landed(&mut flights), ["2"]);
        assert!(flights.into_jobs().is_empty());
    }
}
