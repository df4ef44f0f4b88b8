//! What the report says about the links that went through a proxy.

use std::time::Duration;

use super::links::{LinkSeen, Links};
use fault::link::Added;
use report::{LinkReport, ProxyReport};

/// The row of each proxied link, with what its proxies counted.
pub(super) fn link_reports(links: &Links) -> Vec<LinkReport> {
    let report = |seen: LinkSeen| LinkReport {
        name: seen.name,
        connections: seen.counts.accepted,
        refused: seen.counts.refused,
        reset: seen.counts.reset,
        port_taken: seen.counts.port_taken,
        bytes_forward: seen.counts.bytes_forward,
        bytes_back: seen.counts.bytes_back,
    };
    links.seen().into_iter().map(report).collect()
}

/// Names the links that stayed cut after their healing, one clause each: such a run shows another fault than the one
/// that was asked for.
pub(super) fn robbed_links(links: &[LinkReport]) -> impl Iterator<Item = String> {
    links.iter().filter(|link| link.port_taken > 0).map(|link| {
        format!("the link {} stayed cut for longer: another program had taken its port", link.name)
    })
}

/// The latency that a proxy itself adds, as the report has it.
pub(super) fn proxy_report(added: Added) -> ProxyReport {
    let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    ProxyReport {
        direct_p50: us(added.direct_p50),
        proxied_p50: us(added.proxied_p50),
        direct_p99: us(added.direct_p99),
        proxied_p99: us(added.proxied_p99),
        one_way: us(added.one_way),
    }
}
