//! The connection to one client: its socket and its outbox, shared between the session (which reads, and writes when
//! the socket was full) and the rooms (which write as long as the socket takes it).
//!
//! A write straight from the rooms' round spares one wake-up for each recipient. Tungstenite reads the socket through
//! [`Duplex`]; what it wants to send (pongs, close frames) goes through the same outbox, so that no frame ever lands
//! in the middle of another.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::sleep;

use super::admitted::Admitted;
use super::limits::Limits;
use super::outbox::{Drain, Offer, Outbox};

/// Number of bytes read at once, and thrown away, from a client that is being closed.
const DISCARD: usize = 16 * 1024;
/// The pause after each such read of [`DISCARD`] bytes.
const DISCARD_PAUSE: Duration = Duration::from_millis(1);
/// The most bytes in which a message may arrive, as a multiple of the largest message: a message may be cut into
/// frames, and each has a header.
const FRAMING: u64 = 4;

/// The dialect that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Frames are bare text, all in the room `lobby`.
    Plain,
    /// Frames are JSON, as in `pubsub-lab.v1`.
    V1,
}

/// The connection to one client.
#[derive(Debug)]
pub struct ClientConnection {
    /// The number of the connection, unique in this node's life. It is never shown.
    pub number: u64,
    /// The dialect that the client speaks.
    pub dialect: Dialect,
    /// What the hooks say of the client; `None` if there are none.
    pub admitted: Option<Arc<Admitted>>,
    tcp: TcpStream,
    state: Mutex<State>,
    /// Wakes the session after the rooms met a condition that only the session can handle.
    kick: Notify,
    /// Wakes the replays that wait for the outbox.
    drained: Notify,
    /// Number of bytes that came since the client's last whole message, and how many may come. A message in endless
    /// tiny frames never becomes a message, and nothing else would count its bytes.
    unheard: AtomicU64,
    unheard_limit: u64,
    /// Whether the client is read. A plain client asks for no room and gets no answer, so it may speak before it is in
    /// the lobby, and would then miss its own message: it is not read until the rooms have dealt with it.
    may_speak: AtomicBool,
}

#[derive(Debug)]
struct State {
    outbox: Outbox,
    /// Since when the socket has taken nothing; `None` while it takes bytes.
    blocked_since: Option<Instant>,
    /// Whether the connection is on the rooms' list of connections that have something to write.
    dirty: bool,
    /// Whether the connection is being closed, so that nothing but a close frame may follow.
    closing: bool,
    broken: bool,
    /// Whether a replay waits for the outbox to drain.
    awaited: bool,
}

/// How many of a replay's frames a connection took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fed {
    /// The connection took every frame: each waits for the socket or is already written.
    All,
    /// The connection took some frames; the others have to wait until the outbox has drained.
    Full,
    /// The connection took no more because the client is gone or being closed.
    Gone,
}

/// What the session has to know about the writing side.
#[derive(Debug, Clone, Copy)]
pub struct Condition {
    /// How long the socket has taken nothing; `None` while it takes bytes.
    pub blocked_for: Option<Duration>,
    /// Whether the socket takes nothing and the outbox is full. The session then reads no request.
    pub full: bool,
    /// Whether frames were dropped for a plain client. Its dialect has no frame that says so, and it must be closed.
    pub overflowed: bool,
    /// Whether the socket failed.
    pub broken: bool,
    /// Whether no frame waits for the socket.
    pub empty: bool,
}

/// What became of a frame of the feed that was offered to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// The frame waits, and the connection is not yet on the rooms' list of those to write.
    MustBeWritten,
    /// The frame waits, and somebody is about to write the connection already.
    Waits,
    /// The frame was dropped because the outbox was full.
    Dropped,
    /// The client gets no copy: its connection ends, a replay has brought one, or too many wait for the end of a replay.
    Nothing,
}

