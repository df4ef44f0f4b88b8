//! Finds out which patterns can run here, by the lab's own search for their brokers.

use futures_util::future::join_all;
use serde::Serialize;

use lab::Product;
use lab::broker::{BrokerSource, source};
use scenario::Pattern;

/// Whether a pattern can run here.
#[derive(Debug, Serialize)]
pub(super) struct Runnable {
    /// The word for the pattern on the command line.
    pub(super) pattern: &'static str,
    pub(super) runs: bool,
    /// The broker that the pattern would use; `null` for a pattern that has none.
    pub(super) broker: Option<String>,
    /// The reason why the pattern cannot run.
    pub(super) why: Option<String>,
    /// What to do about that reason.
    pub(super) hint: Option<String>,
}

/// Every pattern, and whether it can run here.
pub(super) async fn all() -> Vec<Runnable> {
    join_all(Pattern::BUILT.map(look)).await
}

async fn look(pattern: Pattern) -> Runnable {
    let mut it = Runnable { pattern: pattern.name(), runs: true, broker: None, why: None, hint: None };
    let Some(product) = Product::of_pattern(pattern) else { return it };
    match source(product).await {
        Ok(BrokerSource::Program(path)) => it.broker = Some(path.display().to_string()),
        Ok(BrokerSource::Docker) => it.broker = Some("Docker".into()),
        Err(error) => {
            (it.runs, it.why, it.hint) = (false, Some(error.message), error.hint);
        }
    }
    it
}
