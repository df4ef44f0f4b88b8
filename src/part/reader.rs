//! The log, read back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::EVENTS_FILE;
use super::decode::decode;
use super::error::PartError;
use super::writer::{END, END_LEN, MAGIC};
use ledger::Event;

/// One event of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What happened.
    pub event: Event,
    /// When it happened, since the agent's own zero, by its monotonic clock.
    pub at: Duration,
}

/// A log that is whole: its length and its checksum are right.
#[derive(Debug)]
pub struct EventLog {
    bytes: Vec<u8>,
    events: u64,
    path: PathBuf,
}

impl EventLog {
    /// Opens the log of the part in this directory, and checks that it is whole.
    pub fn open(directory: &Path) -> Result<Self, PartError> {
        let path = directory.join(EVENTS_FILE);
        let mut bytes = std::fs::read(&path).map_err(|error| PartError::io(&path, error))?;
        if !bytes.starts_with(&MAGIC) {
            // A file that was cut so early holds the beginning of the name at most.
            return Err(match MAGIC.starts_with(&bytes) {
                true => PartError::Cut(path),
                false => PartError::Strange(path),
            });
        }
        let Some((body, end)) = bytes.len().checked_sub(END_LEN).and_then(|at| bytes.split_at_checked(at))
        else {
            return Err(PartError::Cut(path));
        };
        let number = |from: usize| {
            let bytes = end.get(from..from + 8).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u64::from_le_bytes)
        };
        let checksum = end.last_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        if !end.starts_with(&END) || number(16) != Some(body.len() as u64) {
            return Err(PartError::Cut(path));
        }
        if checksum != Some(crc32fast::hash(body)) {
            return Err(PartError::Damaged(path));
        }
        let (events, length) = (number(8).unwrap_or_default(), body.len());
        bytes.truncate(length);
        Ok(Self { bytes, events, path })
    }

    /// Number of events.
    pub fn len(&self) -> u64 {
        self.events
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.events == 0
    }

    /// The events, in the order in which the agent told them to its own ledger: those of one client in their order of
    /// time, those of several clients nearly so. An error is the last that comes.
    pub fn events(&self) -> impl Iterator<Item = Result<Told, PartError>> {
        let mut rest = self.bytes.get(MAGIC.len()..).unwrap_or_default();
        let mut at = 0_i64;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let Some((event, delta)) = decode(&mut rest) else {
                rest = &[];
                return Some(Err(PartError::Strange(self.path.clone())));
            };
            at = at.saturating_add(delta);
            Some(Ok(Told { event, at: Duration::from_nanos(at.max(0).cast_unsigned()) }))
        })
    }
}
