//! A stage for tests: an upstream, a proxy in front of it, and the bytes that pass between them.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::super::{LinkCounts, Proxy, ProxyLink};

pub(super) const MS: fn(u64) -> Duration = Duration::from_millis;
/// How long a test waits for what should happen at once, on any machine.
pub(super) const SOON: Duration = Duration::from_secs(10);
/// How long a test watches that something does not happen.
pub(super) const WHILE: Duration = Duration::from_millis(60);

/// An upstream behind a proxy of one link.
pub(super) struct Stage {
    pub(super) link: ProxyLink,
    pub(super) upstream: TcpListener,
    pub(super) proxy: Proxy,
    pub(super) _ends_with_the_test: DropGuard,
}

impl Stage {
    pub(super) async fn new() -> Self {
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (link, cancel) = (ProxyLink::new(1), CancellationToken::new());
        let to = upstream.local_addr().unwrap().to_string();
        let links = vec![(link.clone(), false)];
        let proxy = Proxy::start(0, to, links, &TaskTracker::new(), &cancel).await.unwrap();
        Self { link, upstream, proxy, _ends_with_the_test: cancel.drop_guard() }
    }

    pub(super) async fn dial(&self) -> io::Result<TcpStream> {
        TcpStream::connect(("127.0.0.1", self.proxy.port())).await
    }

    /// A connection: the socket that dials, and the upstream's end.
    pub(super) async fn pair(&self) -> (TcpStream, TcpStream) {
        let client = self.dial().await.unwrap();
        (client, soon(self.upstream.accept()).await.unwrap().0)
    }
}

pub(super) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(SOON, future).await.expect("in time")
}

/// Sends these bytes, and receives exactly them. Gives the time that this took.
pub(super) async fn pass(bytes: &[u8], from: &mut TcpStream, to: &mut TcpStream) -> Duration {
    let begin = Instant::now();
    let mut got = vec![0; bytes.len()];
    let (sent, received) = soon(async { tokio::join!(from.write_all(bytes), to.read_exact(&mut got)) }).await;
    sent.unwrap();
    received.unwrap();
    assert!(got == bytes);
    begin.elapsed()
}

/// The bytes that come until the end, and how the connection ends.
pub(super) async fn rest(from: &mut TcpStream) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut got = Vec::new();
    let ended = soon(from.read_to_end(&mut got)).await;
    (got, ended.map(|_| ()).map_err(|error| error.kind()))
}

pub(super) async fn is_silent(from: &TcpStream) {
    let came = timeout(WHILE, from.peek(&mut [0])).await;
    assert!(came.is_err(), "{came:?}");
}

/// Waits until the counts are as expected, which nothing signals.
pub(super) async fn counted(link: &ProxyLink, holds: impl Fn(LinkCounts) -> bool) {
    let begin = Instant::now();
    while !holds(link.counts()) {
        assert!(begin.elapsed() < SOON, "{:?}", link.counts());
        tokio::time::sleep(MS(2)).await;
    }
}

pub(super) const RESET: Result<(), ErrorKind> = Err(ErrorKind::ConnectionReset);
