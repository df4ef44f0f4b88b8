//! Checks whether the broker still answers, and how many messages wait in the queue.
//!
//! Nothing but this probe notices a stopped broker: the kernel goes on acknowledging for it, and AMQP's heartbeat
//! takes twice its interval.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lapin::Channel;
use tokio::time::{sleep, timeout};

use super::call::CALL;
use super::losses::Losses;
use super::marks::Marks;
use crate::counters::Counters;
use bus::ConnectionFailure;
use bus::amqp::server::{is_missing, sentence};
use bus::amqp::topology::look;

/// The pause between an answer and the next probe.
const BEAT: Duration = Duration::from_millis(500);
/// How long the broker may take to answer a probe while nothing else comes from it.
const SILENCE: Duration = Duration::from_millis(1_250);
/// The interval at which a queue is checked that another service consumes.
const ELSEWHERE: Duration = Duration::from_millis(250);

/// Ends when the broker is silent or the queue is gone, and says why. Everything that comes from the broker sets
/// `pulse`: behind a long backlog the answer to a probe may be late although the broker is well.
pub async fn watch(
    channel: &Channel,
    queue: &str,
    pulse: &AtomicBool,
    marks: &Marks,
    losses: &Losses,
    counters: &Counters,
) -> String {
    loop {
        sleep(BEAT).await;
        pulse.store(false, Ordering::Relaxed);
        let mut question = std::pin::pin!(look(channel, queue));
        loop {
            match timeout(SILENCE, &mut question).await {
                Ok(Ok(found)) => {
                    counters.queue.set(f64::from(found.message_count()));
                    match timeout(CALL, marks.beat(channel, queue, found.message_count())).await {
                        Ok(Ok(())) => break,
                        Ok(Err(error)) => return sentence(&error),
                        Err(_) => return format!("it has taken no message for {CALL:?}"),
                    }
                }
                Ok(Err(error)) if is_missing(&error) => {
                    losses.record();
                    return deleted(queue);
                }
                Ok(Err(error)) => return sentence(&error),
                Err(_) if pulse.swap(false, Ordering::Relaxed) => {}
                Err(_) => return format!("it has not answered for {SILENCE:?}"),
            }
        }
    }
}

/// The reason of a subscription that ends because its queue is gone.
pub fn deleted(queue: &str) -> String {
    format!("the queue {queue} was deleted")
}

/// The reason of a subscription that ends because messages are gone from its queue.
pub fn purged(queue: &str) -> String {
    format!("the queue {queue} was purged, and with it messages that were confirmed")
}

/// Waits until nobody consumes the queue. Calls `elsewhere` when somebody does.
pub async fn until_free(
    channel: &Channel,
    queue: &str,
    silence: impl Fn() -> ConnectionFailure,
    failure: impl Fn(&lapin::Error) -> ConnectionFailure,
    mut elsewhere: impl FnMut(),
) -> Result<(), ConnectionFailure> {
    loop {
        let answer = timeout(CALL, look(channel, queue)).await.map_err(|_| silence())?;
        if answer.map_err(|error| failure(&error))?.consumer_count() == 0 {
            return Ok(());
        }
        elsewhere();
        sleep(ELSEWHERE).await;
    }
}
