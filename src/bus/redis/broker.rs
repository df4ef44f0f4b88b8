//! Where Redis is: the URL, the handshake, and a name for messages that shows no password.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use redis::aio::SendError;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, IntoConnectionInfo, ProtocolVersion, PushInfo, RedisError,
    Value,
};
use tokio_util::sync::CancellationToken;

use super::link::{Link, Push};
use super::publisher::WINDOW;
use crate::BusError;

/// One Redis server.
pub(super) struct Broker {
    client: Client,
    shown: String,
    connect_timeout: Duration,
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
    pub(super) fn parse(url: &str, connect_timeout: Duration) -> Result<Self, BusError> {
        let shown = redact(url);
        let malformed = |error: RedisError| {
            BusError::Setup(format!("`{shown}` is not the URL of a Redis server: {}", sentence(&error)))
        };
        let info = url.into_connection_info().map_err(malformed)?;
        if url.starts_with("rediss:") || url.starts_with("valkeys:") {
            // An error means that the process has chosen its cryptography already.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let tcp = TcpSettings::default().set_nodelay(true);
        let client =
            Client::open(info.set_redis_settings(settings).set_tcp_settings(tcp)).map_err(malformed)?;
        Ok(Self { client, shown, connect_timeout })
    }

    /// The URL as it may be shown.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// One attempt. `push` gets what Redis says unasked, inside the connection's own task.
    pub(super) async fn connect(&self, push: Push) -> Result<Link, Failure> {
        let lost = CancellationToken::new();
        let pulse = Arc::new(AtomicBool::new(false));
        let on_push = {
            let (lost, pulse) = (lost.clone(), Arc::clone(&pulse));
            move |info: PushInfo| -> Result<(), SendError> {
                Link::hear(info, &push, &lost, &pulse);
                Ok(())
            }
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(2 * WINDOW)
            .set_push_sender(on_push);
        let attempt = async {
            let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
            let answer = connection.send_packed_command(&redis::cmd("PING")).await?;
            Ok((connection, answer))
        };
        match tokio::time::timeout(self.connect_timeout, attempt).await {
            // Whoever only echoes is not Redis. A loopback port of the ephemeral range can even connect to
            // itself while nobody listens there.
            Ok(Ok((_, Value::Array(_)))) => Err(self.failure("what answers there is not Redis", false)),
            Ok(Ok((connection, _))) => Ok(Link { connection, lost, pulse }),
            Ok(Err(error)) => Err(self.failure(&sentence(&error), is_lasting(&error))),
            Err(_) => Err(self.failure(&format!("no answer within {:?}", self.connect_timeout), false)),
        }
    }

    /// A sentence about a connection that ended.
    pub(super) fn lost(&self, why: &str) -> String {
        format!("Redis at {} is lost: {why}", self.shown)
    }

    fn failure(&self, why: &str, lasting: bool) -> Failure {
        let verb = if lasting { "refuses" } else { "cannot be reached" };
        Failure { reason: format!("Redis at {} {verb}: {why}", self.shown), lasting }
    }
}

fn is_lasting(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::RESP3NotSupported)
        || matches!(error.code(), Some("WRONGPASS" | "NOAUTH" | "NOPERM" | "ERR"))
}

/// What went wrong, in Redis's own words or else in the library's without the code names that it adds.
pub(super) fn sentence(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (Some(code), None) => code.into(),
        (None, _) => error.to_string().replace(" - InvalidClientConfig", ""),
    }
}

/// A URL as it may be shown: everything that could be a name or a password becomes `***`. Meant for malformed
/// ones too, so it hides rather too much.
pub fn redact(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let colon = if scheme.is_empty() { "" } else { "://" };
    let rest = match rest.rsplit_once('@') {
        Some((_, host)) => format!("***@{host}"),
        None => rest.into(),
    };
    let rest = match rest.split_once('?') {
        Some((path, _)) => format!("{path}?***"),
        None => rest,
    };
    format!("{scheme}{colon}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_ever_shown() {
        for (url, shown) in [
            ("redis://127.0.0.1:6379/2", "redis://127.0.0.1:6379/2"),
            ("redis://:secret@host", "redis://***@host"),
            ("rediss://user:secret@host:1/3#insecure", "rediss://***@host:1/3#insecure"),
            ("redis://user:se/c@r#et@host", "redis://***@host"),
            ("redis:user:secret@host", "***@host"),
            ("unix:///run/redis?db=1&pass=secret", "unix:///run/redis?***"),
        ] {
            assert_eq!(redact(url), shown);
        }
    }

    #[test]
    fn a_malformed_url_is_named_in_a_sentence_and_without_its_password() {
        for (url, expected) in [
            ("http://:secret@host", "`http://***@host` is not the URL of a Redis server: "),
            ("redis://:secret@host/second", "`redis://***@host/second` is not the URL of a Redis server: "),
            ("nonsense", "`nonsense` is not the URL of a Redis server: "),
            ("redis://:secret@", "`redis://***@` is not the URL of a Redis server: "),
        ] {
            let Err(error) = Broker::parse(url, Duration::from_secs(1)) else { panic!("{url} was taken") };
            let error = error.to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains("secret") && !error.contains("InvalidClientConfig"), "{error}");
        }
    }
}
