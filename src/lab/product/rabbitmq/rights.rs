//! The rights of a user on the names that a lab uses at a RabbitMQ. The broker looks at the rights before it looks
//! whether a thing is there, so that nothing need be made to find them out.

use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ErrorKind};

use crate::refusal::BrokerRefusal;
use scenario::listed;

/// A queue and an exchange with names like those of a lab's own, which nobody ever declares.
const QUEUE: &str = "pubsub-lab-preflight.history";
const EXCHANGE: &str = "pubsub-lab-preflight";
/// The reply code of RabbitMQ to a user who lacks a right.
const ACCESS_REFUSED: u16 = 403;

/// The rights that a node and a history need.
const RIGHTS: [&str; 3] = ["configure", "write", "read"];

/// The rights that the user lacks, in RabbitMQ's own order; an error only if the connection is lost.
pub(super) async fn missing(connection: &Connection) -> lapin::Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    for right in RIGHTS {
        if is_refused(connection, right).await? {
            missing.push(right);
        }
    }
    Ok(missing)
}

/// Whether a user is refused what takes this right. A refusal, like anything else that is not there, closes the channel
/// and nothing more.
async fn is_refused(connection: &Connection, right: &str) -> lapin::Result<bool> {
    let channel = connection.create_channel().await?;
    let asked = match right {
        "configure" => channel.queue_delete(QUEUE.into(), QueueDeleteOptions::default()).await.map(drop),
        "read" => channel.basic_get(QUEUE.into(), BasicGetOptions::default()).await.map(drop),
        _ => {
            let (key, options) = ("", QueueBindOptions::default());
            channel
                .queue_bind(QUEUE.into(), EXCHANGE.into(), key.into(), options, FieldTable::default())
                .await
        }
    };
    let Err(error) = asked else {
        channel.close(200, "OK".into()).await.ok();
        return Ok(false);
    };
    let ErrorKind::ProtocolError(said) = error.kind() else { return Err(error) };
    // Binding takes the right to write to the queue, and that to read from the exchange.
    let of_another = right == "write" && said.get_message().as_str().contains("exchange");
    Ok(said.get_id() == ACCESS_REFUSED && !of_another)
}

/// The refusal of a user who lacks rights in this virtual host; `None` if none is missing.
pub(super) fn lacking(missing: &[&str], vhost: &str) -> Option<BrokerRefusal> {
    if missing.is_empty() {
        return None;
    }
    let why = format!("its user has no right to {} pubsub-lab* in the virtual host {vhost}", listed(missing));
    let hint = format!(
        "a node configures, writes and reads what begins with `pubsub-lab`: `rabbitmqctl set_permissions -p {vhost} USER \
         '^pubsub-lab.*' '^pubsub-lab.*' '^pubsub-lab.*'`"
    );
    Some(BrokerRefusal::with_hint(why, hint))
}
