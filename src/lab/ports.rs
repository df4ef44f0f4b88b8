//! Free loopback ports, outside the range that the kernel gives to outgoing connections.
//!
//! Inside that range a client that keeps reconnecting to a dead port may be given that very port as its own
//! end, connects to itself, and the server cannot come back.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::time::Duration;

use rand::seq::SliceRandom;

use super::error::LabError;

/// Where ports are looked for: below what common systems give to outgoing connections.
pub const RANGE: RangeInclusive<u16> = 20_000..=31_999;

/// So many different ports that nobody listens on, in a random order.
pub fn free(count: usize) -> Result<Vec<u16>, LabError> {
    let ephemeral = ephemeral();
    let mut candidates: Vec<u16> = RANGE.filter(|port| !ephemeral.contains(port)).collect();
    if candidates.len() < count {
        // A system that was tuned to give out nearly every port: better such a one than none.
        candidates = RANGE.collect();
    }
    candidates.shuffle(&mut rand::rng());
    let found: Vec<u16> = candidates.into_iter().filter(|port| check(*port).is_ok()).take(count).collect();
    if found.len() < count {
        return Err(LabError::environment(format!("there are no {count} free ports on 127.0.0.1")));
    }
    Ok(found)
}

/// Whether a server can listen on this loopback port now.
pub fn check(port: u16) -> io::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address)?;
    // Some systems let one bind beside a server that listens on all addresses.
    match TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(_) => Ok(()),
    }
}

/// How many ports the lab could take now.
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
    // Without /proc: the range that IANA names, which macOS uses.
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
    fn more_than_there_are_is_an_error() {
        assert_eq!(free(60_000).unwrap_err().exit, 4);
    }
}
