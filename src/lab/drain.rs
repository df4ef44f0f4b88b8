//! The drain after the load: messages that are under way may still arrive.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::cluster::Cluster;
use load::LoadGenerator;

/// How often the drain looks whether everything has arrived.
const LOOK: Duration = Duration::from_millis(20);
/// The least time that the drain listens on when everything has arrived: a second copy comes after the first, and an answer
/// that contradicts another comes after that.
const LISTENING: Duration = Duration::from_secs(1);

/// Listens for [`LISTENING`], or for the limit if that is shorter, then waits until every debt is paid, every publish is
/// answered and every observer knows who is there, or the limit is reached. Silence alone never ends the drain: a broker that
/// boots is quiet too.
pub(super) async fn drain(generator: &LoadGenerator, limit: Duration) {
    let began = Instant::now();
    let deadline = began + limit;
    let ledger = generator.ledger();
    let waits = || {
        let ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let unanswered = generator.has_answers() && ledger.unanswered() > 0;
        ledger.outstanding() > 0 || unanswered || ledger.is_some_list_wrong()
    };
    sleep_until(began + LISTENING.min(limit)).await;
    while waits() && Instant::now() < deadline {
        sleep(LOOK).await;
    }
}

/// Resolves when no node of the lab's serves or will serve again. Of nodes that are not the lab's nobody knows.
pub(super) async fn nobody_serves(cluster: Option<&Cluster>) {
    match cluster {
        Some(cluster) => cluster.nobody_serves().await,
        None => std::future::pending().await,
    }
}
