//! An error as the user sees it: one sentence, a `hint:` line, an exit code.

use std::fmt;

use crate::lab::LabError;
use crate::scenario::ScenarioError;

/// Wrong usage or an invalid file.
pub const USAGE: u8 = 2;
/// The environment lacks something: a broker, a free port.
pub const ENVIRONMENT: u8 = 4;

/// An error as the user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code of the process.
    pub exit: u8,
    /// One sentence: what was wrong, and where.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// An error with this exit code.
    pub fn new(exit: u8, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: Some(hint.into()) }
    }
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        let log: String = error.log.iter().map(|line| format!("\n  | {line}")).collect();
        Self { exit: error.exit, message: error.message + &log, hint: error.hint }
    }
}

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Self {
        Self { exit: USAGE, message: error.to_string(), hint: error.hint().map(str::to_owned) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}
