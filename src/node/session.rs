//! One client as the node sees it, from the handshake to the last byte. Its requests are handled in `request.rs`.

use std::future::ready;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::client_connection::{ClientConnection, Dialect, Duplex};
use super::entered::Entered;
use super::frame;
use super::hooked::{forbidden, rechecked};
use super::hooks::Decision;
use super::http::Seat;
use super::identity::Identity;
use super::keeping::Keeping;
use super::member::Member;
use super::rate::Bucket;
use super::recent::Remembered;
use super::room::Command;
use super::shared::Shared;
use super::typing;
use bus::{PublishOutcome, Receipt, ReplayStart};
use wire::{NodeFrame, Room};

/// Number of publishes of one session that may wait for their receipts. While there are that many, the session is not
/// read.
const PENDING_RECEIPTS: usize = 1024;
/// Number of frames a second that are not accepted publishes (pings, requests, refused publishes). A session that
/// sends more is read no faster than that, and nobody else notices.
const FRAMES_A_SECOND: u32 = 1000;
/// How long a client that is being closed has to take the frames that it is still owed.
const CLOSE_GRACE: Duration = Duration::from_secs(5);
/// How long a client has to take what it is owed when the whole node ends.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);
/// How often a closing socket that is not reported as writable is tried: see [`ClientConnection::insist`].
const INSIST_EVERY: Duration = Duration::from_millis(200);
/// How long a node that ends waits for the receipts of a session.
const LAST_ANSWERS: Duration = Duration::from_millis(300);
/// How long the client has to close its side of the connection.
const LINGER: Duration = Duration::from_millis(500);
/// Largest part of a client's own text that comes back to it in an answer, in bytes.
pub(super) const ECHO: usize = 300;
/// The most bytes of a reason that fit into a close frame.
const CLOSE_REASON: usize = 123;

/// One client as the node sees it.
pub struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) connection: Arc<ClientConnection>,
    pub(super) identity: Identity,
    /// Whether `welcome` was sent to the client.
    pub(super) greeted: bool,
    pub(super) rooms: Entered,
    pub(super) keeping: Keeping,
    /// The recently used message ids of this identity. `None` until the first message: before it, the identity may
    /// still change.
    pub(super) recent: Option<Remembered>,
    pub(super) publish_rate: Bucket,
    pub(super) typing_rate: Bucket,
    frame_rate: Bucket,
    receipts: FuturesUnordered<Pending>,
    /// The session is not read before this instant, because it sent frames too fast.
    read_after: Option<Instant>,
    heartbeat: Heartbeat,
    /// Tells when the hooks may decide otherwise than before; `None` where there are none.
    rechecks: Option<watch::Receiver<()>>,
    _seat: Seat,
}

/// A publish or a whisper whose outcome has not come yet.
struct Pending {
    id: String,
    outcome: Awaited,
}

enum Awaited {
    Publish(Receipt),
    Whisper(WhisperOutcome),
}

/// The outcome of a whisper, once its addressee is found.
pub(super) type WhisperOutcome = Pin<Box<dyn Future<Output = PublishOutcome> + Send + Sync>>;

/// The outcome of a publish or a whisper, with the client's own id.
enum Answered {
    Publish(String, PublishOutcome),
    Whisper(String, PublishOutcome),
}

impl Future for Pending {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answered> {
        let id = std::mem::take(&mut self.id);
        let polled = match &mut self.outcome {
            Awaited::Publish(receipt) => receipt.poll_unpin(cx).map(|outcome| (true, outcome)),
            Awaited::Whisper(outcome) => outcome.poll_unpin(cx).map(|outcome| (false, outcome)),
        };
        match polled {
            Poll::Ready((true, outcome)) => Poll::Ready(Answered::Publish(id, outcome)),
            Poll::Ready((false, outcome)) => Poll::Ready(Answered::Whisper(id, outcome)),
            Poll::Pending => {
                self.id = id;
                Poll::Pending
            }
        }
    }
}

/// When the client is pinged next, and since when a ping is unanswered.
struct Heartbeat {
    next_ping: Instant,
    pinged: Option<Instant>,
}

/// Why a session ends.
pub(super) enum Ending {
    /// The connection is gone.
    Gone,
    /// The client sent a close frame.
    Closed,
    /// The node closes the connection.
    Close { code: u16, reason: String },
}

impl Ending {
    pub(super) fn close(code: u16, reason: impl Into<String>) -> Self {
        Self::Close { code, reason: reason.into() }
    }
}