impl ClientConnection {
    /// Makes a connection over a connected socket.
    pub fn new(number: u64, dialect: Dialect, tcp: TcpStream, limits: &Limits) -> Self {
        let state = State {
            outbox: match dialect {
                Dialect::V1 => Outbox::new(limits.outbox as usize),
                Dialect::Plain => Outbox::without_lagged(limits.outbox as usize),
            },
            blocked_since: None,
            dirty: false,
            closing: false,
            broken: false,
            awaited: false,
        };
        Self {
            number,
            dialect,
            admitted: None,
            tcp,
            state: Mutex::new(state),
            kick: Notify::new(),
            drained: Notify::new(),
            unheard: AtomicU64::new(0),
            unheard_limit: limits.max_frame.saturating_mul(FRAMING),
            may_speak: AtomicBool::new(dialect == Dialect::V1),
        }
    }

    /// The connection of a client that the hooks have let in, if there are any.
    #[must_use]
    pub fn admitted(self, admitted: Option<Admitted>) -> Self {
        Self { admitted: admitted.map(Arc::new), ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame of the feed.
    pub fn offer(&self, frame: &Bytes) -> Offered {
        self.queue(|outbox| outbox.offer(frame))
    }

    /// Queues a frame of the feed that is brought later if it is dropped.
    pub fn offer_kept(&self, frame: &Bytes) -> Offered {
        self.queue(|outbox| outbox.offer_kept(frame))
    }

    fn queue(&self, offer: impl FnOnce(&mut Outbox) -> Offer) -> Offered {
        let mut state = self.state();
        self.make_room(&mut state);
        if state.closing || state.broken {
            return Offered::Nothing;
        }
        if offer(&mut state.outbox) == Offer::Dropped {
            if state.outbox.has_overflowed() {
                self.kick.notify_one();
            }
            return Offered::Dropped;
        }
        // The session writes a blocked connection, and not the rooms.
        if state.dirty || state.blocked_since.is_some() {
            return Offered::Waits;
        }
        state.dirty = true;
        Offered::MustBeWritten
    }

    /// Writes a full outbox out if the socket takes anything at all: only a slow client may lose frames, and not one
    /// to which a single round brings many.
    fn make_room(&self, state: &mut State) {
        if state.outbox.is_full() && state.blocked_since.is_none() {
            self.write(state);
        }
    }

    /// Queues frames of a replay, as many as the outbox has room for, and writes what the socket takes. No frame is
    /// dropped: `next` is called only if there is room for another one.
    pub fn feed(&self, mut next: impl FnMut() -> Option<Bytes>) -> Fed {
        let mut state = self.state();
        loop {
            if state.closing || state.broken {
                return Fed::Gone;
            }
            while state.outbox.takes_replay() {
                let Some(frame) = next() else {
                    self.write(&mut state);
                    return Fed::All;
                };
                state.outbox.answer(frame);
            }
            self.write(&mut state);
            if !state.broken && !state.outbox.takes_replay() {
                // The socket takes no more; [`ClientConnection::drained`] resolves when it does again.
                state.awaited = true;
                return Fed::Full;
            }
        }
    }

    /// Resolves when a replay may go on, or when it never will. Create this future before the
    /// [`ClientConnection::feed`] after which it is awaited, so that no notification is missed.
    pub fn drained(&self) -> Notified<'_> {
        self.drained.notified()
    }

    /// Queues an answer to the client and writes what the socket takes.
    pub fn answer(&self, frame: Bytes) {
        let mut state = self.state();
        if !state.closing {
            state.outbox.answer(frame);
            self.write(&mut state);
        }
    }

    /// Writes as many waiting frames as the socket takes.
    pub fn flush(&self) {
        let mut state = self.state();
        state.dirty = false;
        self.write(&mut state);
    }

    /// Writes even if the kernel has not reported the socket as writable. The kernel does so only when a third of a
    /// buffer of megabytes is free, and a client that reads slowly has made progress long before.
    pub fn insist(&self) {
        let socket = socket2::SockRef::from(&self.tcp);
        self.write_by(&mut self.state(), |slices| socket.send_vectored(slices));
    }

    fn write(&self, state: &mut State) {
        self.write_by(state, |slices| match slices {
            [one] => self.tcp.try_write(one),
            many => self.tcp.try_write_vectored(many),
        });
    }

    fn write_by(&self, state: &mut State, write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>) {
        let before = (state.blocked_since.is_some(), state.broken);
        if state.broken {
            return;
        }
        match state.outbox.drain(write) {
            Ok((_, Drain::Empty)) => state.blocked_since = None,
            Ok((0, Drain::Blocked)) => {
                state.blocked_since = state.blocked_since.or_else(|| Some(Instant::now()))
            }
            // The socket took some bytes. That is progress, so the clock of a slow client starts again.
            Ok((_, Drain::Blocked)) => state.blocked_since = Some(Instant::now()),
            Err(_) => state.broken = true,
        }
        if state.awaited && (state.broken || state.outbox.takes_replay()) {
            state.awaited = false;
            self.drained.notify_waiters();
        }
        if before != (state.blocked_since.is_some(), state.broken) {
            self.kick.notify_one();
        }
    }

    /// Begins to close the connection: from now on only the frames that [`Duplex`] writes are queued. With
    /// `drop_waiting`, the frames that wait are dropped.
    pub fn begin_close(&self, drop_waiting: bool) {
        let mut state = self.state();
        state.closing = true;
        self.drained.notify_waiters();
        if drop_waiting {
            state.outbox.clear();
        } else {
            // `lagged` is due now because nothing may follow the close frame.
            state.outbox.tell_missed();
        }
    }

    /// The state of the writing side.
    pub fn condition(&self) -> Condition {
        let state = self.state();
        Condition {
            blocked_for: state.blocked_since.map(|since| since.elapsed()),
            full: state.outbox.is_full() && state.blocked_since.is_some(),
            overflowed: state.outbox.has_overflowed(),
            broken: state.broken,
            empty: state.outbox.is_empty(),
        }
    }

    /// Lets the client be read: it is in its room, or will not be for now.
    pub fn let_speak(&self) {
        if !self.may_speak.swap(true, Relaxed) {
            self.kick.notify_one();
        }
    }

    /// Whether the client is to be read.
    pub fn may_speak(&self) -> bool {
        self.may_speak.load(Relaxed)
    }

    /// Records that the client has sent a whole message.
    pub fn record_message(&self) {
        self.unheard.store(0, Relaxed);
    }

    /// Resolves when the writing side changed in a way that the session must look at.
    pub async fn kicked(&self) {
        self.kick.notified().await;
    }

    /// Resolves when the socket may take more.
    pub async fn writable(&self) -> io::Result<()> {
        self.tcp.writable().await
    }

    /// Reads and throws away until the client closes the connection. To close a socket with unread bytes would reset
    /// the connection, and the client would never see the close frame.
    pub async fn discard(&self) {
        // The buffer is on the heap: on the stack it would enlarge the task of every client, and hardly any of them
        // is being closed.
        let mut scratch = vec![0; DISCARD];
        while self.tcp.readable().await.is_ok() {
            match self.tcp.try_read(&mut scratch) {
                Ok(0) => return,
                // `readable` never yields while there is more to read. A client that floods a closed connection must
                // neither occupy a worker nor be read as fast as it can send.
                Ok(_) => sleep(DISCARD_PAUSE).await,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    /// Tells the client's kernel that no more bytes come.
    pub fn shut_down(&self) {
        // A client that has already gone is no error here.
        let _ = socket2::SockRef::from(&self.tcp).shutdown(std::net::Shutdown::Write);
    }
}

/// The socket as tungstenite sees it: reads go to the socket, writes into the outbox.
#[derive(Debug)]
pub struct Duplex(pub Arc<ClientConnection>);

impl AsyncRead for Duplex {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.tcp.poll_read_ready(cx))?;
            match self.0.tcp.try_read(buf.initialize_unfilled()) {
                Ok(bytes) => {
                    let unheard = self.0.unheard.fetch_add(bytes as u64, Relaxed);
                    if unheard > self.0.unheard_limit {
                        return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
                    }
                    buf.advance(bytes);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Duplex {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.state();
        self.0.make_room(&mut state);
        if state.broken {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if state.outbox.is_full() && !state.closing {
            // Tungstenite keeps the newest pong and tries again at the next read: a ping flood from a client
            // that takes nothing fills no memory.
            return Poll::Pending;
        }
        state.outbox.answer(Bytes::copy_from_slice(bytes));
        self.0.write(&mut state);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.shut_down();
        Poll::Ready(Ok(()))
    }
}
