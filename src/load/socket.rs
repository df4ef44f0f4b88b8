//! A WebSocket whose written bytes are counted, and that may have to read slowly.

use std::borrow::Cow;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::slow::{Tap, Trickle};

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

/// The text of a frame, whichever kind the server chose for it; nothing if the frame is none of the server's own.
pub(super) fn frame_of(message: &Message) -> Option<Cow<'_, str>> {
    match message {
        Message::Text(frame) => Some(Cow::Borrowed(frame)),
        Message::Binary(bytes) => Some(String::from_utf8_lossy(bytes)),
        _ => None,
    }
}

/// A TCP stream that counts what the kernel took from it: when a write fails, this tells whether any of it may
/// have left. It may have to read slowly.
#[derive(Debug)]
pub(super) struct CountedStream {
    stream: TcpStream,
    written: u64,
    /// Of a subscriber that some fault makes slow.
    trickle: Option<Box<Trickle>>,
}

impl CountedStream {
    /// Counts from here.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, written: 0, trickle: None }
    }

    /// Reads no faster than this from now on.
    pub(super) fn keep_to(&mut self, tap: Arc<Tap>) {
        self.trickle = Some(Box::new(Trickle::new(tap)));
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
        let Self { stream, trickle, .. } = &mut *self;
        let Some(trickle) = trickle else { return Pin::new(stream).poll_read(cx, buf) };
        let turn = trickle.poll_turn(cx);
        if let Some(bytes) = trickle.new_buffer() {
            // A connection that is just lost takes no setting, and says so when it is read.
            SockRef::from(&*stream).set_recv_buffer_size(bytes).ok();
        }
        let stream = Pin::new(stream);
        let Some(most) = ready!(turn) else { return stream.poll_read(cx, buf) };
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::super::slow::Slowness;
    use super::*;
    use crate::scenario::{Action, Fault, Target};

    #[tokio::test]
    async fn the_kernel_keeps_little_only_while_it_is_slow() {
        let action = Action::Slow { bytes_per_second: 1_000_000 };
        let fault = Fault { at: Duration::ZERO, duration: None, action, target: Target::Subscriber(0) };
        let slowness = Slowness::new(&[fault], 1, 1);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut node, _) = listener.accept().await.unwrap();
        let mut client = CountedStream::new(stream);
        client.keep_to(slowness.tap(0).unwrap());
        let mut kept = Vec::new();
        for turn in [Slowness::hurry, Slowness::slow, Slowness::hurry] {
            turn(&slowness, 0);
            node.write_all(b"x").await.unwrap();
            client.read_u8().await.unwrap();
            kept.push(SockRef::from(&client.stream).recv_buffer_size().unwrap());
        }
        // Linux doubles what it is asked for, and the most that it allows is its own.
        assert!(kept[1] <= 128 * 1024 && kept[1] < kept[2], "{kept:?}");
    }
}
