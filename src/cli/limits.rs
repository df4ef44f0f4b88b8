//! The limit on open files. A client is a file descriptor, and the usual soft limit of 1,024 is far below the
//! hard one.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors beside those of the clients.
const SPARE: u64 = 2048;

/// Raises the soft limit to what so many clients need, as far as it may be. Gives the number allowed if it is
/// too small.
pub fn raise_descriptors(clients: u64) -> Option<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    let wanted = clients.saturating_add(SPARE);
    let reachable = wanted.clamp(soft.min(hard), hard);
    let raised = reachable <= soft || setrlimit(Resource::RLIMIT_NOFILE, reachable, hard).is_ok();
    let allowed = if raised { reachable } else { soft };
    (allowed < wanted).then_some(allowed)
}
