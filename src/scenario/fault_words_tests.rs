//! What a fault is in words, and whom it strikes.

use super::*;
use End::{Broker, Clients, Node};

/// The first strike of a fault with these lines, in a cluster of nine nodes with a hundred subscribers.
fn fault(lines: &str) -> Fault {
    let file = format!("[cluster]\nnodes = 9\n[load]\nsubscribers = 100\n[[fault]]\nat = '1s'\n{lines}\n");
    Scenario::parse("s.toml", &file, &Overrides::new()).expect(lines).schedule(None, 42).remove(0)
}

/// The clauses for the time of a fault, for how it began, and for its healing.
fn words(lines: &str) -> [String; 3] {
    let fault = fault(lines);
    [fault.meanwhile().unwrap_or_default(), fault.onset(), fault.end()]
}

#[test]
fn a_process_is_away() {
    let broker = ["while the broker was away", "the broker was killed", "the broker's restart began"];
    assert_eq!(words("kill = 'broker'"), broker);
    let node = ["while node 1 was paused", "node 1 was paused", "node 1 was resumed"];
    assert_eq!(words("pause = 'node 1'"), node);
    let nodes = ["while the nodes were away", "the nodes were stopped", "the nodes' restart began"];
    assert_eq!(words("stop = 'node *'"), nodes);
    let history = [
        "while the history service was away",
        "the history service was killed",
        "the history service's restart began",
    ];
    assert_eq!(words("kill = 'history'"), history);
}

#[test]
fn a_link_between_nodes_or_to_the_broker_that_nobody_is_told_of_is_a_silent_split() {
    let is = |what: &str| fault(what).is_silent_split();
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
                "while node 1 was cut off from the broker",
                "node 1 was cut off from the broker",
                "the link was restored",
            ],
        ),
        (
            "cut = \"client * <-> node 2\"",
            [
                "while node 2 was cut off from its clients",
                "node 2 was cut off from its clients",
                "the link was restored",
            ],
        ),
        (
            "blackhole = \"node 1 <-> broker\"",
            [
                "while no byte passed between node 1 and the broker",
                "bytes no longer passed between node 1 and the broker",
                "the link was restored",
            ],
        ),
        (
            "blackhole = \"node 1 -> broker\"",
            [
                "while no byte passed from node 1 to the broker",
                "bytes no longer passed from node 1 to the broker",
                "the link was restored",
            ],
        ),
        (
            "delay = \"node * <-> broker\"\nby = \"100ms\"\njitter = \"20ms\"",
            [
                "while the link between the nodes and the broker was 100ms slower, give or take 20ms",
                "the link between the nodes and the broker became 100ms slower",
                "the link was restored",
            ],
        ),
        (
            "delay = \"node 0 -> broker\"\nby = \"1s 500ms\"",
            [
                "while the link from node 0 to the broker was 1s 500ms slower",
                "the link from node 0 to the broker became 1s 500ms slower",
                "the link was restored",
            ],
        ),
        (
            "throttle = \"node 0 <-> node 1\"\nbytes_per_second = 10_000",
            [
                "while the link between node 0 and node 1 passed only 10,000 bytes a second",
                "the link between node 0 and node 1 was throttled to 10,000 bytes a second",
                "the link was restored",
            ],
        ),
        (
            "slice = 'history <-> broker'\nbytes = 16\ngap = '10ms'",
            [
                "while what passed between the history service and the broker came in pieces of 16 bytes with \
                 pauses of 10ms",
                "what passed between the history service and the broker was cut into pieces of 16 bytes",
                "the link was restored",
            ],
        ),
        (
            "limit = \"client * <-> node 1\"\nbytes = 5000",
            [
                "while a connection between the clients and node 1 was closed after 5,000 bytes",
                "connections between the clients and node 1 were limited to 5,000 bytes",
                "the link was restored",
            ],
        ),
        (
            "partition = [\"node 0\"]",
            [
                "while nothing passed between node 0 and the rest",
                "node 0 was parted from the rest",
                "the partition was healed",
            ],
        ),
        (
            "partition = [[\"node 0\"], [\"node 1\", \"node 2\"]]",
            [
                "while nothing passed between node 0 on one side and nodes 1 and 2 on the other",
                "node 0 was parted from nodes 1 and 2",
                "the partition was healed",
            ],
        ),
        (
            "slow = \"subscriber 3\"\nbytes_per_second = 1000",
            [
                "while subscriber 3 read only 1,000 bytes a second",
                "subscriber 3 began to read only 1,000 bytes a second",
                "subscriber 3 read at full speed again",
            ],
        ),
        (
            "storm = \"node 1\"",
            ["", "the clients of node 1 dropped and came back at once", "the clients of node 1 had dropped"],
        ),
        (
            "surge = 10\nfor = \"1s\"",
            [
                "while the load was ten times as high",
                "the load became ten times as high",
                "the load was as before",
            ],
        ),
        (
            "run = \"docker pause it\"",
            ["during `docker pause it`", "`docker pause it`", "the healing of `docker pause it` began"],
        ),
        ("kill = \"node any\"", ["while node 2 was away", "node 2 was killed", "node 2's restart began"]),
    ];
    for (text, expected) in table {
        let mut said = words(text);
        // The node that the seed chooses is the schedule's own affair.
        if let Target::Node(drawn) = fault(text).target
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
    assert_eq!(while_parted("['node 0'], ['node 1']"), "while nothing passed between node 0 and node 1",);
    assert_eq!(
        while_parted("['node 0'], ['broker', 'node 1', 'node 2']"),
        "while nothing passed between node 0 on one side and the broker, node 1 and node 2 on the other",
    );
    assert_eq!(
        while_parted("['node 0'], ['node 1'], ['node 2', 'node 3']"),
        "while nothing passed between 3 groups (node 0 | node 1 | nodes 2 and 3)",
    );
    let surge = |factor| words(&format!("surge = {factor}\nfor = '1s'"))[1].clone();
    let factor = ["2", "3", "11", "12", "1000", "2.5", "0.5"].map(surge);
    let expected =
        ["twice", "three times", "eleven times", "12 times", "1,000 times", "2.5 times", "0.5 times"];
    assert_eq!(factor, expected.map(|times| format!("the load became {times} as high")));
    assert_eq!(words("storm = 'node *'")[1], "all clients dropped and came back at once");
    assert_eq!(
        words("slow = 'subscriber 1'\nbytes_per_second = 1")[1],
        "subscriber 1 began to read only 1 byte a second"
    );
    assert_eq!(words("cut = 'broker <-> node *'")[1], "the nodes were cut off from the broker");
    assert_eq!(words("cut = 'node * <-> node *'")[1], "the nodes were cut off from each other");
    assert_eq!(words("cut = 'node * <-> node 1'")[1], "node 1 was cut off from the other nodes");
}

