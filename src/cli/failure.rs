//! An error in the form in which the user sees it: one sentence, a `hint:` line, an exit code.

use std::fmt;

use lab::LabError;
use scenario::InputError;

/// The exit code for wrong usage or an invalid file.
pub const USAGE: u8 = 2;
/// The exit code when the environment lacks something: a broker, a free port.
pub const ENVIRONMENT: u8 = 4;

/// An error in the form in which the user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code of the process.
    pub exit: u8,
    /// The error as one sentence: what was wrong, and where.
    pub message: String,
    /// The hint: what to do about the error.
    pub hint: String,
}

impl Failure {
    /// Makes an error with this exit code.
    pub fn new(exit: u8, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: hint.into() }
    }
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        let log: String = error.log.iter().map(|line| format!("\n  | {line}")).collect();
        let hint = error.hint.unwrap_or_else(|| without_words(error.exit).to_owned());
        Self { exit: error.exit, message: error.message + &log, hint }
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::new(USAGE, error.to_string(), error.hint())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\nhint: {}", self.message, self.hint)
    }
}

/// The hint for an error of the lab that knows nothing better.
fn without_words(exit: u8) -> &'static str {
    match exit {
        USAGE => "see `pubsub-lab bench --help` for what can be asked for",
        ENVIRONMENT => {
            "see `pubsub-lab doctor` for what this machine lacks; `-vv` lets every process log more"
        }
        _ => "run it again; what it had started is stopped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_without_a_hint_gets_one_that_says_what_to_do() {
        for error in [LabError::environment("no port"), LabError::usage("no"), LabError::interrupted()] {
            let said = Failure::from(error.clone()).to_string();
            let (message, hint) = said.split_once("\nhint: ").unwrap();
            assert!(message.ends_with(&error.message) && !hint.is_empty(), "{said}");
        }
        let said = Failure::from(LabError::environment("no port").hint("close one")).to_string();
        assert_eq!(said, "error: no port\nhint: close one");
    }
}
