//! Stop: SIGTERM. The target ends in its own way, and may take leave of its peers.

use super::victim::Victim;

pub(super) async fn strike<V: Victim>(victim: &V) -> Result<(), V::Error> {
    victim.terminate().await
}

pub(super) async fn heal<V: Victim>(victim: &V) -> Result<(), V::Error> {
    victim.revive().await?;
    victim.ready().await
}
