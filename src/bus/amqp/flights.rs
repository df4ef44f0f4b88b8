//! Messages that were given to the connection and are not confirmed yet, in their order.

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

/// What RabbitMQ says to a message, or why it says nothing.
pub(super) type Confirm = lapin::Result<Confirmation>;

/// A message and what RabbitMQ said to it. `None` if it was answered otherwise meanwhile.
pub(super) type Landed = (Option<Job>, Confirm);

/// Only the oldest is waited for: what is confirmed before its time waits for those before it.
#[derive(Default)]
pub(super) struct Flights(VecDeque<Flight>);

struct Flight {
    confirm: MaybeDone<BoxFuture<Confirm>>,
    /// `None` once it was answered otherwise.
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

    /// Begins a call, which gives a message to the connection: now and not when the confirm is first asked for,
    /// otherwise messages could overtake each other.
    pub(super) fn start(&mut self, call: BoxFuture<Confirm>, mut job: Job, now: Instant) {
        let mut confirm = maybe_done(call);
        // Only to begin it; `ready` asks again.
        let _ = confirm.poll_unpin(&mut Context::from_waker(Waker::noop()));
        // The library takes nothing for a channel that it knows to be dead.
        let output = Pin::new(&mut confirm).output_mut();
        let taken = !output.is_some_and(|confirm| confirm.as_ref().is_err_and(is_dead_channel));
        job.written |= taken;
        self.0.push_back(Flight { confirm, job: Some(job), since: now });
    }

    /// When the oldest was given to the connection.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.0.front().map(|flight| flight.since)
    }

    /// Waits until the oldest is confirmed. Waits for ever if there is none.
    pub(super) async fn ready(&mut self) {
        poll_fn(|context| match self.0.front_mut() {
            Some(oldest) => Pin::new(&mut oldest.confirm).poll(context),
            None => Poll::Pending,
        })
        .await;
    }

    /// All that are confirmed and have only confirmed ones before them.
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

    /// What was not confirmed, oldest first.
    pub(super) fn into_jobs(self) -> Vec<Job> {
        self.0.into_iter().filter_map(|flight| flight.job).collect()
    }
}

fn is_dead_channel(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidChannelState(..))
}
