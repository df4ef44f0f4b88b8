//! What a bench tells whoever watches it. The lab itself prints nothing.

use std::path::Path;
use std::time::Duration;

use scenario::Fault;

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
    /// What will strike in the run that begins, with everything chosen that was left to the seed.
    Planned(&'a [Fault]),
    /// What is waited for while the cluster starts: `node 1`.
    Waiting(&'a str),
    /// Everything that runs serves.
    Members(&'a [Member]),
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
        /// The 99th percentile of the latency of each of the latest slices, in microseconds, the newest last; `None`
        /// where nothing was delivered so far.
        latency_us: &'a [Option<u64>],
    },
    /// A fault strikes, or is healed.
    Fault {
        /// Its place among those that were planned.
        number: usize,
        /// How far it is.
        stage: Stage,
        /// Since the measured load began.
        at: Duration,
        /// `kill broker`, `healing: kill broker`.
        what: String,
    },
    /// A process died unasked.
    Died {
        /// Which, as [`Note::Members`] calls it.
        name: &'a str,
        /// How, with its last words.
        text: &'a str,
    },
    /// Something is left at a broker that is not the lab's, or what became of something that a command of the user's
    /// broke.
    Left(&'a str),
    /// The run is over.
    Over,
    /// The bench ends early, and the report of the runs that were finished is in this directory.
    Kept(&'a Path),
}

/// How far a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It strikes.
    Struck,
    /// Its healing begins.
    Healing,
    /// Its target is ready again.
    Healed,
}

/// Something that runs, and that a fault may strike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// `node 0`, `broker`, `history`.
    pub name: String,
    /// Whether the lab started it; of others it does not know how they are.
    pub ours: bool,
}

/// How the measured load stands at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Messages sent.
    pub sent: u64,
    /// Of them, acknowledged.
    pub acked: u64,
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
        let ledger::Progress { sent, acked, refused, unknown, delivered, missing, .. } = progress;
        Self { sent, acked, refused, unknown, delivered, missing }
    }
}
