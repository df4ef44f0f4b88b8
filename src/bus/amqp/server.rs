//! Where RabbitMQ is: the URL and the handshake. Nodes and the history service have one way to it, so that a URL means
//! the same for both.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lapin::tcp::AsyncTcpStream;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, Error};
use socket2::SockRef;
use tokio::time::timeout;

use super::connection::AmqpConnection;
use super::ending::Ending;
use super::errors::is_lasting;
use super::recent::Recent;
use super::topology::{self, Names};
use crate::{Backoff, BusError, ConnectionFailure};
use address::SafeUrl;

pub use super::errors::{is_missing, sentence};

/// The pause before the second attempt to connect, before jitter; later pauses are longer.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// The longest that one attempt to connect may take, handshake included. A busy RabbitMQ takes 100 ms.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// The longest that declaring the exchanges and queues may take.
const DECLARE_WITHIN: Duration = Duration::from_secs(5);
/// Seconds between heartbeats. RabbitMQ drops a client that is silent for two of them, and a node may well be
/// stopped or starved for a second or two; a hung RabbitMQ is found by [`AmqpConnection::death`], long before.
const HEARTBEAT: u16 = 5;

/// One RabbitMQ, seen by one process of a cluster.
pub struct AmqpServer {
    uri: AMQPUri,
    shown: String,
    names: Names,
    /// The name of this process in RabbitMQ's own tools.
    process: String,
}

/// A connection on which the exchanges and queues are declared. Dropping it ends the connection at once.
pub struct Connected {
    /// The connection.
    pub connection: Connection,
    /// Whether the history's queue did not exist before.
    pub was_missing: bool,
    pub(super) end: Ending,
}

impl AmqpServer {
    /// Reads a URL; an error names it without its password.
    pub fn parse(url: &str, names: Names, process: &str) -> Result<Self, BusError> {
        let shown = SafeUrl::new(url).to_string();
        let malformed = |why: &str| BusError::Setup(format!("`{shown}` is not the URL of a RabbitMQ: {why}"));
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(malformed("it has no `://`"));
        };
        let mut uri: AMQPUri = match scheme {
            // The library's errors repeat the URL, which may hold a password, so they are not shown.
            "amqp" | "amqps" => url.parse().map_err(|_| malformed("its host, port or options are none"))?,
            _ => return Err(malformed("it does not begin with `amqp://`")),
        };
        if uri.scheme == AMQPScheme::AMQPS {
            let why =
                "this version speaks no TLS to RabbitMQ (`amqps`); use `amqp`, through a tunnel if need be";
            return Err(BusError::Setup(format!("`{shown}` cannot be used: {why}")));
        }
        // The library does not recognise an IPv6 address, and would connect to localhost.
        if let Some(address) = ipv6(rest) {
            uri.authority.host = address.into();
        }
        // A URL such as `amqp://host/` has an empty virtual host, which is never meant.
        if uri.vhost.is_empty() {
            uri.vhost = "/".into();
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(Self { uri, shown, names, process: process.into() })
    }

    /// The URL without its password, as it may be shown.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The names of the cluster's exchanges and queues.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The pauses between attempts to connect.
    pub fn backoff() -> Backoff {
        Backoff::new(FIRST_PAUSE, LONGEST_PAUSE)
    }

    /// Makes one attempt to connect, and declares the exchanges and queues on which every process of the cluster
    /// relies.
    pub async fn open(&self, purpose: &str) -> Result<Connected, ConnectionFailure> {
        let mut connected = self.reach(purpose).await?;
        let declaring = async {
            connected.was_missing = topology::is_history_missing(&connected.connection, &self.names).await?;
            topology::declare(&connected.connection, &self.names).await
        };
        self.declared(declaring).await?;
        Ok(connected)
    }

    /// Makes one attempt to connect for a node. `gone` is set if an exchange was found to be gone, and `recent` learns
    /// that the history's queue was, whatever came of the attempt.
    pub(super) async fn connect(
        &self,
        purpose: &str,
        gone: &Arc<AtomicBool>,
        recent: &Arc<Recent>,
    ) -> Result<AmqpConnection, ConnectionFailure> {
        let Connected { connection, end, .. } = self.reach(purpose).await?;
        let connection = AmqpConnection::new(connection, self.names.clone(), end, gone, recent);
        self.declared(connection.declare()).await?;
        Ok(connection)
    }

    async fn reach(&self, purpose: &str) -> Result<Connected, ConnectionFailure> {
        let end = Ending::default();
        match timeout(CONNECT_WITHIN, self.attempt(purpose, &end)).await {
            Ok(Ok(connection)) => Ok(Connected { connection, was_missing: false, end }),
            Ok(Err(error)) => Err(self.failure(&error)),
            Err(_) => Err(self.silent(CONNECT_WITHIN)),
        }
    }

