//! The ledgers, plans and faults that the tests of whole histories begin with.

use std::time::Duration;

use super::{Answer, FaultTimes, Ledger, Plan};
use scenario::Figure;

/// Milliseconds from the run's zero until the measured load begins, so that a mistaken zero shows.
const BEGIN: u64 = 5_000;

/// A time in milliseconds since the measured load began, as the ledger wants it: since the run's zero.
pub(super) fn ms(since_begin: u64) -> Duration {
    Duration::from_millis(BEGIN + since_begin)
}

/// A time in milliseconds since the measured load began, as faults have it.
pub(super) fn since(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A plan of ten messages a second from one publisher, in one room; subscriber s is on node s mod 2.
pub(super) fn plan(subscribers: usize, messages: usize) -> Plan {
    let (publishers, nodes, rooms, rate, surges, crosses_nodes) = (1, 2, 1, 10.0, vec![], true);
    Plan { publishers, subscribers, nodes, rooms, rate, surges, messages, crosses_nodes }
}

/// A ledger to which everybody has subscribed, and whose load has begun.
pub(super) fn begun(plan: Plan) -> Ledger {
    let mut ledger = Ledger::new(plan.clone());
    for s in plan.all_subscribers() {
        ledger.subscribed(s, plan.subscriber_node(s), Duration::from_millis(1_000));
    }
    ledger.begin(ms(0));
    ledger
}

/// Sends message n, of ten messages a second, when it is due, and answers it.
pub(super) fn send(ledger: &mut Ledger, n: usize, answer: Answer) {
    ledger.sent(n, 0, ms(n as u64 * 100));
    ledger.answered(n, answer);
}

/// A fault by its times in milliseconds since the measured load began.
pub(super) fn fault(begin: u64, heal_begin: Option<u64>, healed: Option<u64>) -> FaultTimes {
    let (heal_begin, healed) = (heal_begin.map(since), healed.map(since));
    FaultTimes {
        what: "kill broker".into(),
        begin: since(begin),
        heal_begin,
        healed,
        deliberate: false,
        planned: None,
    }
}

/// The figure that has this name.
pub(super) fn figure(name: &str) -> Figure {
    Figure::named(name).unwrap().0
}
