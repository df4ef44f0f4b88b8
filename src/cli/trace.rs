//! The flag `--trace FILE` of a node and a history.

use std::path::PathBuf;

use clap::Args;

use super::failure::{Failure, USAGE};
use trace::{Trace, TraceFile};

/// Flags of what can be traced.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// Append a JSON line to FILE for each step of each message: `at_us` (Unix microseconds), `step`, `id`, and, if
    /// they apply, `room`, `until_us`, `clients` and `why`. The steps of a node are `in` (from its client), `bus_out`,
    /// then `bus_ack`, `bus_refused` or `bus_unknown` (the answer), `bus_in` (from the bus), `out` (to the room's
    /// clients) and `replay` (from the history to one client). The steps of a history are `stored` and `replay`. If
    /// the file is too slow, the newest lines are dropped, and counted in /metrics and in the last line, `end`
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

impl TraceArgs {
    /// Opens the file, if there is one. The metrics recorder has to be installed before.
    pub fn open(&self) -> Result<Option<TraceFile>, Failure> {
        let Some(path) = &self.trace else { return Ok(None) };
        TraceFile::open(path).map(Some).map_err(|error| {
            let message = format!("the trace {} cannot be opened: {error}", path.display());
            Failure::new(USAGE, message, "name another file with `--trace`; one that is not there is made")
        })
    }
}

/// The trace handle that writes steps into this file, or nowhere.
pub fn of(file: Option<&TraceFile>) -> Trace {
    file.map_or_else(Trace::off, TraceFile::trace)
}
