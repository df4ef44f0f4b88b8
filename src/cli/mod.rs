//! The command line: one file a subcommand.

mod bench;
mod bus;
mod failure;
mod history;
mod interrupt;
mod limits;
mod log;
mod node;
mod node_flags;
mod output;
mod progress;
mod report;
mod run;
mod scenarios;
mod schema;
mod warden;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::scenario::Pattern;
use failure::{ENVIRONMENT, Failure};

/// Compare messaging patterns by breaking them: one chat, several ways to connect its nodes, and an honest count
/// of what was lost.
#[derive(Debug, Parser)]
#[command(name = "pubsub-lab", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one of them, and it is taken apart at once")]
enum Command {
    /// Run a scenario over the patterns, break things, and count what was lost
    Bench(bench::BenchArgs),
    /// Run the history service of the pattern amqp in the foreground
    History(history::HistoryArgs),
    /// Run one chat node in the foreground
    Node(node::NodeArgs),
    /// Print a report again, compare several, or merge them
    Report(report::ReportArgs),
    /// Start nodes on this machine, and the broker that they need; Ctrl-C stops everything
    Run(run::RunArgs),
    /// List, show and check scenarios
    Scenarios(scenarios::ScenariosArgs),
    /// Print the JSON Schema of a scenario or of a report
    Schema(schema::SchemaArgs),
    /// What ends everything if the lab cannot; the lab starts it
    #[command(hide = true)]
    Warden,
}

/// Parses the arguments, runs the subcommand and gives its exit code.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Bench(args) => bench::run(args),
        Command::History(args) => history::run(args),
        Command::Node(args) => node::run(args),
        Command::Report(args) => report::run(&args),
        Command::Run(args) => run::run(args),
        Command::Scenarios(args) => Ok(scenarios::run(&args)),
        Command::Schema(args) => schema::run(&args),
        Command::Warden => Ok(warden::run()),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit)
        }
    }
}

/// The runtime of a subcommand.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Failure::new(ENVIRONMENT, format!("cannot start the runtime: {error}"), "free some memory or threads")
    })
}

/// Reads a pattern's word, and says which ones there are.
fn pattern(word: &str) -> Result<Pattern, String> {
    let built = Pattern::BUILT.into_iter().find(|pattern| pattern.name() == word);
    built.ok_or_else(|| format!("this version runs {}", Pattern::BUILT.map(Pattern::name).join(", ")))
}
