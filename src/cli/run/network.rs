//! A cluster that others in the network may join: under which addresses they find it, and what that means.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::unistd::gethostname;
use scenario::Pattern;

/// How the interfaces of containers and virtual machines begin: nobody comes from there.
const WITHIN: [&str; 5] = ["docker", "br-", "veth", "virbr", "podman"];

/// Reads the address on which the nodes are to listen.
pub(super) fn listen_address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| match text.parse::<SocketAddr>() {
        Ok(both) => {
            format!("the port has a flag of its own: `--listen {} --port {}`", both.ip(), both.port())
        }
        Err(_) => "it takes an IP address of this machine, or 0.0.0.0 for all of them".into(),
    })
}

/// The addresses under which others reach what listens on `listen`.
pub(super) fn addresses(listen: IpAddr) -> Vec<IpAddr> {
    match listen {
        listen if listen.is_loopback() => Vec::new(),
        listen if listen.is_unspecified() => {
            own().into_iter().filter(|it| listen.is_ipv6() || it.is_ipv4()).collect()
        }
        one => vec![one],
    }
}

/// The addresses of this machine that others may reach, those of version 4 first.
fn own() -> BTreeSet<IpAddr> {
    let interfaces = getifaddrs().into_iter().flatten();
    let up = interfaces.filter(|it| {
        let within = WITHIN.iter().any(|name| it.interface_name.starts_with(name));
        it.flags.contains(InterfaceFlags::IFF_UP)
            && !it.flags.contains(InterfaceFlags::IFF_LOOPBACK)
            && !within
    });
    let address = |storage: nix::sys::socket::SockaddrStorage| {
        let v4 = storage.as_sockaddr_in().map(|it| IpAddr::from(it.ip()));
        v4.or_else(|| storage.as_sockaddr_in6().map(|it| IpAddr::from(it.ip())))
    };
    up.filter_map(|it| address(it.address?)).filter(is_for_others).collect()
}

/// Whether somebody else can use the address: one that holds for a single link needs the link's name as well.
fn is_for_others(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => !it.is_link_local() && !it.is_loopback(),
        IpAddr::V6(it) => !it.is_unicast_link_local() && !it.is_loopback(),
    }
}

/// The flags of a node that listens in the network: it answers under its addresses and under the names of this machine,
/// so that a page of somebody else's cannot have its own name lead here.
pub(super) fn node_flags() -> Vec<String> {
    let name = gethostname().ok().and_then(|name| name.into_string().ok()).filter(|name| !name.is_empty());
    let names = name.into_iter().flat_map(|name| [format!("{name}.local"), name]);
    names.chain(["localhost".to_owned()]).map(|name| format!("--allow-host={name}")).collect()
}

/// The sentence on what it means that others may join.
pub(super) fn meaning(pattern: Pattern) -> String {
    let stays = match (pattern.has_broker(), pattern.has_history(), pattern.links_nodes()) {
        (true, true, _) => "; the broker and the history stay on this machine alone",
        (true, false, _) => "; the broker stays on this machine alone",
        (false, _, true) => "; what the nodes say to each other stays on this machine",
        (false, _, false) => "",
    };
    format!("whoever is in this network can read and write here, and nothing is encrypted{stays}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn loopback_is_for_nobody_else_and_one_address_is_that_one() {
        assert_eq!(addresses(Ipv4Addr::LOCALHOST.into()), [] as [IpAddr; 0]);
        let one: IpAddr = Ipv4Addr::new(192, 0, 2, 9).into();
        assert_eq!(addresses(one), [one]);
        for (address, is) in [
            ("192.0.2.9", true),
            ("169.254.1.1", false),
            ("127.0.0.2", false),
            ("fe80::1", false),
            ("fd00::2", true),
        ] {
            assert_eq!(is_for_others(&address.parse().unwrap()), is, "{address}");
        }
        assert!(node_flags().contains(&"--allow-host=localhost".to_owned()));
    }
}