/// The result of a frame that was handled: the session goes on or ends.
pub(super) type Handled = Result<(), Ending>;

impl Session {
    /// Makes a session over a fresh connection.
    pub fn new(shared: Arc<Shared>, connection: Arc<ClientConnection>, seat: Seat) -> Self {
        let limits = &shared.limits;
        let heartbeat = Heartbeat { next_ping: Instant::now() + limits.ping_every, pinged: None };
        let rechecks = connection.admitted.as_ref().map(|admitted| admitted.hooks().changes());
        let mut identity = Identity::guest();
        if let Some(name) = connection.admitted.as_ref().and_then(|admitted| admitted.pass().name.clone()) {
            identity.name = name;
        }
        let keeping = Keeping::by(&shared.sessions);
        Self {
            publish_rate: Bucket::new(limits.max_rate),
            typing_rate: Bucket::new(typing::RATE),
            frame_rate: Bucket::new(FRAMES_A_SECOND),
            shared,
            connection,
            identity,
            greeted: false,
            rooms: Entered::default(),
            keeping,
            recent: None,
            receipts: FuturesUnordered::new(),
            read_after: None,
            heartbeat,
            rechecks,
            _seat: seat,
        }
    }

    /// Serves the client until it is gone.
    pub async fn run(mut self, mut socket: WebSocketStream<Duplex>) {
        metrics::gauge!("pubsub_lab_sessions").increment(1);
        let ending = match self.begin().await {
            Ok(()) => self.converse(&mut socket).await,
            Err(ending) => ending,
        };
        self.has_gone();
        self.keep_last();
        // The session leaves the rooms first: while a slow client is being closed, nobody is to believe that it
        // listens.
        for room in self.rooms.take() {
            let leave = Command::Leave { room, connection: self.connection.clone(), asked: false };
            // An error means that the whole node is ending; otherwise the rooms outlive every session.
            let _ = self.command(leave).await;
        }
        if self.greeted && self.connection.dialect == Dialect::V1 {
            let _ = self.command(Command::Dismiss { connection: self.connection.clone() }).await;
        }
        self.end(ending, &mut socket).await;
        metrics::gauge!("pubsub_lab_sessions").decrement(1);
    }

    async fn begin(&mut self) -> Handled {
        if self.connection.dialect == Dialect::Plain
            && let Ok(lobby) = Room::parse("lobby")
        {
            self.greeted = true;
            match self.may_enter(&lobby) {
                Decision::Allow => self.enter(lobby, None).await?,
                Decision::Refuse(refusal) => return Err(forbidden(Some(refusal))),
                Decision::Drop => return Err(forbidden(None)),
            }
        }
        Ok(())
    }

    /// Asks the rooms to let the client into a room, with a replay from there on if it wants one. The rooms answer the
    /// client.
    pub(super) async fn enter(&mut self, room: Room, replay: Option<ReplayStart>) -> Handled {
        if self.rooms.insert(room.clone()) {
            self.keeping.changed();
        }
        let member = Member { connection: self.connection.clone(), identity: self.identity.clone() };
        self.command(Command::Join { room, member, replay }).await
    }

    /// Gives the rooms something to do for this client.
    pub(super) async fn command(&self, command: Command) -> Handled {
        self.shared.rooms.send(command).await.map_err(|_| Ending::close(1001, "node going away"))
    }

