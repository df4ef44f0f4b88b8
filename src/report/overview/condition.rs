//! What happens in a scenario, as the condition of an advice: `a broker may die`.

use crate::RunReport;
use scenario::{Action, Fault, Target};

/// The condition that the runs of one scenario show; `None` where nothing broke, or several things did.
pub(super) fn condition(runs: &[&RunReport]) -> Option<String> {
    let faults = |run: &&RunReport| -> Vec<Fault> {
        run.faults.iter().filter_map(|fault| fault.planned.clone()).collect()
    };
    let all: Vec<_> = runs.iter().flat_map(faults).collect();
    let first = all.first()?;
    let same = |fault: &Fault| clause(fault) == clause(first);
    all.iter().all(same).then(|| clause(first)).flatten()
}

/// The clause for one fault; `None` for a command of the user's, which may do anything.
fn clause(fault: &Fault) -> Option<String> {
    let who = who(&fault.target)?;
    Some(match &fault.action {
        Action::Kill => format!("{who} may die"),
        Action::Stop => format!("{who} may be restarted"),
        Action::Pause => format!("{who} may hang"),
        Action::Leave => "clients may be away for a while".into(),
        Action::Join => "clients may join while others talk".into(),
        Action::Link(_) => format!("{who} may break or be slow"),
        Action::Partition => "the network may part the nodes".into(),
        Action::Slow(_) => "a client may read too slowly".into(),
        Action::Storm => "all clients may reconnect at once".into(),
        Action::Surge(_) => "the load may surge".into(),
        Action::Run(_) => return None,
    })
}

fn who(target: &Target) -> Option<&'static str> {
    Some(match target {
        Target::Broker => "the broker",
        Target::History => "the history",
        Target::Node(_) | Target::AnyNode => "a node",
        Target::AllNodes => "every node",
        Target::Link(_) => "a link",
        Target::Subscribers(_) | Target::Subscriber(_) | Target::AnySubscriber => "a client",
        Target::Groups(_) => "the network",
        Target::Load => "the load",
        Target::Unknown => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{amqp, fault, redis, run_with};

    fn said(lines: &[&str]) -> Option<String> {
        let run = run_with(|run| run.faults = lines.iter().map(|lines| fault(lines, 1, None)).collect());
        condition(&[&run])
    }

    #[test]
    fn one_kind_of_fault_is_a_condition_and_several_are_none() {
        assert_eq!(condition(&[&redis(), &amqp()]).as_deref(), Some("the broker may die"));
        assert_eq!(said(&[]), None);
        assert_eq!(said(&["kill = 'node 1'", "kill = 'broker'"]), None);
        assert_eq!(said(&["kill = 'node 1'", "kill = 'node 2'"]).as_deref(), Some("a node may die"));
        assert_eq!(said(&["stop = 'node *'"]).as_deref(), Some("every node may be restarted"));
        assert_eq!(said(&["run = 'true'"]), None);
    }
}
