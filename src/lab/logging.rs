//! How much the services of a lab write into their logs.

use std::ffi::OsString;
use std::sync::OnceLock;

/// The environment variable by which a service is told; it wins over everything.
pub const VARIABLE: &str = "PUBSUB_LAB_LOG";

/// One for the process: a lab is in every subcommand that starts services, and they all log alike.
static FILTER: OnceLock<&'static str> = OnceLock::new();

/// Services that start from now on log by this filter. Only the first call has an effect.
pub fn set_filter(filter: &'static str) {
    FILTER.set(filter).ok();
}

/// What a service's environment gets beside what it inherits: nothing, where the user has set the variable.
pub(super) fn environment() -> Vec<(OsString, OsString)> {
    match FILTER.get() {
        Some(filter) if std::env::var_os(VARIABLE).is_none() => vec![(VARIABLE.into(), (*filter).into())],
        _ => Vec::new(),
    }
}
