//! Faults in plain words: `kill broker` is "while the broker was away".

use super::FaultReport;
use super::numbers::span;
use super::place::{Groups, between, cut_off, end};
use ledger::grouped;
use scenario::{End, Link};

/// A fault's `what`, taken apart.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind<'a> {
    /// `kill`, `stop` or `pause`, and the process.
    Process(&'a str, End),
    Cut(Link),
    Blackhole(Link),
    /// And how much slower, with the jitter.
    Delay(Link, &'a str, Option<&'a str>),
    /// And the bytes a second.
    Throttle(Link, &'a str),
    /// And the bytes a piece, and the pause.
    Slice(Link, &'a str, &'a str),
    /// And the bytes.
    Limit(Link, &'a str),
    /// The groups.
    Partition(&'a str),
    /// Who, and the bytes a second.
    Slow(&'a str, &'a str),
    Storm(End),
    /// The factor.
    Surge(&'a str),
    /// The command.
    Run(&'a str),
    /// Subscribers left or joined on purpose.
    Deliberate,
}

impl<'a> Kind<'a> {
    /// `None` for words that this version does not know.
    fn of(what: &'a str) -> Option<Self> {
        let (action, rest) = what.split_once(' ')?;
        let link_and = |word: &str| -> Option<(Link, &'a str)> {
            let (link, detail) = rest.split_once(word)?;
            Some((Link::parse(link)?, detail))
        };
        Some(match action {
            "kill" | "stop" | "pause" => Kind::Process(action, End::parse(rest)?),
            "leave" | "join" => Kind::Deliberate,
            "cut" => Kind::Cut(Link::parse(rest)?),
            "blackhole" => Kind::Blackhole(Link::parse(rest)?),
            "delay" => {
                let (link, by) = link_and(" by ")?;
                match by.split_once(" +- ") {
                    Some((by, jitter)) => Kind::Delay(link, by, Some(jitter)),
                    None => Kind::Delay(link, by, None),
                }
            }
            "throttle" => {
                let (link, bytes) = link_and(" to ")?;
                Kind::Throttle(link, bytes.strip_suffix(" bytes/s")?)
            }
            "slice" => {
                let (link, pieces) = link_and(" into ")?;
                let (bytes, pause) = pieces.split_once(" bytes with pauses of ")?;
                Kind::Slice(link, bytes, pause)
            }
            "limit" => {
                let (link, bytes) = link_and(" to ")?;
                Kind::Limit(link, bytes.strip_suffix(" bytes")?)
            }
            "partition" => Kind::Partition(rest),
            "slow" => {
                let (who, bytes) = rest.split_once(" to ")?;
                Kind::Slow(who, bytes.strip_suffix(" bytes/s")?)
            }
            "storm" => Kind::Storm(End::parse(rest)?),
            "surge" => Kind::Surge(rest.strip_prefix("x ")?),
            "run" => Kind::Run(rest.strip_prefix('`')?.strip_suffix('`')?),
            _ => return None,
        })
    }

    /// What is the case while it lasts: a clause after `while`; `None` for a clause of its own.
    fn state(self) -> Option<String> {
        Some(match self {
            Kind::Process(action, process) => {
                let state = if action == "pause" { "paused" } else { "away" };
                format!("{} {} {state}", end(process), was(process))
            }
            Kind::Cut(link) => cut_off(link),
            Kind::Blackhole(link) => format!("no byte passed {}", between(link)),
            Kind::Delay(link, by, None) => format!("the link {} was {by} slower", between(link)),
            Kind::Delay(link, by, Some(jitter)) => {
                format!("the link {} was {by} slower, give or take {jitter}", between(link))
            }
            Kind::Throttle(link, bytes) => {
                format!("the link {} passed only {} a second", between(link), count(bytes))
            }
            Kind::Slice(link, bytes, pause) => {
                format!(
                    "what passed {} came in pieces of {} with pauses of {pause}",
                    between(link),
                    count(bytes)
                )
            }
            Kind::Limit(link, bytes) => {
                format!("a connection {} was closed after {}", between(link), count(bytes))
            }
            Kind::Partition(groups) => format!("nothing passed {}", Groups::of(groups).between()),
            Kind::Slow(who, bytes) => format!("{who} read only {} a second", count(bytes)),
            Kind::Surge(factor) => format!("the load was {} as high", times(factor)),
            Kind::Storm(_) | Kind::Run(_) | Kind::Deliberate => return None,
        })
    }

    /// How it began, in the past: a clause after `after`.
    fn onset(self) -> String {
        match self {
            Kind::Process(action, process) => {
                let done = match action {
                    "kill" => "killed",
                    "stop" => "stopped",
                    _ => "paused",
                };
                format!("{} {} {done}", end(process), was(process))
            }
            Kind::Cut(link) => cut_off(link),
            Kind::Blackhole(link) => format!("bytes no longer passed {}", between(link)),
            Kind::Delay(link, by, _) => format!("the link {} became {by} slower", between(link)),
            Kind::Throttle(link, bytes) => {
                format!("the link {} was throttled to {} a second", between(link), count(bytes))
            }
            Kind::Slice(link, bytes, _) => {
                format!("what passed {} was cut into pieces of {}", between(link), count(bytes))
            }
            Kind::Limit(link, bytes) => {
                format!("connections {} were limited to {}", between(link), count(bytes))
            }
            Kind::Partition(groups) => Groups::of(groups).parted(),
            Kind::Slow(who, bytes) => format!("{who} began to read only {} a second", count(bytes)),
            Kind::Storm(node) => format!("{} dropped and came back at once", clients_of(node)),
            Kind::Surge(factor) => format!("the load became {} as high", times(factor)),
            Kind::Run(command) => format!("`{command}`"),
            Kind::Deliberate => "some left or joined".into(),
        }
    }

    /// The moment when its healing began, as a clause.
    fn end(self) -> String {
        match self {
            Kind::Process("pause", process) => format!("{} {} resumed", end(process), was(process)),
            Kind::Process(_, End::AllNodes) => "the nodes' restart began".into(),
            Kind::Process(_, process) => format!("{}'s restart began", end(process)),
            Kind::Partition(_) => "the partition was healed".into(),
            Kind::Slow(who, _) => format!("{who} read at full speed again"),
            Kind::Storm(node) => format!("{} had dropped", clients_of(node)),
            Kind::Surge(_) => "the load was as before".into(),
            Kind::Run(command) => format!("the healing of `{command}` began"),
            Kind::Deliberate => "they were back".into(),
            _ => "the link was restored".into(),
        }
    }
}

fn was(process: End) -> &'static str {
    if process == End::AllNodes { "were" } else { "was" }
}

fn clients_of(node: End) -> String {
    match node {
        End::AllNodes => "all clients".into(),
        node => format!("the clients of {}", end(node)),
    }
}

/// `10,000 bytes`.
fn count(bytes: &str) -> String {
    let number = bytes.parse().map_or_else(|_| bytes.to_owned(), grouped);
    format!("{number} {}", if bytes == "1" { "byte" } else { "bytes" })
}

/// `ten times`.
fn times(factor: &str) -> String {
    const WORDS: [&str; 9] = ["three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"];
    match factor.parse::<usize>() {
        Ok(2) => "twice".into(),
        Ok(n) if n > 2 && n - 3 < WORDS.len() => format!("{} times", WORDS[n - 3]),
        Ok(n) => format!("{} times", grouped(n as u64)),
        Err(_) => format!("{factor} times"),
    }
}

/// Whether subscribers left or joined on purpose: nothing broke.
pub(super) fn is_deliberate(fault: &FaultReport) -> bool {
    Kind::of(&fault.what) == Some(Kind::Deliberate)
}

/// Whether it breaks something by itself, so that one can speak of its healing. More load and a slow reader only
/// ask more of what is whole.
pub(super) fn breaks(fault: &FaultReport) -> bool {
    !matches!(Kind::of(&fault.what), Some(Kind::Deliberate | Kind::Surge(_) | Kind::Slow(..)))
}

/// Where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Strikes<'a> {
    /// A process, or each of several.
    Process(End),
    /// What lies between two ends.
    Link(Link),
    /// What lies between groups: `node 0 | node 1, node 2`.
    Groups(&'a str),
    /// A client: `subscriber 3`.
    Client(&'a str),
}

/// Where this fault strikes; `None` if at no one place.
pub(super) fn strikes(fault: &FaultReport) -> Option<Strikes<'_>> {
    Some(match Kind::of(&fault.what)? {
        Kind::Process(_, process) | Kind::Storm(process) => Strikes::Process(process),
        Kind::Cut(link)
        | Kind::Blackhole(link)
        | Kind::Delay(link, ..)
        | Kind::Throttle(link, _)
        | Kind::Slice(link, ..)
        | Kind::Limit(link, _) => Strikes::Link(link),
        Kind::Partition(groups) => Strikes::Groups(groups),
        Kind::Slow(who, _) => Strikes::Client(who),
        Kind::Surge(_) | Kind::Run(_) | Kind::Deliberate => return None,
    })
}

/// Whether it silently keeps nodes from the broker or from each other: nobody is told that nothing passes.
pub(super) fn is_silent_split(fault: &FaultReport) -> bool {
    match Kind::of(&fault.what) {
        Some(Kind::Partition(_)) => true,
        Some(Kind::Blackhole(Link { from, to, .. })) => {
            let ends = [from, to];
            let others = ends.into_iter().filter(|end| !end.is_node()).collect::<Vec<_>>();
            others.is_empty() || (others == [End::Broker] && ends.into_iter().any(End::is_node))
        }
        _ => false,
    }
}

/// The time of the faults: `while the broker was away (5.0 s)`. `None` without any.
pub(super) fn meanwhile(faults: &[&FaultReport]) -> Option<String> {
    let [fault] = faults else {
        return (!faults.is_empty()).then(|| format!("during the {} faults", faults.len()));
    };
    let lasted = fault.healed_ms.or(fault.heal_begin_ms).map(|end| end.saturating_sub(fault.begin_ms));
    let lasted = lasted.map(|ms| span(ms.saturating_mul(1_000)));
    let kind = Kind::of(&fault.what);
    Some(match (kind, kind.and_then(Kind::state), lasted) {
        (_, Some(state), Some(lasted)) => format!("while {state} ({lasted})"),
        (Some(Kind::Run(command)), None, Some(lasted)) => format!("during `{command}` ({lasted})"),
        (Some(kind), ..) => format!("after {}", kind.onset()),
        (None, _, Some(lasted)) => format!("during `{}` ({lasted})", fault.what),
        (None, _, None) => format!("after `{}`", fault.what),
    })
}

/// The moment when a fault's healing began, as a clause: `the broker's restart began`.
pub(super) fn end_of(fault: &FaultReport) -> String {
    match Kind::of(&fault.what) {
        Some(kind) => kind.end(),
        None => format!("the healing of `{}` began", fault.what),
    }
}

#[cfg(test)]
#[path = "fault_words_tests.rs"]
mod tests;
