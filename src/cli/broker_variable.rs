//! The brokers that the environment names, so that no password need stand among a command's arguments, which `ps` shows.

use address::SafeUrl;
use lab::Product;

use super::failure::Failure;
use super::stderr::say;
use super::verbosity;

/// The environment variable that names brokers, separated by blanks.
pub(super) const VARIABLE: &str = "PUBSUB_LAB_BROKER";

/// The URLs in the environment of the products that are needed. Others are left alone: the variable stands for every
/// command of a shell, and not for this one.
pub(super) fn brokers(needed: &[Product]) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for url in std::env::var(VARIABLE).unwrap_or_default().split_whitespace() {
        if needed.contains(&Product::of_url(url)?) {
            if verbosity::get().shows_notes() {
                say(format_args!("the broker is {}, from {VARIABLE}", SafeUrl::new(url)));
            }
            found.push(url.to_owned());
        }
    }
    Ok(found)
}
