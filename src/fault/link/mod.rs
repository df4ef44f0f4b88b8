//! A TCP link that can be broken: a proxy of our own on a loopback port, and the conditions that hold on it.
//!
//! A [`ProxyLink`] is what a scenario names (`node 1 -> broker`); conditions are applied to it and healed. A
//! [`Proxy`] stands in front of one address and obeys one link or several: a byte passes if all of them let it.
//!
//! | file | what it is |
//! |---|---|
//! | `proxy_link` | the conditions in force, shared by all proxies of a link, and the counters |
//! | `proxy` | the port: accepts, refuses while cut |
//! | `connection` | one accepted connection and its dialled twin, from the dial to the end of both |
//! | `pump` | one direction of a connection |
//! | `queue` | the bytes that were read and have not passed yet |
//! | `rules` | what the conditions of all links mean for one pump |
//! | `force` | one condition in force: what it is, which link's, and its seed; and what a rule is |
//! | `bandwidth` | what the connections of a throttled link share |
//! | `conditions` | one condition each, as a rule |
//! | `latency` | what a proxy costs |
//!
//! Time: the timers of tokio have a grain of one millisecond and are never early. So a byte leaves up to a millisecond
//! or two after its due time and never before it; a throttle makes up for the late wake-up and keeps its rate. Without
//! conditions no timer is involved.
//!
//! What a proxy cannot imitate: the kernel completes the handshake with the dialling side, so that a new connection is
//! open at once even where a delay or a blackhole holds, and the kernel buffers what the proxy does not read.

mod bandwidth;
mod conditions;
mod connection;
mod force;
mod latency;
mod proxy;
mod proxy_link;
mod pump;
mod queue;
mod rules;
#[cfg(test)]
mod tests_of_the_machine;

pub use latency::{Added, added_latency};
pub use proxy::Proxy;
pub use proxy_link::{ConditionHold, LinkCounts, ProxyLink, Way};
