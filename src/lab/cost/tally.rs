//! Whose each process is, and how much CPU time each part of the cluster has taken until now, those of its processes
//! that have ended included.
//!
//! A process belongs to a part if the lab started it for that part, if it is in the group of such a process, or if such
//! a process has started it. What a process took is known from the last look at it, and its parent is told by the system
//! what all its ended children took: the greater of the two counts, so that no child counts twice and one that came and
//! went between two looks is not forgotten.

use std::collections::{HashMap, HashSet};

use super::Part;
use super::processes::Reading;
use super::record::Usage;

/// A process that belongs to a part, as it was at the last look.
#[derive(Debug)]
struct Member {
    part: Part,
    seen: Reading,
    /// CPU time of its children that were seen and have ended.
    buried: u64,
}

impl Member {
    /// CPU time of the process and of its ended children.
    fn total(&self) -> u64 {
        self.seen.own + self.seen.children.max(self.buried)
    }
}

/// The members of each part, and what those that are gone have taken.
#[derive(Debug, Default)]
pub(super) struct Tally {
    roots: Vec<(Part, i32)>,
    members: HashMap<i32, Member>,
    /// Processes that belong to nobody: looking at each of them again would cost more than all the rest.
    strangers: HashSet<i32>,
    gone: HashMap<Part, u64>,
}

impl Tally {
    /// Looks at the machine: at its processes, by their ids, through `read`. `roots` are the processes that the lab has
    /// started for each part, those of this moment.
    pub(super) fn look(
        &mut self,
        roots: Vec<(Part, i32)>,
        ids: impl Iterator<Item = i32>,
        read: impl Fn(i32) -> Option<Reading>,
    ) {
        if roots != self.roots {
            // A process that the lab has just started may have been seen before the lab said whose it is.
            self.strangers.clear();
            self.roots = roots;
        }
        let ids: HashSet<i32> = ids.collect();
        self.strangers.retain(|id| ids.contains(id));
        let mut readings: HashMap<i32, Reading> = ids
            .iter()
            .filter(|id| !self.strangers.contains(id))
            .filter_map(|id| Some((*id, read(*id)?)))
            .collect();
        self.meet_again(&mut readings);
        self.admit(readings);
    }

    /// Brings every member up to date, and counts those that have ended.
    fn meet_again(&mut self, readings: &mut HashMap<i32, Reading>) {
        let mut ended = Vec::new();
        for (id, member) in &mut self.members {
            match readings.get(id) {
                Some(now) if now.born == member.seen.born => {
                    // A process that has ended and is not waited for yet may show less than it did.
                    let (own, children) =
                        (member.seen.own.max(now.own), member.seen.children.max(now.children));
                    member.seen = Reading { own, children, ..*now };
                    readings.remove(id);
                }
                _ => ended.push(*id),
            }
        }
        // The children stand before their parents: ids mostly rise.
        ended.sort_unstable_by(|one, other| other.cmp(one));
        for id in ended {
            let Some(member) = self.members.remove(&id) else { continue };
            match self.members.get_mut(&member.seen.parent) {
                Some(parent) if parent.part == member.part => parent.buried += member.total(),
                _ => *self.gone.entry(member.part).or_default() += member.total(),
            }
        }
    }

    /// Finds out whose each new process is.
    fn admit(&mut self, mut readings: HashMap<i32, Reading>) {
        loop {
            let found: Vec<(Part, Reading)> =
                readings.values().filter_map(|process| Some((self.part_of(process)?, *process))).collect();
            if found.is_empty() {
                break;
            }
            for (part, seen) in found {
                readings.remove(&seen.id);
                self.members.insert(seen.id, Member { part, seen, buried: 0 });
            }
        }
        self.strangers.extend(readings.into_keys());
    }

    fn part_of(&self, process: &Reading) -> Option<Part> {
        let of_root =
            |(part, root): &(Part, i32)| (*root == process.id || *root == process.group).then_some(*part);
        let of_parent = || self.members.get(&process.parent).map(|parent| parent.part);
        self.roots.iter().find_map(of_root).or_else(of_parent)
    }

