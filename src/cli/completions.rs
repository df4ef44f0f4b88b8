//! `pubsub-lab completions`: what a shell needs to complete subcommands, flags, scenarios and patterns.

use clap::builder::PossibleValuesParser;
use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::failure::Failure;
use super::output::deliver;
use scenario::{Pattern, Shipped};

const AFTER_HELP: &str = "\
Examples:
  pubsub-lab completions bash > ~/.local/share/bash-completion/completions/pubsub-lab
  pubsub-lab completions zsh > ~/.zfunc/_pubsub-lab     (a directory of your $fpath)
  pubsub-lab completions fish > ~/.config/fish/completions/pubsub-lab.fish
  source <(pubsub-lab completions bash)                 (this shell alone)";

/// Arguments of `pubsub-lab completions`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct CompletionsArgs {
    /// Shell for which to print the script
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script that completes this command line, and gives the exit code.
pub fn run(args: &CompletionsArgs, command_line: &Command) -> Result<u8, Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut offered(command_line), "pubsub-lab", &mut script);
    let script = String::from_utf8_lossy(&script);
    // The generated script for bash spells a name with a hyphen in two ways, so that bash would complete nothing after
    // a subcommand: clap issue 6421.
    let script = match args.shell {
        Shell::Bash => script.replace("pubsub__subcmd__lab", "pubsub__lab"),
        _ => script.into_owned(),
    };
    deliver(&script)?;
    Ok(0)
}

/// The command line with the known words for arguments that take any text, because they also take a file.
fn offered(command: &Command) -> Command {
    let scenarios = || PossibleValuesParser::new(Shipped::all().into_iter().map(|shipped| shipped.name));
    let patterns = PossibleValuesParser::new(Pattern::BUILT.map(Pattern::name).into_iter().chain(["all"]));
    visible(command)
        .mut_subcommand("bench", |bench| {
            bench
                .mut_arg("scenario", |scenario| scenario.value_parser(scenarios()))
                .mut_arg("pattern", |pattern| pattern.value_parser(patterns))
        })
        .mut_subcommand("scenarios", |all| {
            all.mut_subcommand("show", |show| show.mut_arg("name", |name| name.value_parser(scenarios())))
        })
}

/// The command line without what is hidden from help; the generators would show it.
fn visible(command: &Command) -> Command {
    let shown = command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
    Command::new("pubsub-lab")
        .version(env!("CARGO_PKG_VERSION"))
        .propagate_version(true)
        .args(command.get_arguments())
        .subcommands(shown)
}
