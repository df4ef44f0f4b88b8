//! The words of each fault, as of a fault that is read from a scenario.

use super::super::sample::{fault, untold};
use super::*;
use scenario::Target;

/// The words for a fault while it lasts, when it never ends, and when it ends.
fn words(lines: &str) -> [String; 3] {
    words_of(|heal_begin_ms| fault(lines, 1_000, heal_begin_ms))
}

fn words_of(fault: impl Fn(Option<u64>) -> FaultReport) -> [String; 3] {
    let healed = fault(Some(5_969));
    let meanwhile = |fault| meanwhile(&[fault]).unwrap();
    [meanwhile(&healed), meanwhile(&fault(None)), end_of(&healed)]
}

#[test]
fn a_process_is_away() {
    let broker =
        ["while the broker was away (5.0 s)", "after the broker was killed", "the broker's restart began"];
    assert_eq!(words("kill = 'broker'"), broker);
    let node = ["while node 1 was paused (5.0 s)", "after node 1 was paused", "node 1 was resumed"];
    assert_eq!(words("pause = 'node 1'"), node);
    let nodes =
        ["while the nodes were away (5.0 s)", "after the nodes were stopped", "the nodes' restart began"];
    assert_eq!(words("stop = 'node *'"), nodes);
    let history = [
        "while the history service was away (5.0 s)",
        "after the history service was killed",
        "the history service's restart began",
    ];
    assert_eq!(words("kill = 'history'"), history);
}

#[test]
fn what_is_unknown_is_quoted() {
    let other = ["during `melt link 0` (5.0 s)", "after `melt link 0`", "the healing of `melt link 0` began"];
    assert_eq!(words_of(|heal| untold("melt link 0", 1_000, heal)), other);
    assert_eq!(meanwhile(&[]), None);
}

#[test]
fn repetitions_are_counted() {
    let three = [0, 9, 18].map(|at| fault("cut = 'node 1 <-> broker'", at, Some(at + 3)));
    assert_eq!(meanwhile(&three.iter().collect::<Vec<_>>()).as_deref(), Some("during the 3 faults"));
    let two = [fault("stop = 'node 0'", 0, Some(9)), fault("stop = 'node 1'", 9, Some(18))];
    assert_eq!(meanwhile(&[&two[0], &two[1]]).as_deref(), Some("during the 2 faults"));
}

#[test]
fn who_leaves_breaks_nothing_and_more_load_breaks_nothing_by_itself() {
    let is = |what: &str| (is_deliberate(&fault(what, 0, None)), breaks(&fault(what, 0, None)));
    assert_eq!(is("leave = '50%'"), (true, false));
    assert_eq!(is("join = '1%'"), (true, false));
    assert_eq!(is("surge = 10\nfor = '1s'"), (false, false));
    assert_eq!(is("slow = 'subscriber 3'\nbytes_per_second = 100"), (false, false));
    for breaks in
        ["kill = 'broker'", "pause = 'history'", "storm = 'node 1'", "cut = 'node 1 <-> broker'", "run = 'x'"]
    {
        assert_eq!(is(breaks), (false, true), "{breaks}");
    }
    let unknown = untold("leave", 0, None);
    assert_eq!((is_deliberate(&unknown), breaks(&unknown)), (false, true));
}

#[test]
fn a_link_between_nodes_or_to_the_broker_that_nobody_is_told_of_is_a_silent_split() {
    let is = |what: &str| is_silent_split(&fault(what, 0, None));
    for split in
        ["partition = ['node 0']", "blackhole = 'node 1 -> broker'", "blackhole = 'node * <-> node 0'"]
    {
        assert!(is(split), "{split}");
    }
    for other in
        ["cut = 'node 1 <-> broker'", "blackhole = 'client * <-> node 1'", "blackhole = 'history <-> broker'"]
    {
        assert!(!is(other), "{other}");
    }
}

