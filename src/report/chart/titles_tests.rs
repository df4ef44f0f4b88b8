//! What titles say, and that they say no more than the figures.

use super::super::sample::{killed, lost, slice};
use super::*;
use crate::sample::{amqp, fault, not_applicable, report, run_with};

#[test]
fn a_title_says_who_lost_what_and_when() {
    let title = debts(&report(vec![killed(), not_applicable(), amqp()]));
    assert_eq!(title, "redis lost every delivery of the five seconds without a broker; amqp lost none");
    assert_eq!(
        debts(&report(vec![killed()])),
        "redis lost every delivery of the five seconds without a broker"
    );
    let mut other = killed();
    other.faults = vec![fault("pause = 'broker'", 5_200, Some(9_500))];
    assert_eq!(debts(&report(vec![other])), "redis lost every delivery of the 4.3 s of `pause broker`");
}

#[test]
fn what_is_not_so_is_not_said() {
    let share = "redis lost 15,090 of 60,000 deliveries (25.2%)";
    // One delivery came, or nobody was owed anything for a moment, or two things were broken.
    let mut one = killed();
    one.timeline[77].delivered = 1;
    let mut gap = killed();
    gap.timeline[77] = Slice { at_ms: 7_700, ..Slice::default() };
    let mut two = killed();
    two.faults.push(fault("pause = 'node 1'", 6_000, Some(7_000)));
    let mut unhealed = killed();
    unhealed.faults = vec![fault("kill = 'broker'", 5_000, None)];
    for run in [one, gap, two, unhealed] {
        assert_eq!(debts(&report(vec![run])), share);
    }
    let cut = RunReport { partial: true, ..killed() };
    assert_eq!(debts(&report(vec![cut])), "On time, late, recovered, lost");
    assert_eq!(debts(&report(vec![not_applicable()])), "On time, late, recovered, lost");
    let mut twice = killed();
    twice.id = "redis-2".into();
    let title = debts(&report(vec![killed(), twice, amqp()]));
    assert_eq!(title, "2 of 3 runs lost deliveries, redis the most: 15,090 of 60,000 deliveries (25.2%)");
    let lossy = |n: usize| debts(&report((0..n).map(|_| killed()).collect()));
    assert!(lossy(2).starts_with("Both runs lost deliveries, redis the most: "), "{}", lossy(2));
    assert!(lossy(3).starts_with("All 3 runs lost deliveries, redis the most: "), "{}", lossy(3));
}

#[test]
fn where_nothing_was_lost_the_title_says_whether_all_was_on_time() {
    assert_eq!(debts(&report(vec![run_with(|_| {})])), "Every delivery that was owed came within a second");
    let late = "No delivery was lost, but 34,128 of 60,000 deliveries came late or by replay";
    assert_eq!(debts(&report(vec![amqp()])), late);
}

#[test]
fn times_stand_in_the_title_for_each_run_or_for_the_slowest_of_many() {
    assert_eq!(latency(&report(vec![killed()])), "The slowest delivery: 5.1 ms");
    let mut star = amqp();
    star.harness_limited = true;
    let both = report(vec![killed(), star.clone()]);
    assert_eq!(latency(&both), "The slowest delivery: redis 5.1 ms, amqp ≤12.1 s");
    assert_eq!(percentiles(&both), "99% of the deliveries came within: redis 1.2 ms, amqp ≤11.5 s");
    let many = report(vec![killed(), killed(), killed(), star]);
    assert_eq!(latency(&many), "The slowest delivery: up to amqp ≤12.1 s");
    assert_eq!(latency(&report(vec![not_applicable()])), "Latency over time");
}

#[test]
fn the_losers_are_named_where_they_are_the_clients_of_one_node() {
    let of = |by_node: Vec<u64>| {
        let mut run = run_with(|_| {});
        run.timeline = vec![slice(0), Slice { lost_by_node: by_node, ..lost(100) }];
        losses(&report(vec![run]))
    };
    assert_eq!(of(vec![0, 300, 0]), "redis: only subscribers of node 1 lost messages");
    assert_eq!(of(vec![100, 100, 98]), "redis: the subscribers of all nodes lost about as much");
    assert_eq!(of(vec![100, 200, 0]), "redis: subscribers of node 1 lost the most");
    assert_eq!(of(vec![200, 200, 0]), "Who lost what");
    assert_eq!(of(vec![300]), "Who lost what");
}

#[test]
fn where_several_runs_lost_the_title_says_it_once_if_it_is_the_same_and_of_each_if_not() {
    let run = |id: &str, by_node: &[u64]| {
        let mut run = run_with(|run| (run.id, run.label) = (id.into(), id.into()));
        run.timeline = vec![slice(0), Slice { lost_by_node: by_node.to_vec(), ..lost(100) }];
        run
    };
    let of = |runs: Vec<RunReport>| losses(&report(runs));
    assert_eq!(
        of(vec![run("redis", &[0, 300]), run("zeromq", &[0, 20])]),
        "redis and zeromq: only subscribers of node 1 lost messages"
    );
    assert_eq!(
        of(vec![run("redis", &[0, 300]), run("zeromq", &[20, 20])]),
        "redis: only subscribers of node 1 lost messages; zeromq: the subscribers of all nodes lost about as much"
    );
    assert_eq!(of(vec![run("redis", &[0, 300]), run("zeromq", &[20, 20, 0])]), "Who lost what");
    let many = (0..4).map(|n| run(&n.to_string(), &[0, 300])).collect();
    assert_eq!(of(many), "Only subscribers of node 1 lost messages, in each of 4 runs");
}
