//! The address at which a ZeroMQ socket listens: `tcp://127.0.0.1:9000`, or `127.0.0.1:9000`.

use std::fmt;
use std::io;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use crate::BusError;

/// Number of peers that may wait to be accepted, as far as the system lets.
const BACKLOG: i32 = 4096;

/// A host and a port. Two spellings of one address are equal as far as the text shows (`localhost` and `127.0.0.1`
/// are not: the handshake finds that out).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// Reads the address of our own SUB socket. The host `*` means every interface, port 0 means any free port.
    pub(super) fn own(text: &str) -> Result<Self, BusError> {
        let mut address = Self::parse(text)?;
        if address.host == "*" {
            address.host = "0.0.0.0".into();
        }
        Ok(address)
    }

    /// Reads the address of a peer's SUB socket.
    pub(super) fn peer(text: &str) -> Result<Self, BusError> {
        let address = Self::parse(text)?;
        if address.host == "*" {
            return Err(wrong(text, "a peer is at one host"));
        }
        if address.port == 0 {
            return Err(wrong(text, "a peer has a port"));
        }
        Ok(address)
    }

    fn parse(text: &str) -> Result<Self, BusError> {
        let rest = match text.split_once("://") {
            Some(("tcp", rest)) => rest,
            Some(_) => return Err(wrong(text, "only `tcp://` is spoken here")),
            None => text,
        };
        let (host, port) = rest.rsplit_once(':').ok_or_else(|| wrong(text, "no port"))?;
        let port = match port.parse() {
            Ok(number) if port.bytes().all(|byte| byte.is_ascii_digit()) => number,
            _ => return Err(wrong(text, "the port is no number up to 65535")),
        };
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(inside) if inside.parse::<std::net::Ipv6Addr>().is_ok() => inside,
            Some(_) => return Err(wrong(text, "what is in brackets is no IPv6 address")),
            None => host,
        };
        let word = |c: char| c.is_ascii_alphanumeric() || "-._:*%".contains(c);
        if host.is_empty() || !host.chars().all(word) || (host.contains('*') && host != "*") {
            return Err(wrong(text, "no host"));
        }
        if host.contains(':') && !rest.starts_with('[') {
            return Err(wrong(text, "an IPv6 address stands in brackets"));
        }
        Ok(Self { host: host.to_ascii_lowercase(), port })
    }

    /// Listens at this address.
    pub(super) async fn bind(&self) -> Result<TcpListener, BusError> {
        let failed = |error: io::Error| {
            BusError::Setup(match error.kind() {
                io::ErrorKind::AddrInUse => format!("the address {self} is taken"),
                _ => format!("cannot listen on {self}: {error}"),
            })
        };
        let listener = TcpListener::bind((self.host.as_str(), self.port)).await.map_err(failed)?;
        // A second call of `listen` only widens the queue of those who wait to be accepted.
        SockRef::from(&listener).listen(BACKLOG).map_err(failed)?;
        Ok(listener)
    }

    /// Makes one attempt to connect to this address.
    pub(super) async fn connect(&self) -> io::Result<TcpStream> {
        TcpStream::connect((self.host.as_str(), self.port)).await
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port) = (&self.host, self.port);
        if host.contains(':') { write!(f, "tcp://[{host}]:{port}") } else { write!(f, "tcp://{host}:{port}") }
    }
}

fn wrong(text: &str, why: &str) -> BusError {
    BusError::Setup(format!("`{text}` is not the address of a ZeroMQ socket: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_and_without_its_scheme_is_the_same() {
        for (text, shown) in [
            ("tcp://127.0.0.1:9000", "tcp://127.0.0.1:9000"),
            ("127.0.0.1:9000", "tcp://127.0.0.1:9000"),
            ("LocalHost:1", "tcp://localhost:1"),
            ("tcp://[::1]:9000", "tcp://[::1]:9000"),
            ("node-1.lan:9000", "tcp://node-1.lan:9000"),
        ] {
            assert_eq!(Address::peer(text).unwrap().to_string(), shown);
        }
        assert_eq!(Address::own("tcp://*:9000").unwrap().to_string(), "tcp://0.0.0.0:9000");
        assert_eq!(Address::own("127.0.0.1:0").unwrap().to_string(), "tcp://127.0.0.1:0");
    }

    #[test]
    fn nonsense_is_named_with_its_reason() {
        for (text, why) in [
            ("", "no port"),
            ("nonsense", "no port"),
            ("tcp://:9000", "no host"),
            ("tcp://a b:9000", "no host"),
            ("tcp://127.0.0.1", "no port"),
            ("tcp://127.0.0.1:", "no number"),
            ("tcp://127.0.0.1:+80", "no number"),
            ("tcp://127.0.0.1:70000", "no number"),
            ("ipc:///tmp/x", "only `tcp://`"),
            ("::1:9000", "brackets"),
            ("[nonsense]:9000", "brackets"),
            ("a*b:1", "no host"),
            ("*:9000", "one host"),
            ("127.0.0.1:0", "has a port"),
        ] {
            let error = Address::peer(text).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains(&format!("`{text}`")), "{error}");
        }
    }
}
