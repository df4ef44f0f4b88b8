//! The commands that were given to the connection and are not answered yet, in the order in which they were given.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};

use futures_util::FutureExt;
use futures_util::future::{MaybeDone, maybe_done};
use redis::{RedisResult, Value};
use tokio::sync::oneshot;
use tokio::task::unconstrained;
use tokio::time::Instant;

use crate::{BoxFuture, PublishOutcome};

/// Largest number of commands under way. No more than these can become unknown at once, and none of them waits inside
/// the library.
pub(super) const WINDOW: usize = 1_024;

/// The commands under way. Redis answers in order, so only the oldest is ever looked at.
#[derive(Default)]
pub(super) struct Flights(VecDeque<Flight>);

struct Flight {
    answer: MaybeDone<BoxFuture<RedisResult<Value>>>,
    receipt: oneshot::Sender<PublishOutcome>,
    since: Instant,
}

impl Flights {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Begins a call that gives a command to the connection. The call begins now and not when the answer is first
    /// polled, because otherwise commands could overtake each other. It is unconstrained because the runtime's
    /// cooperative budget would put off every call after the first 128.
    pub(super) fn start(
        &mut self,
        call: BoxFuture<RedisResult<Value>>,
        receipt: oneshot::Sender<PublishOutcome>,
        now: Instant,
    ) {
        let mut answer = maybe_done(call);
        // This poll only begins the call; `next` polls again.
        let _ = unconstrained(&mut answer).now_or_never();
        self.0.push_back(Flight { answer, receipt, since: now });
    }

    /// When the oldest command was started.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.0.front().map(|flight| flight.since)
    }

    /// The answer to the oldest command, with the sender of its receipt. Waits for ever if no command is under way.
    pub(super) async fn next(&mut self) -> (RedisResult<Value>, oneshot::Sender<PublishOutcome>) {
        poll_fn(|context| {
            let Some(oldest) = self.0.front_mut() else { return Poll::Pending };
            let mut answer = Pin::new(&mut oldest.answer);
            ready!(answer.as_mut().poll(context));
            match (answer.take_output(), self.0.pop_front()) {
                (Some(answer), Some(flight)) => Poll::Ready((answer, flight.receipt)),
                _ => Poll::Pending,
            }
        })
        .await
    }

    /// The senders of the receipts of commands that got no answer.
    pub(super) fn into_receipts(self) -> impl Iterator<Item = oneshot::Sender<PublishOutcome>> {
        self.0.into_iter().map(|flight| flight.receipt)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::samples::any_moment;

    /// A command that Redis answers when the test says so.
    fn flight(
        flights: &mut Flights,
        now: Instant,
    ) -> (oneshot::Sender<i64>, oneshot::Receiver<PublishOutcome>) {
        let (redis, answer) = oneshot::channel();
        let (receipt, told) = oneshot::channel();
        flights.start(async { Ok(Value::Int(answer.await.unwrap())) }.boxed(), receipt, now);
        (redis, told)
    }

    fn next(flights: &mut Flights) -> Option<Value> {
        flights.next().now_or_never().map(|(answer, _)| answer.unwrap())
    }

    #[test]
    fn a_command_is_given_to_the_connection_at_once_however_many_there_are() {
        let mut flights = Flights::default();
        let begun = Arc::new(AtomicUsize::new(0));
        for _ in 0..WINDOW {
            let begun = Arc::clone(&begun);
            let call = async move {
                begun.fetch_add(1, Ordering::Relaxed);
                std::future::pending().await
            };
            flights.start(call.boxed(), oneshot::channel().0, any_moment());
        }
        assert_eq!((begun.load(Ordering::Relaxed), flights.len()), (WINDOW, WINDOW));
    }

    #[test]
    fn answers_come_in_the_order_of_the_commands() {
        let (mut flights, now) = (Flights::default(), any_moment());
        let (first, _first_told) = flight(&mut flights, now);
        let (second, _second_told) = flight(&mut flights, now);
        second.send(2).unwrap();
        assert_eq!(next(&mut flights), None, "the first is not answered");
        first.send(1).unwrap();
        assert_eq!(next(&mut flights), Some(Value::Int(1)));
        assert_eq!(next(&mut flights), Some(Value::Int(2)));
        assert!(flights.is_empty());
        assert_eq!(next(&mut flights), None, "there is none to wait for");
    }

    #[test]
    fn an_answer_comes_with_whom_to_tell() {
        let (mut flights, now) = (Flights::default(), any_moment());
        let (redis, mut told) = flight(&mut flights, now);
        redis.send(1).unwrap();
        let (_, receipt) = flights.next().now_or_never().unwrap();
        receipt.send(PublishOutcome::bus_down("x")).unwrap();
        assert_eq!(told.try_recv(), Ok(PublishOutcome::bus_down("x")));
    }

    #[test]
    fn the_oldest_is_the_one_that_waited_longest() {
        let (mut flights, now) = (Flights::default(), any_moment());
        assert_eq!(flights.oldest(), None);
        let (first, _first_told) = flight(&mut flights, now);
        let _second = flight(&mut flights, now + Duration::from_secs(1));
        assert_eq!(flights.oldest(), Some(now));
        first.send(1).unwrap();
        next(&mut flights);
        assert_eq!(flights.oldest(), Some(now + Duration::from_secs(1)));
    }

    #[test]
    fn what_was_not_answered_is_left_for_whoever_ends_it() {
        let (mut flights, now) = (Flights::default(), any_moment());
        let mut under_way: Vec<_> = (0..3).map(|_| flight(&mut flights, now)).collect();
        under_way.remove(0).0.send(1).unwrap();
        next(&mut flights);
        assert_eq!(flights.into_receipts().count(), 2);
    }
}
