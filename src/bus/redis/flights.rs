//! Commands that were given to the connection and are not answered yet, in their order.

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

use crate::{BoxFuture, Outcome};

/// Commands under way at most. No more than these can become unknown at once, and none of them waits inside the
/// library.
pub(super) const WINDOW: usize = 1_024;

/// Redis answers in order, so only the oldest is ever looked at.
#[derive(Default)]
pub(super) struct Flights(VecDeque<Flight>);

struct Flight {
    answer: MaybeDone<BoxFuture<RedisResult<Value>>>,
    receipt: oneshot::Sender<Outcome>,
    since: Instant,
}

impl Flights {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Begins a call, which gives a command to the connection: now and not when the answer is first asked for,
    /// otherwise commands could overtake each other. Unconstrained, because the runtime's cooperative budget would
    /// put off every one after the first 128.
    pub(super) fn start(
        &mut self,
        call: BoxFuture<RedisResult<Value>>,
        receipt: oneshot::Sender<Outcome>,
        now: Instant,
    ) {
        let mut answer = maybe_done(call);
        // Only to begin it; `next` asks again.
        let _ = unconstrained(&mut answer).now_or_never();
        self.0.push_back(Flight { answer, receipt, since: now });
    }

    /// When the oldest was started.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.0.front().map(|flight| flight.since)
    }

    /// The answer to the oldest, and whom to tell. Waits for ever if there is none.
    pub(super) async fn next(&mut self) -> (RedisResult<Value>, oneshot::Sender<Outcome>) {
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

    /// Whom to tell that no answer came.
    pub(super) fn into_receipts(self) -> impl Iterator<Item = oneshot::Sender<Outcome>> {
        self.0.into_iter().map(|flight| flight.receipt)
    }
}
