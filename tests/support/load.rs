//! The load generator inside a test: a load that is over in a moment, and waiting for what its ledger says.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use pubsub_lab::ledger::{Plan, Settled};
use pubsub_lab::load::{Dialect, LoadGenerator, Settings};
use pubsub_lab::scenario;

const SECOND: Duration = Duration::from_secs(1);
/// How long is waited for what comes in the end.
const WITHIN: Duration = Duration::from_secs(20);

/// One publisher, three subscribers, one room, 120 messages in 0.24 s.
pub fn plan(nodes: usize) -> Plan {
    Plan {
        publishers: 1,
        subscribers: 3,
        nodes,
        rooms: 1,
        rate: 500.0,
        surges: vec![],
        messages: 120,
        crosses_nodes: true,
    }
}

/// A load of this plan on these servers, in this dialect.
pub fn settings(urls: Vec<String>, dialect: Dialect, plan: Plan) -> Settings {
    let load = scenario::Load {
        publishers: plan.publishers,
        subscribers: plan.subscribers,
        rate: plan.rate,
        payload: 128,
        rooms: plan.rooms,
        resend: false,
        warm_up: Duration::from_millis(40),
        duration: Duration::from_millis(240),
        drain: SECOND,
        connect_timeout: SECOND * 2,
        reconnect_min: Duration::from_millis(20),
        reconnect_max: Duration::from_millis(100),
    };
    Settings { plan, load, faults: vec![], dialect, keeps_history: true, seed: 42, urls }
}

/// What the ledger says of a load as it stands.
pub fn settled(load: &LoadGenerator) -> Settled {
    load.ledger().lock().unwrap_or_else(PoisonError::into_inner).settle(&[], load.now())
}

/// Waits until the ledger says so, and fails with what it says instead.
pub async fn until(load: &LoadGenerator, mut holds: impl FnMut(&Settled) -> bool) -> Settled {
    let deadline = Instant::now() + WITHIN;
    loop {
        let now = settled(load);
        if holds(&now) {
            return now;
        }
        assert!(Instant::now() < deadline, "{:?} {:?}", now.messages, now.debts);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until something holds, and fails with these words if it does not.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + WITHIN;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
