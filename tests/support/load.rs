//! The load generator inside a test: a load that is over in a moment, and a wait for what its ledger says.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use pubsub_lab::ledger::{Plan, Settled};
use pubsub_lab::load::{Dialect, LoadGenerator, Settings};
use pubsub_lab::scenario::{self, Transport};

const SECOND: Duration = Duration::from_secs(1);
/// How long a test waits for what the ledger says in the end.
const WITHIN: Duration = Duration::from_secs(20);

/// A plan of one publisher, three subscribers and one room, with 120 messages in 0.24 s.
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

/// The settings of a load of this plan on these servers, in this dialect.
pub fn settings(urls: Vec<String>, dialect: Dialect, plan: Plan) -> Settings {
    let load = scenario::Load {
        publishers: plan.publishers,
        subscribers: plan.subscribers,
        rate: plan.rate,
        payload: 128,
        rooms: plan.rooms,
        resend: false,
        presence: false,
        transports: vec![Transport::Ws],
        poll_every: SECOND * 2,
        warm_up: Duration::from_millis(40),
        duration: Duration::from_millis(240),
        drain: SECOND,
        connect_timeout: SECOND * 2,
        reconnect_min: Duration::from_millis(20),
        reconnect_max: Duration::from_millis(100),
    };
    let (faults, transport) = (vec![], Transport::Ws);
    Settings { plan, load, faults, dialect, transport, keeps_history: true, seed: 42, urls, agent: None }
}

/// The state of a load's ledger at this moment.
pub fn settled(load: &LoadGenerator) -> Settled {
    load.ledger().lock().unwrap_or_else(PoisonError::into_inner).settle(&[], load.now())
}

/// Waits until the ledger's state holds this, and otherwise fails with that state.
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

/// Waits until a condition holds, and fails with these words if it does not.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + WITHIN;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
