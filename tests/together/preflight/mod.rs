//! What the lab finds out about a Redis of the user's before anything starts: each reason for which no node could use it
//! has a sentence and a hint of its own. Over real servers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod rights;
mod state;
mod tls;

use pubsub_lab::lab::{LabError, Product, broker::Broker};

/// What is said of the Redis at this URL; the error if it cannot be used.
async fn checked(url: &str) -> Result<(), LabError> {
    checked_for(url, &[]).await
}

/// What is said of the Redis at this URL, which nodes with these flags are to use; the error if they cannot.
async fn checked_for(url: &str, node_flags: &[&str]) -> Result<(), LabError> {
    let node_flags: Vec<_> = node_flags.iter().map(|flag| (*flag).to_owned()).collect();
    Broker::check(Product::named("redis").unwrap(), Some(url), &node_flags).await
}

/// Asserts that the Redis at this URL cannot be used, for this reason and with these words in the hint.
async fn assert_refused(url: &str, why: &str, hints: &[&str]) {
    assert_unusable(checked(url).await, why, hints);
}

fn assert_unusable(outcome: Result<(), LabError>, why: &str, hints: &[&str]) {
    let error = outcome.expect_err(why);
    assert!(error.message.ends_with(&format!(" cannot be used: {why}")), "{error}");
    let hint = error.hint.clone().unwrap();
    assert!(!hint.contains("start it, or leave out"), "the hint for a server that is not there: {error}");
    assert!(hints.iter().all(|words| hint.contains(words)), "{hints:?}: {error}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

/// The URL with a login before its host.
fn with_login(url: &str, login: &str) -> String {
    url.replacen("://", &format!("://{login}@"), 1)
}
