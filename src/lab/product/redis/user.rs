//! Checks a Redis server that is not the lab's: it is asked for everything that a node will ask it for.

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, IntoConnectionInfo, ProtocolVersion, RedisError,
    ServerErrorKind,
};

use super::refused::refusal;
use super::tongue::Tongue;
use crate::refusal::{BrokerRefusal, PATIENCE};
use scenario::listed;

/// A channel with a name like those of a lab's own, for nobody.
const CHANNEL: &str = "pubsub-lab-preflight:preflight";

/// The version of the server at this URL, or `unknown`.
pub(super) async fn version(url: &str) -> Result<String, BrokerRefusal> {
    // The redis crate installs no cryptography for `rediss://`. An error means that some is installed already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let malformed =
        |error: RedisError| BrokerRefusal::Url(error.to_string().replace(" - InvalidClientConfig", ""));
    let info = url.into_connection_info().map_err(malformed)?;
    let (address, database) = (info.addr().clone(), info.redis_settings().db());
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(info.set_redis_settings(settings)).map_err(malformed)?;
    match talk(&client).await {
        Ok(Talk { version, missing }) => match lacking(&missing) {
            None => Ok(version),
            Some(refusal) => Err(refusal),
        },
        // What the server says before it closes, and what it speaks instead, are lost to a client that has spoken first.
        Err(error) => Err(refusal(&error, &Tongue::asked(&address, &error).await, database)),
    }
}

/// What a talk with a server that lets us in has shown.
struct Talk {
    version: String,
    missing: Vec<Missing>,
}

/// A right that the user lacks.
struct Missing {
    command: &'static str,
    /// Whether the command is allowed, and the channel is not.
    channel: bool,
}

async fn talk(client: &Client) -> Result<Talk, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let mut missing = Vec::new();
    for command in ["PING", "SUBSCRIBE", "UNSUBSCRIBE", "PUBLISH"] {
        match ask(&mut connection, command).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) => {
                let channel = error.detail().is_some_and(|detail| detail.contains("channel"));
                missing.push(Missing { command, channel });
            }
            answer => answer?,
        }
    }
    // A user who may not send INFO is no reason to stop.
    let info = redis::cmd("INFO").arg("server").query_async::<String>(&mut connection).await;
    let info = info.unwrap_or_default();
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
    Ok(Talk { version: version.unwrap_or("unknown").trim().to_owned(), missing })
}

async fn ask(connection: &mut MultiplexedConnection, command: &str) -> Result<(), RedisError> {
    match command {
        "SUBSCRIBE" => connection.subscribe(CHANNEL).await,
        "UNSUBSCRIBE" => connection.unsubscribe(CHANNEL).await,
        "PUBLISH" => redis::cmd(command).arg(CHANNEL).arg("").query_async(connection).await,
        _ => redis::cmd(command).query_async(connection).await,
    }
}

/// The refusal of a user who lacks rights; `None` if none is missing.
fn lacking(missing: &[Missing]) -> Option<BrokerRefusal> {
    let names = |channel: bool| {
        let of = missing.iter().filter(|missing| missing.channel == channel);
        of.map(|missing| missing.command).collect::<Vec<_>>()
    };
    let (commands, channels) = (names(false), names(true));
    let why = match (&commands[..], &channels[..]) {
        ([], []) => return None,
        (commands, []) => format!("its user has no right to {}", listed(commands)),
        ([], channels) => format!("its user has no right to {} on the lab's channels", listed(channels)),
        (commands, channels) => format!(
            "its user has no right to {}, nor to {} on the lab's channels",
            listed(commands),
            listed(channels)
        ),
    };
    let commands: String =
        commands.iter().map(|command| format!(" +{}", command.to_ascii_lowercase())).collect();
    let channels = if channels.is_empty() && !commands.contains("scribe") && !commands.contains("publish") {
        ""
    } else {
        " '&pubsub-lab*'"
    };
    let hint = format!("give it the rights in Redis: `ACL SETUSER NAME{commands}{channels}`");
    Some(BrokerRefusal::with_hint(why, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_right_is_named_with_the_line_that_gives_it() {
        let said = |missing: &[(&'static str, bool)]| {
            let missing: Vec<_> =
                missing.iter().map(|(command, channel)| Missing { command, channel: *channel }).collect();
            match lacking(&missing) {
                Some(BrokerRefusal::Unusable { why, hint: Some(hint) }) => format!("{why}; {hint}"),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(said(&[]), "None");
        assert_eq!(
            said(&[("PING", false)]),
            "its user has no right to PING; give it the rights in Redis: `ACL SETUSER NAME +ping`"
        );
        assert_eq!(
            said(&[("SUBSCRIBE", false), ("PUBLISH", true)]),
            "its user has no right to SUBSCRIBE, nor to PUBLISH on the lab's channels; give it the rights in Redis: \
             `ACL SETUSER NAME +subscribe '&pubsub-lab*'`"
        );
    }
}
