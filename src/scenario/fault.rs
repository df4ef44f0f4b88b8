//! One fault of the file: what is done, to what, and when.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use super::Pattern;
use super::error::{ScenarioError, Source, list};
use super::section::{Section, Value, duration};
use super::share;

/// One fault: a condition applied at one moment and healed at another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Since the measured load began.
    pub at: Duration,
    /// Then healed; without it, for good.
    pub duration: Option<Duration>,
    /// What is done.
    pub action: Action,
    /// To what.
    pub target: Target,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.action, self.target)
    }
}

impl Fault {
    /// When it is healed, since the measured load began; `None` when it never is.
    pub fn heals_at(&self) -> Option<Duration> {
        self.duration.map(|duration| self.at.saturating_add(duration))
    }
}

/// What a fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// SIGKILL; healed by starting it again.
    Kill,
    /// SIGTERM; healed by starting it again.
    Stop,
    /// SIGSTOP; healed by SIGCONT.
    Pause,
    /// Subscribers go offline on purpose; healed by their coming back.
    Leave,
    /// Subscribers come for the first time; they are absent until then.
    Join,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 5] = [Action::Kill, Action::Stop, Action::Pause, Action::Leave, Action::Join];

    /// Whether it befalls subscribers, who do it on purpose; else it befalls a process.
    pub fn is_deliberate(self) -> bool {
        matches!(self, Action::Leave | Action::Join)
    }

    /// The key of the file.
    pub fn name(self) -> &'static str {
        match self {
            Action::Kill => "kill",
            Action::Stop => "stop",
            Action::Pause => "pause",
            Action::Leave => "leave",
            Action::Join => "join",
        }
    }

    /// What the target is meanwhile.
    pub(super) fn participle(self) -> &'static str {
        match self {
            Action::Kill => "killed",
            Action::Stop => "stopped",
            Action::Pause => "paused",
            Action::Leave => "away",
            Action::Join => "joining",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The third-party server that the pattern needs.
    Broker,
    /// The service that keeps what was said, where the pattern has one.
    History,
    /// One node, counted from 0.
    Node(usize),
    /// Every node.
    AllNodes,
    /// So many percent of the subscribers, chosen by the seed.
    Subscribers(u8),
}

impl Target {
    /// Reads the word of the file: `broker`, `history`, `node 1`, `node *`.
    pub fn parse(text: &str) -> Option<Target> {
        let mut words = text.split_whitespace();
        match (words.next()?, words.next(), words.next()) {
            ("broker", None, None) => Some(Target::Broker),
            ("history", None, None) => Some(Target::History),
            ("node", Some("*"), None) => Some(Target::AllNodes),
            // `+1` parses as a number, and is none of ours.
            ("node", Some(n), None) if n.bytes().all(|b| b.is_ascii_digit()) => {
                n.parse().ok().map(Target::Node)
            }
            _ => None,
        }
    }

    /// Whether a pattern has it.
    pub fn exists_in(self, pattern: Pattern) -> bool {
        match self {
            Target::Broker => pattern.has_broker(),
            Target::History => pattern.has_history(),
            Target::Node(_) | Target::AllNodes | Target::Subscribers(_) => true,
        }
    }

    /// What stands in the file.
    pub(super) fn word(self) -> String {
        match self {
            Target::Subscribers(percent) => format!("{percent}%"),
            process => process.to_string(),
        }
    }

    /// Whether both strike one process, or both strike subscribers.
    pub(super) fn meets(self, other: Target) -> bool {
        match (self, other) {
            (Target::Broker, Target::Broker) | (Target::History, Target::History) => true,
            (Target::Subscribers(_), Target::Subscribers(_)) => true,
            (Target::Broker | Target::History | Target::Subscribers(_), _)
            | (_, Target::Broker | Target::History | Target::Subscribers(_)) => false,
            (Target::Node(one), Target::Node(other)) => one == other,
            (Target::AllNodes, _) | (_, Target::AllNodes) => true,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Broker => f.write_str("broker"),
            Target::History => f.write_str("history"),
            Target::Subscribers(percent) => write!(f, "{percent}% of the subscribers"),
            Target::Node(n) => write!(f, "node {n}"),
            Target::AllNodes => f.write_str("node *"),
        }
    }
}

/// A fault, and where its parts stand in the file.
pub(super) struct Placed {
    pub(super) fault: Fault,
    pub(super) at: Range<usize>,
    /// The value of `for`, or of `at` where there is none.
    pub(super) end: Range<usize>,
    pub(super) target: Range<usize>,
}

/// Actions of the file format that are for later versions.
const LATER: [&str; 6] = ["cut", "blackhole", "delay", "throttle", "slow", "run"];

