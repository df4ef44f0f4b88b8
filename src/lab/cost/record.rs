//! The looks at the processes of a run, and what they come to.

use std::time::{Duration, Instant};

use super::Part;
use ledger::{CostSample, PartCost, RunCost};

const MIB: f64 = 1024.0 * 1024.0;

/// What a part has taken until a look, and what it held then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// CPU time in nanoseconds. It never falls.
    pub(super) cpu: u64,
    /// Resident memory in bytes.
    pub(super) memory: u64,
}

/// A part of the cluster over time.
#[derive(Debug, Clone, Copy)]
struct Course {
    part: Part,
    /// The first look, before the load.
    rest: Usage,
    last: Usage,
    highest_memory: u64,
}

/// All looks of one run, the first of them before the load.
#[derive(Debug)]
pub(super) struct Record {
    parts: Vec<Course>,
    load_begins: Instant,
    highest_memory: u64,
    looks: u64,
    timeline: Vec<CostSample>,
}

impl Record {
    /// No look yet at these parts.
    pub(super) fn new(parts: impl IntoIterator<Item = Part>, load_begins: Instant) -> Self {
        let mut courses: Vec<Course> = Vec::new();
        for part in parts {
            if courses.iter().all(|course| course.part != part) {
                let nothing = Usage::default();
                courses.push(Course { part, rest: nothing, last: nothing, highest_memory: 0 });
            }
        }
        Self { parts: courses, load_begins, highest_memory: 0, looks: 0, timeline: Vec::new() }
    }

    /// Adds a look at this moment.
    pub(super) fn add(&mut self, at: Instant, usage: impl Fn(Part) -> Usage) {
        let at_ms = at.saturating_duration_since(self.load_begins).as_millis();
        let mut sample =
            CostSample { at_ms: u64::try_from(at_ms).unwrap_or(u64::MAX), ..CostSample::default() };
        let mut memory = 0;
        for course in &mut self.parts {
            let now = usage(course.part);
            if self.looks == 0 {
                (course.rest, course.last) = (now, now);
            }
            let cpu_us = Some((now.cpu - course.last.cpu) / 1_000);
            let rss_mib = Some(mib(now.memory));
            match course.part {
                Part::Nodes => (sample.nodes_cpu_us, sample.nodes_rss_mib) = (cpu_us, rss_mib),
                Part::Broker => (sample.broker_cpu_us, sample.broker_rss_mib) = (cpu_us, rss_mib),
                Part::History => (sample.history_cpu_us, sample.history_rss_mib) = (cpu_us, rss_mib),
            }
            course.last = now;
            course.highest_memory = course.highest_memory.max(now.memory);
            memory += now.memory;
        }
        self.highest_memory = self.highest_memory.max(memory);
        self.looks += 1;
        self.timeline.push(sample);
    }

    /// What the looks come to, when they themselves took this much CPU time. A part of which no look saw anything was
    /// dead all the time, and has no cost; `None` if that is so of all of them.
    pub(super) fn cost(self, looking: Duration) -> Option<RunCost> {
        let of = |part| {
            let seen = |course: &&Course| course.part == part && course.highest_memory > 0;
            let course = self.parts.iter().find(seen)?;
            Some(PartCost {
                cpu_us: (course.last.cpu - course.rest.cpu) / 1_000,
                rss_rest_mib: mib(course.rest.memory),
                rss_max_mib: mib(course.highest_memory),
            })
        };
        (self.highest_memory > 0).then(|| RunCost {
            nodes: of(Part::Nodes),
            broker: of(Part::Broker),
            history: of(Part::History),
            cpu_us_per_delivery: None,
            nodes_cpu_us_per_delivery: None,
            rss_mib: mib(self.highest_memory),
            samples: self.looks,
            sampling_us: u64::try_from(looking.as_micros()).unwrap_or(u64::MAX),
            timeline: self.timeline,
        })
    }
}

/// Bytes in MiB, to the tenth.
fn mib(bytes: u64) -> f64 {
    (bytes as f64 / MIB * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_look_is_at_rest_and_the_highest_sum_is_that_of_one_moment() {
        let began = Instant::now();
        let mut record = Record::new([Part::Nodes, Part::Nodes, Part::Broker], began);
        let mib = |mib: u64| mib * 1024 * 1024;
        // Nodes and broker in turn: CPU time in ms, and memory in MiB.
        let looks = [(0, (500, 20), (900, 7)), (200, (520, 90), (901, 6)), (400, (550, 30), (905, 50))];
        for (at_ms, nodes, broker) in looks {
            record.add(began + Duration::from_millis(at_ms), |part| {
                let (ms, memory) = if part == Part::Nodes { nodes } else { broker };
                Usage { cpu: ms * 1_000_000, memory: mib(memory) }
            });
        }
        let cost = record.cost(Duration::from_micros(321)).unwrap();
        let nodes = PartCost { cpu_us: 50_000, rss_rest_mib: 20.0, rss_max_mib: 90.0 };
        let broker = PartCost { cpu_us: 5_000, rss_rest_mib: 7.0, rss_max_mib: 50.0 };
        assert_eq!((cost.nodes, cost.broker, cost.history), (Some(nodes), Some(broker), None));
        assert_eq!((cost.rss_mib, cost.samples, cost.sampling_us), (96.0, 3, 321));
        let course: Vec<_> =
            cost.timeline.iter().map(|look| (look.at_ms, look.nodes_cpu_us, look.broker_rss_mib)).collect();
        assert_eq!(
            course,
            [(0, Some(0), Some(7.0)), (200, Some(20_000), Some(6.0)), (400, Some(30_000), Some(50.0))]
        );
        assert!(cost.timeline.iter().all(|look| look.history_cpu_us.is_none()));
    }

    #[test]
    fn who_was_dead_all_the_time_has_no_cost_instead_of_none_of_it() {
        let began = Instant::now();
        let look = |alive: bool| {
            let mut record = Record::new([Part::Nodes, Part::Broker], began);
            record.add(began, |part| match part {
                Part::Broker if alive => Usage { cpu: 0, memory: 1 << 20 },
                _ => Usage::default(),
            });
            record.cost(Duration::ZERO)
        };
        assert_eq!(look(false), None);
        let cost = look(true).unwrap();
        assert_eq!((cost.nodes, cost.broker.is_some(), cost.rss_mib), (None, true, 1.0));
    }
}
