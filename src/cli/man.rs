//! `pubsub-lab man`: the manual pages, made of the same words as `--help`.

use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::{Man, generate_to};

use super::failure::{ENVIRONMENT, Failure};
use super::output::deliver;

const AFTER_HELP: &str = "\
Examples:
  pubsub-lab man | man -l -
  pubsub-lab man --out ~/.local/share/man/man1";

/// Arguments of `pubsub-lab man`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct ManArgs {
    /// Write the main page and a page for each subcommand into this directory, which is created if it does not exist
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints or writes the pages of this command line, and gives the exit code.
pub fn run(args: &ManArgs, command_line: Command) -> Result<u8, Failure> {
    match &args.out {
        Some(directory) => write_all(command_line, directory).map_err(|error| {
            let message = format!("cannot write into {}: {error}", directory.display());
            Failure::new(ENVIRONMENT, message, "name another directory with `--out`")
        })?,
        None => {
            let mut page = Vec::new();
            Man::new(command_line).render(&mut page).map_err(|error| {
                Failure::new(ENVIRONMENT, format!("cannot write the page: {error}"), "free some memory")
            })?;
            deliver(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(0)
}

fn write_all(command_line: Command, directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    generate_to(command_line, directory)
}
