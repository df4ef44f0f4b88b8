//! `--trace` of a bench.

use clap::ValueEnum;

use lab::Tracing;

/// Whether the nodes write traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TraceChoice {
    /// If the load is small
    Auto,
    /// Always
    On,
    /// Never
    Off,
}

impl From<TraceChoice> for Tracing {
    fn from(choice: TraceChoice) -> Self {
        match choice {
            TraceChoice::Auto => Tracing::Auto,
            TraceChoice::On => Tracing::On,
            TraceChoice::Off => Tracing::Off,
        }
    }
}
