//! Whether the nodes of a run write traces, and what becomes of the traces of an earlier run.

use std::path::Path;

use report::story::{history_trace, node_trace};
use scenario::kinds::Surge;
use scenario::{Action, Fault, Load};

/// The most lines per second that a process writes to a trace without being asked to: far below what it can write, so
/// that tracing disturbs nothing that is measured.
const MOST: f64 = 2_000.0;

/// Whether the nodes of a run write a trace, which says where each message was, and when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tracing {
    /// The nodes write traces where the load is small.
    #[default]
    Auto,
    /// The nodes always write traces.
    On,
    /// The nodes never write traces.
    Off,
}

impl Tracing {
    /// Whether the nodes write traces under this load.
    pub(super) fn holds(self, load: &Load, nodes: usize, faults: &[Fault]) -> bool {
        match self {
            Tracing::On => true,
            Tracing::Off => false,
            Tracing::Auto => {
                let surge = |fault: &Fault| match fault.action {
                    Action::Surge(Surge { factor }) => factor.max(1.0),
                    _ => 1.0,
                };
                let peak = load.rate * faults.iter().map(surge).product::<f64>();
                lines_per_second(peak, nodes) <= MOST
            }
        }
    }
}

/// Number of lines per second that a node writes at this rate of messages: two for each message, and three more for
/// each message of the node's own clients.
fn lines_per_second(rate: f64, nodes: usize) -> f64 {
    rate * (2.0 + 3.0 / nodes.max(1) as f64)
}

/// Removes the traces that an earlier run in this directory has left.
pub(super) fn forget(logs: &Path, nodes: usize) {
    for path in (0..nodes).map(|node| node_trace(logs, node)).chain([history_trace(logs)]) {
        // Mostly there is no such file; a trace that cannot be removed is told apart by its times.
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::{ScenarioFile, Target};
    use std::time::Duration;

    #[test]
    fn a_small_load_is_traced_unasked() {
        let load = |rate: f64| {
            let scenario =
                ScenarioFile::find("steady").unwrap().scenario(&Vec::new().into_iter().collect()).unwrap();
            Load { rate, ..scenario.load }
        };
        let holds = |tracing: Tracing, rate| tracing.holds(&load(rate), 3, &[]);
        assert_eq!([100.0, 600.0, 1_000.0].map(|rate| holds(Tracing::Auto, rate)), [true, true, false]);
        assert!(holds(Tracing::On, 1_000.0) && !holds(Tracing::Off, 1.0));
        let (at, duration, target) = (Duration::ZERO, None, Target::Load);
        let surge = [Fault { at, duration, action: Action::Surge(Surge { factor: 10.0 }), target }];
        assert!(!Tracing::Auto.holds(&load(100.0), 3, &surge));
    }
}
