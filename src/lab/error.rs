//! The error that a user sees when the lab cannot do what was asked.

use std::fmt;

use load::LoadError;

/// Exit code: wrong usage, or an invalid file.
pub const USAGE: u8 = 2;
/// Exit code: interrupted, as shells count SIGINT.
pub const INTERRUPTED: u8 = 130;
/// Exit code: the environment lacks something (a broker, a free port).
pub const ENVIRONMENT: u8 = 4;

/// An error for the user: one sentence that names what was wrong and where, perhaps with the last words of a process
/// and a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabError {
    /// The sentence that says what was wrong.
    pub message: String,
    /// The last lines of a log that show the cause, oldest first; mostly none.
    pub log: Vec<String>,
    /// What the user can do about it.
    pub hint: Option<String>,
    /// The exit code of the process that ends with this error.
    pub exit: u8,
}

impl LabError {
    /// An error that says that the environment lacks something.
    pub fn environment(message: impl Into<String>) -> Self {
        Self { message: message.into(), log: Vec::new(), hint: None, exit: ENVIRONMENT }
    }

    /// An error that says that the user asked for something that makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), log: Vec::new(), hint: None, exit: USAGE }
    }

    /// An error that says that the user ended the work before it was done.
    pub fn interrupted() -> Self {
        Self { message: "interrupted".into(), log: Vec::new(), hint: None, exit: INTERRUPTED }
    }

    /// Adds to the error what the user can do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds to the error the last lines of a log.
    pub fn log(mut self, lines: Vec<String>) -> Self {
        self.log = lines;
        self
    }
}

impl From<LoadError> for LabError {
    fn from(error: LoadError) -> Self {
        let (message, hint) = (error.to_string(), error.hint());
        let error = match error {
            LoadError::Url(_) | LoadError::Settings(_) | LoadError::Transport { .. } => Self::usage(message),
            LoadError::Closed { .. } | LoadError::Connect { .. } | LoadError::Thread(_) => {
                Self::environment(message)
            }
        };
        error.hint(hint)
    }
}

impl fmt::Display for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for line in &self.log {
            write!(f, "\n  | {line}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LabError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_stands_on_its_own_line_after_the_log() {
        let error = LabError::environment("node 1 ended").log(vec!["bad".into()]).hint("look");
        assert_eq!(error.to_string(), "node 1 ended\n  | bad\nhint: look");
        assert_eq!(error.exit, 4);
    }
}
