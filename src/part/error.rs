//! Why a part cannot be read or written.

use std::io;
use std::path::{Path, PathBuf};

/// Why a part cannot be read or written. Each is one sentence, and [`PartError::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// A file of the part cannot be opened, read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The log of events ends before its end was written.
    #[error("{} is cut: the agent that wrote it did not come to its end", .0.display())]
    Cut(PathBuf),
    /// The bytes of the log are not those that were written.
    #[error("{} is damaged: its checksum is wrong", .0.display())]
    Damaged(PathBuf),
    /// The file is not a log of events, or is one of another format.
    #[error("{} is not a log of events that this version of pubsub-lab reads", .0.display())]
    Strange(PathBuf),
    /// The manifest cannot be understood.
    #[error("{}: {why}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl PartError {
    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => {
                "a part is a directory that `pubsub-lab load --share I/N --out DIR` has written"
            }
            Self::Cut(_) | Self::Damaged(_) => {
                "copy the directory again once its agent has ended, or join the parts without it: its agent is then \
                 named as absent"
            }
            Self::Strange(_) | Self::Manifest { .. } => {
                "join parts with the version of pubsub-lab that wrote them"
            }
        }
    }
}
