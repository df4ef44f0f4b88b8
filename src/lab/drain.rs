//! The drain after the load: messages that are under way may still arrive.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use load::LoadGenerator;

/// How often the drain looks whether everything has arrived.
const LOOK: Duration = Duration::from_millis(20);
/// The least time that the drain listens on when everything has arrived: a second copy comes after the first, and an answer
/// that contradicts another comes after that.
const LISTENING: Duration = Duration::from_secs(1);

/// Listens for [`LISTENING`], or for the limit if that is shorter, then waits until the load awaits nothing any more, or the
/// limit is reached. Silence alone never ends the drain: a broker that
/// boots is quiet too.
pub(super) async fn drain(generator: &LoadGenerator, limit: Duration) {
    let began = Instant::now();
    let deadline = began + limit;
    sleep_until(began + LISTENING.min(limit)).await;
    while generator.awaits_something() && Instant::now() < deadline {
        sleep(LOOK).await;
    }
}
