//! What of a scenario concerns a pattern.

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
