//! The first bytes of a connection: which version each side speaks, and which socket is at the other end.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::decode::take_named;
use super::encode::put_ready;
use super::{Command, Incoming, Terms, Traffic};

/// How long the whole handshake may take. A peer that connects and says nothing is then disconnected.
const WITHIN: Duration = Duration::from_secs(1);
/// A machine that is gone closes no connection. After this time without a byte the kernel asks whether it is there.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// The first byte of a greeting.
const SIGNATURE: u8 = 0xff;
/// The property by which nodes know each other again, whatever address they use. ZMTP leaves `X-` to
/// applications, and other implementations ignore it.
const NODE: &str = "X-Pubsub-Lab-Node";
/// The longest name of a node that is accepted, in bytes.
const NODE_MAX: usize = 64;

/// The name of a node process, which it chooses at random when it starts.
pub(in super::super) type NodeId = Arc<str>;

/// The socket at our end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Role {
    Sub,
    XPub,
}

/// A connection after its handshake.
pub(in super::super) struct ZmtpConnection {
    pub(in super::super) read: Incoming<OwnedReadHalf>,
    pub(in super::super) write: OwnedWriteHalf,
    /// Whether the peer speaks ZMTP 3.1: subscriptions are commands, and PING is answered.
    pub(in super::super) commands: bool,
    /// The node at the other end, if it is one of ours.
    pub(in super::super) node: Option<NodeId>,
}

impl Role {
    fn socket_type(self) -> &'static str {
        match self {
            Role::Sub => "SUB",
            Role::XPub => "XPUB",
        }
    }

    fn fits(self, other: &[u8]) -> bool {
        match self {
            Role::Sub => matches!(other, b"PUB" | b"XPUB"),
            Role::XPub => matches!(other, b"SUB" | b"XSUB"),
        }
    }
}

/// Greets the peer, and reads which socket it is. What it sends from now on is read on these terms, and no message that
/// is longer than `longest` bytes. An error is a sentence for people.
pub(in super::super) async fn shake_hands(
    tcp: TcpStream,
    role: Role,
    me: &str,
    longest: usize,
    terms: Box<dyn Terms>,
) -> Result<ZmtpConnection, String> {
    timeout(WITHIN, exchange(tcp, role, me, longest, terms))
        .await
        .unwrap_or_else(|_| Err(format!("no handshake within {WITHIN:?}")))
}

async fn exchange(
    tcp: TcpStream,
    role: Role,
    me: &str,
    longest: usize,
    terms: Box<dyn Terms>,
) -> Result<ZmtpConnection, String> {
    let failed = |error: std::io::Error| error.to_string();
    // With Nagle's algorithm every short message would wait for the answer to the one before.
    tcp.set_nodelay(true).map_err(failed)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    SockRef::from(&tcp).set_tcp_keepalive(&keepalive).map_err(failed)?;
    let (read, mut write) = tcp.into_split();
    let mut read = Incoming::new(read, longest, terms);

    write.write_all(&greeting()).await.map_err(failed)?;
    let commands = understand(&read.exactly(SIGNATURE).await?)?;
    let mut ready = BytesMut::new();
    put_ready(&mut ready, &[("Socket-Type", role.socket_type()), (NODE, me)]);
    write.write_all(&ready).await.map_err(failed)?;
    let properties = match read.next().await? {
        Traffic::Command(Command::Ready(properties)) => properties,
        Traffic::Command(Command::Error(reason)) => return Err(format!("it refuses: {reason}")),
        _ => return Err("it does not say what it is".into()),
    };
    let (socket, node) = introduced(properties)?;
    if !role.fits(&socket) {
        let socket = String::from_utf8_lossy(&socket);
        return Err(format!("it is a {socket} socket, which does not fit a {}", role.socket_type()));
    }
    Ok(ZmtpConnection { read, write, commands, node })
}

pub(super) fn greeting() -> [u8; 64] {
    let mut greeting = [0; 64];
    greeting[0] = SIGNATURE;
    greeting[9] = 0x7f;
    (greeting[10], greeting[11]) = (3, 1);
    greeting[12..16].copy_from_slice(b"NULL");
    greeting
}

/// Whether a peer with this greeting speaks at least ZMTP 3.1.
pub(super) fn understand(greeting: &[u8; 64]) -> Result<bool, String> {
    if greeting[9] & 1 == 0 {
        return Err("it does not speak ZMTP".into());
    }
    let (major, minor) = (greeting[10], greeting[11]);
    if major < 3 {
        return Err(format!("it speaks ZMTP {major}, and 3 is needed"));
    }
    let mechanism = &greeting[12..32];
    if !mechanism.starts_with(b"NULL\0") {
        let name = String::from_utf8_lossy(mechanism);
        return Err(format!(
            "it wants the mechanism {}, and NULL is spoken here",
            name.trim_end_matches('\0')
        ));
    }
    Ok((major, minor) >= (3, 1))
}

/// The type of the peer's socket, and the name of its node if it gives one.
pub(super) fn introduced(mut properties: Bytes) -> Result<(Bytes, Option<NodeId>), String> {
    let mut socket = None;
    let mut node = None;
    while !properties.is_empty() {
        let property = take_property(&mut properties).ok_or("what it says of itself is garbled")?;
        if property.0.eq_ignore_ascii_case(b"Socket-Type") {
            socket = Some(property.1);
        } else if property.0.eq_ignore_ascii_case(NODE.as_bytes()) {
            let name = std::str::from_utf8(&property.1).ok().filter(|name| name.len() <= NODE_MAX);
            node = name.map(NodeId::from);
        }
    }
    Ok((socket.ok_or("it does not say which socket it is")?, node))
}

fn take_property(properties: &mut Bytes) -> Option<(Bytes, Bytes)> {
    let name = take_named(properties)?;
    let length = usize::try_from(u32::from_be_bytes(*properties.first_chunk()?)).ok()?;
    properties.advance(4);
    (properties.len() >= length).then(|| (name, properties.split_to(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings() {
        assert_eq!(understand(&greeting()), Ok(true));
        let changed = |change: fn(&mut [u8; 64])| {
            let mut greeting = greeting();
            change(&mut greeting);
            understand(&greeting)
        };
        assert_eq!(changed(|greeting| greeting[11] = 0), Ok(false), "3.0 is spoken too");
        assert_eq!(changed(|greeting| greeting[10] = 4), Ok(true), "whoever speaks 4 speaks 3.1 with us");
        assert!(changed(|greeting| greeting[9] = 0).is_err());
        assert!(changed(|greeting| greeting[10] = 2).is_err());
        let curve = changed(|greeting| greeting[12..17].copy_from_slice(b"CURVE")).unwrap_err();
        assert!(curve.contains("mechanism CURVE,"), "{curve}");
    }

    #[test]
    fn introductions() {
        let text = |bytes: &'static [u8]| introduced(Bytes::from_static(bytes));
        let (socket, node) = text(b"\x0bsocket-type\0\0\0\x03PUB\x08Identity\0\0\0\0").unwrap();
        assert_eq!((&socket[..], node), (&b"PUB"[..], None));
        let (_, node) = text(b"\x0bSocket-Type\0\0\0\x03PUB\x11X-Pubsub-Lab-Node\0\0\0\x02ab").unwrap();
        assert_eq!(node.as_deref(), Some("ab"));
        for wrong in [&b""[..], b"\x0bSocket-Type", b"\x0bSocket-Type\0\0\0\xffPUB", b"\xff"] {
            assert!(text(wrong).is_err(), "{wrong:?}");
        }
    }
}
