//! The flag `--trace FILE` of a node and a history.

use std::path::PathBuf;

use clap::Args;

use super::failure::{Failure, USAGE};
use trace::{Trace, TraceFile};

/// Flags of what can be traced.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// Append to FILE where each message was, and when, a JSON line a step: `at_us` (Unix microseconds), `step`, `id`,
    /// and where there is something to say `room`, `until_us`, `clients` and `why`. Steps of a node: `in` (from its
    /// client), `bus_out`, then `bus_ack`, `bus_refused` or `bus_unknown` (the answer), `bus_in` (from the bus), `out`
    /// (to the room's clients) and `replay` (from the history to one client); of a history: `stored` and `replay`.
    /// Where the file is too slow the newest lines are dropped, and counted in /metrics and in the last line, `end`
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
