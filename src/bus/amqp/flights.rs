//! The messages that were given to the connection and are not confirmed yet, in the order in which they were given.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use futures_util::future::{MaybeDone, maybe_done};
use lapin::{Confirmation, Error, ErrorKind};
use tokio::time::Instant;

use super::outbox::Job;
use crate::BoxFuture;

/// RabbitMQ's answer to a message, or the reason why there is none.
pub(super) type Confirm = lapin::Result<Confirmation>;

/// A message with RabbitMQ's answer. The message is `None` if it was answered otherwise before, for example because
/// it was too old.
pub(super) type Landed = (Option<Job>, Confirm);

/// The messages under way. Only the oldest is waited for: a message that is confirmed early waits for those before
/// it.
#[derive(Default)]
pub(super) struct Flights(VecDeque<Flight>);

struct Flight {
    confirm: MaybeDone<BoxFuture<Confirm>>,
    /// The message; `None` once it was answered otherwise.
    job: Option<Job>,
    since: Instant,
}

impl Flights {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Begins a call that gives a message to the connection. The call begins now and not when the confirm is first
    /// polled, because otherwise messages could overtake each other.
    pub(super) fn start(&mut self, call: BoxFuture<Confirm>, mut job: Job, now: Instant) {
        let mut confirm = maybe_done(call);
        // This poll only begins the call; `ready` polls again.
        let _ = confirm.poll_unpin(&mut Context::from_waker(Waker::noop()));
        // The library takes nothing for a channel that it knows to be dead.
        let output = Pin::new(&mut confirm).output_mut();
        let taken = !output.is_some_and(|confirm| confirm.as_ref().is_err_and(is_dead_channel));
        job.written |= taken;
        self.0.push_back(Flight { confirm, job: Some(job), since: now });
    }

    /// When the oldest message was given to the connection.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.0.front().map(|flight| flight.since)
    }

    /// Waits until the oldest message is confirmed. Waits for ever if no message is under way.
    pub(super) async fn ready(&mut self) {
        poll_fn(|context| match self.0.front_mut() {
            Some(oldest) => Pin::new(&mut oldest.confirm).poll(context),
            None => Poll::Pending,
        })
        .await;
    }

    /// Takes out the confirmed messages that have only confirmed ones before them.
    pub(super) fn landed(&mut self) -> Vec<Landed> {
        let mut landed = Vec::new();
        while let Some(oldest) = self.0.front_mut() {
            let mut confirm = Pin::new(&mut oldest.confirm);
            if confirm.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
                break;
            }
            let confirm = confirm.take_output();
            if let (Some(confirm), Some(flight)) = (confirm, self.0.pop_front()) {
                landed.push((flight.job, confirm));
            }
        }
        landed
    }

    /// Takes out the messages that are too old to wait for.
    pub(super) fn take_stale(&mut self, is_stale: impl Fn(&Job) -> bool) -> Vec<Job> {
        let stale = |flight: &mut Flight| flight.job.take_if(|job| is_stale(job));
        self.0.iter_mut().filter_map(stale).collect()
    }

    /// The messages that were not confirmed, oldest first.
    pub(super) fn into_jobs(self) -> Vec<Job> {
        self.0.into_iter().filter_map(|flight| flight.job).collect()
    }
}

fn is_dead_channel(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidChannelState(..))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

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
            flights.start(async { Ok(confirmed.await.unwrap()) }.boxed(), job, any_moment());
            confirm
        });
        let rabbitmq = rabbitmq.collect();
        (flights, rabbitmq)
    }

    fn ids(jobs: impl IntoIterator<Item = Job>) -> Vec<String> {
        jobs.into_iter().map(|job| job.id.to_string()).collect()
    }

    fn landed(flights: &mut Flights) -> Vec<String> {
        ids(flights.landed().into_iter().filter_map(|(job, _)| job))
    }

    #[test]
    fn what_is_confirmed_before_its_time_waits_for_those_before_it() {
        let (mut flights, mut rabbitmq) = start(&["1", "2", "3"]);
        rabbitmq.remove(1).send(Confirmation::Ack(None)).unwrap();
        assert!(flights.ready().now_or_never().is_none());
        assert!(landed(&mut flights).is_empty());
        rabbitmq.remove(0).send(Confirmation::Ack(None)).unwrap();
        assert!(flights.ready().now_or_never().is_some());
        assert_eq!(landed(&mut flights), ["1", "2"]);
        assert_eq!((flights.len(), flights.is_empty()), (1, false));
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
            flights.start(call, job, any_moment());
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
        flights.start(std::future::ready(Err(dead.into())).boxed(), job, any_moment());
        assert!(flights.into_jobs()[0].written);
    }

    #[test]
    fn the_oldest_is_the_one_that_waited_longest() {
        let (mut flights, now) = (Flights::default(), any_moment());
        assert_eq!(flights.oldest(), None);
        for (seconds, job) in jobs(&["1", "2"]).into_iter().enumerate() {
            let at = now + Duration::from_secs(seconds as u64);
            flights.start(std::future::pending().boxed(), job, at);
        }
        assert_eq!(flights.oldest(), Some(now));
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
