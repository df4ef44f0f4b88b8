//! The rooms' part of the trace: what the bus brought, and which round wrote it to the clients.

use trace::{Step, Trace, TraceLine, unix_us};
use wire::Envelope;

/// Number of messages that may wait for the round that writes them. A round comes within some milliseconds; the line
/// of a further message is written at once, with the moment in which it was queued for its clients.
const WAITING: usize = 4_096;

/// What the rooms contribute to the trace.
#[derive(Debug, Default)]
pub struct Trail {
    trace: Trace,
    /// Lines of messages that are queued for their clients and not written yet.
    queued: Vec<TraceLine>,
}

/// The lines of the messages that one round writes.
#[derive(Debug)]
pub struct Round {
    began_us: u64,
    lines: Vec<TraceLine>,
}

impl Trail {
    /// Makes a trail that writes to this trace.
    pub fn new(trace: Trace) -> Self {
        Self { trace, queued: Vec::new() }
    }

    /// Traces that the bus brought an envelope, live or out of the history.
    pub fn brought(&self, envelope: &Envelope, replay: bool) {
        if envelope.kind.is_traced() {
            self.trace.record_step(|| {
                let line = TraceLine::now(Step::BusIn, &envelope.id, envelope.room.as_str());
                if replay { line.because("backfill") } else { line }
            });
        }
    }

    /// Traces that an envelope was queued for `clients` clients and dropped for `dropped` others. The line waits for
    /// the round that writes the envelope, if one is to come: otherwise nothing would ever write the line.
    pub fn queued(&mut self, envelope: &Envelope, clients: usize, dropped: u64, round_comes: bool) {
        if !self.trace.is_on() || !envelope.kind.is_traced() {
            return;
        }
        let line = TraceLine::now(Step::Out, &envelope.id, envelope.room.as_str()).to_clients(clients);
        let line = match dropped {
            0 => line,
            some => line.because(format!("dropped for {some}: outbox full")),
        };
        if round_comes && self.queued.len() < WAITING {
            self.queued.push(line);
        } else {
            self.trace.record_step(|| line);
        }
    }

    /// Marks the beginning of a round, which takes the lines queued so far.
    pub fn begin(&mut self) -> Option<Round> {
        let lines = std::mem::take(&mut self.queued);
        (!lines.is_empty()).then(|| Round { began_us: unix_us(), lines })
    }

    /// Marks the end of a round, and writes its lines with the time that it took.
    pub fn end(&self, round: Option<Round>) {
        let Some(Round { began_us, lines }) = round else { return };
        let until_us = Some(unix_us());
        for line in lines {
            self.trace.record_step(|| TraceLine { at_us: began_us, until_us, ..line });
        }
    }
}
