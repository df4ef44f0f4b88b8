//! Steps become spans: what one process did with one message, from when to when.
//!
//! | span | from | to | in |
//! |---|---|---|---|
//! | `publish` | the client's frame came in | its answer | the node of the sender |
//! | `deliver` | the bus brought the message | it was written to the room's clients | every node |
//! | `store` | it is on the disk | | the history |
//! | `replay` | it was sent to a client again | | a node or the history |
//!
//! Every process makes the ids of spans out of the message's id alone, so that the spans of all nodes meet in one trace
//! though no message carries anything for it: the trace's id is the first half of the SHA-256 of the message's id, and
//! `publish` is the parent of all others.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::line::{Step, TraceLine};

/// The most messages that are between the first and the last step of a span. Beyond that the oldest becomes a span with
/// what is known.
const OPEN: usize = 16_384;
/// How long a span may take, in microseconds. One whose end does not come in this time ends where it began: no client of
/// the room was on this node, or nobody waited for the answer any more.
const LONGEST_US: u64 = 10_000_000;

/// What a process did with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    Publish,
    Deliver,
    Store,
    Replay,
}

/// One span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) operation: Operation,
    /// The id of the message.
    pub(super) id: Arc<str>,
    pub(super) room: Option<Box<str>>,
    /// When the span began and ended, in Unix microseconds.
    pub(super) from_us: u64,
    pub(super) until_us: u64,
    /// When the message was handed to the bus, in Unix microseconds.
    pub(super) bus_out_us: Option<u64>,
    /// Number of clients to which the message was written.
    pub(super) clients: Option<usize>,
    /// What was special about it.
    pub(super) why: Option<Cow<'static, str>>,
    /// Why it failed.
    pub(super) error: Option<Cow<'static, str>>,
}

/// The spans whose end has not come yet.
#[derive(Debug, Default)]
pub(super) struct OpenSpans {
    open: HashMap<(Operation, Arc<str>), Span>,
    /// The open spans in the order of their beginning, and spans that have ended since.
    order: VecDeque<(Operation, Arc<str>, u64)>,
}

impl Operation {
    /// The operation, as the span is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Deliver => "deliver",
            Self::Store => "store",
            Self::Replay => "replay",
        }
    }
}

impl Span {
    fn new(operation: Operation, line: &TraceLine) -> Self {
        let (from_us, until_us) = (line.at_us, line.until_us.unwrap_or(line.at_us));
        let (id, room, clients, why) = (line.id.clone(), line.room.clone(), line.clients, line.why.clone());
        Self { operation, id, room, from_us, until_us, bus_out_us: None, clients, why, error: None }
    }

    /// The id of the trace: the same for all processes, and 32 hexadecimal digits.
    pub(super) fn trace_id(&self) -> String {
        digits(&[&self.id], 16)
    }

    /// The id of the span that all others of a message come from, which is the one of its publishing: 16 hexadecimal digits.
    pub(super) fn root_id(&self) -> String {
        digits(&[&self.id, Operation::Publish.name()], 8)
    }

    /// The id of this span in a process of this name.
    pub(super) fn span_id(&self, process: &str) -> String {
        match self.operation {
            Operation::Publish => self.root_id(),
            // A message may be replayed to many clients.
            other => digits(&[&self.id, other.name(), process, &self.from_us.to_string()], 8),
        }
    }
}

impl OpenSpans {
    /// Takes one step. Gives the span that it ends, or that it is.
    pub(super) fn step(&mut self, line: &TraceLine) -> Option<Span> {
        match line.step {
            Step::In => self.begin(Operation::Publish, line),
            Step::BusOut => {
                let known = self.open.get_mut(&(Operation::Publish, line.id.clone()));
                let Some(span) = known else {
                    // What a server publishes over HTTP does not come in as a client's frame.
                    let ended = self.begin(Operation::Publish, line);
                    self.handed_over(line);
                    return ended;
                };
                span.room = line.room.clone().or(span.room.take());
                self.handed_over(line);
                None
            }
            Step::BusAck => self.end(Operation::Publish, line, None),
            Step::BusRefused => {
                let code = line.why.clone().unwrap_or(Cow::Borrowed("refused"));
                self.end(Operation::Publish, line, Some(code))
            }
            Step::BusUnknown => {
                self.end(Operation::Publish, line, Some(Cow::Borrowed("unknown: it was perhaps sent")))
            }
            Step::BusIn => self.begin(Operation::Deliver, line),
            Step::Out => self.end(Operation::Deliver, line, None),
            Step::Stored => Some(Span::new(Operation::Store, line)),
            Step::Replay => Some(Span::new(Operation::Replay, line)),
        }
    }

    /// The spans that began too long before this moment, or are too many.
    pub(super) fn overdue(&mut self, now_us: u64) -> Vec<Span> {
        let mut overdue = Vec::new();
        while let Some((operation, id, from_us)) = self.order.front() {
            let is_old = now_us.saturating_sub(*from_us) > LONGEST_US;
            if !is_old && self.order.len() <= OPEN {
                break;
            }
            let key = (*operation, id.clone());
            // Another span of this message may be open by now.
            if self.open.get(&key).is_some_and(|span| span.from_us == *from_us) {
                overdue.extend(self.open.remove(&key));
            }
            self.order.pop_front();
        }
        overdue
    }

