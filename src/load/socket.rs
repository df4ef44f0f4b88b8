//! A WebSocket whose written bytes are counted, and that may have to read slowly.

use std::borrow::Cow;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::slow::{Tap, Trickle};

/// A client's connection to a node.
pub(super) type Socket = WebSocketStream<CountedStream>;

/// How long closing a connection politely may take.
pub(super) const GOODBYE: Duration = Duration::from_millis(200);

/// Closes a connection politely. It is a courtesy to the node, and it does not matter whether it arrives.
pub(super) async fn say_goodbye(socket: Option<Socket>) {
    if let Some(mut socket) = socket {
        let _ = timeout(GOODBYE, socket.close(None)).await;
    }
}

/// The text of a frame, whichever kind of frame the server chose for it; `None` if the frame carries nothing of the
/// server's own.
pub(super) fn frame_of(message: &Message) -> Option<Cow<'_, str>> {
    match message {
        Message::Text(frame) => Some(Cow::Borrowed(frame)),
        Message::Binary(bytes) => Some(String::from_utf8_lossy(bytes)),
        _ => None,
    }
}

/// A TCP stream that counts the bytes that the kernel took from it: when a write fails, this tells whether any of it
/// may have left. The stream may also have to read slowly.
#[derive(Debug)]
pub(super) struct CountedStream {
    stream: TcpStream,
    written: u64,
    /// Limits the reads of a subscriber that some fault makes slow.
    trickle: Option<Box<Trickle>>,
}

impl CountedStream {
    /// Wraps a stream, and counts from here.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, written: 0, trickle: None }
    }

    /// Reads no faster than this tap allows from now on.
    pub(super) fn keep_to(&mut self, tap: Arc<Tap>) {
        self.trickle = Some(Box::new(Trickle::new(tap)));
    }

    /// Number of bytes that the kernel took.
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
        let Self { stream, trickle, .. } = &mut *self;
        let stream = Pin::new(stream);
        let Some(trickle) = trickle else { return stream.poll_read(cx, buf) };
        let Some(most) = ready!(trickle.poll_turn(cx)) else { return stream.poll_read(cx, buf) };
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(most.min(buf.remaining())));
        ready!(stream.poll_read(cx, &mut part))?;
        let read = part.filled().len();
        buf.advance(read);
        trickle.took(read);
        Poll::Ready(Ok(()))
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
