//! Pause: SIGSTOP. The sockets stay open, the kernel goes on acknowledging, and nobody answers, as with a hung process.

use super::victim::Victim;

pub(super) async fn strike<V: Victim>(victim: &V) -> Result<(), V::Error> {
    victim.freeze().await
}

pub(super) async fn heal<V: Victim>(victim: &V) -> Result<(), V::Error> {
    victim.thaw().await?;
    victim.ready().await
}
