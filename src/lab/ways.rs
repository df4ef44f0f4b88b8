//! Where each member of a cluster finds the others: at their own ports, or at the proxies that stand in between.

use super::error::LabError;
use super::members::{Addresses, MemberContext};
use super::product::Product;
use address::SafeUrl;
use scenario::End;

/// The addresses at which each member of a cluster finds the others.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// The port at which clients find each node.
    pub(super) doors: Vec<u16>,
    /// The broker's URL as each node knows it; empty where there is none.
    pub(super) brokers: Vec<String>,
    /// The history's port as each node knows it; empty where there is none.
    pub(super) histories: Vec<u16>,
    /// The broker's URL as the history knows it; `None` where there is none.
    pub(super) history_broker: Option<String>,
    /// For each node, the addresses at which it finds the other nodes.
    peers: Vec<Vec<String>>,
}

impl Ways {
    /// Places the proxies that the scenario's links want, and no other proxy.
    pub(super) async fn of(
        context: &MemberContext<'_>,
        clients: &[u16],
        addresses: &Addresses,
    ) -> Result<Self, LabError> {
        let mut ways = Self::default();
        // Our own mesh has sockets of its own; servers of others hear each other on the port of their clients.
        let listens = if context.options.software.has_mesh() {
            if addresses.subs.is_empty() { clients } else { &addresses.subs }
        } else {
            &[]
        };
        for (index, client) in clients.iter().enumerate() {
            let node = End::Node(index);
            ways.doors.push(port(context, End::Clients, node, *client).await?);
            if let Some(url) = context.broker.map(|broker| broker.url()) {
                ways.brokers.push(broker_url(context, node, url).await?);
            }
            if let Some(history) = addresses.history {
                ways.histories.push(port(context, node, End::History, history).await?);
            }
            let mut peers = Vec::new();
            for (other, listen) in listens.iter().enumerate().filter(|(other, _)| *other != index) {
                peers.push(format!("127.0.0.1:{}", port(context, node, End::Node(other), *listen).await?));
            }
            ways.peers.push(peers);
        }
        if let Some(url) = context.broker.filter(|_| addresses.history.is_some()).map(|broker| broker.url()) {
            ways.history_broker = Some(broker_url(context, End::History, url).await?);
        }
        Ok(ways)
    }

    /// The addresses at which this node finds the other nodes.
    pub(super) fn peers_of(&self, node: usize) -> Vec<String> {
        self.peers.get(node).cloned().unwrap_or_default()
    }
}

async fn port(context: &MemberContext<'_>, dialer: End, listener: End, own: u16) -> Result<u16, LabError> {
    let placed = context.links.place(dialer, listener, &format!("127.0.0.1:{own}")).await?;
    Ok(placed.unwrap_or(own))
}

async fn broker_url(context: &MemberContext<'_>, dialer: End, url: &str) -> Result<String, LabError> {
    let parts = UrlParts::of(url);
    if parts.is_none() && context.links.is_every() {
        // Nobody has named this link: it is only one that cannot be broken.
        return Ok(url.to_owned());
    }
    let upstream = parts.as_ref().map(|parts| parts.address.as_str()).unwrap_or_default();
    match (context.links.place(dialer, End::Broker, upstream).await?, parts) {
        (None, _) => Ok(url.to_owned()),
        (Some(port), Some(parts)) => Ok(format!("{}127.0.0.1:{port}{}", parts.before, parts.after)),
        (Some(_), None) => {
            let message = format!("the link to the broker at {} cannot be proxied", SafeUrl::new(url));
            Err(LabError::usage(message)
                .hint("a proxied broker has a URL such as redis://host:6379, without TLS"))
        }
    }
}

/// A broker's URL, split into its address and what stands around it.
#[derive(Debug, PartialEq)]
struct UrlParts {
    before: String,
    /// The address, `host:port`.
    address: String,
    after: String,
}

impl UrlParts {
    /// Splits a URL. `None` for a URL over TLS, whose certificate names the host, and for a URL that names a file.
    fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let plain = scheme.to_ascii_lowercase();
        let mut all = Product::ALL.iter().map(|product| product.facts());
        let default = all.find(|facts| facts.schemes.contains(&plain.as_str()))?.port;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, after) = rest.split_at(end);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (format!("{user}@"), host),
            None => (String::new(), authority),
        };
        let host = if host.is_empty() { "127.0.0.1" } else { host };
        // The colons of an IPv6 address stand in brackets.
        let has_port =
            host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let address = if has_port { host.to_owned() } else { format!("{host}:{default}") };
        Some(Self { before: format!("{scheme}://{user}"), address, after: after.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_around_its_address() {
        for (url, before, address, after) in [
            ("redis://127.0.0.1:7000", "redis://", "127.0.0.1:7000", ""),
            ("redis://:p%40w@host/2?protocol=resp3", "redis://:p%40w@", "host:6379", "/2?protocol=resp3"),
            ("amqp://me:pw@[::1]/vhost", "amqp://me:pw@", "[::1]:5672", "/vhost"),
            ("amqp://[::1]:99/", "amqp://", "[::1]:99", "/"),
        ] {
            let parts = UrlParts { before: before.into(), address: address.into(), after: after.into() };
            assert_eq!(UrlParts::of(url), Some(parts), "{url}");
        }
        for url in ["rediss://host", "unix:///run/redis", "amqps://host", "host"] {
            assert_eq!(UrlParts::of(url), None, "{url}");
        }
    }
}
