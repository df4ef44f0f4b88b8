//! The runtime of the asynchronous part of a subcommand.

use tokio::runtime::{Builder, Runtime};

use super::failure::{ENVIRONMENT, Failure};

/// Starts the runtime of a subcommand.
pub fn start() -> Result<Runtime, Failure> {
    Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Failure::new(ENVIRONMENT, format!("cannot start the runtime: {error}"), "free some memory or threads")
    })
}
