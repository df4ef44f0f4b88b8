//! A WebSocket whose written bytes are counted.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;

/// A client's connection to a node.
pub(super) type Socket = WebSocketStream<CountedStream>;

/// How long a goodbye may take.
pub(super) const GOODBYE: Duration = Duration::from_millis(200);

/// Closes a connection politely. A courtesy to the node: whether it arrives does not matter.
pub(super) async fn say_goodbye(socket: Option<Socket>) {
    if let Some(mut socket) = socket {
        let _ = timeout(GOODBYE, socket.close(None)).await;
    }
}

/// A TCP stream that counts what the kernel took from it: when a write fails, this tells whether any of it may
/// have left.
#[derive(Debug)]
pub(super) struct CountedStream {
    stream: TcpStream,
    written: u64,
}

impl CountedStream {
    /// Counts from here.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, written: 0 }
    }

    /// Bytes that the kernel took.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Whether the connection was reset, although no read or write has said so yet.
    pub(super) fn has_failed(&self) -> bool {
        !matches!(self.stream.take_error(), Ok(None))
    }

    fn count(&mut self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = result {
            self.written += bytes as u64;
        }
        result
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.count(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
