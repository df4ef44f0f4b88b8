//! How much the services of a lab write into their logs.

use std::ffi::OsString;
use std::sync::OnceLock;

/// The environment variable that sets a service's log filter; it wins over everything else.
pub const VARIABLE: &str = "PUBSUB_LAB_LOG";

/// The filter of this process: a lab is in every subcommand that starts services, and all services log alike.
static FILTER: OnceLock<&'static str> = OnceLock::new();

/// Sets the log filter of services that start from now on. Only the first call has an effect.
pub fn set_filter(filter: &'static str) {
    FILTER.set(filter).ok();
}

/// The variables that a service's environment gets beside those it inherits: none, where the user has set the variable.
pub(super) fn environment() -> Vec<(OsString, OsString)> {
    match FILTER.get() {
        Some(filter) if std::env::var_os(VARIABLE).is_none() => vec![(VARIABLE.into(), (*filter).into())],
        _ => Vec::new(),
    }
}
