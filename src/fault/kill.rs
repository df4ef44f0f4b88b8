//! Kill: SIGKILL. The target sends and writes nothing more; the kernel closes its sockets.

use super::victim::Victim;

pub(super) async fn strike<V: Victim>(victim: &V) -> Result<(), V::Error> {
    victim.kill().await
}

pub(super) async fn heal<V: Victim>(victim: &V) -> Result<(), V::Error> {
    victim.revive().await?;
    victim.ready().await
}
