//! Ports of this machine: those that `run` asks for, and those that a lab chooses from.

use std::ops::RangeInclusive;

use serde::Serialize;

use lab::ports::{RANGE, check, count_free, ephemeral};

/// The first port of `run`, and how many nodes it starts, unless told otherwise.
const RUN: RangeInclusive<u16> = 8080..=8082;

/// Ports of this machine.
#[derive(Debug, Serialize)]
pub(super) struct Ports {
    /// Those of `run`.
    pub(super) run: Vec<Port>,
    /// Where a lab chooses from: the first and the last.
    pub(super) lab_range: (u16, u16),
    /// What the system gives to outgoing connections: the first and the last. A lab avoids those.
    pub(super) ephemeral_range: (u16, u16),
    /// Free ones of the lab's range outside the other.
    pub(super) free: usize,
}

/// Whether a server can listen on this port.
#[derive(Debug, Serialize)]
pub(super) struct Port {
    pub(super) port: u16,
    pub(super) free: bool,
}

impl Ports {
    /// As they are now.
    pub(super) fn look() -> Self {
        let ends = |range: RangeInclusive<u16>| range.into_inner();
        Self {
            run: RUN.map(|port| Port { port, free: check(port).is_ok() }).collect(),
            lab_range: ends(RANGE),
            ephemeral_range: ends(ephemeral()),
            free: count_free(),
        }
    }

    /// The ports of `run` that somebody has.
    pub(super) fn taken(&self) -> Vec<String> {
        self.run.iter().filter(|port| !port.free).map(|port| port.port.to_string()).collect()
    }
}
