//! What `run` says: who goes on, what an order has done, and what to expect of it.

use std::time::Duration;

use lab::{Product, Recovery, Struck};
use scenario::{Action, Condition, End, Fault, Held, Pattern, Target, listed};

/// The sentence on what the death of one process means for the others.
pub(super) fn who_goes_on(died: &str, pattern: Pattern) -> String {
    let broker = Product::of_pattern(pattern);
    let companion = broker.and_then(|broker| broker.facts().companion);
    match broker {
        _ if died == "history" => WITHOUT_HISTORY.to_owned(),
        Some(broker) if companion.is_some_and(|companion| companion.name == died) => {
            format!("{broker} goes on without it")
        }
        Some(broker) if broker.word() == died => without_broker(pattern),
        _ => format!("{} keep running", others(pattern)),
    }
}

/// The sentence on what was broken, and how it comes right again.
pub(super) fn broken(action: &Action, target: &Target, struck: Struck, pattern: Pattern) -> String {
    let fault = Fault { at: Duration::ZERO, duration: None, action: action.clone(), target: target.clone() };
    let onset = match struck {
        Struck::Holds => fault.onset(),
        Struck::Ending => format!("{target} was asked to end, and takes its time"),
    };
    let it = if *target == Target::AllNodes { "them" } else { "it" };
    let back = match action {
        Action::Kill | Action::Stop => format!("`start {target}` brings {it} back"),
        Action::Pause => format!("`cont {target}` lets {it} go on"),
        _ => format!("`heal {target}` puts it right"),
    };
    let meanwhile = match (action, target) {
        (Action::Kill | Action::Stop, Target::Broker) => without_broker(pattern),
        (Action::Kill | Action::Stop, Target::History) => WITHOUT_HISTORY.to_owned(),
        (Action::Kill | Action::Stop, Target::AllNodes) => "nobody serves now".to_owned(),
        (Action::Kill | Action::Stop, _) => "its clients lose their connection".to_owned(),
        (Action::Pause, Target::AllNodes) => {
            "their connections stay open, so clients learn it by their silence alone".to_owned()
        }
        (Action::Pause, _) => {
            "its connections stay open, so the others learn it by its silence alone".to_owned()
        }
        (Action::Link(condition), Target::Link(link)) => on_link(*condition, [link.from, link.to], pattern),
        _ => String::new(),
    };
    match meanwhile.as_str() {
        "" => format!("{onset}. {back}"),
        meanwhile => format!("{onset}: {meanwhile}. {back}"),
    }
}

/// What is to be expected of a condition on a link.
fn on_link(condition: Condition, ends: [End; 2], pattern: Pattern) -> String {
    let of_broker = ends.contains(&End::Broker) && ends.iter().any(|end| end.is_node());
    let between_nodes = ends.iter().all(|end| end.is_node());
    let expected = match (condition, ends.contains(&End::AllNodes)) {
        (Condition::Cut, false) if of_broker && pattern.held() == Held::InQueues => {
            "what its clients say waits in it for a while, and it hears nobody else"
        }
        (Condition::Cut, true) if of_broker && pattern.held() == Held::InQueues => {
            "what clients say waits in the nodes for a while, and arrives nowhere now"
        }
        (Condition::Cut, false) if of_broker => "it refuses what its clients say, and hears nobody else",
        (Condition::Cut, true) if of_broker => "they refuse what their clients say",
        (Condition::Cut, _) if between_nodes => "what is said at one end does not arrive at the other",
        (Condition::Cut, _) => "connections are reset, and new ones refused",
        (Condition::Blackhole, _) => "the connections stay open, and both ends learn it by the silence alone",
        (_, true) => "this holds for each connection by itself",
        (_, false) => "",
    };
    expected.to_owned()
}

const WITHOUT_HISTORY: &str = "the chat goes on without history: nobody is told what they missed";

fn without_broker(pattern: Pattern) -> String {
    let nodes = if pattern.has_history() { "the nodes and the history" } else { "the nodes" };
    let meanwhile = match pattern.held() {
        Held::InQueues => "; what is said now waits for it for a while",
        _ => "",
    };
    format!("{nodes} keep running, without their broker{meanwhile}")
}

fn others(pattern: Pattern) -> &'static str {
    match (pattern.has_history(), pattern.has_broker()) {
        (true, true) => "the other nodes, the history and the broker",
        (true, false) => "the other nodes and the history",
        (false, true) => "the other nodes and the broker",
        (false, false) => "the other nodes",
    }
}

/// What somebody ordered to be right again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ordered {
    /// To start what did not run.
    Start,
    /// To let go on what was paused.
    GoOn,
    /// To heal.
    Heal,
}

