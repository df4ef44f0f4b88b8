//! The shipped scenario `burst`: as much as the load generator can give in a second, so nothing else may run beside it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use crate::support::report::conclusive;

const BURST: &str = include_str!("../../../scenarios/burst.toml");

#[test]
fn a_burst_crashes_nobody_and_what_it_costs_is_counted() {
    for pattern in ["zeromq", "amqp"] {
        let run = conclusive(BURST, &["--pattern", pattern]).run(pattern, 0);
        run.assert_clean();
        assert_eq!(run.count("due"), 20_000, "{:#}", run.brief());
    }
}
