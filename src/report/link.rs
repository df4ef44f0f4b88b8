//! The links and paths of a run, as the report tells them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A link that went through a proxy of the lab.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinkReport {
    /// Its two ends: `node 1 <-> broker`.
    pub name: String,
    /// Connections that it carried.
    pub connections: u64,
    /// Connections that it refused while it was cut.
    pub refused: u64,
    /// Connections that it reset.
    pub reset: u64,
    /// Times that it could not open its port again after a cut, because another program listened there; it tries
    /// 20 times a second.
    #[serde(default)]
    pub port_taken: u64,
    /// Bytes that passed from the first named end to the second.
    pub bytes_forward: u64,
    /// Bytes that passed from the second named end to the first.
    pub bytes_back: u64,
}

/// The latency that a link proxy itself adds, measured before the load. Every time is in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProxyReport {
    /// The median of a round trip without the proxy.
    pub direct_p50: u64,
    /// The median of a round trip through the proxy.
    pub proxied_p50: u64,
    /// The 99th percentile without the proxy.
    pub direct_p99: u64,
    /// The 99th percentile through the proxy.
    pub proxied_p99: u64,
    /// What the proxy adds to each way: half of what it adds to the median of a round trip.
    pub one_way: u64,
}
