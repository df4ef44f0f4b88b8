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
/// A key like those under which a lab's nodes keep their sessions, for none.
const KEY: &str = "pubsub-lab-preflight:session:preflight";
/// How long the key stays, in milliseconds.
const KEY_STAYS: u64 = 1;

/// The version of the server at this URL, or `unknown`. Its user needs more rights if the nodes keep their `sessions`
/// there.
pub(super) async fn version(url: &str, sessions: bool) -> Result<String, BrokerRefusal> {
    // The redis crate installs no cryptography for `rediss://`. An error means that some is installed already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let malformed =
        |error: RedisError| BrokerRefusal::Url(error.to_string().replace(" - InvalidClientConfig", ""));
    let info = url.into_connection_info().map_err(malformed)?;
    let (address, database) = (info.addr().clone(), info.redis_settings().db());
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(info.set_redis_settings(settings)).map_err(malformed)?;
    match talk(&client, sessions).await {
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
    right: Right,
}

/// What is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Command,
    /// The command is allowed, and the channel is not.
    Channel,
    /// The command is allowed, and the key is not.
    Key,
}

async fn talk(client: &Client, sessions: bool) -> Result<Talk, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let mut missing = Vec::new();
    let of_sessions: &[_] = if sessions { &["GET", "SET"] } else { &[] };
    for command in ["PING", "SUBSCRIBE", "UNSUBSCRIBE", "PUBLISH"].iter().chain(of_sessions).copied() {
        match ask(&mut connection, command).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) => {
                missing.push(Missing { command, right: right(&error) });
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

/// The right that Redis says is missing.
fn right(error: &RedisError) -> Right {
    let says = |word| error.detail().is_some_and(|detail| detail.contains(word));
    match () {
        () if says("channel") => Right::Channel,
        () if says(" key") => Right::Key,
        () => Right::Command,
    }
}

async fn ask(connection: &mut MultiplexedConnection, command: &str) -> Result<(), RedisError> {
    match command {
        "SUBSCRIBE" => connection.subscribe(CHANNEL).await,
        "UNSUBSCRIBE" => connection.unsubscribe(CHANNEL).await,
        "PUBLISH" => redis::cmd(command).arg(CHANNEL).arg("").query_async(connection).await,
        "GET" => redis::cmd(command).arg(KEY).query_async::<Option<Vec<u8>>>(connection).await.map(drop),
        "SET" => redis::cmd(command).arg(KEY).arg("").arg("PX").arg(KEY_STAYS).query_async(connection).await,
        _ => redis::cmd(command).query_async(connection).await,
    }
}

/// The refusal of a user who lacks rights; `None` if none is missing.
fn lacking(missing: &[Missing]) -> Option<BrokerRefusal> {
    let names = |right: Right| {
        let of = missing.iter().filter(|missing| missing.right == right);
        of.map(|missing| missing.command).collect::<Vec<_>>()
    };
    let parts: Vec<_> = [
        (Right::Command, ""),
        (Right::Channel, " on the lab's channels"),
        (Right::Key, " on the keys of the lab's sessions"),
    ]
    .into_iter()
    .map(|(right, place)| (names(right), place))
    .filter(|(names, _)| !names.is_empty())
    .map(|(names, place)| format!("to {}{place}", listed(&names)))
    .collect();
    if parts.is_empty() {
        return None;
    }
    let why = format!("its user has no right {}", parts.join(", nor "));
    let commands: String =
        names(Right::Command).iter().map(|command| format!(" +{}", command.to_ascii_lowercase())).collect();
    // Redis tells of the place only once it allows the command.
    let has = |command: &str| commands.contains(&format!("+{command}"));
    let channels = match names(Right::Channel).is_empty()
        && !["subscribe", "unsubscribe", "publish"].into_iter().any(has)
    {
        true => "",
        false => " '&pubsub-lab*'",
    };
    let keys = match names(Right::Key).is_empty() && !["get", "set"].into_iter().any(has) {
        true => "",
        false => " '~pubsub-lab*'",
    };
    let hint = format!("give it the rights in Redis: `ACL SETUSER NAME{commands}{channels}{keys}`");
    Some(BrokerRefusal::with_hint(why, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_right_is_named_with_the_line_that_gives_it() {
        use Right::{Channel, Command, Key};
        let said = |missing: &[(&'static str, Right)]| {
            let missing: Vec<_> =
                missing.iter().map(|(command, right)| Missing { command, right: *right }).collect();
            match lacking(&missing) {
                Some(BrokerRefusal::Unusable { why, hint: Some(hint) }) => format!("{why}; {hint}"),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(said(&[]), "None");
        assert_eq!(
            said(&[("PING", Command)]),
            "its user has no right to PING; give it the rights in Redis: `ACL SETUSER NAME +ping`"
        );
        assert_eq!(
            said(&[("SUBSCRIBE", Command), ("PUBLISH", Channel)]),
            "its user has no right to SUBSCRIBE, nor to PUBLISH on the lab's channels; give it the rights in Redis: \
             `ACL SETUSER NAME +subscribe '&pubsub-lab*'`"
        );
        assert_eq!(
            said(&[("GET", Key), ("SET", Key)]),
            "its user has no right to GET and SET on the keys of the lab's sessions; give it the rights in Redis: \
             `ACL SETUSER NAME '~pubsub-lab*'`"
        );
        assert_eq!(
            said(&[("SET", Command)]),
            "its user has no right to SET; give it the rights in Redis: `ACL SETUSER NAME +set '~pubsub-lab*'`"
        );
    }
}
