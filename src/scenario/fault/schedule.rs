//! Makes faults of plans: every repetition, with everything that the seed chooses.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{End, Fault, FaultPlan, Link, Moment, Target};
use crate::{Pattern, Scenario};

/// The stream of the schedule's random numbers, which is its own: the clients of the load have streams from 0 on, and
/// the last two belong to the subscribers that leave and join, and to those that are slow.
const STREAM: u64 = u64::MAX - 2;

impl Scenario {
    /// The faults of a run over this pattern (`None`: over somebody else's server), ordered by the moment at which they
    /// strike. The same seed gives the same faults, and what is drawn is the same for every pattern.
    pub fn schedule(&self, pattern: Option<Pattern>, seed: u64) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (number, plan) in self.faults.iter().enumerate() {
            // Each plan has a random generator of its own: another plan more or less changes nothing for the others.
            let mut random = ChaCha8Rng::seed_from_u64(seed.wrapping_add((number as u64) << 32));
            random.set_stream(STREAM);
            let all = (0..plan.times).map(|n| self.draw(plan, n, &mut random)).collect::<Vec<_>>();
            if pattern.is_none_or(|pattern| plan.is_for(pattern)) {
                faults.extend(all);
            }
        }
        faults.sort_by_key(|fault| fault.at);
        faults
    }

    fn draw(&self, plan: &FaultPlan, n: usize, random: &mut ChaCha8Rng) -> Fault {
        let at = match plan.moment {
            Moment::At(at) => at,
            Moment::Between(from, to) => {
                from + Duration::from_millis(below(random, (to - from).as_millis() as u64 + 1))
            }
        };
        let nodes = self.cluster.nodes as u64;
        // A node has no link to itself: if one end names a node, the drawn end is another node.
        let mut node = |end, beside| match (end, beside) {
            (End::AnyNode, End::Node(named)) => {
                let n = below(random, nodes - 1) as usize;
                End::Node(if n < named { n } else { n + 1 })
            }
            (End::AnyNode, _) => End::Node(below(random, nodes) as usize),
            (end, _) => end,
        };
        let target = match &plan.target {
            Target::AnyNode => match node(End::AnyNode, End::Clients) {
                End::Node(n) => Target::Node(n),
                _ => Target::AllNodes,
            },
            Target::AnySubscriber => Target::Subscriber(below(random, self.load.subscribers as u64) as usize),
            Target::Link(link) => {
                let (from, to) = (node(link.from, link.to), node(link.to, link.from));
                Target::Link(Link { from, to, ..*link })
            }
            other => other.clone(),
        };
        Fault { at: at + plan.offset(n), duration: plan.duration, action: plan.action.clone(), target }
    }
}

/// Draws a number from 0 to one below the limit. The bias is that of 64 random bits.
fn below(random: &mut ChaCha8Rng, limit: u64) -> u64 {
    random.next_u64() % limit.max(1)
}
