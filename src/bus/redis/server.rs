//! Where Redis is: the URL and the handshake.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use redis::aio::SendError;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion, PushInfo, RedisError, Value,
};
use tokio_util::sync::CancellationToken;

use super::connection::{Push, RedisConnection};
use super::errors::{is_lasting, sentence};
use super::publisher::WINDOW;
use crate::{BusError, ConnectionFailure};
use address::SafeUrl;

/// One Redis server.
pub(super) struct RedisServer {
    client: Client,
    shown: String,
    connect_timeout: Duration,
}

impl RedisServer {
    /// Reads a URL. An error names the URL without its password.
    pub(super) fn parse(url: &str, connect_timeout: Duration) -> Result<Self, BusError> {
        let shown = SafeUrl::new(url).to_string();
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

    /// The URL without its password, as it may be shown.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Makes one attempt to connect. `push` gets the messages that Redis sends unasked, inside the connection's own
    /// task.
    pub(super) async fn connect(&self, push: Push) -> Result<RedisConnection, ConnectionFailure> {
        let lost = CancellationToken::new();
        let pulse = Arc::new(AtomicBool::new(false));
        let on_push = {
            let (lost, pulse) = (lost.clone(), Arc::clone(&pulse));
            move |info: PushInfo| -> Result<(), SendError> {
                RedisConnection::take_push(info, &push, &lost, &pulse);
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
            // A server that only echoes is not Redis. A loopback port of the ephemeral range can even connect to
            // itself while nobody listens there.
            Ok(Ok((_, Value::Array(_)))) => Err(self.failure("what answers there is not Redis", false)),
            Ok(Ok((multiplexed, _))) => Ok(RedisConnection { multiplexed, lost, pulse }),
            Ok(Err(error)) => Err(self.failure(&sentence(&error), is_lasting(&error))),
            Err(_) => Err(self.failure(&format!("no answer within {:?}", self.connect_timeout), false)),
        }
    }

    /// A sentence about a connection that ended.
    pub(super) fn lost(&self, why: &str) -> String {
        format!("Redis at {} is lost: {why}", self.shown)
    }

    fn failure(&self, why: &str, lasting: bool) -> ConnectionFailure {
        let verb = if lasting { "refuses" } else { "cannot be reached" };
        ConnectionFailure { reason: format!("Redis at {} {verb}: {why}", self.shown), lasting }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_url_is_named_in_a_sentence_and_without_its_password() {
        for (url, expected) in [
            ("http://:secret@host", "`http://***@host` is not the URL of a Redis server: "),
            ("redis://:secret@host/second", "`redis://***@host/second` is not the URL of a Redis server: "),
            ("nonsense", "`nonsense` is not the URL of a Redis server: "),
            ("redis://:secret@", "`redis://***@` is not the URL of a Redis server: "),
        ] {
            let Err(error) = RedisServer::parse(url, Duration::from_secs(1)) else {
                panic!("{url} was taken")
            };
            let error = error.to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains("secret") && !error.contains("InvalidClientConfig"), "{error}");
        }
    }
}
