//! Ports for servers that are killed and come back where they were.
#![allow(dead_code, reason = "each test target uses its own part")]

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

/// Below what the kernel gives to outgoing connections, for a client that keeps trying a dead port among those can
/// connect to itself; and below those that a lab looks for.
const PORTS: std::ops::Range<u16> = 12_000..20_000;

/// A port that no other test takes while this lives, not even while nobody listens there.
pub struct Port {
    number: u16,
    /// Tests that run at the same time see by this that the port is not theirs.
    _reserved: UdpSocket,
}

impl Port {
    pub fn free() -> Self {
        loop {
            let number = rand::random_range(PORTS);
            // TCP on all addresses: so RabbitMQ looks for its second one.
            if let (Ok(reserved), Ok(_)) = (
                UdpSocket::bind((Ipv4Addr::LOCALHOST, number)),
                TcpListener::bind((Ipv4Addr::UNSPECIFIED, number)),
            ) {
                return Self { number, _reserved: reserved };
            }
        }
    }

    pub fn number(&self) -> u16 {
        self.number
    }
}