    /// Whatever is open, when the process ends.
    pub(super) fn all(&mut self) -> Vec<Span> {
        self.order.clear();
        self.open.drain().map(|(_, span)| span).collect()
    }

    /// Begins a span. Gives an earlier one of the same message, whose end did not come.
    fn begin(&mut self, operation: Operation, line: &TraceLine) -> Option<Span> {
        self.order.push_back((operation, line.id.clone(), line.at_us));
        self.open.insert((operation, line.id.clone()), Span::new(operation, line))
    }

    fn handed_over(&mut self, line: &TraceLine) {
        if let Some(span) = self.open.get_mut(&(Operation::Publish, line.id.clone())) {
            span.bus_out_us = Some(line.at_us);
        }
    }

    fn end(
        &mut self,
        operation: Operation,
        line: &TraceLine,
        error: Option<Cow<'static, str>>,
    ) -> Option<Span> {
        let mut span =
            self.open.remove(&(operation, line.id.clone())).unwrap_or_else(|| Span::new(operation, line));
        // Processes may step back in time when the machine's clock is set.
        span.until_us = line.until_us.unwrap_or(line.at_us).max(span.from_us);
        span.clients = line.clients.or(span.clients);
        if error.is_none() {
            span.why = line.why.clone().or(span.why);
        }
        span.error = error;
        Some(span)
    }
}

/// The first bytes of the SHA-256 of some words, one in each line, in hexadecimal digits.
fn digits(words: &[&str], bytes: usize) -> String {
    Sha256::digest(words.join("\n")).iter().take(bytes).fold(
        String::with_capacity(2 * bytes),
        |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: Step, at_us: u64) -> TraceLine {
        TraceLine { at_us, ..TraceLine::now(step, &"7f3a.12".into(), "room-0") }
    }

    #[test]
    fn a_publish_lasts_from_the_frame_to_the_answer() {
        let mut open = OpenSpans::default();
        let arrives = TraceLine { room: None, ..line(Step::In, 100) };
        assert_eq!(open.step(&arrives), None);
        assert_eq!(open.step(&line(Step::BusOut, 130)), None);
        let span = open.step(&TraceLine { room: None, ..line(Step::BusAck, 200) }).unwrap();
        assert_eq!((span.from_us, span.until_us, span.bus_out_us), (100, 200, Some(130)));
        assert_eq!((span.room.as_deref(), span.error), (Some("room-0"), None));
        assert!(open.all().is_empty());
    }

    #[test]
    fn what_was_refused_or_is_unknown_is_an_error_that_says_why() {
        let mut open = OpenSpans::default();
        open.step(&line(Step::In, 100));
        let refused = open.step(&line(Step::BusRefused, 150).because("bus_down")).unwrap();
        assert_eq!(refused.error.as_deref(), Some("bus_down"));
        open.step(&line(Step::BusOut, 100));
        let unknown = open.step(&line(Step::BusUnknown, 150)).unwrap();
        assert!(unknown.error.unwrap().starts_with("unknown"));
    }

    #[test]
    fn a_delivery_lasts_until_the_clients_are_written_to_and_its_parent_is_the_publish() {
        let mut open = OpenSpans::default();
        assert_eq!(open.step(&line(Step::BusIn, 300)), None);
        let out = TraceLine { until_us: Some(420), ..line(Step::Out, 400) }.to_clients(3);
        let deliver = open.step(&out).unwrap();
        assert_eq!((deliver.from_us, deliver.until_us, deliver.clients), (300, 420, Some(3)));
        open.step(&line(Step::BusOut, 100));
        let publish = open.step(&line(Step::BusAck, 110)).unwrap();
        assert_eq!(publish.trace_id(), deliver.trace_id());
        assert_eq!(publish.span_id("node-0"), deliver.root_id());
        assert_ne!(deliver.span_id("node-0"), deliver.span_id("node-1"));
        assert_eq!([deliver.trace_id().len(), deliver.span_id("n").len()], [32, 16]);
    }

    #[test]
    fn a_span_without_an_end_is_told_when_it_is_overdue() {
        let mut open = OpenSpans::default();
        open.step(&line(Step::BusIn, 300));
        assert!(open.overdue(300 + LONGEST_US).is_empty());
        let overdue = open.overdue(301 + LONGEST_US);
        assert_eq!(overdue.iter().map(|span| span.until_us).collect::<Vec<_>>(), [300]);
        for number in 0..OPEN + 2 {
            let id: Arc<str> = format!("{number}").into();
            open.step(&TraceLine { id, ..line(Step::BusIn, 300) });
        }
        let told: Vec<_> = open.overdue(300).iter().map(|span| span.id.to_string()).collect();
        assert_eq!(told, ["0", "1"], "the oldest");
    }
}
