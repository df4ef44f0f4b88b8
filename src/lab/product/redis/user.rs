//! Checks a Redis server that is not the lab's.

use redis::{AsyncConnectionConfig, Client, RedisError};

use crate::refusal::{BrokerRefusal, PATIENCE};

/// The version of the server at this URL, or `unknown`.
pub(super) async fn version(url: &str) -> Result<String, BrokerRefusal> {
    // The redis crate installs no cryptography for `rediss://`. An error means that some is installed already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = Client::open(url).map_err(|error| BrokerRefusal::Url(error.to_string()))?;
    talk(&client).await.map_err(|error| BrokerRefusal::unusable(error.to_string()))
}

async fn talk(client: &Client) -> Result<String, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    redis::cmd("PING").query_async::<()>(&mut connection).await?;
    // A user who may not send INFO is no reason to stop.
    let info = redis::cmd("INFO").arg("server").query_async::<String>(&mut connection).await;
    let info = info.unwrap_or_default();
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
    Ok(version.unwrap_or("unknown").trim().to_owned())
}
