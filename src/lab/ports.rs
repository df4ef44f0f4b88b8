//! Free loopback ports, outside the range that the kernel gives to outgoing connections.
//!
//! Inside that range a client that keeps reconnecting to a dead port may be given that very port as its own
//! end, connects to itself, and the server cannot come back.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::time::Duration;

use rand::seq::SliceRandom;
use tokio::net::TcpSocket;

use super::error::LabError;

/// The range in which the lab looks for ports: below what common systems give to outgoing connections.
pub const RANGE: RangeInclusive<u16> = 20_000..=31_999;

/// A loopback port that stays its owner's while nobody listens there: the kernel gives it to nobody who asks for any
/// port, and no lab that looks for a free port takes it.
#[derive(Debug)]
pub struct KeptPort {
    /// A socket that is bound and never listens: on Linux a server that allows the reuse of addresses can listen beside
    /// it. `None` on systems where a server could not.
    _socket: Option<TcpSocket>,
}

impl KeptPort {
    /// Keeps a loopback port on which nobody listens yet.
    pub fn new(port: u16) -> Self {
        Self::at(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Keeps the port of an address on which nobody listens yet.
    pub fn at(address: SocketAddr) -> Self {
        let socket = cfg!(target_os = "linux").then(|| bind_at(address, true).ok()).flatten();
        Self { _socket: socket }
    }
}

fn bind(port: u16, reuse: bool) -> io::Result<TcpSocket> {
    bind_at(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), reuse)
}

fn bind_at(address: SocketAddr, reuse: bool) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(reuse)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Different ports that nobody listens on and nobody keeps, in a random order.
pub fn free(count: usize) -> Result<Vec<u16>, LabError> {
    let ephemeral = ephemeral();
    let mut candidates: Vec<u16> = RANGE.filter(|port| !ephemeral.contains(port)).collect();
    if candidates.len() < count {
        // A system that was tuned may give nearly every port to outgoing connections: such a port is better than none.
        candidates = RANGE.collect();
    }
    candidates.shuffle(&mut rand::rng());
    let is_free = |port: &u16| bind(*port, false).is_ok() && check(*port).is_ok();
    let found: Vec<u16> = candidates.into_iter().filter(is_free).take(count).collect();
    if found.len() < count {
        return Err(LabError::environment(format!("there are no {count} free ports on 127.0.0.1")));
    }
    Ok(found)
}

/// Whether a server can listen on this loopback port now.
pub fn check(port: u16) -> io::Result<()> {
    check_at(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Whether a server can listen on this address now.
pub fn check_at(address: SocketAddr) -> io::Result<()> {
    TcpListener::bind(address)?;
    // Some systems let a socket bind beside a server that listens on all addresses.
    match TcpStream::connect_timeout(&reached(address), Duration::from_millis(100)) {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(_) => Ok(()),
    }
}

/// The address at which this machine itself reaches a server that listens on `address`, which may mean all addresses.
pub fn reached(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::from((ip, address.port()))
}

/// Number of ports that the lab could take now.
pub fn count_free() -> usize {
    let ephemeral = ephemeral();
    RANGE.filter(|port| !ephemeral.contains(port) && check(*port).is_ok()).count()
}

/// The ports that the kernel gives to outgoing connections.
pub fn ephemeral() -> RangeInclusive<u16> {
    let read = || {
        let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
        let mut ends = range.split_ascii_whitespace().map(str::parse);
        Some(ends.next()?.ok()?..=ends.next()?.ok()?)
    };
    // Without `/proc`, the range is the one that IANA names, which macOS uses.
    read().unwrap_or(49_152..=65_535)
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn free_ports_differ_and_can_be_bound() {
        let ports = free(20).unwrap();
        assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), 20);
        assert!(ports.iter().all(|port| RANGE.contains(port)));
    }

    #[test]
    fn a_taken_port_is_in_use() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let error = check(taken.local_addr().unwrap().port()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_kept_port_is_not_given_away_and_its_server_can_listen_again_and_again() {
        let port = free(1).unwrap()[0];
        let kept = KeptPort::new(port);
        for _ in 0..2 {
            drop(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
        }
        let is_kept = || bind(port, false).is_err();
        assert_eq!(is_kept(), cfg!(target_os = "linux"));
        drop(kept);
        assert!(!is_kept());
    }

    #[test]
    fn more_than_there_are_is_an_error() {
        assert_eq!(free(60_000).unwrap_err().exit, 4);
    }
}
