//! What a bench tells whoever watches it. The lab itself prints nothing.

use std::path::Path;
use std::time::Duration;

use crate::ledger;

/// Somebody who watches a bench.
pub trait Observer: Sync {
    /// Something happened.
    fn note(&self, note: Note<'_>);
}

/// Something that happened in a bench.
#[derive(Debug)]
pub enum Note<'a> {
    /// A run begins; `index` counts from 1.
    Run {
        /// How the report calls it.
        label: &'a str,
        /// Which of the runs.
        index: usize,
        /// How many runs.
        of: usize,
    },
    /// A run is left out, and why.
    LeftOut {
        /// How the report calls it.
        label: &'a str,
        /// Why.
        why: &'a str,
    },
    /// A phase begins. `length` is how long it takes, or may take at the most.
    Phase {
        /// Its name.
        name: &'static str,
        /// How long.
        length: Option<Duration>,
    },
    /// How the measured load stands, some ten times a second.
    Progress {
        /// Since the measured load began.
        at: Duration,
        /// The counts.
        counts: Counts,
    },
    /// A fault strikes, or is healed.
    Fault {
        /// Since the measured load began.
        at: Duration,
        /// `kill broker`, `healing: kill broker`.
        what: String,
    },
    /// A process died unasked.
    Died(String),
    /// Something is left at a broker that is not the lab's.
    Left(&'a str),
    /// The run is over.
    Over,
    /// The bench ends early, and the report of the runs that were finished is in this directory.
    Kept(&'a Path),
}

/// How the measured load stands at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Messages sent.
    pub sent: u64,
    /// Of them, refused.
    pub refused: u64,
    /// Of them, answered with unknown.
    pub unknown: u64,
    /// Debts paid live.
    pub delivered: u64,
    /// Debts due more than a second ago and not paid.
    pub missing: u64,
}

impl From<ledger::Progress> for Counts {
    fn from(progress: ledger::Progress) -> Self {
        let ledger::Progress { sent, refused, unknown, delivered, missing, .. } = progress;
        Self { sent, refused, unknown, delivered, missing }
    }
}