#[test]
fn every_action_of_a_scenario_has_its_words() {
    let table: [(&str, [&str; 3]); 16] = [
        (
            "cut = \"node 1 <-> broker\"",
            [
                "while node 1 was cut off from the broker (5.0 s)",
                "after node 1 was cut off from the broker",
                "the link was restored",
            ],
        ),
        (
            "cut = \"client * <-> node 2\"",
            [
                "while node 2 was cut off from its clients (5.0 s)",
                "after node 2 was cut off from its clients",
                "the link was restored",
            ],
        ),
        (
            "blackhole = \"node 1 <-> broker\"",
            [
                "while no byte passed between node 1 and the broker (5.0 s)",
                "after bytes no longer passed between node 1 and the broker",
                "the link was restored",
            ],
        ),
        (
            "blackhole = \"node 1 -> broker\"",
            [
                "while no byte passed from node 1 to the broker (5.0 s)",
                "after bytes no longer passed from node 1 to the broker",
                "the link was restored",
            ],
        ),
        (
            "delay = \"node * <-> broker\"\nby = \"100ms\"\njitter = \"20ms\"",
            [
                "while the link between the nodes and the broker was 100ms slower, give or take 20ms (5.0 s)",
                "after the link between the nodes and the broker became 100ms slower",
                "the link was restored",
            ],
        ),
        (
            "delay = \"node 0 -> broker\"\nby = \"1s 500ms\"",
            [
                "while the link from node 0 to the broker was 1s 500ms slower (5.0 s)",
                "after the link from node 0 to the broker became 1s 500ms slower",
                "the link was restored",
            ],
        ),
        (
            "throttle = \"node 0 <-> node 1\"\nbytes_per_second = 10_000",
            [
                "while the link between node 0 and node 1 passed only 10,000 bytes a second (5.0 s)",
                "after the link between node 0 and node 1 was throttled to 10,000 bytes a second",
                "the link was restored",
            ],
        ),
        (
            "slice = 'history <-> broker'\nbytes = 16\ngap = '10ms'",
            [
                "while what passed between the history service and the broker came in pieces of 16 bytes with \
                 pauses of 10ms (5.0 s)",
                "after what passed between the history service and the broker was cut into pieces of 16 bytes",
                "the link was restored",
            ],
        ),
        (
            "limit = \"client * <-> node 1\"\nbytes = 5000",
            [
                "while a connection between the clients and node 1 was closed after 5,000 bytes (5.0 s)",
                "after connections between the clients and node 1 were limited to 5,000 bytes",
                "the link was restored",
            ],
        ),
        (
            "partition = [\"node 0\"]",
            [
                "while nothing passed between node 0 and the rest (5.0 s)",
                "after node 0 was parted from the rest",
                "the partition was healed",
            ],
        ),
        (
            "partition = [[\"node 0\"], [\"node 1\", \"node 2\"]]",
            [
                "while nothing passed between node 0 on one side and nodes 1 and 2 on the other (5.0 s)",
                "after node 0 was parted from nodes 1 and 2",
                "the partition was healed",
            ],
        ),
        (
            "slow = \"subscriber 3\"\nbytes_per_second = 1000",
            [
                "while subscriber 3 read only 1,000 bytes a second (5.0 s)",
                "after subscriber 3 began to read only 1,000 bytes a second",
                "subscriber 3 read at full speed again",
            ],
        ),
        (
            "storm = \"node 1\"",
            [
                "after the clients of node 1 dropped and came back at once",
                "after the clients of node 1 dropped and came back at once",
                "the clients of node 1 had dropped",
            ],
        ),
        (
            "surge = 10\nfor = \"1s\"",
            [
                "while the load was ten times as high (5.0 s)",
                "after the load became ten times as high",
                "the load was as before",
            ],
        ),
        (
            "run = \"docker pause it\"",
            [
                "during `docker pause it` (5.0 s)",
                "after `docker pause it`",
                "the healing of `docker pause it` began",
            ],
        ),
        (
            "kill = \"node any\"",
            ["while node 2 was away (5.0 s)", "after node 2 was killed", "node 2's restart began"],
        ),
    ];
    for (text, expected) in table {
        let mut said = words(text);
        // The node that the seed chooses is the schedule's own affair.
        if let Some(Target::Node(drawn)) = fault(text, 0, None).planned.map(|planned| planned.target)
            && text.contains("any")
        {
            said = said.map(|words| words.replace(&format!("node {drawn}"), "node 2"));
        }
        assert_eq!(said, expected, "{text}");
    }
}

#[test]
fn groups_and_numbers_in_words() {
    let while_parted = |groups: &str| words(&format!("partition = [{groups}]"))[0].clone();
    assert_eq!(
        while_parted("['node 0'], ['node 1']"),
        "while nothing passed between node 0 and node 1 (5.0 s)",
    );
    assert_eq!(
        while_parted("['node 0'], ['broker', 'node 1', 'node 2']"),
        "while nothing passed between node 0 on one side and the broker, node 1 and node 2 on the other (5.0 s)",
    );
    assert_eq!(
        while_parted("['node 0'], ['node 1'], ['node 2', 'node 3']"),
        "while nothing passed between 3 groups (node 0 | node 1 | nodes 2 and 3) (5.0 s)",
    );
    let surge = |factor| words(&format!("surge = {factor}\nfor = '1s'"))[1].clone();
    let factor = ["2", "3", "11", "12", "1000", "2.5", "0.5"].map(surge);
    let expected =
        ["twice", "three times", "eleven times", "12 times", "1,000 times", "2.5 times", "0.5 times"];
    assert_eq!(factor, expected.map(|times| format!("after the load became {times} as high")));
    assert_eq!(words("storm = 'node *'")[1], "after all clients dropped and came back at once");
    assert_eq!(
        words("slow = 'subscriber 1'\nbytes_per_second = 1")[1],
        "after subscriber 1 began to read only 1 byte a second"
    );
    assert_eq!(words("cut = 'broker <-> node *'")[1], "after the nodes were cut off from the broker");
    assert_eq!(words("cut = 'node * <-> node *'")[1], "after the nodes were cut off from each other");
    assert_eq!(words("cut = 'node * <-> node 1'")[1], "after node 1 was cut off from the other nodes");
}
