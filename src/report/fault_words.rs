//! Faults in plain words: `kill broker` is "while the broker was away".

use super::FaultReport;
use super::numbers::span;

/// A fault's `what`, taken apart.
struct Words<'a> {
    action: &'a str,
    target: String,
    /// `broker's`, `nodes'`.
    targets: String,
    was: &'static str,
}

impl<'a> Words<'a> {
    /// `None` for an action that is not done to a process.
    fn of(fault: &'a FaultReport) -> Option<Self> {
        let (action, target) = fault.what.split_once(' ')?;
        let (target, targets, was) = match target {
            "broker" => ("the broker".to_owned(), "the broker's".to_owned(), "was"),
            "history" => ("the history service".to_owned(), "the history service's".to_owned(), "was"),
            "node *" => ("the nodes".to_owned(), "the nodes'".to_owned(), "were"),
            one => (one.to_owned(), format!("{one}'s"), "was"),
        };
        matches!(action, "kill" | "stop" | "pause").then_some(Self { action, target, targets, was })
    }

    fn past(&self) -> &'static str {
        match self.action {
            "kill" => "killed",
            "stop" => "stopped",
            _ => "paused",
        }
    }
}

/// Whether subscribers left or joined on purpose: nothing broke.
pub(super) fn is_deliberate(fault: &FaultReport) -> bool {
    matches!(fault.what.split_once(' '), Some(("leave" | "join", _)))
}

/// The time of the faults: `while the broker was away (5.0 s)`. `None` without any.
pub(super) fn meanwhile(faults: &[&FaultReport]) -> Option<String> {
    let [fault] = faults else {
        return (!faults.is_empty()).then(|| format!("during the {} faults", faults.len()));
    };
    let lasted = fault.healed_ms.or(fault.heal_begin_ms).map(|end| end.saturating_sub(fault.begin_ms));
    let lasted = lasted.map(|ms| span(ms.saturating_mul(1_000)));
    Some(match (Words::of(fault), lasted) {
        (Some(words), Some(lasted)) => {
            let state = if words.action == "pause" { "paused" } else { "away" };
            format!("while {} {} {state} ({lasted})", words.target, words.was)
        }
        (Some(words), None) => format!("after {} {} {}", words.target, words.was, words.past()),
        (None, Some(lasted)) => format!("during `{}` ({lasted})", fault.what),
        (None, None) => format!("after `{}`", fault.what),
    })
}

/// The moment when a fault's healing began, as a clause: `the broker's restart began`.
pub(super) fn end_of(fault: &FaultReport) -> String {
    match Words::of(fault) {
        Some(words) if words.action == "pause" => format!("{} {} resumed", words.target, words.was),
        Some(words) => format!("{} restart began", words.targets),
        None => format!("the healing of `{}` began", fault.what),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::fault;
    use super::*;

    #[test]
    fn a_fault_has_its_words() {
        let words = |what| {
            let healed = fault(what, 1_000, Some(6_000));
            let meanwhile = |fault| meanwhile(&[fault]).unwrap();
            [meanwhile(&healed), meanwhile(&fault(what, 1_000, None)), end_of(&healed)]
        };
        let broker = [
            "while the broker was away (5.0 s)",
            "after the broker was killed",
            "the broker's restart began",
        ];
        assert_eq!(words("kill broker"), broker);
        let node = ["while node 1 was paused (5.0 s)", "after node 1 was paused", "node 1 was resumed"];
        assert_eq!(words("pause node 1"), node);
        let nodes =
            ["while the nodes were away (5.0 s)", "after the nodes were stopped", "the nodes' restart began"];
        assert_eq!(words("stop node *"), nodes);
        let other =
            ["during `cut link 0` (5.0 s)", "after `cut link 0`", "the healing of `cut link 0` began"];
        assert_eq!(words("cut link 0"), other);
        assert_eq!(meanwhile(&[]), None);
        let two = [fault("stop node 0", 0, Some(9)), fault("stop node 1", 9, Some(18))];
        assert_eq!(meanwhile(&[&two[0], &two[1]]).as_deref(), Some("during the 2 faults"));
        let history = [
            "while the history service was away (5.0 s)",
            "after the history service was killed",
            "the history service's restart began",
        ];
        assert_eq!(words("kill history"), history);
    }

    #[test]
    fn who_leaves_breaks_nothing() {
        let deliberate = |what| is_deliberate(&fault(what, 0, None));
        assert!(deliberate("leave 50% of the subscribers") && deliberate("join 1% of the subscribers"));
        assert!(!deliberate("kill broker") && !deliberate("pause history") && !deliberate("leave"));
    }
}