    async fn converse(&mut self, socket: &mut WebSocketStream<Duplex>) -> Ending {
        let shutdown = self.shared.shutdown.clone();
        let connection = self.connection.clone();
        loop {
            let mut condition = connection.condition();
            if condition.blocked_for.is_some_and(|blocked| blocked >= self.shared.limits.slow_after) {
                connection.insist();
                condition = connection.condition();
            }
            if condition.broken {
                return Ending::Gone;
            }
            if condition.overflowed {
                metrics::counter!("pubsub_lab_sessions_too_slow_total").increment(1);
                return Ending::close(1013, "too slow: frames had to be dropped");
            }
            let now = Instant::now();
            let wake = match self.deadline(condition.blocked_for, now) {
                Ok(wake) => wake,
                Err(ending) => return ending,
            };
            if self.read_after.is_some_and(|instant| instant <= now) {
                self.read_after = None;
            }
            let readable = self.read_after.is_none()
                && !condition.full
                && self.receipts.len() < PENDING_RECEIPTS
                && connection.may_speak();
            let pass_ends = match self.pass_ends(now) {
                Ok(ends) => ends,
                Err(ending) => return ending,
            };
            let wakes = [self.read_after, self.keeping.wake(now), pass_ends];
            let wake = wakes.into_iter().flatten().fold(wake, Instant::min);
            let handled = tokio::select! {
                biased;
                () = shutdown.cancelled() => Err(Ending::close(1001, "node going away")),
                () = connection.kicked() => Ok(()),
                writable = connection.writable(), if condition.blocked_for.is_some() => {
                    connection.flush();
                    writable.map_err(|_| Ending::Gone)
                }
                Some(answered) = self.receipts.next() => self.answer_late(answered),
                frame = socket.next(), if readable => self.take_message(frame).await,
                () = rechecked(&mut self.rechecks) => self.recheck().await,
                () = self.keeping.store_speaks() => Ok(()),
                // After everything that the client has already asked for, so that many rooms give one token.
                () = ready(()), if self.keeping.is_due() => {
                    self.keep();
                    Ok(())
                }
                () = sleep_until(wake.into()) => Ok(()),
            };
            if let Err(ending) = handled {
                return ending;
            }
        }
    }

    /// Checks the heartbeat and the clock of a slow client. Gives the instant at which to check again.
    fn deadline(&mut self, blocked_for: Option<Duration>, now: Instant) -> Result<Instant, Ending> {
        let limits = &self.shared.limits;
        let heartbeat = &mut self.heartbeat;
        if let Some(blocked) = blocked_for {
            // A ping could not reach a blocked client, so its silence proves nothing: only the clock of a slow client
            // counts.
            heartbeat.pinged = None;
            heartbeat.next_ping = now;
            let Some(left) = limits.slow_after.checked_sub(blocked).filter(|left| !left.is_zero()) else {
                metrics::counter!("pubsub_lab_sessions_too_slow_total").increment(1);
                return Err(Ending::close(1013, "too slow: nothing was taken for too long"));
            };
            return Ok(now + left);
        }
        if self.receipts.len() >= PENDING_RECEIPTS || !self.connection.may_speak() {
            // While the session is not read, a pong could not be seen.
            heartbeat.pinged = heartbeat.pinged.map(|_| now);
        }
        if let Some(pinged) = heartbeat.pinged {
            if now >= pinged + limits.pong_within {
                return Err(Ending::Gone);
            }
            return Ok(pinged + limits.pong_within);
        }
        if now >= heartbeat.next_ping {
            heartbeat.pinged = Some(now);
            heartbeat.next_ping = now + limits.ping_every;
            self.connection.answer(frame::ping());
            return Ok(now + limits.pong_within);
        }
        Ok(heartbeat.next_ping)
    }

