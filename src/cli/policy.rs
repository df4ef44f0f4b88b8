//! `pubsub-lab policy`: judges the file of a policy. And the policy of a node, which is read again on SIGHUP.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::failure::{ENVIRONMENT, Failure, USAGE};
use super::output::deliver;
use ::policy::{Policy, PolicyHook};
use node::Hooks;

const AFTER_HELP: &str = "\
A policy says who may come in, read and write, and how much. `pubsub-lab node --policy FILE` obeys it, and reads it \
again on SIGHUP.

Examples:
  pubsub-lab policy check policy.toml
  pubsub-lab schema policy > policy.schema.json
  pubsub-lab run redis --node-flag=--policy=policy.toml";

/// Arguments of `pubsub-lab policy`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct PolicyCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check whether a file is a valid policy, and say what it does
    #[command(after_help = "Examples:\n  pubsub-lab policy check policy.toml")]
    Check {
        /// File of the policy
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Runs the subcommand and gives the exit code. An invalid file is wrong usage.
pub fn run(args: &PolicyCommand) -> Result<u8, Failure> {
    let Action::Check { file } = &args.action;
    let policy = read(file)?;
    let mut text = format!("{}: valid\n{policy}", file.display());
    for warning in policy.warnings() {
        let _ = writeln!(text, "  warning   {warning}");
    }
    deliver(&text)?;
    Ok(0)
}

fn read(file: &Path) -> Result<Policy, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let message = format!("cannot read the policy {}: {error}", file.display());
        Failure::new(
            USAGE,
            message,
            "name the file of a policy; `pubsub-lab schema policy` says what it may say",
        )
    })?;
    let folder = file.parent().unwrap_or(Path::new("."));
    // An editor may have put a byte order mark before the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(Policy::parse(&file.display().to_string(), folder, text)?)
}

/// The policy of a node.
pub struct NodePolicy {
    file: PathBuf,
    hook: PolicyHook,
    hangup: Signal,
}

impl NodePolicy {
    /// Reads the policy, and listens for SIGHUP.
    pub fn open(file: PathBuf) -> Result<Self, Failure> {
        let policy = read(&file)?;
        warn(&policy);
        let hangup = signal(SignalKind::hangup()).map_err(|error| {
            Failure::new(
                ENVIRONMENT,
                format!("signals cannot be caught: {error}"),
                "free some file descriptors",
            )
        })?;
        Ok(Self { file, hook: PolicyHook::new(policy), hangup })
    }

    /// The policy as the hooks of a node.
    pub fn hooks(&self) -> Hooks {
        Hooks::new(vec![Box::new(self.hook.clone())])
    }

    /// Reads the policy again at each SIGHUP. A file with an error changes nothing. The future never resolves.
    pub async fn read_again(mut self, hooks: Hooks) -> Infallible {
        loop {
            if self.hangup.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
            match read(&self.file) {
                Ok(policy) => {
                    warn(&policy);
                    self.hook.replace(policy);
                    hooks.recheck();
                    tracing::info!(policy = %self.file.display(), "the policy was read again");
                }
                Err(Failure { message, hint, .. }) => {
                    tracing::error!("the policy stays as it was: {message}; {hint}");
                }
            }
        }
    }
}

fn warn(policy: &Policy) {
    for warning in policy.warnings() {
        tracing::warn!("{warning}");
    }
}
