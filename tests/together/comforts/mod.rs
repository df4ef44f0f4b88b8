//! What makes a terminal pleasant, as a user has it: doctor, completions, manual pages, help, hints, `-v` and `-q`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod doctor;
mod full;
mod help;
mod hints;
mod passwords;
mod shells;
mod verbosity;

use std::process::{Command, Output};

/// The program with these arguments, in an environment that no test of this machine has changed.
fn pubsub_lab(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pubsub-lab"));
    command.args(args);
    for variable in ["PUBSUB_LAB_BROKER", "PUBSUB_LAB_LOG", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command
}

fn run(args: &[&str]) -> Output {
    pubsub_lab(args).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// The standard output of what must go well and silently.
#[track_caller]
fn succeeded(output: &Output) -> String {
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    text(&output.stdout)
}

/// Every subcommand that help shows, but for `help` itself.
const SUBCOMMANDS: [&str; 13] = [
    "bench",
    "completions",
    "doctor",
    "history",
    "load",
    "man",
    "node",
    "policy",
    "report",
    "run",
    "scenarios",
    "schema",
    "suite",
];
