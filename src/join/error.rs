//! Why parts cannot be joined.

use part::PartError;

/// Why parts cannot be joined. Each is one sentence, and [`JoinError::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// A part cannot be read.
    #[error(transparent)]
    Part(#[from] PartError),
    /// There is no part.
    #[error("no part is named")]
    None,
    /// The log does not have as many events as the manifest says.
    #[error("{part} has a log of {there} events, and its manifest says {said}")]
    Events {
        /// The directory of the part.
        part: String,
        /// Number of events in the log.
        there: u64,
        /// Number of events that the manifest says.
        said: u64,
    },
    /// Two parts are of the same agent.
    #[error("{first} and {again} are both of agent {agent}, and its messages would count twice")]
    Twice {
        /// The directory of one part.
        first: String,
        /// The directory of the other part.
        again: String,
        /// The number of the agent.
        agent: u32,
    },
    /// Two parts are of different runs.
    #[error("{first} and {other} are of different runs: they differ in {what}")]
    Different {
        /// The directory of one part.
        first: String,
        /// The directory of the other part.
        other: String,
        /// What is not the same: `the seed`.
        what: String,
    },
    /// The number of the agent is not among those of the run.
    #[error("{part} is of agent {agent} of {of}, which is no agent of the run")]
    Share {
        /// The directory of the part.
        part: String,
        /// The number of the agent.
        agent: u32,
        /// Number of agents.
        of: u32,
    },
}

impl JoinError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Part(error) => error.hint(),
            Self::None => "name the directories that `pubsub-lab load --share I/N --out DIR` has written",
            Self::Events { .. } | Self::Share { .. } => {
                "copy the directory again, both of its files together"
            }
            Self::Twice { .. } => "name the part of each agent once",
            Self::Different { .. } => {
                "name the parts of one run; `report --merge` pools the reports of several runs"
            }
        }
    }
}
