//! How much the program says beside its results: nothing with `-q`, more with `-v` once or more.

use std::sync::OnceLock;

use clap::{ArgAction, Args};

/// The choice for this process. It is set once, before a subcommand begins.
static VERBOSITY: OnceLock<Verbosity> = OnceLock::new();

/// How much the program says on standard error. Errors are always said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Errors alone: no progress, no notes.
    Quiet,
    /// What a user usually wants to know.
    Normal,
    /// More than usual, counted by how often `-v` was given: 1 or more.
    Verbose(u8),
}

/// The flags, which every subcommand takes.
#[derive(Debug, Clone, Copy, Args)]
pub struct VerbosityArgs {
    /// Log more, and say where the logs are; give it twice to log everything
    #[arg(long, short, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,

    /// Print only results and errors
    #[arg(long, short, global = true)]
    quiet: bool,
}

impl VerbosityArgs {
    /// The verbosity that these flags choose.
    pub fn chosen(self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, times) => Verbosity::Verbose(times),
        }
    }
}

impl Verbosity {
    /// The level of a service's own log; libraries say less.
    pub fn log_filter(self) -> &'static str {
        // The services say themselves, once, what the AMQP library says about a lost connection.
        match self {
            Self::Quiet => "error,lapin=off",
            Self::Normal => "info,lapin=off",
            Self::Verbose(1) => "info,pubsub_lab=debug,lapin=off",
            Self::Verbose(_) => "debug,pubsub_lab=trace,lapin=off",
        }
    }

    /// Whether notes and progress are wanted.
    pub fn shows_notes(self) -> bool {
        self != Self::Quiet
    }

    /// Whether more than usual is wanted.
    pub fn shows_more(self) -> bool {
        matches!(self, Self::Verbose(_))
    }
}

/// Chooses the verbosity for the rest of this process. Only the first call has an effect.
pub fn set(verbosity: Verbosity) {
    VERBOSITY.set(verbosity).ok();
}

/// The verbosity that was chosen; [`Verbosity::Normal`] where nobody has chosen.
pub fn get() -> Verbosity {
    VERBOSITY.get().copied().unwrap_or(Verbosity::Normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_choose() {
        let chosen = |verbose, quiet| VerbosityArgs { verbose, quiet }.chosen();
        assert_eq!(chosen(0, false), Verbosity::Normal);
        assert_eq!(chosen(0, true), Verbosity::Quiet);
        assert_eq!(chosen(2, false), Verbosity::Verbose(2));
    }
}
