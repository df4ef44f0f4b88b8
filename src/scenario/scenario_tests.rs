//! Which parts of a scenario concern a pattern.

use super::*;

#[test]
fn a_link_applies_where_it_is_and_a_pair_of_nodes_where_there_are_two() {
    let cut = |nodes: u64, link: &str| {
        parsed(&format!(
            "[cluster]\nnodes = {nodes}\n[[fault]]\nat = \"1s\"\ncut = \"{link}\"\npatterns = [\"zeromq\", \"redis\", \"amqp\"]\n"
        ))
    };
    let broker = cut(3, "node 0 <-> broker");
    assert_eq!(broker.applies_to(Pattern::Redis), Ok(()));
    assert_eq!(broker.applies_to(Pattern::Zeromq), Err("zeromq has no link node 0 <-> broker".into()));
    assert_eq!(broker.applies_to(Pattern::Local), Err("no fault of the scenario is for local".into()));
    let peers = cut(2, "node * <-> node *");
    assert_eq!(peers.applies_to(Pattern::Zeromq), Ok(()));
    assert_eq!(peers.applies_to(Pattern::Amqp), Err("amqp has no link node * <-> node *".into()));
    let mut alone = peers;
    alone.cluster.nodes = 1;
    assert_eq!(
        alone.applies_to(Pattern::Zeromq),
        Err("zeromq has no link node * <-> node * with one node".into())
    );
}

#[test]
fn one_fault_that_strikes_nothing_is_enough_and_no_fault_is_none() {
    let text = "[[fault]]\nat = \"1s\"\nkill = \"node 0\"\n[[fault]]\nat = \"2s\"\nstop = \"history\"\n";
    let scenario = parsed(text);
    assert_eq!(scenario.applies_to(Pattern::Amqp), Ok(()));
    assert_eq!(scenario.applies_to(Pattern::Zeromq), Err("zeromq has no history to stop".into()));
    assert_eq!(parsed("").applies_to(Pattern::Zeromq), Ok(()));
}

#[test]
fn what_is_expected_of_one_pattern_replaces_what_is_expected_of_all() {
    let scenario = parsed(
        "[expect]\nduplicates = 0\nlost = 0\n[expect.redis]\nlost = \"< 100\"\nreordered = 0\n[expect.amqp]\nowed = 1\n",
    );
    let of = |pattern| -> Vec<String> {
        scenario.expectations_for(Some(pattern)).iter().map(ToString::to_string).collect()
    };
    assert_eq!(of(Pattern::Local), ["duplicates = 0", "lost = 0"]);
    assert_eq!(of(Pattern::Redis), ["duplicates = 0", "lost < 100", "reordered = 0"]);
    assert_eq!(of(Pattern::Amqp), ["duplicates = 0", "lost = 0", "owed = 1"]);
}

#[test]
fn a_broker_fault_applies_where_there_is_a_broker() {
    let scenario = parsed(&format!("[[fault]]\nat = \"1s\"\nkill = \"node 0\"\n{BROKER_DOWN}"));
    assert_eq!(scenario.applies_to(Pattern::Redis), Ok(()));
    assert_eq!(scenario.applies_to(Pattern::Amqp), Ok(()));
    assert_eq!(scenario.applies_to(Pattern::Local), Err("local has no broker to kill".into()));
    assert_eq!(scenario.applies_to(Pattern::Zeromq), Err("zeromq has no broker to kill".into()));
    assert_eq!(parsed("").applies_to(Pattern::Local), Ok(()));
}

#[test]
fn a_fault_that_strikes_nothing_is_refused_or_applies_to_nobody() {
    let cut = "[cluster]\nnodes = 1\n[[fault]]\nat = \"1s\"\ncut = \"node * <-> node *\"\n";
    let zeromq = format!("patterns = [\"zeromq\"]\n{cut}");
    refused(&zeromq, &[], "s.toml:6:7: `cut node * <-> node *` strikes nothing in a cluster of 1 node");
    refused(
        &zeromq.replace("= 1\n", "= 3\n"),
        &[("nodes", "1")],
        "--nodes 1: the fault `cut node * <-> node *` (s.toml:6:7) strikes nothing in a cluster of 1 node",
    );
    assert!(overridden(&zeromq, &[("nodes", "2")]).is_ok());
    // With a broker the only node is parted from it; in a mesh the only node is parted from nobody.
    let alone = parsed("[cluster]\nnodes = 1\n[[fault]]\nat = \"1s\"\npartition = [\"node 0\"]\n");
    assert_eq!(alone.applies_to(Pattern::Redis), Ok(()));
    assert_eq!(alone.applies_to(Pattern::Zeromq), Err("the partition parts nobody in zeromq".into()));
    assert_eq!(alone.applies_to(Pattern::Local), Err("local has no links between nodes".into()));
}

#[test]
fn a_history_fault_applies_where_there_is_history_and_leaving_everywhere() {
    let scenario =
        parsed("[[fault]]\nat = \"1s\"\nleave = \"50%\"\n[[fault]]\nat = \"1s\"\npause = \"history\"\n");
    assert_eq!(scenario.applies_to(Pattern::Amqp), Ok(()));
    assert_eq!(scenario.applies_to(Pattern::Redis), Err("redis has no history to pause".into()));
    let leave = parsed("[[fault]]\nat = \"1s\"\nleave = \"50%\"\n");
    assert!(Pattern::ALL.into_iter().all(|pattern| leave.applies_to(pattern).is_ok()));
}
