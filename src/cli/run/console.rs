//! Carries out what somebody orders at the prompt, and says what came of it.

use lab::{Cluster, Standing};
use scenario::Pattern;

use super::help;
use super::order::Order;
use super::words::{Ordered, broken, recovered};
use crate::failure::Failure;

/// The orders to one cluster.
pub(super) struct Console<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) pattern: Pattern,
    pub(super) standing: Standing,
}

/// What becomes of the prompt after an order.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// It says this, and takes the next order.
    Said(String),
    /// It ends, and so does everything.
    Quit,
}

impl Console<'_> {
    /// Carries out one line. Resolves when what was ordered has happened.
    pub(super) async fn obey(&mut self, line: &str) -> Answer {
        match self.carried_out(line).await {
            Ok(answer) => answer,
            Err(Failure { message, hint, .. }) => Answer::Said(format!("{message}\nhint: {hint}")),
        }
    }

    async fn carried_out(&mut self, line: &str) -> Result<Answer, Failure> {
        let (cluster, pattern) = (self.cluster, self.pattern);
        let Some(order) = Order::read(line, pattern, cluster.size())? else {
            return Ok(Answer::Said(String::new()));
        };
        let standing = &mut self.standing;
        let right = |ordered, recovery| Ok(Answer::Said(recovered(ordered, &recovery, pattern)));
        match order {
            Order::Break(action, target) => {
                let struck = standing.strike(cluster, &action, &target).await?;
                Ok(Answer::Said(broken(&action, &target, struck, pattern)))
            }
            Order::Start(target) => right(Ordered::Start, standing.start(cluster, &target).await?),
            Order::GoOn(target) => right(Ordered::GoOn, standing.go_on(cluster, &target).await?),
            Order::Heal(Some(target)) => right(Ordered::Heal, standing.heal(cluster, &target).await?),
            Order::Heal(None) => right(Ordered::Heal, standing.heal_all(cluster).await?),
            Order::Status => Ok(Answer::Said(self.status().await)),
            Order::Help => Ok(Answer::Said(help::text(pattern, cluster.size(), help::columns()))),
            Order::Quit => Ok(Answer::Quit),
        }
    }

    async fn status(&self) -> String {
        let urls = self.cluster.node_urls();
        let all = self.standing.health(self.cluster).await;
        let width = all.iter().map(|(_, health)| health.to_string().len()).max().unwrap_or_default();
        let mut lines: Vec<String> = all
            .iter()
            .enumerate()
            .map(|(n, (name, health))| {
                let url = urls.get(n).map(String::as_str).unwrap_or_default();
                format!("{name:<8}  {:<width$}  {url}", health.to_string()).trim_end().to_owned()
            })
            .collect();
        let held = self.standing.held();
        lines.extend(held.iter().map(|fault| format!("holds     {fault}")));
        lines.join("\n")
    }
}
