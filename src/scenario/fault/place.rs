//! The place where a fault strikes, in plain words: `node 1 <-> broker` is "between node 1 and the broker".

use super::link::{End, Link};
use super::target::Target;
use crate::words::listed;

/// An example of a link, as the hint of an error writes it.
pub(super) const A_LINK: &str = "\"node 1 <-> broker\"";
/// A clause for the moment when the healing of a condition on a link began.
pub(super) const RESTORED: &str = "the link was restored";

/// The words for one end of a link, with its article.
pub(super) fn end(end: End) -> String {
    match end {
        End::Broker => "the broker".into(),
        End::History => "the history service".into(),
        End::Node(n) => format!("node {n}"),
        End::AllNodes => "the nodes".into(),
        End::AnyNode => "a node".into(),
        End::Clients => "the clients".into(),
    }
}

/// The words for a process, or for several: `the broker`, `the nodes`.
pub(super) fn process(target: &Target) -> String {
    target.end().map_or_else(|| target.to_string(), end)
}

/// How a clause begins that says in the past what a process does or suffers: `node 1 was`.
pub(super) fn process_was(target: &Target) -> String {
    format!("{} {}", process(target), if *target == Target::AllNodes { "were" } else { "was" })
}

/// A clause for the moment when a process was started again.
pub(super) fn restart(target: &Target) -> String {
    match target {
        Target::AllNodes => "the nodes' restart began".into(),
        one => format!("{}'s restart began", process(one)),
    }
}

/// The words for the clients of a node.
pub(super) fn clients_of(node: &Target) -> String {
    match node {
        Target::AllNodes => "all clients".into(),
        node => format!("the clients of {}", process(node)),
    }
}

/// The words for what lies between two places: both ends of a link, or the groups of a partition.
pub(super) fn between(target: &Target) -> String {
    match target {
        Target::Link(link) => between_ends(*link),
        Target::Groups(groups) => between_groups(groups),
        other => format!("at {other}"),
    }
}

fn between_ends(link: Link) -> String {
    let (from, to) = (link.from, link.to);
    match (from, to) {
        (End::AllNodes, End::AllNodes) => "between the nodes".into(),
        _ if link.one_way => format!("from {} to {}", end(from), end(to)),
        _ => format!("between {} and {}", end(from), end(to)),
    }
}

/// A clause that says who is cut off from whom: `node 1 was cut off from the broker`. Of two ends the lesser is cut
/// off.
pub(super) fn cut_off(target: &Target) -> String {
    let Target::Link(link) = target else { return format!("{target} was cut off") };
    let weight = |end| match end {
        End::Node(_) | End::AnyNode => 0,
        End::AllNodes => 1,
        End::History => 2,
        End::Broker => 3,
        End::Clients => 4,
    };
    let (one, other) =
        if weight(link.from) <= weight(link.to) { (link.from, link.to) } else { (link.to, link.from) };
    match (one, other) {
        (End::AllNodes, End::AllNodes) => "the nodes were cut off from each other".into(),
        (End::AllNodes, End::Clients) => "the nodes were cut off from their clients".into(),
        (End::AllNodes, other) => format!("the nodes were cut off from {}", end(other)),
        (one, End::Clients) => format!("{} was cut off from its clients", end(one)),
        (one, End::AllNodes) => format!("{} was cut off from the other nodes", end(one)),
        (one, other) => format!("{} was cut off from {}", end(one), end(other)),
    }
}

/// The words for the place of a partition: `between node 0 and the rest`.
fn between_groups(groups: &[Vec<End>]) -> String {
    match groups {
        [alone] => format!("between {} and the rest", members(alone)),
        [one, other] if one.len() + other.len() == 2 => {
            format!("between {} and {}", members(one), members(other))
        }
        [one, other] => format!("between {} on one side and {} on the other", members(one), members(other)),
        more => format!("between {} groups ({})", groups.len(), each(more)),
    }
}

/// A clause that says who was parted from whom: `node 0 was parted from the rest`.
pub(super) fn parted(target: &Target) -> String {
    let Target::Groups(groups) = target else { return format!("{target} was parted") };
    let was = |group: &[End]| if group.len() == 1 { "was" } else { "were" };
    match &groups[..] {
        [alone] => format!("{} {} parted from the rest", members(alone), was(alone)),
        [one, other] => format!("{} {} parted from {}", members(one), was(one), members(other)),
        more => format!("{} groups were parted ({})", groups.len(), each(more)),
    }
}

fn each(groups: &[Vec<End>]) -> String {
    groups.iter().map(|group| members(group)).collect::<Vec<_>>().join(" | ")
}

/// The words for the members of a group: `node 0`, `nodes 1 and 2`, `the broker and node 1`.
fn members(group: &[End]) -> String {
    let (nodes, services): (Vec<End>, Vec<End>) = group.iter().partition(|end| end.is_node());
    let mut words: Vec<String> = services.into_iter().map(end).collect();
    match &nodes[..] {
        more @ [_, _, ..] if words.is_empty() => {
            let number = |node: &End| node.to_string().trim_start_matches("node ").to_owned();
            words.push(format!("nodes {}", listed(&more.iter().map(number).collect::<Vec<_>>())));
        }
        nodes => words.extend(nodes.iter().map(|node| node.to_string())),
    }
    listed(&words)
}
