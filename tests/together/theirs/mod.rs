//! Servers of somebody else's under our scenarios: three in other languages, of which one does what it should, one
//! forgets a client, and one dies of a burst.
//!
//! Nothing here is judged by time. What a bench itself calls too busy a machine is run again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod again;
mod attached;
mod faulty;
mod started;
mod usage;

use std::path::PathBuf;

use tempfile::TempDir;

const CORRECT: &str = include_str!("servers/correct.js");
const FORGETFUL: &str = include_str!("servers/forgetful.py");
const CRASHING: &str = include_str!("servers/crashing.pl");

/// The servers, written into a directory of their own.
struct Servers(TempDir);

impl Servers {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [("correct.js", CORRECT), ("forgetful.py", FORGETFUL), ("crashing.pl", CRASHING)]
        {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The command of the correct one.
    fn correct(&self) -> String {
        format!("node {} {{port}} {{peers}}", self.path("correct.js").display())
    }

    /// The command of the one that forgets a client after so many messages.
    fn forgetful(&self, after: usize) -> String {
        format!("python3 {} {{port}} {after}", self.path("forgetful.py").display())
    }

    /// The command of the one that dies of more messages within a second than this.
    fn crashing(&self, most: usize) -> String {
        format!("perl {} {{port}} {most}", self.path("crashing.pl").display())
    }
}

/// Two publishers, six subscribers, 100 messages a second for three seconds. `more` follows its `[load]`.
fn short(nodes: usize, more: &str) -> String {
    format!(
        "title = \"A short one\"\n[cluster]\nnodes = {nodes}\n[load]\npublishers = 2\nsubscribers = 6\nrate = 100\n\
         warm_up = \"200ms\"\nduration = \"3s\"\ndrain = \"2s\"\n{more}"
    )
}
