//! The command line: one file a subcommand.

pub mod run;
pub mod warden;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::lab::LabError;

/// Compares messaging patterns by breaking them
#[derive(Debug, Parser)]
#[command(name = "pubsub-lab", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    #[command(hide = true)]
    Warden,
}

/// Parses the arguments, runs the subcommand and gives its exit code.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Warden => Ok(warden::run()),
        Command::Run(args) => tokio::runtime::Runtime::new()
            .map_err(|error| LabError::environment(format!("the async runtime could not start: {error}")))
            .and_then(|runtime| runtime.block_on(run::run(args))),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit)
        }
    }
}
