//! The command line: one file for each subcommand.
//!
//! | file | what it is |
//! |---|---|
//! | `bench`, `suite`, `load`, `run`, `report`, `doctor`, `scenarios`, `policy`, `schema`, `completions`, `man` | the subcommands for people |
//! | `node`, `history`, `warden` | the subcommands that the lab starts as processes |
//! | `health` | the subcommand by which a container learns whether its service is well |
//! | `broker_variable` | the brokers that the environment names |
//! | `bus`, `pattern`, `node_flags`, `limits`, `trace`, `listen` | the flags of a node, the bus that they ask for, and its port |
//! | `live` | the view of a running bench on a terminal |
//! | `output`, `stderr`, `color`, `log`, `verbosity` | everything that is printed |
//! | `failure`, `usage`, `interrupt`, `runtime` | how a command ends: exit codes, wrong usage, Ctrl-C |

mod bench;
mod broker_variable;
mod bus;
mod color;
mod completions;
mod doctor;
mod failure;
mod health;
mod history;
mod interrupt;
mod limits;
mod listen;
mod live;
mod load;
mod log;
mod man;
mod node;
mod node_flags;
mod output;
mod pattern;
mod policy;
mod report;
mod run;
mod runtime;
mod scenarios;
mod schema;
mod stderr;
mod suite;
mod trace;
mod usage;
pub mod verbosity;
mod warden;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use failure::USAGE;
use lab::logging;
use verbosity::VerbosityArgs;

const EXAMPLES: &str = "\
Examples:
  pubsub-lab doctor                          which patterns can run on this machine
  pubsub-lab run redis --nodes 3             three chat servers and a Redis, until Ctrl-C
  pubsub-lab bench --scenario broker-down    break it, and count what was lost
  pubsub-lab suite                           the usual faults over all patterns, and one grid
  pubsub-lab bench -q --scenario steady --format json > report.json";

/// Compare messaging patterns by breaking them: one chat, several ways to connect its nodes, and an honest count
/// of what was lost.
#[derive(Debug, Parser)]
#[command(name = "pubsub-lab", version, propagate_version = true, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    verbosity: VerbosityArgs,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one of them, and it is taken apart at once")]
enum Command {
    /// Run a scenario over the patterns, break things, and count what was lost
    Bench(bench::BenchArgs),
    /// Print a completion script for your shell
    Completions(completions::CompletionsArgs),
    /// Check which brokers and tools are installed, how to get the others, and what this machine can do
    Doctor(doctor::DoctorArgs),
    /// Play one part of a load that several machines make together, and write down what was seen
    Load(load::LoadArgs),
    /// Print the manual page, or write one for each subcommand
    Man(man::ManArgs),
    /// Check the policy of a node: who may come in, read and write
    Policy(policy::PolicyCommand),
    /// Print a report again, compare or merge several, or make one grid of them
    Report(report::ReportArgs),
    /// Start nodes on this machine, and the broker that they need; Ctrl-C stops everything
    Run(run::RunArgs),
    /// List, show and check scenarios
    Scenarios(scenarios::ScenariosArgs),
    /// Print the JSON Schema of a scenario, a report or a policy
    Schema(schema::SchemaArgs),
    /// Run many scenarios over many patterns, and make one grid of all of them
    Suite(suite::SuiteArgs),
    #[command(flatten)]
    Process(Process),
}

/// The subcommands that run as processes by the dozen, for as long as the lab, and so must be small. They stand where
/// the alphabet puts them, before the others of their number.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one of them, and it is taken apart at once")]
enum Process {
    /// Run the history service of the amqp pattern in the foreground
    #[command(display_order = 4)]
    History(history::HistoryArgs),
    /// Run one chat node in the foreground
    #[command(display_order = 6)]
    Node(node::NodeArgs),
    /// Ask a service whether it is well; the health check of a container
    #[command(hide = true)]
    Health(health::HealthArgs),
    /// Ends every process of the lab when the lab itself cannot; the lab starts it
    #[command(hide = true)]
    Warden,
}

/// The command line of a process: the same words, without the flags of all other subcommands. To describe those costs a
/// node half a megabyte.
#[derive(Debug, Parser)]
#[command(name = "pubsub-lab", version, propagate_version = true, max_term_width = 100)]
struct ProcessCli {
    #[command(flatten)]
    verbosity: VerbosityArgs,

    #[command(subcommand)]
    process: Process,
}

impl From<ProcessCli> for Cli {
    fn from(cli: ProcessCli) -> Self {
        Self { verbosity: cli.verbosity, command: Command::Process(cli.process) }
    }
}

/// Reads the command line.
fn parsed() -> Result<Cli, clap::Error> {
    // The flags before a subcommand take no values.
    let is_word = |word: &std::ffi::OsString| !word.as_encoded_bytes().starts_with(b"-");
    let subcommand = std::env::args_os().skip(1).find(is_word);
    match subcommand.as_deref().and_then(|word| word.to_str()).is_some_and(Process::has_subcommand) {
        true => ProcessCli::try_parse().map(Cli::from),
        false => Cli::try_parse(),
    }
}

/// Parses the arguments, runs the subcommand and gives its exit code.
pub fn main() -> ExitCode {
    let cli = match parsed() {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error),
    };
    verbosity::set(cli.verbosity.chosen());
    if verbosity::get().shows_more() {
        logging::set_filter(verbosity::get().log_filter());
    }
    let result = match cli.command {
        Command::Bench(args) => bench::run(args),
        Command::Completions(args) => completions::run(&args, &Cli::command()),
        Command::Doctor(args) => doctor::run(&args),
        Command::Load(args) => load::run(args),
        Command::Man(args) => man::run(&args, Cli::command()),
        Command::Policy(args) => policy::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Run(args) => run::run(args),
        Command::Scenarios(args) => scenarios::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Suite(args) => suite::run(args),
        Command::Process(Process::Health(args)) => health::run(args),
        Command::Process(Process::History(args)) => history::run(args),
        Command::Process(Process::Node(args)) => node::run(args),
        Command::Process(Process::Warden) => Ok(warden::run()),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            stderr::say(&failure);
            ExitCode::from(failure.exit)
        }
    }
}

/// Answers a command line that was not run. Help and version print themselves; everything else is wrong usage.
fn not_understood(error: &clap::Error) -> ExitCode {
    let failure = match usage::failure(error, Cli::command()) {
        Some(failure) => failure,
        None => match output::help(error) {
            Ok(()) => return ExitCode::from(if error.use_stderr() { USAGE } else { 0 }),
            Err(failure) => failure,
        },
    };
    stderr::say(&failure);
    ExitCode::from(failure.exit)
}
