//! The flags `--trace FILE` and `--otlp URL` of a node and a history.

use std::path::PathBuf;

use clap::Args;

use super::failure::{ENVIRONMENT, Failure, USAGE};
use trace::{Collector, Outlet, Source};

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

    /// Send each message's way as OpenTelemetry spans to the collector at URL, such as http://127.0.0.1:4318 (OTLP over
    /// HTTP, as JSON). The spans of all processes that have this flag meet in one trace for each message: `publish`,
    /// `deliver`, `store`, `replay`. If the collector is away or too slow, the newest steps are dropped, and counted in
    /// /metrics
    #[arg(long, value_name = "URL", env = "PUBSUB_LAB_OTLP")]
    otlp: Option<String>,
}

impl TraceArgs {
    /// Opens what the steps of messages go to, if they go anywhere. The metrics recorder has to be installed before.
    pub fn open(&self, source: impl FnOnce() -> Source) -> Result<Vec<Outlet>, Failure> {
        let mut outlets = Vec::new();
        if let Some(path) = &self.trace {
            outlets.push(Outlet::file(path).map_err(|error| {
                let message = format!("the trace {} cannot be opened: {error}", path.display());
                Failure::new(
                    USAGE,
                    message,
                    "name another file with `--trace`; one that is not there is made",
                )
            })?);
        }
        if let Some(url) = &self.otlp {
            let collector: Collector = url.parse().map_err(|error| {
                let message = format!("`--otlp` names no collector: {error}");
                Failure::new(USAGE, message, "give a URL like http://127.0.0.1:4318")
            })?;
            outlets.push(Outlet::collector(collector, source()).map_err(|error| {
                let message = format!("spans cannot be exported: {error}");
                Failure::new(ENVIRONMENT, message, "leave `--otlp` out, or free some memory")
            })?);
        }
        Ok(outlets)
    }
}
