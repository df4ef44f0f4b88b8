//! Where RabbitMQ is: the URL, one attempt to connect, and a connection that ends when it is dropped.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::tcp::{AMQPUriTcpExt, AsyncTcpStream};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, ErrorKind};
use tokio::time::timeout;

use crate::bus::redis::redact;

/// How long any one call to the broker may take.
pub const CALL: Duration = Duration::from_secs(2);
/// Seconds between heartbeats, if the URL does not say: how long the broker keeps the queue for a service that is
/// stopped. That the broker is stopped is noticed by a probe of ours.
const HEARTBEAT: u16 = 5;

/// One RabbitMQ.
pub struct Broker {
    uri: AMQPUri,
    shown: String,
}

/// Why there is no connection, or no subscription.
#[derive(Debug)]
pub struct Failure {
    /// A sentence for people.
    pub reason: String,
    /// True when trying again soon is pointless: a wrong password does not mend itself.
    pub lasting: bool,
}

/// A connection, and the hold on its socket.
pub struct Link {
    /// The connection.
    pub connection: Connection,
    _scissors: Scissors,
}

/// Ends a socket when it is dropped. The library ends one only when the broker has answered its goodbye, and waits
/// in a thread of its own for that; a stopped broker never answers, and each attempt would leave a thread behind.
#[derive(Clone, Default)]
struct Cord(Arc<Mutex<Socket>>);

#[derive(Default)]
enum Socket {
    #[default]
    Connecting,
    Open(socket2::Socket),
    Cut,
}

impl Cord {
    fn hold(&self, socket: socket2::Socket) -> io::Result<()> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*held, Socket::Cut) {
            return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
        }
        *held = Socket::Open(socket);
        Ok(())
    }

    fn cut(&self) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Socket::Open(socket) = std::mem::replace(&mut *held, Socket::Cut) {
            // An error means that it has ended already.
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// Cuts when it is dropped; the cord itself is shared with the connecting thread.
struct Scissors(Cord);

impl Drop for Scissors {
    fn drop(&mut self) {
        self.0.cut();
    }
}

impl Broker {
    /// Reads a URL; an error names it without its password.
    pub fn parse(url: &str) -> Result<Self, String> {
        let shown = redact(url);
        let mut uri: AMQPUri =
            url.parse().map_err(|error| format!("`{shown}` is not the URL of a RabbitMQ server: {error}"))?;
        if uri.scheme == AMQPScheme::AMQPS {
            return Err(format!("`{shown}` asks for TLS, which the history service does not speak"));
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(Self { uri, shown })
    }

    /// The URL as it may be shown.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// A sentence about a connection that ended.
    pub fn lost(&self, why: &str) -> String {
        format!("RabbitMQ at {} is lost: {why}", self.shown)
    }

    /// A sentence about something that did not work.
    pub fn failure(&self, error: &lapin::Error) -> Failure {
        let lasting = is_lasting(error);
        let verb = if lasting { "refuses" } else { "cannot be reached" };
        Failure { reason: format!("RabbitMQ at {} {verb}: {}", self.shown, sentence(error)), lasting }
    }

    /// A sentence about a call that was not answered.
    pub fn silence(&self) -> Failure {
        let reason = format!("RabbitMQ at {} cannot be reached: no answer within {CALL:?}", self.shown);
        Failure { reason, lasting: false }
    }

    /// One attempt.
    pub async fn connect(&self) -> Result<Link, Failure> {
        let cord = Cord::default();
        let scissors = Scissors(cord.clone());
        let runtime = lapin::runtime::default_runtime().map_err(|error| self.failure(&error))?;
        let options = ConnectionProperties::default().with_connection_name("pubsub-lab history".into());
        let attempt = Connection::connector(
            self.uri.clone(),
            runtime,
            async move |uri, runtime| {
                let connected = timeout(CALL, uri.connect_async(&runtime)).await;
                let stream = connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                if let AsyncTcpStream::Plain(plain) = &stream {
                    cord.hold(socket2::SockRef::from(plain.get_ref()).try_clone()?)?;
                }
                Ok(stream)
            },
            options,
        );
        match timeout(CALL, attempt).await {
            Ok(Ok(connection)) => Ok(Link { connection, _scissors: scissors }),
            Ok(Err(error)) => Err(self.failure(&error)),
            Err(_) => Err(self.silence()),
        }
    }
}

/// What does not mend itself: wrong credentials, an unknown virtual host, a queue of other arguments.
fn is_lasting(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(error) => matches!(error.get_id(), 403 | 406 | 530),
        ErrorKind::AuthProviderError(_) | ErrorKind::InvalidProtocolVersion(_) => true,
        _ => false,
    }
}

/// What went wrong, in the broker's own words where it said any.
pub fn sentence(error: &lapin::Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_message().to_string(),
        ErrorKind::IOError(error) => error.to_string(),
        ErrorKind::InvalidConnectionState(_) | ErrorKind::InvalidChannelState(..) => {
            "the connection was lost".into()
        }
        _ => error.to_string(),
    }
}
