//! Where a fault strikes, in plain words: `node 1 <-> broker` is "between node 1 and the broker".

use super::phrases::listed;
use scenario::{End, Link};

/// One end of a link, with its article.
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

/// Both ends of a link.
pub(super) fn between(link: Link) -> String {
    let (from, to) = (link.from, link.to);
    match (from, to) {
        (End::AllNodes, End::AllNodes) => "between the nodes".into(),
        _ if link.one_way => format!("from {} to {}", end(from), end(to)),
        _ => format!("between {} and {}", end(from), end(to)),
    }
}

/// Who is cut off from whom: `node 1 was cut off from the broker`. Of two ends the lesser is cut off.
pub(super) fn cut_off(link: Link) -> String {
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

/// The groups of a partition, as a fault's `what` writes them: `node 0 | node 1, node 2`.
pub(super) struct Groups<'a>(Vec<Vec<&'a str>>);

impl<'a> Groups<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self(text.split(" | ").map(|group| group.split(", ").collect()).collect())
    }

    /// Whether it names a member.
    pub(super) fn divides(&self, member: &str) -> bool {
        self.0.iter().flatten().any(|named| *named == member)
    }

    /// `between node 0 and the rest`.
    pub(super) fn between(&self) -> String {
        match &self.0[..] {
            [alone] => format!("between {} and the rest", members(alone)),
            [one, other] if one.len() + other.len() == 2 => {
                format!("between {} and {}", members(one), members(other))
            }
            [one, other] => {
                format!("between {} on one side and {} on the other", members(one), members(other))
            }
            more => {
                let groups: Vec<_> = more.iter().map(|group| members(group)).collect();
                format!("between {} groups ({})", groups.len(), groups.join(" | "))
            }
        }
    }

    /// `node 0 was parted from the rest`.
    pub(super) fn parted(&self) -> String {
        let was = |group: &[&str]| if group.len() == 1 { "was" } else { "were" };
        match &self.0[..] {
            [alone] => format!("{} {} parted from the rest", members(alone), was(alone)),
            [one, other] => format!("{} {} parted from {}", members(one), was(one), members(other)),
            more => {
                let groups: Vec<_> = more.iter().map(|group| members(group)).collect();
                format!("{} groups were parted ({})", groups.len(), groups.join(" | "))
            }
        }
    }
}

/// `node 0`, `nodes 1 and 2`, `the broker and node 1`.
fn members(group: &[&str]) -> String {
    let numbers: Vec<_> = group.iter().filter_map(|member| member.strip_prefix("node ")).collect();
    let mut words: Vec<String> = group
        .iter()
        .filter(|member| !member.starts_with("node "))
        .map(|member| End::parse(member).map_or_else(|| (*member).to_owned(), end))
        .collect();
    match &numbers[..] {
        [] => {}
        [one] => words.push(format!("node {one}")),
        more if words.is_empty() => {
            let more: Vec<_> = more.iter().map(|number| (*number).to_owned()).collect();
            words.push(format!("nodes {}", listed(&more)));
        }
        more => words.extend(more.iter().map(|number| format!("node {number}"))),
    }
    listed(&words)
}
