//! What somebody orders at the prompt of `run`. Actions and targets are read by what reads a scenario.

use lab::Product;
use scenario::{
    ACTIONS, Action, Cluster, Pattern, SPOKEN, Target, nearest, spoken_fault, spoken_keys, spoken_link,
    spoken_process,
};

use super::help;
use crate::failure::{Failure, USAGE};

/// The orders that name a process.
pub(super) const OF_PROCESS: [&str; 5] = ["kill", "stop", "start", "pause", "cont"];

/// The words that are no action of a scenario.
pub(super) const OWN: [&str; 6] = ["start", "cont", "heal", "status", "help", "quit"];

/// What somebody orders.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Order {
    /// To break something, until it is healed.
    Break(Action, Target),
    /// To start what was killed or stopped.
    Start(Target),
    /// To let go on what was paused.
    GoOn(Target),
    /// To put one thing right, or everything.
    Heal(Option<Target>),
    /// To say how everything is.
    Status,
    /// To say what can be ordered.
    Help,
    /// To end everything.
    Quit,
}

impl Order {
    /// Reads a line; `None` for an empty one.
    pub(super) fn read(line: &str, pattern: Pattern, nodes: usize) -> Result<Option<Self>, Failure> {
        Self::understood(&as_in_a_scenario(line, pattern), nodes)
            .map_err(|failure| here(failure, pattern, nodes))
    }

    fn understood(line: &str, nodes: usize) -> Result<Option<Self>, Failure> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let cluster = Cluster { nodes };
        let order = match word {
            "" => return Ok(None),
            "start" => Self::Start(process(word, rest, &cluster)?),
            "cont" => Self::GoOn(process(word, rest, &cluster)?),
            "heal" => Self::Heal(healed(rest, &cluster)?),
            "status" | "help" | "?" | "quit" | "exit" if !rest.is_empty() => {
                return Err(Failure::new(USAGE, format!("`{word}` stands alone"), format!("say `{word}`")));
            }
            "status" => Self::Status,
            "help" | "?" => Self::Help,
            "quit" | "exit" => Self::Quit,
            action if ACTIONS.contains(&action) => {
                if SPOKEN.contains(&action) && rest.is_empty() {
                    return Err(incomplete(action));
                }
                let (action, target) = spoken_fault(line, &cluster)?;
                Self::Break(action, target)
            }
            unknown => return Err(no_word(unknown)),
        };
        Ok(Some(order))
    }
}

/// The line in the words of a scenario: on the screen somebody reads `node-1` and `Redis`, and says so.
fn as_in_a_scenario(line: &str, pattern: Pattern) -> String {
    let line = line.trim().to_lowercase();
    let product = Product::of_pattern(pattern).map(Product::word);
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let words: Vec<&str> = line.split_whitespace().collect();
    let said = |(n, word): (usize, &&str)| {
        let number = word.strip_prefix("node").map(|rest| rest.strip_prefix('-').unwrap_or(rest));
        let alone = n == 1 && words.len() == 2 && OF_PROCESS.contains(&words[0]);
        match number {
            Some(number) if is_number(number) => format!("node {number}"),
            _ if alone && is_number(word) => format!("node {word}"),
            _ if n > 0 && Some(*word) == product => "broker".to_owned(),
            _ => (*word).to_owned(),
        }
    };
    words.iter().enumerate().map(said).collect::<Vec<_>>().join(" ")
}

/// The failure of an order in this cluster: a hint that is for the file of a scenario leads to what can be said here.
fn here(failure: Failure, pattern: Pattern, nodes: usize) -> Failure {
    let hint = if failure.message.ends_with("is no target") {
        format!("say one of {}", help::targets(pattern, nodes))
    } else if failure.message.ends_with("is no link") {
        match help::link(pattern, nodes) {
            Some(link) => format!("a link has two ends, as in `{link}`"),
            None => "its nodes are linked to nobody: strike a node".into(),
        }
    } else if let Some(written) = failure.hint.strip_prefix("write it like ") {
        format!("say it like `{}`", written.replace(" = ", " ").replace('"', ""))
    } else {
        return failure;
    };
    Failure { hint, ..failure }
}

fn process(word: &str, rest: &str, cluster: &Cluster) -> Result<Target, Failure> {
    if rest.is_empty() {
        return Err(incomplete(word));
    }
    Ok(spoken_process(rest, cluster)?)
}

/// What is to be healed: a process, or a link, which may be named with the fault that holds there.
fn healed(rest: &str, cluster: &Cluster) -> Result<Option<Target>, Failure> {
    if ["", "all", "everything"].contains(&rest) {
        return Ok(None);
    }
    let (action, place) = match rest.split_once(char::is_whitespace) {
        Some((first, place)) if SPOKEN.contains(&first) => (first, place),
        _ => ("", rest),
    };
    if !place.contains(['<', '>']) {
        return Ok(Some(spoken_process(place.trim(), cluster)?));
    }
    let keys = spoken_keys(action);
    let is_key = |word: &&str| keys.iter().any(|(key, _)| key == word);
    let link: Vec<&str> = place.split_whitespace().take_while(|word| !is_key(word)).collect();
    Ok(Some(Target::Link(spoken_link(&link.join(" "), cluster)?)))
}

