//! What a run costs: a thread looks at the processes of the cluster while the load lasts.
//!
//! The thread is not one of the load's, so that a look delays no message, and the CPU time that it takes is told beside
//! the figures. A process that is killed takes with it what it has used since the last look, so its figure is a lower
//! bound, by a fifth of a second at most.
//!
//! Only Linux tells enough of other processes. A container's are not looked at, and neither are a user's own servers.

#[cfg(target_os = "linux")]
mod meter;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod record;
#[cfg(target_os = "linux")]
mod tally;

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

#[cfg(target_os = "linux")]
pub(crate) use meter::CostMeter;

/// A part of a cluster whose cost is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Nodes,
    Broker,
    History,
}

/// A process that the lab has started for a part of the cluster: its id at each moment, for it may be started again.
pub(crate) type Root = (Part, Arc<AtomicU32>);

/// Where processes tell nothing of others, nothing is measured.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(crate) struct CostMeter;

#[cfg(not(target_os = "linux"))]
impl CostMeter {
    pub(crate) fn start(_roots: Vec<Root>, _load_begins: std::time::Instant) -> Option<Self> {
        None
    }

    pub(crate) async fn finish(self) -> Option<ledger::RunCost> {
        None
    }
}
