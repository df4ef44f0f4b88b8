//! Faults of links, clients and the load, and commands of the user's.

use super::{check, refused, succeeded, those_with_a_broker};

/// One fault at 1 s, with these lines.
fn fault(lines: &str) -> String {
    format!("[[fault]]\nat = \"1s\"\n{lines}\n")
}

#[test]
fn links() {
    let forms = "\"node 1 <-> broker\", \"node 0 -> node 2\", \"client * <-> node 1\", \"node * <-> history\" \
                 and \"history <-> broker\" are links";
    refused(&fault("cut = ¦\"broker\""), "`broker` is no link", forms);
    refused(
        &fault("cut = ¦\"node 1 <-> node 1\""),
        "`node 1 <-> node 1` is a link that no cluster has",
        forms,
    );
    refused(
        &fault("cut = ¦\"node 1 -> broker\""),
        "`node 1 -> broker` cannot be cut one way: a reset ends both",
        "write `<->`, or take `blackhole` for one way",
    );
    refused(
        &fault("blackhole = ¦\"node 7 -> broker\""),
        "`blackhole node 7 -> broker` names a node that is not there: of 3, the last is node 2",
        "nodes count from 0",
    );
    refused(
        &format!("patterns = [\"local\"]\n{}", fault("cut = ¦\"node 1 <-> broker\"")),
        "`cut node 1 <-> broker` strikes what no pattern of this scenario has",
        &those_with_a_broker("have such a link"),
    );
    let summary =
        succeeded(&check(&fault("delay = \"broker <- node 1\"\nby = \"100ms\"\njitter = \"20ms\"")));
    assert!(
        summary.contains("  fault     delay node 1 -> broker by 100ms +- 20ms at 1s for good\n"),
        "{summary}"
    );
    assert!(
        summary.contains("  pattern   zeromq (not run: zeromq has no link node 1 -> broker)\n"),
        "{summary}"
    );
}

#[test]
fn a_link_between_nodes_takes_two_of_them() {
    let hint = "a link between nodes needs two of them: raise `nodes`";
    let alone = |rest: &str| format!("patterns = [\"zeromq\"]\n{rest}");
    for link in ["node * <-> node *", "node any <-> node *"] {
        refused(
            &alone(&format!("[cluster]\nnodes = 1\n{}", fault(&format!("cut = ¦\"{link}\"")))),
            &format!("`cut {link}` strikes nothing in a cluster of 1 node"),
            hint,
        );
        succeeded(&check(&alone(&format!("[cluster]\nnodes = 2\n{}", fault(&format!("cut = \"{link}\""))))));
    }
    // Each variation is judged.
    refused(
        &alone(&format!("[matrix]\nnodes = [2, 1]\n{}", fault("cut = ¦\"node * <-> node *\""))),
        "`cut node * <-> node *` strikes nothing in a cluster of 1 node",
        hint,
    );
    let sides = "all nodes are on one side: name fewer of them, or raise `nodes`";
    refused(
        &alone(&format!("[cluster]\nnodes = 1\n{}", fault("partition = ¦[[\"node 0\"]]"))),
        "`partition node 0` parts nobody in a cluster of 1 node",
        sides,
    );
    refused(
        &alone(&fault("partition = ¦[[\"broker\"]]")),
        "`partition broker` strikes what no pattern of this scenario has",
        &those_with_a_broker("have links that it parts"),
    );
}

