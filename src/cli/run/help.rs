//! What `help` says at the prompt: what can be broken in this cluster, each with an example.

use scenario::Pattern;

/// The width of the terminal at which somebody orders.
pub(super) fn columns() -> usize {
    console::Term::stderr().size_checked().map_or(80, |(_, columns)| columns.into())
}

/// What can be struck in this cluster.
pub(super) fn targets(pattern: Pattern, nodes: usize) -> String {
    let mut targets = vec![match nodes {
        1 => "node 0".to_owned(),
        _ => format!("node 0 to node {}, node * (all of them)", nodes - 1),
    }];
    targets.extend(pattern.has_broker().then(|| "broker".to_owned()));
    targets.extend(pattern.has_history().then(|| "history".to_owned()));
    scenario::listed(&targets)
}

/// A link of this cluster, if it has one.
pub(super) fn link(pattern: Pattern, nodes: usize) -> Option<String> {
    match (pattern.has_broker(), pattern.links_nodes() && nodes > 1) {
        (true, _) => Some(format!("node {} <-> broker", nodes - 1)),
        (false, true) => Some(format!("node 0 <-> node {}", nodes - 1)),
        (false, false) => None,
    }
}

/// The orders that this cluster takes, with examples.
pub(super) fn text(pattern: Pattern, nodes: usize, columns: usize) -> String {
    let last = nodes - 1;
    let process = if pattern.has_broker() { "broker".to_owned() } else { format!("node {last}") };
    let link = link(pattern, nodes);
    let mut rows = vec![
        (format!("kill {process}"), "ends it at once (SIGKILL); `stop` lets it say goodbye (SIGTERM)"),
        (format!("start {process}"), "brings back what was killed or stopped, at the same address"),
        (format!("pause node {last}"), "makes it stand still with its connections open (SIGSTOP)"),
        (format!("cont node {last}"), "lets it go on"),
    ];
    if let Some(link) = &link {
        rows.extend([
            (format!("cut {link}"), "resets the connections and refuses new ones"),
            (
                format!("blackhole {}", link.replace("<->", "->")),
                "lets nothing pass, one way; the connections stay",
            ),
            (format!("delay {link} by 100ms"), "makes it slower; `jitter 10ms` may follow"),
            (format!("throttle {link} bytes_per_second 10000"), "lets so many bytes pass in a second"),
        ]);
    }
    rows.extend([
        ("heal".into(), "puts everything right; with a process or a link, that alone"),
        ("status".into(), "shows how everybody is, and what holds"),
        ("quit".into(), "ends everything, as Ctrl-D and Ctrl-C do"),
    ]);
    let width = rows.iter().map(|(order, _)| order.len()).max().unwrap_or_default();
    let length = rows.iter().map(|(_, what)| what.len()).max().unwrap_or_default();
    let is_narrow = 2 + width + 2 + length > columns;
    let row = |(order, what): &(String, &str)| match is_narrow {
        true => format!("  {order}\n      {what}"),
        false => format!("  {order:<width$}  {what}"),
    };
    let mut lines: Vec<String> = rows.iter().map(row).collect();
    lines.push(format!("Targets are {}.", targets(pattern, nodes)));
    lines.push("The words are those of a scenario's faults; Tab completes them.".into());
    if link.is_some() {
        lines.push(
            "A proxy stands on each of these links and makes it a little slower: measure with `pubsub-lab bench`.".into(),
        );
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::order::Order;
    use super::*;

    #[test]
    fn every_example_can_be_said() {
        for pattern in Pattern::ALL {
            let text = text(pattern, 3, 120);
            let examples: Vec<_> = text.lines().filter(|line| line.starts_with("  ")).collect();
            assert!(examples.len() >= 7, "{text}");
            for example in &examples {
                let order = example.trim_start().split("  ").next().unwrap();
                assert!(matches!(Order::read(order, pattern, 3), Ok(Some(_))), "{order}");
            }
            assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
            let narrow = super::text(pattern, 3, 80);
            let mut rows = narrow.lines().filter(|line| line.starts_with("  "));
            assert!(rows.clone().count() >= examples.len(), "{narrow}");
            assert!(rows.all(|line| line.chars().count() <= 80), "{narrow}");
        }
    }
}
