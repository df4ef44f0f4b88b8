//! A broker of the lab's own: the process that serves, and the companion that some need beside it.

use std::time::Duration;

use super::error::LabError;
use super::service::Service;
use fault::Victim;

/// A broker of the lab's own.
#[derive(Debug)]
pub struct Managed {
    server: Service,
    companion: Option<Service>,
    /// How long the server may take to end when asked to.
    grace: Duration,
}

impl Managed {
    /// A broker whose server needs no companion, and may take this long to end when asked to.
    pub fn alone(server: Service, grace: Duration) -> Self {
        Self { server, companion: None, grace }
    }

    /// A broker whose server needs a companion. It is ended without grace: its data end with it, so there is nothing to
    /// put in order.
    pub fn with_companion(server: Service, companion: Service) -> Self {
        Self { server, companion: Some(companion), grace: Duration::ZERO }
    }

    /// The loopback port of the server, the same for all its life.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The server's process id at this moment.
    pub fn process_id(&self) -> u32 {
        self.server.process_id()
    }

    /// The server, and its companion if it has one.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Service> {
        std::iter::once(&self.server).chain(&self.companion)
    }

    /// Ends the server, and its companion after it.
    pub async fn stop(&self) {
        self.server.stop(self.grace).await;
        if let Some(companion) = &self.companion {
            companion.stop(Duration::ZERO).await;
        }
    }
}

impl Victim for Managed {
    type Error = LabError;

    async fn kill(&self) -> Result<(), LabError> {
        self.server.kill().await
    }

    async fn terminate(&self) -> Result<(), LabError> {
        self.server.terminate().await
    }

    async fn freeze(&self) -> Result<(), LabError> {
        self.server.freeze().await
    }

    async fn thaw(&self) -> Result<(), LabError> {
        self.server.thaw().await
    }

    async fn revive(&self) -> Result<(), LabError> {
        // Somebody may have killed the companion too, and the server does not start without it.
        if let Some(companion) = &self.companion {
            companion.revive().await?;
            companion.ready().await?;
        }
        self.server.revive().await
    }

    async fn ready(&self) -> Result<(), LabError> {
        self.server.ready().await
    }
}
