//! Calls to the broker, each under a time-out.

use std::time::Duration;

use tokio::time::timeout;

use bus::ConnectionFailure;
use bus::amqp::server::AmqpServer;

/// How long any one call to the broker may take.
pub(super) const CALL: Duration = Duration::from_secs(2);

/// Calls the broker, under a time-out.
pub(super) struct Caller<'a> {
    pub(super) broker: &'a AmqpServer,
}

impl Caller<'_> {
    pub(super) async fn to<T>(
        &self,
        call: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, ConnectionFailure> {
        match timeout(CALL, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.broker.failure(&error)),
            Err(_) => Err(self.broker.silent(CALL)),
        }
    }
}
