//! The sides of a partition: who stands with whom.

use super::End;

/// The side of a member: the group that names it, or else the group of everybody whom no group names.
///
/// Members that nobody names stand with the group that names the broker, for whoever is not parted goes on as before.
/// If no group names the broker, they stand with the group that names the most members, the later of two. One group
/// alone has all others against it: they are group 1. So two groups never become three.
pub fn side(groups: &[Vec<End>], who: End) -> usize {
    if let Some(named) = groups.iter().position(|group| group.contains(&who)) {
        return named;
    }
    if groups.len() == 1 {
        return 1;
    }
    let brokers = groups.iter().position(|group| group.contains(&End::Broker));
    brokers.or_else(|| (0..groups.len()).max_by_key(|group| groups[*group].len())).unwrap_or(0)
}

/// Whether some of these members, who are all linked to each other or to one of them, are on another side than the
/// rest.
pub fn parts(groups: &[Vec<End>], linked: impl IntoIterator<Item = End>) -> bool {
    let mut sides = linked.into_iter().map(|end| side(groups, end));
    let first = sides.next();
    sides.any(|side| Some(side) != first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use End::{Broker, History, Node};

    /// The sides of the three nodes, the broker and the history.
    fn sides(groups: &[&[End]]) -> [usize; 5] {
        let groups: Vec<_> = groups.iter().map(|group| group.to_vec()).collect();
        [Node(0), Node(1), Node(2), Broker, History].map(|who| side(&groups, who))
    }

    #[test]
    fn one_group_alone_has_all_others_against_it() {
        assert_eq!(sides(&[&[Node(0)]]), [0, 1, 1, 1, 1]);
        assert_eq!(sides(&[&[Node(0), Broker]]), [0, 1, 1, 0, 1]);
        assert_eq!(sides(&[&[Broker]]), [1, 1, 1, 0, 1]);
    }

    #[test]
    fn who_is_in_no_group_stands_with_the_broker() {
        assert_eq!(sides(&[&[Node(0)], &[Broker]]), [0, 1, 1, 1, 1]);
        assert_eq!(sides(&[&[Broker], &[Node(0)]]), [1, 0, 0, 0, 0]);
        assert_eq!(sides(&[&[Broker], &[Node(0), Node(1)]]), [1, 1, 0, 0, 0]);
        assert_eq!(sides(&[&[Node(0)], &[Node(1)], &[Broker]]), [0, 1, 2, 2, 2]);
    }

    #[test]
    fn where_no_group_names_the_broker_it_stands_with_the_largest_the_later_of_two() {
        assert_eq!(sides(&[&[Node(0)], &[Node(1), Node(2)]]), [0, 1, 1, 1, 1]);
        assert_eq!(sides(&[&[Node(1), Node(2)], &[Node(0)]]), [1, 0, 0, 0, 0]);
        assert_eq!(sides(&[&[Node(0)], &[Node(1)]]), [0, 1, 1, 1, 1]);
        assert_eq!(sides(&[&[Node(0)], &[History]]), [0, 1, 1, 1, 1]);
    }

    #[test]
    fn a_partition_may_part_nobody() {
        let nodes = |n| (0..n).map(Node);
        assert!(parts(&[vec![Node(0)]], nodes(2)) && parts(&[vec![Node(0)]], nodes(1).chain([Broker])));
        assert!(!parts(&[vec![Node(0)]], nodes(1)) && !parts(&[vec![Broker]], nodes(3)) && !parts(&[], []));
        assert!(!parts(&[vec![Broker], vec![History]], nodes(3)));
    }
}
