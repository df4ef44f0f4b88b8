//! A rig for links: an upstream, a proxy in front of it, and connections through the proxy.

use std::io;
use std::time::{Duration, Instant};

use pubsub_lab::fault::link::{Proxy, ProxyLink};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// The limit for what must happen at once, on any machine.
pub const SOON: Duration = Duration::from_secs(20);

pub struct Rig {
    pub upstream: TcpListener,
    pub proxy: Proxy,
    pub tasks: TaskTracker,
    pub cancel: CancellationToken,
    _ends_with_the_test: DropGuard,
}

impl Rig {
    pub async fn new(links: Vec<(ProxyLink, bool)>) -> Self {
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
        let to = upstream.local_addr().unwrap().to_string();
        let proxy = Proxy::start(0, to, links, &tasks, &cancel).await.unwrap();
        Self { upstream, proxy, tasks, _ends_with_the_test: cancel.clone().drop_guard(), cancel }
    }

    /// A rig whose proxy has one link.
    pub async fn on(link: &ProxyLink) -> Self {
        Self::new(vec![(link.clone(), false)]).await
    }

    /// Dials the proxy.
    pub async fn dial(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.proxy.port())).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// The upstream's end of the next connection.
    pub async fn accept(&self) -> TcpStream {
        let (stream, _) = soon(self.upstream.accept()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// A connection through the proxy: the socket that dials, and the upstream's end.
    pub async fn pair(&self) -> (TcpStream, TcpStream) {
        let client = self.dial().await.unwrap();
        (client, self.accept().await)
    }
}

pub async fn soon<F: Future>(future: F) -> F::Output {
    timeout(SOON, future).await.expect("in time")
}

pub async fn send(to: &mut TcpStream, bytes: &[u8]) {
    soon(to.write_all(bytes)).await.unwrap();
}

/// Receives exactly these bytes. Gives the time since `begin`.
pub async fn expect(from: &mut TcpStream, bytes: &[u8], begin: Instant) -> Duration {
    let mut got = vec![0; bytes.len()];
    soon(from.read_exact(&mut got)).await.unwrap();
    let after = begin.elapsed();
    assert!(got == bytes, "other bytes than were sent");
    after
}

/// The time that one byte takes.
pub async fn once(from: &mut TcpStream, to: &mut TcpStream) -> Duration {
    let begin = Instant::now();
    send(from, b".").await;
    expect(to, b".", begin).await
}

/// The shortest time that one byte of three takes: a busy machine holds up one of them, a wrong delay all of them.
pub async fn trip(from: &mut TcpStream, to: &mut TcpStream) -> Duration {
    let mut shortest = Duration::MAX;
    for _ in 0..3 {
        shortest = shortest.min(once(from, to).await);
    }
    shortest
}

/// Passes a few bytes, and asserts that they arrive.
pub async fn passes(from: &mut TcpStream, to: &mut TcpStream) {
    send(from, b"passes").await;
    expect(to, b"passes", Instant::now()).await;
}

/// The bytes that come until the end, and how the connection ends: orderly or by an error.
pub async fn rest(from: &mut TcpStream) -> (Vec<u8>, io::Result<()>) {
    let mut got = Vec::new();
    let ended = soon(from.read_to_end(&mut got)).await.map(|_| ());
    (got, ended)
}

/// Asserts that nothing comes for a while: no byte, no end, no error.
pub async fn is_silent(from: &TcpStream) {
    let mut one = [0];
    let came = timeout(Duration::from_millis(150), from.peek(&mut one)).await;
    assert!(came.is_err(), "something came: {came:?}");
}

#[tokio::test]
#[should_panic(expected = "something came")]
async fn control_silence_is_not_found_where_something_comes() {
    let rig = Rig::on(&ProxyLink::new(1)).await;
    let (mut client, server) = rig.pair().await;
    send(&mut client, b"!").await;
    is_silent(&server).await;
}

pub fn is_reset<T>(result: &io::Result<T>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
}

/// Resets the connection, as the end of a process that has bytes unread does.
pub fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
}

/// Waits for a condition that nothing signals.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !holds().await {
        assert!(begin.elapsed() < SOON, "waited for: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Random bytes, which do not repeat soon.
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
