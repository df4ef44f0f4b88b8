//! The broker goes down under a durable queue, with ten seeds.

use crate::support::report::conclusive;

const BROKER_DOWN: &str = include_str!("../../scenarios/broker-down.toml");

#[test]
fn a_broker_that_is_down_costs_a_durable_queue_nothing_ten_times() {
    let first = crate::seed() % 1_000_000;
    println!("seeds {first} to {}", first + 9);
    for seed in first..first + 10 {
        let amqp =
            conclusive(BROKER_DOWN, &["--pattern", "amqp", "--seed", &seed.to_string()]).run("amqp", 0);
        let zeros = ["lost", "duplicates", "unexpected", "corrupted"];
        assert_eq!(amqp.counts(zeros), [0; 4], "seed {seed}: {:#}", amqp.brief());
        println!("seed {seed}: {} delivered, none lost, none twice", amqp.count("delivered"));
    }
}
