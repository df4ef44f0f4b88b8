//! The files that the processes wrote, and what they say of the messages that are told.
//!
//! The format is read here by code of its own: the instrument shares no code with what it measures.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::began::Began;
use ledger::Plan;

/// The greatest age of a trace, before the load began, in microseconds: what is older belongs to another run with the
/// same directory.
const BEFORE_US: i64 = 1_000_000;

/// The path of a node's trace.
pub fn node_trace(logs: &Path, node: usize) -> PathBuf {
    logs.join(format!("node-{node}.trace"))
}

/// The path of the history's trace.
pub fn history_trace(logs: &Path) -> PathBuf {
    logs.join("history.trace")
}

/// A step on the way of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    In,
    BusOut,
    BusAck,
    BusRefused,
    BusUnknown,
    BusIn,
    Out,
    Stored,
    Replay,
    #[serde(other)]
    Other,
}

/// One line of a trace: when a process took which step with which message.
#[derive(Deserialize)]
struct TraceLine {
    at_us: u64,
    step: Step,
    #[serde(default)]
    id: String,
    room: Option<String>,
    why: Option<String>,
}

/// One step of one message, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// The moment of the step, in microseconds since the measured load began.
    pub(super) at: i64,
    pub(super) step: Step,
    pub(super) why: Option<String>,
}

/// The steps that the processes traced of one message, each process in its own order.
#[derive(Debug, Default)]
pub(super) struct Traced {
    pub(super) nodes: Vec<Vec<Event>>,
    pub(super) history: Vec<Event>,
}

/// The traces of all messages that are told.
#[derive(Debug, Default)]
pub(super) struct Traces {
    messages: BTreeMap<usize, Traced>,
    nothing: Traced,
}

impl Traces {
    /// Reads the files. A file that is not there says nothing, and so does a line that was cut off.
    pub(super) fn read(logs: &Path, plan: &Plan, began: Began, numbers: &[usize]) -> Self {
        let empty = || Traced { nodes: vec![Vec::new(); plan.nodes], history: Vec::new() };
        let mut messages: BTreeMap<_, _> = numbers.iter().map(|n| (*n, empty())).collect();
        let files = (0..plan.nodes).map(|node| (Some(node), node_trace(logs, node)));
        for (node, path) in files.chain([(None, history_trace(logs))]) {
            each_line(&path, |line| {
                let Some((n, event)) = step(line, plan, began, numbers) else { return };
                let Some(traced) = messages.get_mut(&n) else { return };
                match node {
                    Some(node) => traced.nodes[node].push(event),
                    None => traced.history.push(event),
                }
            });
        }
        Self { messages, nothing: Traced::default() }
    }

    pub(super) fn of(&self, n: usize) -> &Traced {
        self.messages.get(&n).unwrap_or(&self.nothing)
    }
}

fn each_line(path: &Path, mut take: impl FnMut(&str)) {
    let Ok(file) = File::open(path) else { return };
    let mut file = BufReader::new(file);
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
        if let Ok(text) = std::str::from_utf8(&line) {
            take(text);
        }
        line.clear();
    }
}

/// The step that a line tells, if it is about one of these messages.
fn step(line: &str, plan: &Plan, began: Began, numbers: &[usize]) -> Option<(usize, Event)> {
    // Most lines are about other messages: a glance is cheaper than reading them.
    let ends_in = |n: &usize| line.contains(&format!(".{n}\""));
    let n = *numbers.iter().find(|n| ends_in(n))?;
    let TraceLine { at_us, step, id, room, why } = serde_json::from_str(line).ok()?;
    let at = began.since(at_us);
    let its_own = id.rsplit_once('.')?.1.parse() == Ok(n) && at >= -BEFORE_US;
    let in_place = room.is_none_or(|room| room == format!("room-{}", plan.room(n)));
    (its_own && in_place).then_some((n, Event { at, step, why }))
}

impl Traced {
    pub(super) fn node(&self, node: usize) -> &[Event] {
        self.nodes.get(node).map_or(&[], Vec::as_slice)
    }

    /// The first step of this kind at a node.
    pub(super) fn first(&self, node: usize, step: Step) -> Option<&Event> {
        self.node(node).iter().find(|event| event.step == step)
    }

    /// The moment at which the bus brought the message to a node, live.
    pub(super) fn brought(&self, node: usize) -> Option<i64> {
        let live = |event: &&Event| event.step == Step::BusIn && event.why.is_none();
        self.node(node).iter().find(live).map(|event| event.at)
    }
}