/// Reads one `[[fault]]`.
pub(super) fn read<'a>(
    source: &'a Source<'a>,
    value: Value<'a>,
    nodes: usize,
) -> Result<Placed, ScenarioError> {
    let actions = Action::ALL.map(Action::name);
    let known: Vec<&str> = ["at", "for"].into_iter().chain(actions).chain(LATER).collect();
    let section = Section::open(source, "[[fault]]", value, &known)?;
    if let Some(word) = LATER.iter().find(|word| section.get(word).is_some()) {
        let error = source.error(&section.key_span(word), format!("this version has no fault `{word}`"));
        return Err(error.with_hint(format!("this version knows {}", list(actions))));
    }
    let (action, target) = only_action(source, &section)?;
    let target_span = target.span();
    let target = match action.is_deliberate() {
        true => share::read(source, &section, action)?,
        false => read_target(source, &section, action, nodes)?,
    };
    let Some(at) = section.get("at") else {
        let error = source.error(&section.span, "a [[fault]] needs `at`");
        return Err(error.with_hint("at = \"5s\" is five seconds after the measured load began"));
    };
    let healed = section.get("for");
    if action == Action::Join && healed.is_some() {
        let error = source.error(&section.key_span("for"), "`join` takes no `for`: who has joined stays");
        return Err(error.with_hint("use `leave` for subscribers that go away and come back"));
    }
    let duration = healed.map(|value| duration(source, value, "for")).transpose()?;
    if let (Some(Duration::ZERO), Some(value)) = (duration, healed) {
        let error = source.error(&value.span(), "`for` must be more than 0");
        return Err(error.with_hint("leave `for` out for a fault that is never healed"));
    }
    Ok(Placed {
        fault: Fault { at: super::section::duration(source, at, "at")?, duration, action, target },
        at: at.span(),
        end: healed.unwrap_or(at).span(),
        target: target_span,
    })
}

/// The one action of a fault, and the value that names its target.
fn only_action<'a>(source: &Source<'_>, section: &Section<'a>) -> Result<(Action, Value<'a>), ScenarioError> {
    let mut given: Vec<_> =
        Action::ALL.into_iter().filter_map(|action| Some((action, section.get(action.name())?))).collect();
    given.sort_by_key(|(_, value)| value.span().start);
    match given[..] {
        [one] => Ok(one),
        [] => {
            let error = source.error(&section.span, "a [[fault]] needs an action");
            let known = list(Action::ALL.map(Action::name));
            Err(error.with_hint(format!("this version knows {known}, such as kill = \"broker\"")))
        }
        [(first, _), (second, _), ..] => {
            let span = section.key_span(second.name());
            let error = source.error(&span, format!("one [[fault]] cannot `{first}` and `{second}`"));
            Err(error.with_hint("give each action a [[fault]] of its own"))
        }
    }
}

fn read_target(
    source: &Source<'_>,
    section: &Section<'_>,
    action: Action,
    nodes: usize,
) -> Result<Target, ScenarioError> {
    let Some(text) = section.text(action.name())? else {
        return Err(source.error(&section.span, "a [[fault]] needs an action"));
    };
    Target::parse(text.get_ref()).ok_or_else(|| {
        let last = nodes - 1;
        let error = source.error(&text.span(), format!("`{}` is no target", text.get_ref()));
        error.with_hint(format!(
            "a target is \"broker\", \"history\", \"node 0\" to \"node {last}\", or \"node *\""
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        assert_eq!(Target::parse("broker"), Some(Target::Broker));
        assert_eq!(Target::parse("node 12"), Some(Target::Node(12)));
        assert_eq!(Target::parse(" node  * "), Some(Target::AllNodes));
        assert_eq!(Target::parse("history"), Some(Target::History));
        for wrong in
            ["", "node", "node -1", "node +1", "node x", "node 1 2", "Broker", "broker 1", "node1", "50%"]
        {
            assert_eq!(Target::parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(Target::parse("node 99999999999999999999999"), None);
    }

    #[test]
    fn what_strikes_the_same_process() {
        use Target::*;
        for (one, other) in [
            (Broker, Broker),
            (History, History),
            (Node(1), Node(1)),
            (Node(1), AllNodes),
            (AllNodes, AllNodes),
            (Subscribers(10), Subscribers(20)),
        ] {
            assert!(one.meets(other) && other.meets(one));
        }
        for (one, other) in [
            (Broker, Node(0)),
            (Broker, AllNodes),
            (Broker, History),
            (History, AllNodes),
            (Node(1), Node(2)),
            (Subscribers(50), AllNodes),
        ] {
            assert!(!one.meets(other) && !other.meets(one));
        }
    }
}
