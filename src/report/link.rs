//! The links and paths of a run, as the report tells them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A link that went through a proxy of the lab.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinkReport {
    /// The two ends of the link: `node 1 <-> broker`.
    pub name: String,
    /// Number of connections that the link carried.
    pub connections: u64,
    /// Number of connections that the link refused while it was cut.
    pub refused: u64,
    /// Number of connections that the link reset.
    pub reset: u64,
    /// Number of times that the proxy could not open its port again after a cut, because another program listened there;
    /// it tries 20 times a second.
    #[serde(default)]
    pub port_taken: u64,
    /// Number of bytes that passed from the first named end to the second.
    pub bytes_forward: u64,
    /// Number of bytes that passed from the second named end to the first.
    pub bytes_back: u64,
}

/// The latency that a link proxy itself adds, measured before the load. Every time is in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProxyReport {
    /// The median of a round trip without the proxy, in microseconds.
    pub direct_p50: u64,
    /// The median of a round trip through the proxy, in microseconds.
    pub proxied_p50: u64,
    /// The 99th percentile of a round trip without the proxy, in microseconds.
    pub direct_p99: u64,
    /// The 99th percentile of a round trip through the proxy, in microseconds.
    pub proxied_p99: u64,
    /// What the proxy adds to each way, in microseconds: half of what it adds to the median of a round trip.
    pub one_way: u64,
}