    async fn take_message(&mut self, frame: Option<Result<Message, Error>>) -> Handled {
        // Any frame proves that the client lives.
        self.heartbeat.pinged = None;
        self.connection.record_message();
        match frame {
            Some(Err(Error::Io(error))) if error.kind() == ErrorKind::FileTooLarge => {
                Err(Ending::close(1009, "one message in too many frames"))
            }
            None
            | Some(Err(
                Error::ConnectionClosed
                | Error::AlreadyClosed
                | Error::Io(_)
                | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake),
            )) => Err(Ending::Gone),
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
                let limit = self.shared.limits.max_frame;
                Err(Ending::close(1009, format!("a message may have {limit} bytes")))
            }
            Some(Err(Error::Utf8(_))) => Err(Ending::close(1007, "not UTF-8")),
            Some(Err(error)) => Err(Ending::close(1002, error.to_string())),
            Some(Ok(Message::Text(text))) => self.text(text).await,
            Some(Ok(Message::Binary(bytes))) if self.connection.dialect == Dialect::Plain => {
                match Utf8Bytes::try_from(bytes) {
                    Ok(text) => self.text(text).await,
                    Err(_) => Err(Ending::close(1007, "not UTF-8")),
                }
            }
            Some(Ok(Message::Binary(_))) => {
                self.spend();
                self.error("not_text", "frames of this dialect are JSON text");
                Ok(())
            }
            Some(Ok(Message::Close(_))) => Err(Ending::Closed),
            Some(Ok(_)) => {
                self.spend();
                Ok(())
            }
        }
    }

    async fn text(&mut self, text: Utf8Bytes) -> Handled {
        match self.connection.dialect {
            Dialect::Plain => self.said_plainly(&text),
            Dialect::V1 => self.requested(&text).await,
        }
    }

    /// Charges one frame to the frame rate, for a frame that costs the node something and is no accepted publish.
    pub(super) fn spend(&mut self) {
        self.spend_as(1);
    }

    /// Charges `frames` frames to the frame rate. A session in debt is not read until the debt is paid.
    pub(super) fn spend_as(&mut self, frames: u32) {
        let now = Instant::now();
        if let Some(wait) = self.frame_rate.owe(frames, now) {
            self.read_after = Some(now + wait);
        }
    }

    /// Answers a publish at once if its receipt is there already, and otherwise when it comes.
    pub(super) fn expect(&mut self, id: String, mut receipt: Receipt) -> Handled {
        match (&mut receipt).now_or_never() {
            Some(outcome) => self.answer(&id, outcome),
            None => {
                self.receipts.push(Pending { id, outcome: Awaited::Publish(receipt) });
                Ok(())
            }
        }
    }

    /// Answers a whisper when its outcome comes.
    pub(super) fn expect_whisper(&mut self, id: String, outcome: WhisperOutcome) {
        self.receipts.push(Pending { id, outcome: Awaited::Whisper(outcome) });
    }

    fn answer_late(&mut self, answered: Answered) -> Handled {
        match answered {
            Answered::Publish(id, outcome) => self.answer(&id, outcome),
            Answered::Whisper(id, outcome) => self.tell_outcome(&id, outcome),
        }
    }

    /// Sends a frame to the client.
    pub(super) fn send_frame(&self, frame: &NodeFrame<'_>) {
        self.connection.answer(frame::text(&frame.json()));
    }

    /// Sends an error to the client.
    pub(super) fn error(&self, code: &str, reason: &str) {
        metrics::counter!("pubsub_lab_errors_total", "code" => code.to_owned()).increment(1);
        // The reason may quote what the client sent, and the outbox counts frames and not bytes, so it is cut.
        self.send_frame(&NodeFrame::Error { code, reason: cut(reason, ECHO) });
    }

    /// Waits a moment for the receipts of publishes that the broker has already taken, and answers them.
    async fn last_answers(&mut self) {
        let answers = async {
            while let Some(answered) = self.receipts.next().await {
                if self.answer_late(answered).is_err() {
                    break;
                }
            }
        };
        let _ = timeout(LAST_ANSWERS, answers).await;
    }

    async fn end(&mut self, ending: Ending, socket: &mut WebSocketStream<Duplex>) {
        if matches!(ending, Ending::Close { code: 1001, .. }) {
            self.last_answers().await;
        }
        let (code, reason) = match ending {
            Ending::Gone => return,
            Ending::Closed => {
                self.connection.begin_close(false);
                // Tungstenite has the answer ready and sends it with the next read.
                let _ = timeout(LINGER, socket.next()).await;
                (None, String::new())
            }
            Ending::Close { code, reason } => (Some(code), reason),
        };
        let grace = match code {
            // The client took nothing for `slow_after`, and gets as long again to learn why it was closed.
            Some(1013) => self.shared.limits.slow_after,
            Some(1001) => SHUTDOWN_GRACE,
            _ => CLOSE_GRACE,
        };
        if let Some(code) = code {
            self.connection.begin_close(code == 1013);
            // The close frame goes into the outbox; whether the socket is gone is found out below.
            let _ = socket
                .close(Some(CloseFrame {
                    code: CloseCode::from(code),
                    reason: cut(&reason, CLOSE_REASON).into(),
                }))
                .await;
        }
        let shutdown = self.shared.shutdown.clone();
        tokio::select! {
            () = drained(&self.connection) => {}
            () = tokio::time::sleep(grace) => return,
            () = async { shutdown.cancelled().await; tokio::time::sleep(SHUTDOWN_GRACE).await } => return,
        }
        self.connection.shut_down();
        let _ = timeout(LINGER, self.connection.discard()).await;
    }
}

/// Resolves when the outbox is empty or the socket is broken.
async fn drained(connection: &ClientConnection) {
    connection.flush();
    loop {
        let condition = connection.condition();
        if condition.empty || condition.broken {
            return;
        }
        match timeout(INSIST_EVERY, connection.writable()).await {
            Ok(Ok(())) => connection.flush(),
            Ok(Err(_)) => return,
            Err(_) => connection.insist(),
        }
    }
}

/// The beginning of a text, at most `bytes` bytes long.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
