//! A TCP stream that counts its bytes, that may have to read slowly, and that can be told to hang up.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::slow::{Tap, Trickle};
use super::traffic::Meter;

/// What can be done to the stream of a subscriber while its connection owns it.
#[derive(Debug)]
pub(super) struct Reins {
    meter: Arc<Meter>,
    /// The tap that limits the reads, once it is turned on.
    tap: OnceLock<Arc<Tap>>,
    /// Whether the stream is to hang up.
    hangs_up: AtomicBool,
}

impl Reins {
    /// The reins of a stream whose bytes are counted here.
    pub(super) fn new(meter: Arc<Meter>) -> Arc<Self> {
        Arc::new(Self { meter, tap: OnceLock::new(), hangs_up: AtomicBool::new(false) })
    }

    /// Counts a request that is about to be written.
    pub(super) fn requests(&self) {
        self.meter.request();
    }

    /// Reads no faster than this tap allows from now on.
    pub(super) fn keep_to(&self, tap: Arc<Tap>) {
        let _ = self.tap.set(tap);
    }

    /// Tells the other side, before the next read, that nothing more will be written. What it has sent is still read.
    pub(super) fn hang_up(&self) {
        self.hangs_up.store(true, Ordering::Relaxed);
    }
}

/// A TCP stream that counts the bytes that the kernel took from it: when a write fails, this tells whether any of it
/// may have left.
#[derive(Debug)]
pub(super) struct CountedStream {
    stream: TcpStream,
    written: u64,
    /// `None` for a publisher.
    reins: Option<Arc<Reins>>,
    /// Limits the reads of a subscriber that some fault makes slow.
    trickle: Option<Box<Trickle>>,
    /// Whether the stream has hung up.
    hung_up: bool,
}

impl CountedStream {
    /// Wraps a stream, and counts from here. A connection begins with it.
    pub(super) fn new(stream: TcpStream, reins: Option<Arc<Reins>>) -> Self {
        reins.iter().for_each(|reins| reins.meter.connects());
        Self { stream, written: 0, reins, trickle: None, hung_up: false }
    }

    /// Number of bytes that the kernel took.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Whether the connection was reset, although no read or write has said so yet.
    pub(super) fn has_failed(&self) -> bool {
        !matches!(self.stream.take_error(), Ok(None))
    }

    /// Does what the reins ask for.
    fn poll_obey(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(reins) = &self.reins else { return Poll::Ready(Ok(())) };
        if self.trickle.is_none()
            && let Some(tap) = reins.tap.get()
        {
            self.trickle = Some(Box::new(Trickle::new(tap.clone())));
        }
        if !self.hung_up && reins.hangs_up.load(Ordering::Relaxed) {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.hung_up = true;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_take(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, trickle, .. } = self;
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

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_obey(cx))?;
        let before = buf.filled().len();
        let taken = self.poll_take(cx, buf);
        if let Some(reins) = &self.reins {
            reins.meter.read(buf.filled().len() - before);
        }
        taken
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(bytes)) = result {
            self.written += bytes as u64;
            if let Some(reins) = &self.reins {
                reins.meter.wrote(bytes);
            }
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests_of_the_machine {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::super::traffic::Traffic;
    use super::*;

    #[tokio::test]
    async fn who_hangs_up_still_reads_what_was_sent_and_every_byte_is_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = listener.local_addr().unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(to), listener.accept());
        let traffic = Traffic::new(1);
        traffic.measure();
        let reins = Reins::new(traffic.meter(0));
        let (mut near, mut far) = (CountedStream::new(near.unwrap(), Some(reins.clone())), far.unwrap().0);
        reins.requests();
        near.write_all(b"hello").await.unwrap();
        reins.hang_up();
        let other_side = async {
            let mut heard = String::new();
            far.read_to_string(&mut heard).await.unwrap();
            far.write_all(b"last words").await.unwrap();
            drop(far);
            heard
        };
        let mut last = String::new();
        let (heard, read) = tokio::join!(other_side, near.read_to_string(&mut last));
        assert_eq!((heard.as_str(), read.unwrap(), last.as_str()), ("hello", 10, "last words"));
        let counted = traffic.figures().unwrap();
        assert_eq!((counted.requests, counted.bytes_in, counted.bytes_out), (1, 10, 5));
    }
}
