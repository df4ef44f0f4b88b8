//! The ports of this machine: those that `run` asks for, and those that a lab chooses from.

use std::ops::RangeInclusive;

use serde::Serialize;

use lab::ports::{RANGE, check, count_free, ephemeral};

/// The ports of `run`, unless told otherwise: from the first one on, as many as it starts nodes.
const RUN: RangeInclusive<u16> = 8080..=8082;

/// Ports of this machine.
#[derive(Debug, Serialize)]
pub(super) struct Ports {
    /// The ports of `run`.
    pub(super) run: Vec<Port>,
    /// The range from which a lab chooses: the first and the last port.
    pub(super) lab_range: (u16, u16),
    /// The range that the system gives to outgoing connections: the first and the last port. A lab avoids those.
    pub(super) ephemeral_range: (u16, u16),
    /// Number of free ports in the lab's range and outside the other.
    pub(super) free: usize,
}

/// Whether a server can listen on this port.
#[derive(Debug, Serialize)]
pub(super) struct Port {
    pub(super) port: u16,
    pub(super) free: bool,
}

impl Ports {
    /// The ports as they are now.
    pub(super) fn look() -> Self {
        let ends = |range: RangeInclusive<u16>| range.into_inner();
        Self {
            run: RUN.map(|port| Port { port, free: check(port).is_ok() }).collect(),
            lab_range: ends(RANGE),
            ephemeral_range: ends(ephemeral()),
            free: count_free(),
        }
    }

    /// The ports of `run` that somebody else has.
    pub(super) fn taken(&self) -> Vec<String> {
        self.run.iter().filter(|port| !port.free).map(|port| port.port.to_string()).collect()
    }
}