/// Whether a fault is on purpose, breaks something by itself, holds at once, and befalls a process.
#[test]
fn what_a_fault_is_follows_from_its_kind() {
    let link = "node 1 <-> broker";
    for (lines, expected) in [
        ("kill = 'broker'".to_owned(), [false, true, false, true]),
        ("stop = 'node 1'".into(), [false, true, false, true]),
        ("pause = 'history'".into(), [false, true, true, true]),
        ("leave = '50%'".into(), [true, false, false, false]),
        ("join = '1%'".into(), [true, false, false, false]),
        ("surge = 10\nfor = '1s'".into(), [false, false, false, false]),
        ("slow = 'subscriber 3'\nbytes_per_second = 100".into(), [false, false, true, false]),
        ("storm = 'node 1'".into(), [false, true, false, false]),
        ("run = 'x'".into(), [false, true, true, false]),
        ("partition = ['node 0']".into(), [false, true, true, false]),
        (format!("cut = '{link}'"), [false, true, true, false]),
        (format!("blackhole = '{link}'"), [false, true, true, false]),
        (format!("delay = '{link}'\nby = '1s'"), [false, true, true, false]),
        (format!("throttle = '{link}'\nbytes_per_second = 9"), [false, true, true, false]),
        (format!("slice = '{link}'\nbytes = 9\ngap = '1s'"), [false, true, true, false]),
        (format!("limit = '{link}'\nbytes = 9"), [false, true, true, false]),
    ] {
        let fault = fault(&lines);
        let action = &fault.action;
        let is = [action.is_deliberate(), fault.breaks(), action.is_instant(), action.is_of_process()];
        assert_eq!(is, expected, "{lines}");
    }
}

