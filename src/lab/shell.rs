//! Runs commands of the user's that break something the lab cannot reach: `run` and `heal` of a fault.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::error::LabError;
use super::process::{Process, SHELL, Spec, Supervision, how};

/// How long a command that was asked to end may take to do so.
const LAST_BREATH: Duration = Duration::from_secs(1);
/// How long a `heal` command may take.
const HEAL: Duration = Duration::from_secs(60);
/// How long a `heal` command may take where the run ended before its time: whoever pressed Ctrl-C waits for it.
const LAST_HEAL: Duration = Duration::from_secs(5);

/// Runs commands of the user's. The output of each goes into a log; whatever a command starts dies with the lab.
#[derive(Debug)]
pub struct Shell {
    supervision: Supervision,
    /// The environment variables that tell a command about the run.
    env: Vec<(OsString, OsString)>,
    logs: PathBuf,
    /// The `heal` commands that have ended, with what they have left in the background: it lives as long as the shell.
    healed: Mutex<Vec<ShellCommand>>,
    /// The `heal` commands of the faults that have struck and are not healed yet, by the places of the faults.
    owed: Mutex<BTreeMap<usize, String>>,
}

/// A command that was started, and may still run.
#[derive(Debug)]
pub struct ShellCommand {
    process: Process,
    text: String,
}

impl Shell {
    /// A shell whose commands know the pattern (`PUBSUB_LAB_PATTERN`), where clients find the nodes
    /// (`PUBSUB_LAB_URLS`, by spaces) and the nodes' process ids (`PUBSUB_LAB_PIDS`, by spaces; empty where they
    /// are not the lab's).
    pub fn new(
        supervision: &Supervision,
        logs: PathBuf,
        pattern: &str,
        urls: &[String],
        pids: &[u32],
    ) -> Self {
        let pids = pids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        let env = [
            ("PUBSUB_LAB_PATTERN", pattern.to_owned()),
            ("PUBSUB_LAB_URLS", urls.join(" ")),
            ("PUBSUB_LAB_PIDS", pids),
        ];
        let env = env.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self { supervision: supervision.clone(), env, logs, healed: Mutex::default(), owed: Mutex::default() }
    }

    /// Starts the command of a fault. `number` is the place of the fault, and tells the log of this command from
    /// others'.
    pub fn start(&self, number: usize, command: &str) -> Result<ShellCommand, String> {
        let spec = Spec {
            name: format!("run {number}"),
            program: SHELL.into(),
            args: vec!["-c".into(), command.into()],
            env: self.env.clone(),
            clean: false,
            dir: None,
            log: self.logs.join(format!("run-{number}.log")),
            leaves: true,
        };
        let (process, _) =
            Process::start(&spec, &self.supervision).map_err(|error: LabError| error.message)?;
        Ok(ShellCommand { process, text: command.to_owned() })
    }

    /// Records that a fault has struck which this command is to heal.
    pub fn owe(&self, number: usize, heal: &str) {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner).insert(number, heal.to_owned());
    }

    /// Every `heal` command whose fault is not healed yet.
    pub fn owed(&self) -> Vec<String> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Runs the command that heals a fault, and waits until it has ended.
    pub async fn heal(&self, number: usize, command: &str) -> Result<(), String> {
        self.heal_within(HEAL, number, command).await
    }

    /// Runs every `heal` command that is still owed, all at once; gives each command and how it went. What a user's
    /// command broke is the user's: it would stay broken when the lab ends.
    pub async fn heal_the_rest(&self) -> Vec<(String, Result<(), String>)> {
        let owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let heals = owed.into_iter().map(|(number, command)| async move {
            let healed = self.heal_within(LAST_HEAL, number, &command).await;
            (command, healed)
        });
        join_all(heals).await
    }

    async fn heal_within(&self, limit: Duration, number: usize, command: &str) -> Result<(), String> {
        let healed = async {
            let command = self.start(number, command)?;
            let Ok(ended) = tokio::time::timeout(limit, command.ended()).await else {
                return Err(format!("`{}` has not ended after {} s", command.text, limit.as_secs()));
            };
            // A server that a `heal` command has started again in the background is not to end with the command.
            self.healed.lock().unwrap_or_else(PoisonError::into_inner).push(command);
            ended
        };
        let healed = healed.await;
        // The debt is struck out only now: a `heal` command that is cut short is to be run again.
        self.owed.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        healed
    }
}

impl ShellCommand {
    /// Resolves when the command has ended, with an error if its exit status says that it failed.
    pub async fn ended(&self) -> Result<(), String> {
        let status = self.process.ended().await;
        if status.success() {
            return Ok(());
        }
        // The last lines of the command's output are what says why it failed.
        let words = self.process.last_words();
        let said = words.last().map(|line| format!(" ({line})")).unwrap_or_default();
        Err(format!("`{}` failed: {}{said}", self.text, how(status)))
    }

    /// Ends the command if it still runs, and what it has left in the background, because its fault is to be healed.
    pub async fn stop(self) -> Result<(), String> {
        if self.process.is_running() {
            self.process.stop(LAST_BREATH).await;
            return Ok(());
        }
        self.process.stop_rest().await;
        self.ended().await
    }
}
