//! The cost of a proxy: the latency that it adds, measured on this machine now.

use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Proxy, ProxyLink};

const MESSAGE: usize = 128;
const WARM_UP: usize = 20;
const ROUNDS: usize = 400;
/// The longest measurement; on a slow or busy machine the rounds end with this time.
const AT_MOST: Duration = Duration::from_millis(120);

/// The latency of round trips of 128 bytes to an echo server, directly and through a proxy without conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The median of the direct round trips.
    pub direct_p50: Duration,
    /// The median of the round trips through the proxy.
    pub proxied_p50: Duration,
    /// The 99th percentile of the direct round trips.
    pub direct_p99: Duration,
    /// The 99th percentile of the round trips through the proxy.
    pub proxied_p99: Duration,
    /// The latency that the proxy adds in one direction: half of the difference of the medians.
    pub one_way: Duration,
}

/// Measures the latency that a proxy adds. Direct round trips and those through a fresh proxy alternate, so that
/// whatever else the machine does affects both. Takes well under 200 ms.
///
/// # Errors
/// When no port or no connection on loopback can be had.
pub async fn added_latency() -> io::Result<Added> {
    let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
    let _ends_on_an_error = cancel.clone().drop_guard();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let echo = listener.local_addr()?;
    let proxy = Proxy::start(0, echo.to_string(), vec![(ProxyLink::new(0), false)], &tasks, &cancel).await?;
    let server = cancel.clone();
    tasks.spawn(async move { server.run_until_cancelled(serve(listener)).await });
    let mut direct = Trips::over(TcpStream::connect(echo).await?)?;
    let mut proxied = Trips::over(TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await?)?;
    for _ in 0..WARM_UP {
        direct.round().await?;
        proxied.round().await?;
    }
    let (mut of_direct, mut of_proxied) = (Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS));
    let begin = Instant::now();
    while is_another(of_direct.len(), begin.elapsed()) {
        of_direct.push(direct.round().await?);
        of_proxied.push(proxied.round().await?);
    }
    cancel.cancel();
    tasks.close();
    tasks.wait().await;
    of_direct.sort_unstable();
    of_proxied.sort_unstable();
    let (direct_p50, proxied_p50) = (share(&of_direct, 50), share(&of_proxied, 50));
    Ok(Added {
        direct_p50,
        proxied_p50,
        direct_p99: share(&of_direct, 99),
        proxied_p99: share(&of_proxied, 99),
        one_way: proxied_p50.saturating_sub(direct_p50) / 2,
    })
}

/// Whether to measure another round, after this number of rounds in this time: the first one always.
fn is_another(rounds: usize, elapsed: Duration) -> bool {
    rounds < ROUNDS && (rounds == 0 || elapsed < AT_MOST)
}

/// The percentile of sorted latencies: this number out of a hundred are no longer.
fn share(sorted: &[Duration], of_a_hundred: usize) -> Duration {
    let rank = (sorted.len() * of_a_hundred).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// Serves as the echo server, on two connections.
async fn serve(listener: TcpListener) -> io::Result<()> {
    let (one, other) = (listener.accept().await?.0, listener.accept().await?.0);
    tokio::try_join!(echo(one), echo(other)).map(|_| ())
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut message = [0; MESSAGE];
    loop {
        stream.read_exact(&mut message).await?;
        stream.write_all(&message).await?;
    }
}

struct Trips {
    stream: TcpStream,
    message: [u8; MESSAGE],
}

impl Trips {
    fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, message: [7; MESSAGE] })
    }

    async fn round(&mut self) -> io::Result<Duration> {
        let begin = Instant::now();
        self.stream.write_all(&self.message).await?;
        self.stream.read_exact(&mut self.message).await?;
        Ok(begin.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_four_hundred_rounds_or_as_many_as_fit_and_always_one() {
        let ms = Duration::from_millis;
        assert!(is_another(0, ms(0)) && is_another(399, ms(0)) && is_another(399, ms(119)));
        assert!(!is_another(400, ms(0)) && !is_another(401, ms(0)));
        assert!(!is_another(1, ms(120)) && !is_another(1, ms(500)));
        assert!(is_another(0, ms(120)) && is_another(0, ms(500)));
    }

    #[test]
    fn shares_are_ranks() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(share(&sorted, 50), Duration::from_millis(100));
        assert_eq!(share(&sorted, 99), Duration::from_millis(198));
        assert_eq!(share(&sorted[..1], 50), Duration::from_millis(1));
        assert_eq!(share(&[], 50), Duration::ZERO);
    }
}
