//! What a run took of its machine: processor time and memory of the processes that the lab started.
//!
//! Nothing here is measured: the lab measures, the report writes it down, and expectations bound it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use scenario::Cost;

/// What a run cost on this machine. A part that the lab did not start, or whose processes it cannot see, is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunCost {
    /// What all nodes together took.
    pub nodes: Option<PartCost>,
    /// What the broker took.
    pub broker: Option<PartCost>,
    /// What the history took.
    pub history: Option<PartCost>,
    /// [`Cost::CpuUsPerDelivery`]. `None` if nothing was received.
    pub cpu_us_per_delivery: Option<f64>,
    /// [`Cost::NodesCpuUsPerDelivery`]. `None` if nothing was received, and where the nodes are not measured.
    #[serde(default)]
    pub nodes_cpu_us_per_delivery: Option<f64>,
    /// [`Cost::RssMib`].
    pub rss_mib: f64,
    /// Number of times that the processes were looked at.
    pub samples: u64,
    /// CPU time that the looks themselves took of the machine, in microseconds.
    pub sampling_us: u64,
    /// Each look, in the order of time.
    #[serde(default)]
    pub timeline: Vec<CostSample>,
}

/// What one part of a cluster took: all of its processes together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PartCost {
    /// CPU time, user and system, from the start of the measured load to the end of the drain, in microseconds.
    pub cpu_us: u64,
    /// Resident memory just before the measured load, in MiB.
    pub rss_rest_mib: f64,
    /// Resident memory at its highest, in MiB.
    pub rss_max_mib: f64,
}

/// One look at the processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CostSample {
    /// When the processes were looked at, in milliseconds since the measured load began.
    pub at_ms: u64,
    /// CPU time of the nodes since the look before, in microseconds.
    pub nodes_cpu_us: Option<u64>,
    /// Resident memory of the nodes, in MiB.
    pub nodes_rss_mib: Option<f64>,
    /// CPU time of the broker since the look before, in microseconds.
    pub broker_cpu_us: Option<u64>,
    /// Resident memory of the broker, in MiB.
    pub broker_rss_mib: Option<f64>,
    /// CPU time of the history since the look before, in microseconds.
    pub history_cpu_us: Option<u64>,
    /// Resident memory of the history, in MiB.
    pub history_rss_mib: Option<f64>,
}

impl RunCost {
    /// The same cost, with its CPU time shared out over this number of debts received.
    pub fn over(self, received: u64) -> Self {
        let parts = [self.nodes, self.broker, self.history].into_iter().flatten();
        let share = |cpu_us: u64| {
            let share = || (cpu_us as f64 / received as f64 * 100.0).round() / 100.0;
            (received > 0).then(share)
        };
        Self {
            cpu_us_per_delivery: share(parts.map(|part| part.cpu_us).sum()),
            nodes_cpu_us_per_delivery: self.nodes.and_then(|nodes| share(nodes.cpu_us)),
            ..self
        }
    }

    /// The value of a figure, in the unit of its name; `None` if it does not exist.
    pub(super) fn read(&self, cost: Cost) -> Option<f64> {
        match cost {
            Cost::CpuUsPerDelivery => self.cpu_us_per_delivery,
            Cost::NodesCpuUsPerDelivery => self.nodes_cpu_us_per_delivery,
            Cost::RssMib => Some(self.rss_mib),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_of_all_parts_is_shared_out_over_what_was_received() {
        let part = |cpu_us| Some(PartCost { cpu_us, ..PartCost::default() });
        let cost = RunCost { nodes: part(1_000), broker: part(500), rss_mib: 12.5, ..RunCost::default() };
        let shared = cost.clone().over(400);
        assert_eq!(shared.read(Cost::CpuUsPerDelivery), Some(3.75));
        assert_eq!(shared.read(Cost::NodesCpuUsPerDelivery), Some(2.5));
        let unseen = RunCost { nodes: None, ..cost.clone() }.over(400);
        assert_eq!(unseen.read(Cost::NodesCpuUsPerDelivery), None);
        assert_eq!(shared.read(Cost::RssMib), Some(12.5));
        assert_eq!(cost.over(0).read(Cost::CpuUsPerDelivery), None);
    }
}
