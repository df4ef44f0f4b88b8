//! The messages that were given to the connection and are not confirmed yet.

use lapin::{Confirmation, Error, ErrorKind};
use tokio::time::Instant;

use super::outbox::Job;
use crate::{BoxFuture, flights};

/// RabbitMQ's answer to a message, or the reason why there is none.
pub(super) type Confirm = lapin::Result<Confirmation>;

/// A message with RabbitMQ's answer. The message is `None` if it was answered otherwise before, for example because
/// it was too old.
pub(super) type Landed = (Option<Job>, Confirm);

/// The messages under way; `None` for one that was answered otherwise.
pub(super) type Flights = flights::Flights<Option<Job>, Confirm>;

impl Flights {
    /// Begins a call that gives a message to the connection.
    pub(super) fn publish(&mut self, call: BoxFuture<Confirm>, mut job: Job, now: Instant) {
        let cargo = |confirm: Option<&Confirm>| {
            // The library takes nothing for a channel that it knows to be dead.
            job.written |= !confirm.is_some_and(|confirm| confirm.as_ref().is_err_and(is_dead_channel));
            Some(job)
        };
        self.start(call, cargo, now);
    }

    /// Takes out the confirmed messages that have only confirmed ones before them.
    pub(super) fn landed(&mut self) -> Vec<Landed> {
        std::iter::from_fn(|| self.land()).collect()
    }

    /// Takes out the messages that are too old to wait for.
    pub(super) fn take_stale(&mut self, is_stale: impl Fn(&Job) -> bool) -> Vec<Job> {
        self.cargo_mut().filter_map(|job| job.take_if(|job| is_stale(job))).collect()
    }

    /// The messages that were not confirmed, oldest first.
    pub(super) fn into_jobs(self) -> Vec<Job> {
        self.into_cargo().flatten().collect()
    }
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

    #[test]
    fn what_is_confirmed_before_its_time_waits_for_those_before_it() {
        let (mut flights, mut rabbitmq) = start(&["1", "2", "3"]);
        rabbitmq.remove(1).send(Confirmation::Ack(None)).unwrap();
        assert!(flights.landed().is_empty());
        rabbitmq.remove(0).send(Confirmation::Ack(None)).unwrap();
        assert_eq!(ids(flights.landed().into_iter().filter_map(|(job, _)| job)), ["1", "2"]);
        assert_eq!(ids(flights.into_jobs()), ["3"]);
    }

    #[test]
    fn a_confirm_comes_with_its_message() {
        let (mut flights, mut rabbitmq) = start(&["1"]);
        rabbitmq.remove(0).send(Confirmation::Nack(None)).unwrap();
        let landed = flights.landed();
        assert!(matches!(&landed[..], [(Some(job), Ok(confirm))] if &*job.id == "1" && confirm.is_nack()));
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
    fn what_is_too_old_is_taken_out_and_its_confirm_tells_nobody() {
        let (mut flights, mut rabbitmq) = start(&["1", "2", "3"]);
        assert_eq!(ids(flights.take_stale(|job| &*job.id != "2")), ["1", "3"]);
        assert!(flights.take_stale(|job| &*job.id != "2").is_empty());
        assert_eq!(flights.len(), 3, "their confirms are still to come");
        for confirm in rabbitmq.drain(..2) {
            confirm.send(Confirmation::Ack(None)).unwrap();
        }
        assert_eq!(ids(flights.landed().into_iter().filter_map(|(job, _)| job)), ["2"]);
        assert!(flights.into_jobs().is_empty());
    }
}
