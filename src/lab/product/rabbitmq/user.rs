//! Checks and cleans a RabbitMQ, or another AMQP 0-9-1 broker, that is not the lab's.

use std::io;

use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, ErrorKind};

use super::greeting::{Greeting, greeting_of};
use super::rights;
use crate::refusal::{BrokerRefusal, ESCAPED, PATIENCE};

/// The version of the broker at this URL, or `unknown`.
pub(super) async fn version(url: &str) -> Result<String, BrokerRefusal> {
    let uri = parse(url)?;
    // The greeting says who the broker is; whether it lets us in is found out with the client that the nodes use as
    // well.
    let greeting = greeting(&uri).await?;
    let vhost = uri.vhost.clone();
    let connection = connect(uri).await.map_err(|error| refusal(&error))?;
    let missing = rights::missing(&connection).await.map_err(|error| refusal(&error))?;
    connection.close(200, "OK".into()).await.ok();
    match rights::lacking(&missing, &vhost) {
        None => Ok(greeting.version),
        Some(refusal) => Err(refusal),
    }
}

/// Deletes the exchanges and queues of this namespace that are made to stay, and the queues of the nodes with these
/// process ids.
///
/// A node that ends in order deletes the queue of its live feed; the queue of a killed node expires after 60 seconds if
/// nobody names it here.
pub(super) async fn clean(url: &str, namespace: &str, nodes: &[i32]) -> lapin::Result<()> {
    let uri = url.parse::<AMQPUri>().map_err(io::Error::other)?;
    let connection = connect(uri).await?;
    let channel = connection.create_channel().await?;
    let Names { queues, exchanges } = Names::new(namespace, nodes);
    for queue in queues {
        // RabbitMQ answers the deletion of a queue that does not exist like any other.
        channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await?;
    }
    for exchange in exchanges {
        channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await?;
    }
    connection.close(200, "OK".into()).await
}

/// The native names of a cluster that stay. The lab shares no code with what it measures; a test looks at the broker
/// whether these are all.
struct Names {
    queues: Vec<String>,
    exchanges: [String; 2],
}

impl Names {
    fn new(namespace: &str, nodes: &[i32]) -> Self {
        let live = nodes.iter().map(|node| format!("{namespace}.live.{node}"));
        Self {
            queues: std::iter::once(format!("{namespace}.history")).chain(live).collect(),
            exchanges: [namespace.to_owned(), format!("{namespace}.signals")],
        }
    }
}

fn parse(url: &str) -> Result<AMQPUri, BrokerRefusal> {
    let uri: AMQPUri = url.parse().map_err(|why: String| {
        // Some of the client's errors repeat the URL, and the URL may hold a password.
        BrokerRefusal::Url(if why.contains(url) { "it names no host".into() } else { why })
    })?;
    match uri.scheme {
        AMQPScheme::AMQP => Ok(uri),
        AMQPScheme::AMQPS => Err(BrokerRefusal::Url("this version speaks no TLS to RabbitMQ".into())),
    }
}

async fn greeting(uri: &AMQPUri) -> Result<Greeting, BrokerRefusal> {
    let address = (uri.authority.host.as_str(), uri.authority.port);
    greeting_of(address, PATIENCE).await.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => BrokerRefusal::unusable("it does not answer"),
        _ => BrokerRefusal::unusable(error.to_string()),
    })
}

async fn connect(uri: AMQPUri) -> lapin::Result<Connection> {
    let name = ConnectionProperties::default().with_connection_name("pubsub-lab".into());
    Connection::connect_uri(uri, name).await
}

/// The refusal that a failed login means.
fn refusal(error: &lapin::Error) -> BrokerRefusal {
    let ErrorKind::ProtocolError(error) = error.kind() else {
        return BrokerRefusal::unusable(error.to_string());
    };
    match error.get_id() {
        403 => BrokerRefusal::with_hint(
            "it does not accept the user name or the password",
            format!("give them in the URL: amqp://user:password@host; {ESCAPED}"),
        ),
        530 => BrokerRefusal::with_hint(
            "it has no such virtual host, or the user may not enter it",
            "the default one is amqp://host without a slash at the end; another is amqp://host/name",
        ),
        _ => BrokerRefusal::unusable(error.get_message().to_string()),
    }
}
