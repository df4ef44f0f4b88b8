//! The command line: one file a subcommand.

mod scenarios;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "pubsub-lab", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List, show and check scenarios
    Scenarios(scenarios::ScenariosArgs),
}

/// Parses the arguments, runs the subcommand and gives its exit code.
pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Scenarios(args) => ExitCode::from(scenarios::run(&args)),
    }
}
