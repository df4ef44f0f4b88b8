//! The state of a bench at this moment, as its notes tell it.

use std::time::{Duration, Instant};

use lab::{Counts, Member, Note, Stage};
use scenario::{Action, Fault};

/// Everything that the live area shows.
#[derive(Debug, Default)]
pub(super) struct Scene {
    /// The name of the run, with its place among all: `[1/4] redis`; empty before the first run.
    pub(super) run: String,
    pub(super) phase: Option<Phase>,
    /// When the measured load began.
    pub(super) load_began: Option<Instant>,
    pub(super) counts: Counts,
    /// The 99th percentile of each of the latest slices, in microseconds.
    pub(super) latency_us: Vec<Option<u64>>,
    pub(super) members: Vec<Member>,
    /// The names of the members that died unasked.
    pub(super) died: Vec<String>,
    pub(super) faults: Vec<Course>,
}

/// A part of a run.
#[derive(Debug)]
pub(super) struct Phase {
    pub(super) name: &'static str,
    /// How long the phase takes, or may take at the most.
    pub(super) length: Option<Duration>,
    pub(super) began: Instant,
    /// What the phase waits for; empty if nothing was said.
    pub(super) waiting: String,
}

/// A fault, and how far it is.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) fault: Fault,
    pub(super) state: State,
}

/// How far a fault is; times are since the measured load began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ahead,
    Struck(Duration),
    Healing(Duration),
    Over,
}

impl Scene {
    /// Takes in a note of the bench.
    pub(super) fn take(&mut self, note: &Note<'_>, now: Instant) {
        match note {
            Note::Run { label, index, of } => {
                *self = Self { run: format!("[{index}/{of}] {label}"), ..Self::default() };
            }
            Note::Planned(faults) => {
                let ahead = |fault: &Fault| Course { fault: fault.clone(), state: State::Ahead };
                self.faults = faults.iter().map(ahead).collect();
            }
            Note::Members(members) => self.members = members.to_vec(),
            Note::Waiting(what) => {
                if let Some(phase) = &mut self.phase {
                    phase.waiting = (*what).to_owned();
                }
            }
            Note::Phase { name, length } => self.enter(name, *length, now),
            Note::Progress { at, counts, latency_us } => {
                self.load_began.get_or_insert_with(|| now.checked_sub(*at).unwrap_or(now));
                self.counts = *counts;
                self.latency_us.clear();
                self.latency_us.extend_from_slice(latency_us);
            }
            Note::Fault { number, stage, at, .. } => {
                if let Some(course) = self.faults.get_mut(*number) {
                    course.state = state(&course.fault, *stage, *at);
                }
            }
            Note::Died { name, .. } => self.died.push((*name).to_owned()),
            Note::Over => self.enter("stop", None, now),
            Note::LeftOut { .. } | Note::Left(_) | Note::Kept(_) => {}
        }
    }

    fn enter(&mut self, name: &'static str, length: Option<Duration>, now: Instant) {
        self.phase = Some(Phase { name, length, began: now, waiting: String::new() });
    }

    /// The time since the load began; `None` before.
    pub(super) fn loaded(&self, now: Instant) -> Option<Duration> {
        self.load_began.map(|began| now.saturating_duration_since(began))
    }
}

/// How far a fault is when this stage of it was told.
fn state(fault: &Fault, stage: Stage, at: Duration) -> State {
    match stage {
        // Subscribers that have joined stay, and those that a storm drops are back at once: nothing lasts.
        Stage::Struck if matches!(fault.action, Action::Join | Action::Storm) => State::Over,
        Stage::Struck => State::Struck(at),
        Stage::Healing => State::Healing(at),
        Stage::Healed => State::Over,
    }
}