    /// What a part has taken until the last look, and what it held then.
    pub(super) fn usage(&self, part: Part) -> Usage {
        let members = || self.members.values().filter(|member| member.part == part);
        Usage {
            cpu: self.gone.get(&part).copied().unwrap_or_default()
                + members().map(Member::total).sum::<u64>(),
            memory: members().map(|member| member.seen.memory).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAB: i32 = 5;

    fn process(id: i32, parent: i32, group: i32, own: u64) -> Reading {
        Reading { id, born: id as u64, parent, group, own, children: 0, memory: 100 }
    }

    fn look(tally: &mut Tally, roots: &[(Part, i32)], machine: &[Reading]) {
        let read = |id| machine.iter().find(|process| process.id == id).copied();
        tally.look(roots.to_vec(), machine.iter().map(|process| process.id), read);
    }

    #[test]
    fn a_part_is_its_roots_their_groups_and_their_descendants() {
        let mut tally = Tally::default();
        let machine = [
            process(10, LAB, 10, 1),
            // A child with a lower number, a member of the group whose parent is gone, and one that has left the group.
            process(7, 10, 10, 20),
            process(11, 1, 10, 300),
            process(12, 7, 12, 4_000),
            process(20, LAB, 20, 50_000),
            process(30, LAB, 30, 600_000),
        ];
        look(&mut tally, &[(Part::Nodes, 10), (Part::Broker, 20)], &machine);
        assert_eq!(tally.usage(Part::Nodes), Usage { cpu: 4_321, memory: 400 });
        assert_eq!(tally.usage(Part::Broker), Usage { cpu: 50_000, memory: 100 });
        assert_eq!(tally.usage(Part::History), Usage::default());
    }

    #[test]
    fn a_process_that_is_killed_and_started_again_adds_up() {
        let mut tally = Tally::default();
        look(&mut tally, &[(Part::Nodes, 10)], &[process(10, LAB, 10, 500)]);
        look(&mut tally, &[(Part::Nodes, 10)], &[]);
        assert_eq!(tally.usage(Part::Nodes), Usage { cpu: 500, memory: 0 });
        // It is seen before the lab says that it is a node.
        look(&mut tally, &[(Part::Nodes, 10)], &[process(14, LAB, 14, 3)]);
        assert_eq!(tally.usage(Part::Nodes).cpu, 500);
        look(&mut tally, &[(Part::Nodes, 14)], &[process(14, LAB, 14, 7)]);
        assert_eq!(tally.usage(Part::Nodes), Usage { cpu: 507, memory: 100 });
    }

    #[test]
    fn a_child_counts_once_whether_its_parent_is_told_of_its_end_or_not() {
        for (told, total) in [(0, 70), (60, 70), (75, 85)] {
            let mut tally = Tally::default();
            let roots = [(Part::Nodes, 10)];
            look(&mut tally, &roots, &[process(10, LAB, 10, 10), process(11, 10, 10, 60)]);
            assert_eq!(tally.usage(Part::Nodes).cpu, 70);
            let parent = Reading { children: told, ..process(10, LAB, 10, 10) };
            look(&mut tally, &roots, &[parent]);
            assert_eq!(tally.usage(Part::Nodes), Usage { cpu: total, memory: 100 }, "told {told}");
        }
    }

    #[test]
    fn a_number_that_is_given_out_again_is_another_process() {
        let mut tally = Tally::default();
        let roots = [(Part::Nodes, 10)];
        look(&mut tally, &roots, &[process(10, LAB, 10, 10), process(11, 10, 10, 60)]);
        let stranger = Reading { born: 99, ..process(11, 1, 8, 1_000) };
        look(&mut tally, &roots, &[process(10, LAB, 10, 10), stranger]);
        assert_eq!(tally.usage(Part::Nodes), Usage { cpu: 70, memory: 100 });
    }
}
