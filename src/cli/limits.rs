//! The limit on open files. Each client needs a file descriptor, and the usual soft limit of 1,024 is far below the
//! hard one.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Number of descriptors beside those of the clients.
const SPARE: u64 = 2048;

/// The limits on descriptors of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    /// The limit that holds now.
    pub soft: u64,
    /// The highest value to which the limit may be raised.
    pub hard: u64,
}

impl Descriptors {
    /// The limits of this process, where the system tells.
    pub fn here() -> Option<Self> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
        Some(Self { soft, hard })
    }

    /// The value to which the soft limit is raised for this number of clients.
    pub fn raised_for(self, clients: u64) -> u64 {
        clients.saturating_add(SPARE).clamp(self.soft.min(self.hard), self.hard)
    }

    /// Whether there may be this number of clients.
    pub fn suffice_for(self, clients: u64) -> bool {
        self.clients() >= clients
    }

    /// The most clients that there may be.
    pub fn clients(self) -> u64 {
        self.hard.max(self.soft).saturating_sub(SPARE)
    }
}

/// Raises the soft limit to what this number of clients needs, as far as it may be raised. Gives the number of
/// descriptors allowed if that is too small.
pub fn raise_descriptors(clients: u64) -> Option<u64> {
    let limits = Descriptors::here()?;
    let Descriptors { soft, hard } = limits;
    let wanted = clients.saturating_add(SPARE);
    let reachable = limits.raised_for(clients);
    let raised = reachable <= soft || setrlimit(Resource::RLIMIT_NOFILE, reachable, hard).is_ok();
    let allowed = if raised { reachable } else { soft };
    (allowed < wanted).then_some(allowed)
}