/// The sentence on what came right again, and what to expect of it.
pub(super) fn recovered(ordered: Ordered, recovery: &Recovery, pattern: Pattern) -> String {
    let Recovery { healed, back, settled, waiting } = recovery;
    let names = listed(healed);
    let are = if healed.len() > 1 { "are" } else { "is" };
    let what = match ordered {
        Ordered::Start if !waiting.is_empty() => {
            format!("{names} {} started", if healed.len() > 1 { "were" } else { "was" })
        }
        Ordered::Start => format!("{names} {are} back"),
        Ordered::GoOn => format!("{names} {}", if healed.len() > 1 { "go on" } else { "goes on" }),
        Ordered::Heal => format!("healed: {names}"),
    };
    let after = |time: Duration| match time.as_millis() {
        ms @ 0..100 => format!("after {} ms", ms.max(1)),
        _ => format!("after {:.1} s", time.as_secs_f64()),
    };
    if !waiting.is_empty() {
        let (serve, they) = if waiting.len() > 1 { ("do", "they") } else { ("does", "it") };
        let waiting = listed(waiting);
        return format!(
            "{what}, but {waiting} {serve} not serve yet; `status` shows what {they} may wait for"
        );
    }
    let broker = ordered == Ordered::Start && healed.iter().any(|name| name == "the broker");
    let meanwhile = match (broker, pattern.held()) {
        (true, Held::InQueues) => "; what waited for it goes out now",
        (true, _) => "; what was said meanwhile does not come any more",
        (false, _) => "",
    };
    // A node that comes back is missed by nobody else that serves.
    let nodes_alone = healed.iter().all(|name| name.starts_with("node ") || name == "all nodes");
    match (settled, ordered) {
        (Some(settled), Ordered::Heal) => format!("{what}; everybody serves again, {}", after(*settled)),
        (Some(settled), _) if !nodes_alone => {
            format!("{what}, {}, and everybody serves again, {}{meanwhile}", after(*back), after(*settled))
        }
        _ => format!("{what}, {}{meanwhile}", after(*back)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_left_is_told_of_everybody_who_may_die() {
        for (died, pattern, said) in [
            ("history", Pattern::Amqp, "the chat goes on without history: nobody is told what they missed"),
            ("epmd", Pattern::Amqp, "RabbitMQ goes on without it"),
            (
                "rabbitmq",
                Pattern::Amqp,
                "the nodes and the history keep running, without their broker; what is said now waits for it for a \
                 while",
            ),
            ("redis", Pattern::Redis, "the nodes keep running, without their broker"),
            ("node 0", Pattern::Amqp, "the other nodes, the history and the broker keep running"),
            ("node 0", Pattern::Redis, "the other nodes and the broker keep running"),
            ("node 0", Pattern::Zeromq, "the other nodes keep running"),
            ("node 0", Pattern::Local, "the other nodes keep running"),
        ] {
            assert_eq!(who_goes_on(died, pattern), said, "{died} {pattern}");
        }
    }

    #[test]
    fn what_was_broken_says_what_to_expect_and_how_it_comes_right() {
        let link =
            |text: &str| Target::Link(scenario::spoken_link(text, &scenario::Cluster { nodes: 3 }).unwrap());
        let cut = Action::Link(Condition::Cut);
        for (action, target, pattern, said) in [
            (
                Action::Kill,
                Target::Node(1),
                Pattern::Zeromq,
                "node 1 was killed: its clients lose their connection. `start node 1` brings it back",
            ),
            (
                Action::Pause,
                Target::Broker,
                Pattern::Redis,
                "the broker was paused: its connections stay open, so the others learn it by its silence alone. \
                 `cont broker` lets it go on",
            ),
            (
                cut.clone(),
                link("node 0 <-> node 1"),
                Pattern::Zeromq,
                "node 0 was cut off from node 1: what is said at one end does not arrive at the other. \
                 `heal node 0 <-> node 1` puts it right",
            ),
            (
                cut,
                link("node 1 <-> broker"),
                Pattern::Amqp,
                "node 1 was cut off from the broker: what its clients say waits in it for a while, and it hears nobody \
                 else. \
                 `heal node 1 <-> broker` puts it right",
            ),
        ] {
            assert_eq!(broken(&action, &target, Struck::Holds, pattern), said);
        }
        let ending = broken(&Action::Stop, &Target::Broker, Struck::Ending, Pattern::Amqp);
        assert!(ending.starts_with("broker was asked to end, and takes its time"), "{ending}");
    }

    #[test]
    fn what_is_right_again_says_who_still_waits() {
        let ms = Duration::from_millis;
        let recovery = |healed: &[&str], settled, waiting: &[&str]| Recovery {
            healed: healed.iter().map(|it| (*it).to_owned()).collect(),
            back: ms(440),
            settled,
            waiting: waiting.iter().map(|it| (*it).to_owned()).collect(),
        };
        for (ordered, recovery, pattern, said) in [
            (
                Ordered::Start,
                recovery(&["the broker"], Some(ms(620)), &[]),
                Pattern::Redis,
                "the broker is back, after 0.4 s, and everybody serves again, after 0.6 s; what was said meanwhile does not \
                 come any more",
            ),
            (Ordered::GoOn, recovery(&["node 1"], None, &[]), Pattern::Redis, "node 1 goes on, after 0.4 s"),
            (
                Ordered::Start,
                recovery(&["node 1"], None, &["node 1"]),
                Pattern::Redis,
                "node 1 was started, but node 1 does not serve yet; `status` shows what it may wait for",
            ),
            (
                Ordered::Heal,
                recovery(&["cut node 1 <-> broker", "node 2"], Some(ms(500)), &[]),
                Pattern::Redis,
                "healed: cut node 1 <-> broker and node 2; everybody serves again, after 0.5 s",
            ),
        ] {
            assert_eq!(recovered(ordered, &recovery, pattern), said);
        }
    }
}
