//! Calls to the broker, each under a time-out.

use std::time::Duration;

use tokio::time::timeout;

use bus::amqp::broker::{Broker, Failure};

/// How long any one call to the broker may take.
pub(super) const CALL: Duration = Duration::from_secs(2);

/// Calls the broker, under a time-out.
pub(super) struct Caller<'a> {
    pub(super) broker: &'a Broker,
}

impl Caller<'_> {
    pub(super) async fn to<T>(&self, call: impl Future<Output = lapin::Result<T>>) -> Result<T, Failure> {
        match timeout(CALL, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.broker.failure(&error)),
            Err(_) => Err(self.broker.silent(CALL)),
        }
    }
}
