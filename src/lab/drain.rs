//! The drain after the load: messages that are under way may still arrive.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use load::LoadGenerator;

/// How often the drain looks whether everything has arrived.
const LOOK: Duration = Duration::from_millis(20);

/// Waits until every debt is paid and every publish is answered, or the time is up. Silence alone never ends the drain:
/// a broker that boots is quiet too.
pub(super) async fn drain(generator: &LoadGenerator, limit: Duration) {
    let deadline = Instant::now() + limit;
    let ledger = generator.ledger();
    let waits = || {
        let ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.outstanding() > 0 || (generator.has_answers() && ledger.unanswered() > 0)
    };
    while waits() && Instant::now() < deadline {
        sleep(LOOK).await;
    }
}