fn incomplete(word: &str) -> Failure {
    let link = ["cut", "blackhole", "delay", "throttle", "slice", "limit"].contains(&word);
    let (what, hint) = match (word, link) {
        ("delay", _) => ("which link, and by how much", "`delay node 1 <-> broker by 100ms`"),
        ("throttle", _) => ("which link, and to what", "`throttle node 1 <-> broker bytes_per_second 10000`"),
        (_, true) => ("which link", "`cut node 1 <-> broker`"),
        (_, false) => ("what", "`kill broker`, `pause node 1`"),
    };
    Failure::new(USAGE, format!("`{word}` {what}?"), format!("say it like {hint}; `help` shows more"))
}

fn no_word(word: &str) -> Failure {
    let meant = match word {
        "resume" | "continue" | "unpause" | "thaw" => Some("cont"),
        "restart" | "revive" | "boot" | "up" => Some("start"),
        "restore" | "repair" | "fix" | "uncut" | "reset" => Some("heal"),
        "freeze" | "suspend" => Some("pause"),
        "bye" | "end" | "close" => Some("quit"),
        "ls" | "ps" | "list" | "state" => Some("status"),
        "slow" | "lag" => Some("delay"),
        "disconnect" | "sever" => Some("cut"),
        wrong => nearest(wrong, SPOKEN.into_iter().chain(OWN)),
    };
    let hint = match meant {
        Some(meant) => format!("did you mean `{meant}`? `help` shows what can be said"),
        None => "`help` shows what can be said".into(),
    };
    Failure::new(USAGE, format!("`{word}` is no order"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Order> {
        Order::read(line, Pattern::Redis, 3).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[test]
    fn orders() {
        let link = |text| Target::Link(spoken_link(text, &Cluster { nodes: 3 }).unwrap());
        for (line, order) in [
            ("Kill Broker", Order::Break(Action::Kill, Target::Broker)),
            ("pause node 1", Order::Break(Action::Pause, Target::Node(1))),
            ("kill node-1", Order::Break(Action::Kill, Target::Node(1))),
            ("kill node1", Order::Break(Action::Kill, Target::Node(1))),
            ("start 1", Order::Start(Target::Node(1))),
            ("stop Redis", Order::Break(Action::Stop, Target::Broker)),
            ("heal node-1 <-> redis", Order::Heal(Some(link("node 1 <-> broker")))),
            ("start node *", Order::Start(Target::AllNodes)),
            (" cont  node 2 ", Order::GoOn(Target::Node(2))),
            ("heal", Order::Heal(None)),
            ("heal everything", Order::Heal(None)),
            ("heal broker", Order::Heal(Some(Target::Broker))),
            ("heal kill broker", Order::Heal(Some(Target::Broker))),
            ("heal node 1 <-> broker", Order::Heal(Some(link("node 1 <-> broker")))),
            ("heal delay node 0 -> broker by 100ms", Order::Heal(Some(link("node 0 -> broker")))),
            ("status", Order::Status),
            ("?", Order::Help),
            ("exit", Order::Quit),
        ] {
            assert_eq!(read(line), Some(order), "{line}");
        }
        assert_eq!(read("  "), None);
    }

    #[test]
    fn a_wrong_order_leads_to_the_right_one() {
        for (line, message, hint) in [
            ("kil broker", "`kil` is no order", "did you mean `kill`? `help`"),
            ("resume node 1", "`resume` is no order", "did you mean `cont`?"),
            ("make tea", "`make` is no order", "`help` shows what can be said"),
            ("kill", "`kill` what?", "`kill broker`"),
            ("cut", "`cut` which link?", "`cut node 1 <-> broker`"),
            ("start", "`start` what?", "say it like"),
            (
                "start nodes",
                "`nodes` is no target",
                "say one of node 0 to node 2, node * (all of them) and broker",
            ),
            ("kill rabbitmq", "`rabbitmq` is no target", "and broker"),
            ("cut node 1", "`node 1` is no link", "a link has two ends, as in `node 2 <-> broker`"),
            (
                "throttle node 1 <-> broker bytes_per_second 1k",
                "must be a whole number",
                "say it like `bytes_per_second ",
            ),
            ("storm", "`storm` cannot be done here", "for the file of a bench"),
            ("quit now", "`quit` stands alone", "say `quit`"),
            ("delay node 1 <-> broker", "`delay` needs `by`", "say it like `by 100ms`"),
        ] {
            let failure = Order::read(line, Pattern::Redis, 3).unwrap_err();
            assert!(failure.message.contains(message), "{line}: {}", failure.message);
            assert!(failure.hint.contains(hint), "{line}: {}", failure.hint);
        }
    }
}
