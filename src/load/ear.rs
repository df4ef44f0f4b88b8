//! What a subscriber makes of what it hears: it judges each message by its text, and tells the ledger.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::de::IgnoredAny;

use super::codec::Inbound;
use super::dialect::{Dialect, ServerFrame, Template};
use super::health::Wrong;
use super::line::Heard;
use super::refusal::Refusal;
use super::subscriber::Ear;
use super::text::{Reading, TextKind, Traces};
use ledger::{Arrival, Event};

impl Ear<'_> {
    /// Reads a frame that came after this subscriber has left. A message still counts, and nothing else matters.
    pub(super) fn overheard(&mut self, heard: &Heard, at: Duration) {
        match heard {
            Heard::Frame(raw) => self.overheard_frame(raw, at),
            Heard::Position(place) => self.note_place(place),
            // Who has hung up hears no further answer.
            Heard::Polled { .. } | Heard::Confirmed { .. } | Heard::Incomplete => {}
        }
    }

    fn overheard_frame(&mut self, raw: &str, at: Duration) {
        match &self.run.dialect {
            Dialect::V1 => {
                if let Some(frame) = Inbound::decode(raw).filter(|frame| frame.kind == "message") {
                    self.message(&frame, raw, frame.replay, at);
                }
            }
            Dialect::Plain => self.judge(raw, raw, true, Arrival::Live, at),
            Dialect::Template(template) => self.read_template_frame(template, &template.read(raw), at),
        }
    }

    /// Reads a frame of somebody else's framing.
    fn read_template_frame(&mut self, template: &Template, frame: &ServerFrame<'_>, at: Duration) {
        let run = self.run;
        match template.text(frame) {
            Some(_) if run.texts.are_joined_in(frame.raw()) => run.health.misread(frame.raw()),
            Some(text) => self.judge(text, frame.raw(), true, Arrival::Live, at),
            None if template.is_ready(frame) || template.is_ack(frame) => {}
            None if !self.read_traces(frame.raw(), template.is_of_json(), at) => {
                run.health.chatter(frame.raw())
            }
            None => {}
        }
    }

    /// Reads a frame in which the dialect finds no text. Gives `false` if there is none of this run in it. What damage
    /// may have done speaks against the server, and all else against how the dialect is read.
    fn read_traces(&self, raw: &str, of_json: bool, at: Duration) -> bool {
        let run = self.run;
        let damaged = of_json && !is_json(raw);
        match run.texts.traces(raw) {
            Traces::Several => run.health.misread(raw),
            Traces::One { .. } if !damaged => run.health.misread(raw),
            Traces::One { .. } | Traces::Remnant if damaged => self.wrong(Wrong::Corrupted, raw, at),
            Traces::One { .. } | Traces::Remnant | Traces::None => return false,
        }
        true
    }

    /// Takes what was heard at this instant. Breaks with the reason when this connection will never be subscribed.
    pub(super) fn received(&mut self, heard: &Heard, at: Duration) -> ControlFlow<Refusal> {
        match heard {
            Heard::Frame(raw) => return self.read_frame(raw, at),
            Heard::Polled { frame, replay } => return self.read_v1_frame(frame, Some(*replay), at),
            Heard::Confirmed { recovered } => self.confirmed(recovered, at),
            Heard::Incomplete => {
                self.run.tell(&Event::Noticed { s: self.number, since: None }, at);
                let what = "a node answered a poll without all that had come since the one before it";
                self.run.health.remark(what, 1);
            }
            Heard::Position(place) => self.note_place(place),
        }
        ControlFlow::Continue(())
    }

    fn note_place(&mut self, place: &str) {
        self.after.clear();
        self.after.push_str(place);
    }

    fn read_frame(&mut self, raw: &str, at: Duration) -> ControlFlow<Refusal> {
        match &self.run.dialect {
            Dialect::V1 => return self.read_v1_frame(raw, None, at),
            Dialect::Template(template) if !self.subscribed => {
                let frame = template.read(raw);
                match template.is_ready(&frame) {
                    true => self.subscribe(false, at),
                    false => self.run.roster.overheard(raw),
                }
                self.read_template_frame(template, &frame, at);
            }
            Dialect::Plain | Dialect::Template(_) => self.overheard_frame(raw, at),
        }
        ControlFlow::Continue(())
    }

    /// Takes the word that the room is confirmed, and how much of what was missed has come.
    fn confirmed(&mut self, recovered: &str, at: Duration) {
        self.subscribe(self.asked && recovered == "all", at);
        self.replayed(recovered);
    }

    /// Reads a frame of `pubsub-lab.v1`. `replay` says whether a message is a replay, where the frame does not say it
    /// itself.
    fn read_v1_frame(&mut self, raw: &str, replay: Option<bool>, at: Duration) -> ControlFlow<Refusal> {
        let run = self.run;
        let decoded = Inbound::decode(raw);
        // What a replay brings says nothing of why a client is not subscribed.
        if !self.subscribed && decoded.as_ref().is_none_or(|frame| frame.kind != "message") {
            run.roster.overheard(raw);
        }
        let Some(frame) = decoded else {
            if !self.read_traces(raw, true, at) {
                run.health.unreadable(raw);
            }
            return ControlFlow::Continue(());
        };
        let of_people = self.observer.as_mut().is_some_and(|observer| {
            frame.kind != "message" && self.subscribed && observer.read(run, &frame, raw, at)
        });
        match &*frame.kind {
            "message" => self.message(&frame, raw, replay.unwrap_or(frame.replay), at),
            _ if of_people => {}
            "subscribed" if frame.room == self.room_name && !self.subscribed => {
                self.confirmed(&frame.recovered, at);
                if let Some(observer) = &mut self.observer {
                    observer.read(run, &frame, raw, at);
                }
            }
            "lagged" => {
                run.tell(&Event::Noticed { s: self.number, since: None }, at);
                run.health.remark("a node dropped a frame because a subscriber was too slow", frame.missed);
            }
            "gap" if frame.room == self.room_name => {
                let since = Some(run.clock.at_unix_ms(frame.since));
                run.tell(&Event::Noticed { s: self.number, since }, at);
                let gap = format!("a node told a subscriber that messages may be missing: {}", frame.reason);
                run.health.remark(&gap, 1);
            }
            "error" => {
                let error = format!("a node answered a subscriber with an error: {}", frame.reason);
                run.health.cause(&error);
                if !self.subscribed {
                    let refusal = Refusal::of_server(format!("{} ({})", frame.reason, frame.code));
                    // A node whose broker is away reports that, and subscribes the client when the broker is back.
                    if frame.code != "bus_down" {
                        return ControlFlow::Break(refusal);
                    }
                    run.roster.refused(self.client, &format!("node {}", self.node), &refusal);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// Remarks on a replay that was asked for and did not bring all.
    fn replayed(&self, recovered: &str) {
        let how_much = match recovered {
            _ if !self.asked || !self.run.keeps_history => return,
            "all" => return,
            "part" => "only a part",
            _ => "nothing",
        };
        let what = format!("a node replayed {how_much} of what a subscriber had missed");
        self.run.health.remark(&what, 1);
    }

    /// Takes a message of `pubsub-lab.v1`.
    fn message(&mut self, frame: &Inbound<'_>, raw: &str, replay: bool, at: Duration) {
        let arrival = match replay {
            true => Arrival::Replay { round: self.round },
            false => Arrival::Live,
        };
        self.judge(&frame.text, raw, frame.room == self.room_name, arrival, at);
        self.note_place(&frame.id);
    }

    /// Judges a message by its text. `in_place` unless it came under the name of another room.
    fn judge(&self, text: &str, raw: &str, in_place: bool, arrival: Arrival, at: Duration) {
        let run = self.run;
        match run.texts.read(text) {
            // Probe and warm-up count nowhere, even where their texts come after the load has begun.
            Reading::Corrupted if run.texts.rehearse(text) => {
                run.tell(&Event::CorruptedRehearsal, at);
            }
            Reading::Corrupted => self.wrong(Wrong::Corrupted, text, at),
            Reading::Misread => run.health.misread(raw),
            Reading::Formless if raw != text && run.texts.traces(raw) != Traces::None => {
                run.health.misread(raw)
            }
            Reading::Formless if run.dialect != Dialect::V1 => run.health.chatter(text),
            // In the one dialect that marks messages, what is marked as a message is one, and nobody sent it.
            Reading::Formless => self.wrong(Wrong::Unexpected, text, at),
            Reading::Foreign => self.wrong(Wrong::Foreign, text, at),
            Reading::Ours { kind: TextKind::Load, publisher, seq } => {
                match run.plan.message(publisher, seq) {
                    Some(n) if in_place && run.plan.room(n) == self.room => {
                        run.tell(&Event::Received { s: self.number, n, arrival }, at);
                    }
                    _ => self.wrong(Wrong::Unexpected, text, at),
                }
            }
            Reading::Ours { kind, publisher, seq } => {
                run.rehearsal.record_receipt(kind, publisher, seq, self.number, in_place);
            }
        }
    }

    /// Counts a text that is not one of this run, or is not as it was sent.
    fn wrong(&self, what: Wrong, text: &str, at: Duration) {
        let run = self.run;
        run.health.wrong(what, text);
        let s = self.number;
        let event = match what {
            Wrong::Corrupted => Event::Corrupted { s },
            Wrong::Foreign => Event::Foreign { s },
            Wrong::Unexpected => Event::Unexpected { s },
        };
        run.tell(&event, at);
    }
}

/// Whether a frame is JSON from its beginning to its end: one value, or several one after another.
fn is_json(frame: &str) -> bool {
    serde_json::Deserializer::from_str(frame).into_iter::<IgnoredAny>().all(|value| value.is_ok())
}
