//! What a bench reports to whoever watches it. The lab itself prints nothing.

use std::path::Path;
use std::time::Duration;

use scenario::Fault;

/// Somebody who watches a bench.
pub trait Observer: Sync {
    /// Called when something happens in the bench.
    fn note(&self, note: Note<'_>);
}

/// Something that happened in a bench.
#[derive(Debug)]
pub enum Note<'a> {
    /// A run begins; `index` counts from 1.
    Run {
        /// The label of the subject in the report.
        label: &'a str,
        /// The number of the run among all runs, counted from 1.
        index: usize,
        /// Number of all runs.
        of: usize,
    },
    /// A run is left out, for a reason.
    LeftOut {
        /// The label of the subject in the report.
        label: &'a str,
        /// The reason.
        why: &'a str,
    },
    /// The faults that will strike in the run that begins, with everything chosen that was left to the seed.
    Planned(&'a [Fault]),
    /// The member that the lab waits for while the cluster starts: `node 1`.
    Waiting(&'a str),
    /// Every member of the cluster serves; these are the members.
    Members(&'a [Member]),
    /// A phase begins. `length` is how long it takes, or may take at the most.
    Phase {
        /// The name of the phase.
        name: &'static str,
        /// The length of the phase, exact or at the most.
        length: Option<Duration>,
    },
    /// The state of the measured load, reported some ten times a second.
    Progress {
        /// The time since the measured load began.
        at: Duration,
        /// The counts of messages and debts.
        counts: Counts,
        /// The 99th percentile of the latency in each of the latest slices, in microseconds, the newest last; `None`
        /// for a slice in which nothing was delivered so far.
        latency_us: &'a [Option<u64>],
    },
    /// A fault strikes, or is healed.
    Fault {
        /// The place of the fault among those that were planned.
        number: usize,
        /// The stage that the fault has reached.
        stage: Stage,
        /// The time since the measured load began.
        at: Duration,
        /// The fault in words: `kill broker`, `healing: kill broker`.
        what: String,
    },
    /// A process died that nobody had asked to end.
    Died {
        /// The name of the process, as [`Note::Members`] has it.
        name: &'a str,
        /// How the process died, with its last words.
        text: &'a str,
    },
    /// Something is left at a broker that is not the lab's; or what became of something that a command of the user's
    /// broke.
    Left(&'a str),
    /// The run is over.
    Over,
    /// The bench ends early, and the report of the runs that were finished is in this directory.
    Kept(&'a Path),
}

/// The stage that a fault has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The fault strikes.
    Struck,
    /// The healing of the fault begins.
    Healing,
    /// The target of the fault is ready again.
    Healed,
}

/// A part of the cluster that runs, and that a fault may strike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name of the member: `node 0`, `broker`, `history`.
    pub name: String,
    /// Whether the lab started the member; it does not know how other members are.
    pub ours: bool,
}

/// How the measured load stands at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Number of messages sent.
    pub sent: u64,
    /// Number of messages sent and acknowledged.
    pub acked: u64,
    /// Number of messages sent and refused.
    pub refused: u64,
    /// Number of messages sent and answered with unknown.
    pub unknown: u64,
    /// Number of debts paid live.
    pub delivered: u64,
    /// Number of debts that were due more than a second ago and are not paid.
    pub missing: u64,
}

impl From<ledger::Progress> for Counts {
    fn from(progress: ledger::Progress) -> Self {
        let ledger::Progress { sent, acked, refused, unknown, delivered, missing, .. } = progress;
        Self { sent, acked, refused, unknown, delivered, missing }
    }
}