    async fn declared(
        &self,
        declaring: impl Future<Output = lapin::Result<()>>,
    ) -> Result<(), ConnectionFailure> {
        match timeout(DECLARE_WITHIN, declaring).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.failure(&error)),
            Err(_) => {
                let reason =
                    format!("RabbitMQ at {} declares no queue within {DECLARE_WITHIN:?}", self.shown);
                Err(ConnectionFailure { reason, lasting: false })
            }
        }
    }

    /// A sentence about a connection that ended.
    pub fn lost(&self, why: &str) -> String {
        format!("RabbitMQ at {} is lost: {why}", self.shown)
    }

    /// A sentence about something that did not work.
    pub fn failure(&self, error: &Error) -> ConnectionFailure {
        let lasting = is_lasting(error);
        let verb = if lasting { "refuses" } else { "cannot be reached" };
        ConnectionFailure {
            reason: format!("RabbitMQ at {} {verb}: {}", self.shown, sentence(error)),
            lasting,
        }
    }

    /// A sentence about a call that was not answered in this time.
    pub fn silent(&self, within: Duration) -> ConnectionFailure {
        let reason = format!("RabbitMQ at {} has not answered within {within:?}", self.shown);
        ConnectionFailure { reason, lasting: false }
    }

    async fn attempt(&self, purpose: &str, end: &Ending) -> lapin::Result<Connection> {
        let name = format!("pubsub-lab {} {} {purpose}", self.names.chat, self.process);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let hold = end.hold();
        Connection::connector(
            self.uri.clone(),
            lapin::runtime::default_runtime()?,
            // This closure runs in a thread of the library, which tries once.
            async move |uri, runtime| {
                let addresses = (uri.authority.host, uri.authority.port);
                let connect = async {
                    let addresses: Vec<_> = tokio::net::lookup_host(addresses).await?.collect();
                    let stream = AsyncTcpStream::connect(&runtime, addresses).await?;
                    if let AsyncTcpStream::Plain(tcp) = &stream {
                        hold.opened(SockRef::from(tcp.get_ref()).try_clone()?);
                    }
                    std::io::Result::Ok(stream)
                };
                let late = |_| Err(std::io::ErrorKind::TimedOut.into());
                Ok(timeout(CONNECT_WITHIN, connect).await.unwrap_or_else(late)?)
            },
            properties,
        )
        .await
    }
}

/// The IPv6 address of a URL without its scheme.
fn ipv6(rest: &str) -> Option<&str> {
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.strip_prefix('[')?.split(']').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<AmqpServer, String> {
        AmqpServer::parse(url, Names::new("ns"), "p").map_err(|error| error.to_string())
    }

    #[test]
    fn urls_are_read() {
        let read = |url: &str| {
            let uri = parse(url).unwrap_or_else(|error| panic!("{error}")).uri;
            format!("{}:{}{} {:?}", uri.authority.host, uri.authority.port, uri.vhost, uri.query.heartbeat)
        };
        assert_eq!(read("amqp://host"), "host:5672/ Some(5)");
        assert_eq!(read("amqp://a:b@host:1/"), "host:1/ Some(5)");
        assert_eq!(read("amqp://host/%2f?heartbeat=9"), "host:5672/ Some(9)");
        assert_eq!(read("amqp://[::1]:7/lab"), "::1:7lab Some(5)");
        assert_eq!(read("amqp://a:b@[::1]"), "::1:5672/ Some(5)");
        assert_eq!(read("amqp://[::1]:7/a@b"), "::1:7a@b Some(5)");
        assert_eq!(read("amqp://host/[::1]"), "host:5672[::1] Some(5)");
    }

    #[test]
    fn a_wrong_url_is_named_in_a_sentence_and_without_its_password() {
        for (url, expected) in [
            ("", "`` is not the URL of a RabbitMQ: it has no `://`"),
            ("amqp:guest:secret@host", "`***@host` is not the URL of a RabbitMQ: it has no `://`"),
            (
                "redis://:secret@h",
                "`redis://***@h` is not the URL of a RabbitMQ: it does not begin with `amqp://`",
            ),
            (
                "amqp://u:secret@host:port",
                "`amqp://***@host:port` is not the URL of a RabbitMQ: its host, port or options are none",
            ),
        ] {
            assert_eq!(parse(url).err().as_deref(), Some(expected));
        }
        let error = parse("amqps://u:secret@host").err().unwrap();
        assert!(error.contains("amqps://***@host") && error.contains("TLS"), "{error}");
    }
}
