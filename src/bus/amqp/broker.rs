//! Where RabbitMQ is: the URL, the handshake, and a name for messages that shows no password.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::tcp::AsyncTcpStream;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, Error, ErrorKind};
use socket2::{SockRef, Socket};
use tokio::time::timeout;

use super::link::Link;
use super::topology::{self, Names};
use crate::bus::BusError;
use crate::bus::redis::redact;

/// The longest that one attempt to connect may take, handshake included: a busy RabbitMQ takes 100 ms.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// The longest that declaring everything may take.
const DECLARE_WITHIN: Duration = Duration::from_secs(5);
/// Seconds between heartbeats. RabbitMQ drops a client that is silent for two of them, and a node may well be
/// stopped or starved for a second or two; a hung RabbitMQ is found by [`Link::death`], long before.
const HEARTBEAT: u16 = 5;

/// One RabbitMQ, seen by one bus.
pub(super) struct Broker {
    uri: AMQPUri,
    shown: String,
    names: Names,
    /// How RabbitMQ's own tools call this bus.
    process: String,
}

/// Why there is no connection.
pub(super) struct Failure {
    /// A sentence for people.
    pub(super) reason: String,
    /// True when trying again soon is pointless: a wrong password does not mend itself.
    pub(super) lasting: bool,
}

impl Broker {
    /// Reads a URL; an error names it without its password.
    pub(super) fn parse(url: &str, names: Names, process: &str) -> Result<Self, BusError> {
        let shown = redact(url);
        let malformed = |why: &str| BusError::Setup(format!("`{shown}` is not the URL of a RabbitMQ: {why}"));
        let Some((scheme, _)) = url.split_once("://") else {
            return Err(malformed("it has no `://`"));
        };
        let mut uri: AMQPUri = match scheme {
            // The library's errors repeat the URL.
            "amqp" | "amqps" => url.parse().map_err(|_| malformed("its host, port or options are none"))?,
            _ => return Err(malformed("it does not begin with `amqp://`")),
        };
        if uri.scheme == AMQPScheme::AMQPS {
            let why =
                "this version speaks no TLS to RabbitMQ (`amqps`); use `amqp`, through a tunnel if need be";
            return Err(BusError::Setup(format!("`{shown}` cannot be used: {why}")));
        }
        // The library takes an IPv6 address for none, and connects to localhost.
        let authority = url.rsplit_once('@').map_or(&url[scheme.len() + 3..], |(_, host)| host);
        if let Some(address) = authority.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            uri.authority.host = address.into();
        }
        // As in `amqp://host/`: an empty name is never meant.
        if uri.vhost.is_empty() {
            uri.vhost = "/".into();
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(Self { uri, shown, names, process: process.into() })
    }

    /// The URL as it may be shown.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// One attempt: connects, and declares what every node relies on.
    pub(super) async fn connect(&self, purpose: &str) -> Result<Link, Failure> {
        let end = Ending::default();
        let connection = match timeout(CONNECT_WITHIN, self.open(purpose, &end)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(self.failure(&error)),
            Err(_) => {
                let reason = format!("RabbitMQ at {} has not answered within {CONNECT_WITHIN:?}", self.shown);
                return Err(Failure { reason, lasting: false });
            }
        };
        let link = Link::new(connection, self.names.clone(), end);
        match timeout(DECLARE_WITHIN, self.declare(&link)).await {
            Ok(Ok(())) => Ok(link),
            Ok(Err(error)) => Err(self.failure(&error)),
            Err(_) => {
                let reason =
                    format!("RabbitMQ at {} declares no queue within {DECLARE_WITHIN:?}", self.shown);
                Err(Failure { reason, lasting: false })
            }
        }
    }

    /// A sentence about a connection that ended.
    pub(super) fn lost(&self, why: &str) -> String {
        format!("RabbitMQ at {} is lost: {why}", self.shown)
    }

    async fn open(&self, purpose: &str, end: &Ending) -> lapin::Result<Connection> {
        let name = format!("pubsub-lab {} {} {purpose}", self.names.chat, self.process);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let socket = Arc::clone(&end.0);
        Connection::connector(
            self.uri.clone(),
            lapin::runtime::default_runtime()?,
            // Runs in a thread of the library, which tries once.
            async move |uri, runtime| {
                let addresses = (uri.authority.host, uri.authority.port);
                let connect = async {
                    let addresses: Vec<_> = tokio::net::lookup_host(addresses).await?.collect();
                    let stream = AsyncTcpStream::connect(&runtime, addresses).await?;
                    if let AsyncTcpStream::Plain(tcp) = &stream {
                        hold(&socket, SockRef::from(tcp.get_ref()).try_clone()?);
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

    async fn declare(&self, link: &Link) -> lapin::Result<()> {
        link.survey().await?;
        let channel = link.channel().await?;
        let Err(error) = topology::declare(&channel, &self.names).await else { return Ok(()) };
        // Somebody may have declared a history of another length before.
        let Some(length) = other_length(&error) else { return Err(error) };
        tracing::warn!("the queue `{}` holds {length} messages at most, and stays so", self.names.history);
        topology::declare_of_length(&link.channel().await?, &self.names, length).await
    }

    fn failure(&self, error: &Error) -> Failure {
        let lasting = is_lasting(error);
        let verb = if lasting { "refuses" } else { "cannot be reached" };
        Failure { reason: format!("RabbitMQ at {} {verb}: {}", self.shown, sentence(error)), lasting }
    }
}

/// Ends a connection, or an attempt at one, when it is dropped, whatever the library and the broker make of it.
///
/// The library says goodbye and waits for an answer, and a hung broker gives none: its thread and socket would
/// stay, and so would the consumer at a broker that goes on, which takes messages that nobody reads.
#[derive(Default)]
pub(super) struct Ending(Arc<Mutex<Held>>);

#[derive(Default)]
enum Held {
    #[default]
    Nothing,
    Connected(Socket),
    /// The library may still be connecting: it comes too late.
    Ended,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let held = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Held::Connected(socket) = std::mem::replace(held, Held::Ended) {
            shut(&socket);
        }
    }
}

fn hold(held: &Mutex<Held>, socket: Socket) {
    let held = &mut *held.lock().unwrap_or_else(PoisonError::into_inner);
    match held {
        Held::Ended => shut(&socket),
        Held::Nothing | Held::Connected(_) => *held = Held::Connected(socket),
    }
}

fn shut(socket: &Socket) {
    // An error means that it has ended already.
    let _ = socket.shutdown(std::net::Shutdown::Both);
}

fn is_lasting(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(error) => matches!(
            error.kind(),
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED | AMQPSoftError::PRECONDITIONFAILED)
                | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED)
        ),
        ErrorKind::AuthProviderError(_) | ErrorKind::InvalidProtocolVersion(_) => true,
        _ => false,
    }
}

/// Whether what was asked for does not exist.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error)
        if matches!(error.kind(), AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)))
}

/// The length of the history queue that stands there, if that is all that differs from what was asked for.
fn other_length(error: &Error) -> Option<i64> {
    let ErrorKind::ProtocolError(error) = error.kind() else { return None };
    let text = error.get_message().as_str();
    let (_, current) = text.split_once("inequivalent arg 'x-max-length'")?.1.split_once("current is '")?;
    current.split('\'').next()?.parse().ok()
}

/// What went wrong, in the broker's own words or else in the library's.
pub(super) fn sentence(error: &Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_message().to_string(),
        ErrorKind::IOError(error) => error.to_string(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Broker, String> {
        Broker::parse(url, Names::new("ns"), "p").map_err(|error| error.to_string())
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
