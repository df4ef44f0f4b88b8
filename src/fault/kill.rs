//! Kill: SIGKILL. Nothing is said, nothing is written; the kernel closes the sockets.

use super::victim::Victim;

pub(super) async fn strike<V: Victim>(victim: &V) -> Result<(), V::Error> {
    victim.kill().await
}

pub(super) async fn heal<V: Victim>(victim: &V) -> Result<(), V::Error> {
    victim.revive().await?;
    victim.ready().await
}
