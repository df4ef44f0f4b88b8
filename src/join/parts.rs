//! The parts of one run, read and held against each other.

use std::path::{Path, PathBuf};

use super::error::JoinError;
use part::{EventLog, Manifest};

/// One part.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) manifest: Manifest,
    pub(crate) log: EventLog,
}

/// Parts that belong together, in the order of their agents. There is at least one.
#[derive(Debug)]
pub struct Parts {
    pub(crate) parts: Vec<Part>,
}

impl Parts {
    /// Reads the parts in these directories.
    ///
    /// # Errors
    /// A part that is missing, cut, damaged or of another format; parts of different runs, or of the same agent.
    pub fn read(directories: &[PathBuf]) -> Result<Self, JoinError> {
        let mut read: Vec<(String, Part)> = Vec::new();
        for directory in directories {
            let (name, part) = (directory.display().to_string(), read_one(directory)?);
            if let Some((first, known)) = read.first() {
                belongs(first, &known.manifest, &name, &part.manifest)?;
            }
            let agent = part.manifest.share.agent;
            if let Some((first, _)) = read.iter().find(|(_, known)| known.manifest.share.agent == agent) {
                return Err(JoinError::Twice { first: first.clone(), again: name, agent });
            }
            read.push((name, part));
        }
        let mut parts: Vec<_> = read.into_iter().map(|(_, part)| part).collect();
        parts.sort_by_key(|part| part.manifest.share.agent);
        if parts.is_empty() { Err(JoinError::None) } else { Ok(Self { parts }) }
    }

    /// The manifests, in the order of the agents.
    pub fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.parts.iter().map(|part| &part.manifest)
    }
}

fn read_one(directory: &Path) -> Result<Part, JoinError> {
    let (manifest, log) = (Manifest::read(directory)?, EventLog::open(directory)?);
    let part = directory.display().to_string();
    let (agent, of) = (manifest.share.agent, manifest.share.of);
    if agent == 0 || agent > of {
        return Err(JoinError::Share { part, agent, of });
    }
    if log.len() != manifest.events {
        return Err(JoinError::Events { part, there: log.len(), said: manifest.events });
    }
    Ok(Part { manifest, log })
}

fn belongs(first: &str, one: &Manifest, other: &str, two: &Manifest) -> Result<(), JoinError> {
    let differ = [
        (one.version != two.version, "the version of the program"),
        (one.scenario != two.scenario, "the scenario"),
        (one.seed != two.seed, "the seed"),
        (one.share.of != two.share.of, "the number of agents"),
        (one.urls.len() != two.urls.len(), "the number of nodes"),
        (one.dialect != two.dialect, "the dialect"),
        (one.transport != two.transport, "the transport"),
        (one.run != two.run, "the moment at which they met"),
    ];
    match differ.into_iter().find(|(differs, _)| *differs) {
        None => Ok(()),
        Some((_, what)) => {
            Err(JoinError::Different { first: first.into(), other: other.into(), what: what.into() })
        }
    }
}
