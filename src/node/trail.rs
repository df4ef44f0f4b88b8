//! The rooms' part of the trace: what the bus brought, and which round wrote it to the clients.

use trace::{Line, Step, Trace, unix_us};
use wire::{Envelope, Kind};

/// Messages whose round is waited for. A round comes within some milliseconds; beyond it a message's line is written
/// at once, with the moment in which it was queued for its clients.
const WAITING: usize = 4_096;

/// What the rooms tell the trace.
#[derive(Debug, Default)]
pub struct Trail {
    trace: Trace,
    /// Queued for their clients, and not written yet.
    queued: Vec<Line>,
}

/// The messages that one round writes.
#[derive(Debug)]
pub struct Round {
    began_us: u64,
    lines: Vec<Line>,
}

impl Trail {
    /// A trail in this trace.
    pub fn new(trace: Trace) -> Self {
        Self { trace, queued: Vec::new() }
    }

    /// The bus brought this; live, or out of the history.
    pub fn brought(&self, envelope: &Envelope, replay: bool) {
        if envelope.kind == Kind::Chat {
            self.trace.note(|| {
                let line = Line::now(Step::BusIn, &envelope.id, envelope.room.as_str());
                if replay { line.because("backfill") } else { line }
            });
        }
    }

    /// It waits for so many clients, and so many others did not get it. Only if a round is to come anyhow does its
    /// line wait for that: nothing else would write it.
    pub fn queued(&mut self, envelope: &Envelope, clients: usize, dropped: u64, round_comes: bool) {
        if !self.trace.is_on() || envelope.kind != Kind::Chat {
            return;
        }
        let line = Line::now(Step::Out, &envelope.id, envelope.room.as_str()).to_clients(clients);
        let line = match dropped {
            0 => line,
            some => line.because(format!("dropped for {some}: outbox full")),
        };
        if round_comes && self.queued.len() < WAITING {
            self.queued.push(line);
        } else {
            self.trace.note(|| line);
        }
    }

    /// A round begins, of what is queued now.
    pub fn begin(&mut self) -> Option<Round> {
        let lines = std::mem::take(&mut self.queued);
        (!lines.is_empty()).then(|| Round { began_us: unix_us(), lines })
    }

    /// A round has written what it could.
    pub fn end(&self, round: Option<Round>) {
        let Some(Round { began_us, lines }) = round else { return };
        let until_us = Some(unix_us());
        for line in lines {
            self.trace.note(|| Line { at_us: began_us, until_us, ..line });
        }
    }
}