#[test]
fn each_action_has_its_own_keys() {
    refused(&fault("¦delay = \"node 1 <-> broker\""), "`delay` needs `by`", "write it like by = \"100ms\"");
    refused(
        &fault("cut = \"node 1 <-> broker\"\n¦by = \"1s\""),
        "`cut` takes no `by`",
        "`by` belongs to `delay`",
    );
    refused(
        &fault("delay = \"node 1 <-> broker\"\nby = \"1s\"\njitter = ¦\"2s\""),
        "`jitter` is more than `by`",
        "no chunk leaves before it came: lower `jitter`",
    );
    refused(
        &fault("throttle = \"node 1 <-> broker\"\nbytes_per_second = ¦0"),
        "`bytes_per_second` must be a whole number from 1 to 1099511627776",
        "write it like bytes_per_second = 10000",
    );
    refused(&fault("¦surge = 10"), "`surge` needs `for`", "for = \"2s\" is how long the rate is another");
    refused(
        &fault("surge = ¦0\nfor = \"1s\""),
        "`surge` must be more than 0 and at most 10000",
        "surge = 10 is ten times the rate",
    );
    refused(
        &fault("storm = ¦\"broker\""),
        "`storm` is about the clients of a node",
        "storm = \"node 1\", or \"node *\"",
    );
    refused(
        &fault("storm = \"node 1\"\n¦for = \"1s\""),
        "`storm` takes no `for`: who drops comes back at once",
        "use `cut` for clients that stay away",
    );
    refused(
        &fault("run = \"true\"\n¦heal = \"true\""),
        "`heal` needs `for`",
        "for = \"5s\" says when the fault is healed",
    );
    refused(&fault("run = ¦\" \""), "`run` must be a shell command", "run = \"docker pause my-broker\"");
}

#[test]
fn slow_subscribers() {
    refused(
        &fault("slow = ¦\"subscriber 30\"\nbytes_per_second = 100"),
        "`slow subscriber 30 to 100 bytes/s` names a subscriber that is not there: of 30, the last is subscriber 29",
        "subscribers count from 0",
    );
    refused(
        &fault("slow = ¦\"node 1\"\nbytes_per_second = 100"),
        "`node 1` is no subscriber",
        "\"subscriber 3\", \"subscriber any\" and \"10%\" are subscribers",
    );
    for who in ["subscriber 29", "subscriber any", "10%"] {
        succeeded(&check(&fault(&format!("slow = \"{who}\"\nbytes_per_second = 100"))));
    }
}

#[test]
fn partitions() {
    refused(
        &fault("partition = ¦\"node 0\""),
        "`partition` must be a list of groups such as [[\"node 0\"], [\"node 1\", \"node 2\"]], not text",
        "write it like partition = [[\"node 0\"], [\"node 1\", \"node 2\"]]",
    );
    refused(
        &fault("partition = [[\"node 0\"], [\"node 1\", ¦\"node 0\"]]"),
        "`node 0` is in two groups",
        "name each once",
    );
    refused(
        &fault("partition = [[¦\"node *\"]]"),
        "`node *` cannot be in a group",
        "a group has \"node 0\", \"broker\" and \"history\"",
    );
    refused(
        &fault("partition = ¦[[\"node 0\"], []]"),
        "`partition` has an empty group",
        "write a list of groups such as [[\"node 0\"], [\"node 1\", \"node 2\"]]",
    );
    refused(&fault("partition = [[¦\"node 3\"]]"), "`node 3` is not there", "the last is node 2");
    let summary = succeeded(&check(&fault("partition = [\"node 0\", \"broker\"]\nfor = \"2s\"")));
    assert!(summary.contains("  fault     partition node 0, broker at 1s for 2s\n"), "{summary}");
    assert!(summary.contains("  pattern   local (not run: local has no links between nodes)\n"), "{summary}");
}

#[test]
fn surges_count_in_the_size_of_a_run() {
    // 300 messages by themselves, and 20,000 times as many in one second of them.
    let surges = "[[fault]]\nat = \"1s\"\nfor = \"1s\"\nsurge = 2000\n[[fault]]\nat = \"1s\"\nfor = \"1s\"\nsurge = 1000\n";
    refused(
        &format!("[load]\nduration = \"3s\"\nrate = ¦100\n{surges}"),
        "200000200 messages are more than one run can hold (20000000)",
        "lower `rate`, shorten `duration`, or take fewer `subscribers` a room",
    );
}