#[test]
fn nothing_comes_to_who_is_dead_or_leaves_who_is_stopped_or_crosses_what_is_closed() {
    let stops = |lines: &str, ways: [(End, End); 4]| ways.map(|(from, to)| fault(lines).stops(from, to));
    let with_broker = [(Node(1), Broker), (Broker, Node(1)), (Node(2), Broker), (Broker, Node(2))];
    for ends in ["kill = 'node 1'", "stop = 'node 1'"] {
        assert_eq!(
            stops(ends, with_broker),
            [false, true, false, false],
            "{ends}: what it has sent has left it"
        );
    }
    assert_eq!(stops("pause = 'node 1'", with_broker), [true, true, false, false]);
    assert_eq!(stops("cut = 'node 1 <-> broker'", with_broker), [true, true, false, false]);
    assert_eq!(stops("blackhole = 'node 1 <-> broker'", with_broker), [true, true, false, false]);
    assert_eq!(stops("blackhole = 'node 1 -> broker'", with_broker), [true, false, false, false]);
    let nodes = [(Node(0), Node(1)), (Node(1), Node(0)), (Node(1), Node(2)), (Node(0), Broker)];
    assert_eq!(stops("partition = ['node 0']", nodes), [true, true, false, true]);
    for passes in [
        "delay = 'node 1 <-> broker'\nby = '1s'",
        "limit = 'node 1 <-> broker'\nbytes = 9",
        "storm = 'node 1'",
        "surge = 2\nfor = '1s'",
    ] {
        assert_eq!(stops(passes, with_broker), [false; 4], "{passes}");
    }
}

#[test]
fn a_fault_touches_whom_it_strikes_and_what_lies_on_the_way() {
    let touches = |lines: &str, ways: [(End, End); 4]| ways.map(|(from, to)| fault(lines).touches(from, to));
    let ways = [(Node(1), Broker), (Broker, Node(1)), (Node(0), Broker), (Clients, Node(1))];
    assert_eq!(touches("kill = 'node 1'", ways), [true, true, false, true]);
    assert_eq!(touches("kill = 'broker'", ways), [true, true, true, false]);
    assert_eq!(touches("delay = 'node 1 -> broker'\nby = '1s'", ways), [true, false, false, false]);
    assert_eq!(touches("cut = 'node 1 <-> broker'", ways), [true, true, false, false]);
    let of_clients = [(Clients, Node(1)), (Node(1), Clients), (Node(1), Broker), (Clients, Node(0))];
    assert_eq!(touches("storm = 'node 1'", of_clients), [true, true, false, false]);
}

#[test]
fn who_is_on_a_link_is_called_by_what_it_is() {
    let cut = |link: &str| words(&format!("cut = '{link}'"))[1].clone();
    assert_eq!(cut("history <-> broker"), "the history service was cut off from the broker");
    assert_eq!(cut("client * <-> node *"), "the nodes were cut off from their clients");
    let black = |link: &str| words(&format!("blackhole = '{link}'"))[1].clone();
    assert_eq!(black("node * <-> node *"), "bytes no longer passed between the nodes");
    let parted = |groups: &str| words(&format!("partition = [{groups}]"))[1].clone();
    assert_eq!(parted("['node 1', 'node 2']"), "nodes 1 and 2 were parted from the rest");
    assert_eq!(
        parted("['node 0'], ['node 1'], ['node 2', 'node 3']"),
        "3 groups were parted (node 0 | node 1 | nodes 2 and 3)"
    );
    assert_eq!(
        parted("['broker'], ['node 1', 'history']"),
        "the broker was parted from the history service and node 1"
    );
}

#[test]
fn whoever_comes_and_goes_on_purpose_is_away_for_no_time() {
    for lines in ["leave = '50%'", "join = '50%'"] {
        assert_eq!(fault(lines).meanwhile(), None, "{lines}");
        assert_eq!(words(lines), ["", "some left or joined", "they were back"]);
    }
    assert_eq!(
        words("stop = 'node 1'"),
        ["while node 1 was away", "node 1 was stopped", "node 1's restart began"]
    );
    let paused = ["while the nodes were paused", "the nodes were paused", "the nodes were resumed"];
    assert_eq!(words("pause = 'node *'"), paused);
    assert_eq!(fault("storm = 'node *'").meanwhile(), None);
}
