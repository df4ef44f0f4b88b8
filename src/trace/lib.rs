//! Where each message was, and when: what a node or a history tells of the steps of messages, and where it goes.
//!
//! | file | what it is |
//! |---|---|
//! | `line` | one step of one message |
//! | `outlet` | a thread that takes the steps somewhere, and its bounded queue |
//! | `file` | `--trace FILE`: one JSON line for each step |
//! | `spans` | `--otlp URL`: steps become the spans of OpenTelemetry |
//! | `otlp` | the request that takes spans to a collector |
//! | `collector` | the address of a collector, and the sending |
//!
//! Steps wait in a bounded queue for a thread of their own. **When the queue is full, the newest step is dropped** and
//! counted in `/metrics` (`pubsub_lab_trace_dropped_lines_total`, `pubsub_lab_otlp_dropped_steps_total`).

mod collector;
mod file;
mod line;
mod otlp;
mod outlet;
mod spans;

use std::sync::Arc;

pub use collector::{Collector, CollectorError};
pub use line::{Step, TraceLine, unix_us};
pub use otlp::Source;
pub use outlet::Outlet;

use outlet::Queue;

/// A handle through which steps are traced; empty if nothing is traced. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Trace(Option<Arc<[Queue]>>);

impl Trace {
    /// A handle without an outlet behind it: no line is made and none goes anywhere.
    pub fn off() -> Self {
        Self(None)
    }

    /// A handle that traces steps to these outlets.
    pub fn to(outlets: &[Outlet]) -> Self {
        let queues: Arc<[Queue]> = outlets.iter().map(Outlet::queue).collect();
        Self((!queues.is_empty()).then_some(queues))
    }

    /// Whether steps go anywhere, so that a caller can spare itself the work of making a line.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Traces one step. The closure is called only if there is an outlet. Never blocks: a line that finds a queue full
    /// is dropped there.
    pub fn record_step(&self, line: impl FnOnce() -> TraceLine) {
        let Some((last, others)) = self.0.as_deref().and_then(<[Queue]>::split_last) else { return };
        let line = line();
        others.iter().for_each(|queue| queue.push(line.clone()));
        last.push(line);
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_the_machine;
