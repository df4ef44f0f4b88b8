//! Ports for servers that are killed and come back where they were.
#![allow(dead_code, reason = "each test target uses its own part")]

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

/// The range of the tests' ports. It lies below what the kernel gives to outgoing connections, because a client that
/// keeps trying a dead port in that range can connect to itself; and below the ports that a lab looks for.
const PORTS: std::ops::Range<u16> = 12_000..20_000;

/// A port that no other test takes while this value lives, not even while nobody listens there.
pub struct Port {
    number: u16,
    /// The reservation: tests that run at the same time see by it that the port is not theirs.
    _reserved: UdpSocket,
}

impl Port {
    pub fn free() -> Self {
        loop {
            let number = rand::random_range(PORTS);
            // TCP is bound on all addresses, because RabbitMQ looks for its second port in that way. It is bound only where
            // the number is free, because another test may bind its own at this very moment.
            if let Ok(reserved) = UdpSocket::bind((Ipv4Addr::LOCALHOST, number))
                && TcpListener::bind((Ipv4Addr::UNSPECIFIED, number)).is_ok()
            {
                return Self { number, _reserved: reserved };
            }
        }
    }

    pub fn number(&self) -> u16 {
        self.number
    }
}
