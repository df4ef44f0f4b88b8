//! The calls that were given to a connection and are not answered yet, in the order in which they were given.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::{MaybeDone, maybe_done};
use tokio::task::unconstrained;
use tokio::time::Instant;

use super::BoxFuture;

/// The calls under way, each with what belongs to it (`T`), until its answer (`A`) has come. Only the oldest is waited
/// for: an answer that comes early waits for those before it.
pub(super) struct Flights<T, A>(VecDeque<Flight<T, A>>);

struct Flight<T, A> {
    answer: MaybeDone<BoxFuture<A>>,
    cargo: T,
    since: Instant,
}

impl<T, A> Default for Flights<T, A> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T, A> Flights<T, A> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Begins a call. It begins now and not when the answer is first polled, because otherwise calls could overtake
    /// each other. It is unconstrained because the runtime's cooperative budget would put off every call after the
    /// first 128. `cargo` gets the answer if it is there at once.
    pub(super) fn start(&mut self, call: BoxFuture<A>, cargo: impl FnOnce(Option<&A>) -> T, since: Instant) {
        let mut answer = maybe_done(call);
        // This poll only begins the call; `ready` polls again.
        let _ = unconstrained(&mut answer).now_or_never();
        let cargo = cargo(Pin::new(&mut answer).output_mut().as_deref());
        self.0.push_back(Flight { answer, cargo, since });
    }

    /// When the oldest call began.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.0.front().map(|flight| flight.since)
    }

    /// Waits until the oldest call is answered. Waits for ever if no call is under way.
    pub(super) async fn ready(&mut self) {
        poll_fn(|context| match self.0.front_mut() {
            Some(oldest) => Pin::new(&mut oldest.answer).poll(context),
            None => Poll::Pending,
        })
        .await;
    }

    /// Takes out the oldest call if it is answered. The poll is unconstrained because otherwise, of the calls that were
    /// answered before a connection ended, those past the runtime's cooperative budget would count as not answered.
    pub(super) fn land(&mut self) -> Option<(T, A)> {
        let answer = &mut self.0.front_mut()?.answer;
        unconstrained(&mut *answer).now_or_never()?;
        let answer = Pin::new(answer).take_output()?;
        self.0.pop_front().map(|flight| (flight.cargo, answer))
    }

    /// What belongs to the calls that are not answered, oldest first.
    pub(super) fn cargo_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|flight| &mut flight.cargo)
    }

    /// What belongs to the calls that were not answered, oldest first.
    pub(super) fn into_cargo(self) -> impl Iterator<Item = T> {
        self.0.into_iter().map(|flight| flight.cargo)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;
    use crate::samples::any_moment;

    type Ids = Flights<&'static str, i64>;

    /// A call that the broker answers when the test says so.
    fn fly(flights: &mut Ids, id: &'static str, now: Instant) -> oneshot::Sender<i64> {
        let (broker, answer) = oneshot::channel();
        flights.start(async { answer.await.unwrap() }.boxed(), |_| id, now);
        broker
    }

    #[test]
    fn a_call_begins_at_once_however_many_there_are() {
        let mut flights = Flights::<(), ()>::default();
        let begun = Arc::new(AtomicUsize::new(0));
        for _ in 0..1_024 {
            let begun = Arc::clone(&begun);
            let call = async move {
                begun.fetch_add(1, Ordering::Relaxed);
                std::future::pending().await
            };
            flights.start(call.boxed(), |_| (), any_moment());
        }
        assert_eq!((begun.load(Ordering::Relaxed), flights.len()), (1_024, 1_024));
    }

    #[test]
    fn what_is_answered_before_its_time_waits_for_those_before_it() {
        let (mut flights, now) = (Ids::default(), any_moment());
        let [first, second, _third] = ["1", "2", "3"].map(|id| fly(&mut flights, id, now));
        second.send(20).unwrap();
        assert!(flights.ready().now_or_never().is_none(), "the first is not answered");
        assert_eq!(flights.land(), None);
        first.send(10).unwrap();
        assert!(flights.ready().now_or_never().is_some());
        assert_eq!((flights.land(), flights.land()), (Some(("1", 10)), Some(("2", 20))));
        assert_eq!((flights.land(), flights.len(), flights.is_empty()), (None, 1, false));
        assert_eq!(flights.into_cargo().collect::<Vec<_>>(), ["3"]);
    }

    #[tokio::test]
    async fn every_answer_that_is_there_is_taken_out_however_many_there_are() {
        let (mut flights, now) = (Ids::default(), any_moment());
        for _ in 0..1_024 {
            fly(&mut flights, "1", now).send(10).unwrap();
        }
        assert_eq!(std::iter::from_fn(|| flights.land()).count(), 1_024);
    }

    #[test]
    fn when_all_are_answered_there_is_none_to_wait_for() {
        let (mut flights, now) = (Ids::default(), any_moment());
        fly(&mut flights, "1", now).send(10).unwrap();
        assert_eq!(flights.land(), Some(("1", 10)));
        assert!(flights.is_empty() && flights.land().is_none());
        assert!(flights.ready().now_or_never().is_none());
    }

    #[test]
    fn an_answer_that_is_there_at_once_is_shown() {
        let (mut flights, now) = (Flights::<Option<i64>, i64>::default(), any_moment());
        flights.start(std::future::ready(10).boxed(), |answer| answer.copied(), now);
        flights.start(std::future::pending().boxed(), |answer| answer.copied(), now);
        assert_eq!(flights.into_cargo().collect::<Vec<_>>(), [Some(10), None]);
    }

    #[test]
    fn the_oldest_is_the_one_that_waited_longest() {
        let (mut flights, now) = (Ids::default(), any_moment());
        assert_eq!(flights.oldest(), None);
        let first = fly(&mut flights, "1", now);
        let _second = fly(&mut flights, "2", now + Duration::from_secs(1));
        assert_eq!(flights.oldest(), Some(now));
        first.send(10).unwrap();
        flights.land();
        assert_eq!(flights.oldest(), Some(now + Duration::from_secs(1)));
    }
}
