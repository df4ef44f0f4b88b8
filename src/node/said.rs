//! What somebody says in a room, on its way to the bus, and what is traced of it.

use std::sync::Arc;

use super::identity::Identity;
use super::shared::Shared;
use bus::{PublishOutcome, Receipt};
use trace::{Step, Trace, TraceLine};
use wire::{Envelope, Kind, NodeFrame, Room, unix_ms};

/// What somebody says in a room.
pub struct Said<'a> {
    /// Who says it.
    pub by: &'a Identity,
    /// The room.
    pub room: Room,
    /// The message's full id.
    pub id: Arc<str>,
    /// The text, as the hooks leave it.
    pub text: &'a str,
    /// Whether it is not for the sender's own session.
    pub others: bool,
}

impl Said<'_> {
    /// Hands the message to the bus.
    pub fn publish(self, shared: &Shared) -> Receipt {
        let Self { by, room, id, text, others } = self;
        let message = NodeFrame::Message {
            room: room.as_str(),
            id: &id,
            from: &by.name,
            colour: &by.colour,
            text,
            sent_at: unix_ms(),
        };
        let frame = message.json();
        let envelope =
            Envelope { kind: Kind::Chat, room, id, sender: by.id.clone(), others, count: None, frame };
        metrics::counter!("pubsub_lab_publishes_total").increment(1);
        shared.trace.record_step(|| TraceLine::now(Step::BusOut, &envelope.id, envelope.room.as_str()));
        shared.bus.publish(envelope)
    }
}

/// Traces the outcome of a publish, just before whoever published is told.
pub fn trace_outcome(trace: &Trace, id: impl FnOnce() -> Arc<str>, outcome: &PublishOutcome) {
    trace.record_step(|| {
        let line = |step| TraceLine::answer(step, id());
        match outcome {
            PublishOutcome::Ack(_) => line(Step::BusAck),
            PublishOutcome::Refused { code, .. } => line(Step::BusRefused).because(*code),
            PublishOutcome::Unknown { .. } => line(Step::BusUnknown),
        }
    });
}
