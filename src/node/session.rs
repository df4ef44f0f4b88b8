//! One client as the node sees it, from the handshake to the last byte. What it asks is in `request.rs`.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::frame;
use super::http::Seat;
use super::identity::Identity;
use super::link::{Dialect, Duplex, Link};
use super::member::Member;
use super::rate::Bucket;
use super::recent::Remembered;
use super::room::Command;
use super::shared::Shared;
use bus::{Outcome, Receipt};
use wire::{NodeFrame, Room};

/// Publishes of one session that may wait for their receipts; beyond it the session is not read.
const PENDING_RECEIPTS: usize = 1024;
/// Frames a second that are not accepted publishes (pings, requests, refused publishes); a session that sends
/// more is read no faster. It alone notices.
const FRAMES_A_SECOND: u32 = 1000;
/// How long a closing client has to take what it is still owed.
const CLOSE_GRACE: Duration = Duration::from_secs(5);
/// The same when the whole node ends.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);
/// How often a closing socket is tried that is not reported as writable: see [`Link::insist`].
const INSIST_EVERY: Duration = Duration::from_millis(200);
/// How long a node that ends waits for the receipts of a session.
const LAST_ANSWERS: Duration = Duration::from_millis(300);
/// How long the client has to close its side.
const LINGER: Duration = Duration::from_millis(500);
/// How much of what a client sent comes back to it in an answer, in bytes.
pub(super) const ECHO: usize = 300;
/// The most bytes of reason for which a close frame has room.
const CLOSE_REASON: usize = 123;

/// One client as the node sees it.
pub struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) link: Arc<Link>,
    pub(super) identity: Identity,
    /// Whether `welcome` was sent.
    pub(super) greeted: bool,
    pub(super) rooms: HashSet<Room>,
    /// The ids of this identity's messages, from the first one on: before it, who it is may still change.
    pub(super) recent: Option<Remembered>,
    pub(super) publish_rate: Bucket,
    frame_rate: Bucket,
    receipts: FuturesUnordered<Pending>,
    /// The session is not read before this instant.
    read_after: Option<Instant>,
    heartbeat: Heartbeat,
    _seat: Seat,
}

/// A publish whose receipt has not come.
struct Pending {
    id: String,
    receipt: Receipt,
}

impl Future for Pending {
    type Output = (String, Outcome);

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<(String, Outcome)> {
        self.receipt.poll_unpin(cx).map(|outcome| (std::mem::take(&mut self.id), outcome))
    }
}

/// When the client was last pinged and heard.
struct Heartbeat {
    next_ping: Instant,
    pinged: Option<Instant>,
}

/// Why a session ends.
pub(super) enum Ending {
    /// The connection is gone.
    Gone,
    /// The client said goodbye.
    Closed,
    /// The node closes it.
    Close { code: u16, reason: String },
}

impl Ending {
    pub(super) fn close(code: u16, reason: impl Into<String>) -> Self {
        Self::Close { code, reason: reason.into() }
    }
}

/// What a handled frame leads to.
pub(super) type Handled = Result<(), Ending>;

impl Session {
    /// A session over a fresh link.
    pub fn new(shared: Arc<Shared>, link: Arc<Link>, seat: Seat) -> Self {
        let limits = &shared.limits;
        let heartbeat = Heartbeat { next_ping: Instant::now() + limits.ping_every, pinged: None };
        Self {
            publish_rate: Bucket::new(limits.max_rate),
            frame_rate: Bucket::new(FRAMES_A_SECOND),
            shared,
            link,
            identity: Identity::guest(),
            greeted: false,
            rooms: HashSet::new(),
            recent: None,
            receipts: FuturesUnordered::new(),
            read_after: None,
            heartbeat,
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
        // First out of the rooms: while a slow client is being closed, nobody is to believe that it listens.
        for room in std::mem::take(&mut self.rooms) {
            let leave = Command::Leave { room, link: self.link.clone(), asked: false };
            // The rooms end after the last session, or the whole node is ending.
            let _ = self.shared.rooms.send(leave).await;
        }
        self.end(ending, &mut socket).await;
        metrics::gauge!("pubsub_lab_sessions").decrement(1);
    }

    async fn begin(&mut self) -> Handled {
        if self.link.dialect == Dialect::Plain
            && let Ok(lobby) = Room::parse("lobby")
        {
            self.greeted = true;
            self.enter(lobby, None).await?;
        }
        Ok(())
    }

    /// Lets the client into a room, and asks for what came after a message, if one is named; the rooms answer it.
    pub(super) async fn enter(&mut self, room: Room, after: Option<Arc<str>>) -> Handled {
        self.rooms.insert(room.clone());
        let member = Member { link: self.link.clone(), identity: self.identity.clone() };
        self.shared
            .rooms
            .send(Command::Join { room, member, after })
            .await
            .map_err(|_| Ending::close(1001, "node going away"))
    }

    async fn converse(&mut self, socket: &mut WebSocketStream<Duplex>) -> Ending {
        let shutdown = self.shared.shutdown.clone();
        let link = self.link.clone();
        loop {
            let mut condition = link.condition();
            if condition.blocked_for.is_some_and(|blocked| blocked >= self.shared.limits.slow_after) {
                link.insist();
                condition = link.condition();
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
            let readable =
                self.read_after.is_none() && !condition.full && self.receipts.len() < PENDING_RECEIPTS;
            let wake = self.read_after.map_or(wake, |instant| instant.min(wake));
            let handled = tokio::select! {
                biased;
                () = shutdown.cancelled() => Err(Ending::close(1001, "node going away")),
                () = link.kicked() => Ok(()),
                writable = link.writable(), if condition.blocked_for.is_some() => {
                    link.flush();
                    writable.map_err(|_| Ending::Gone)
                }
                Some((id, outcome)) = self.receipts.next() => self.answer(&id, outcome),
                frame = socket.next(), if readable => self.heard(frame).await,
                () = sleep_until(wake.into()) => Ok(()),
            };
            if let Err(ending) = handled {
                return ending;
            }
        }
    }

    /// Looks after the heartbeat and the clock of a slow client; gives the next instant to look again.
    fn deadline(&mut self, blocked_for: Option<Duration>, now: Instant) -> Result<Instant, Ending> {
        let limits = &self.shared.limits;
        let heartbeat = &mut self.heartbeat;
        if let Some(blocked) = blocked_for {
            // A ping could not reach it, so its silence proves nothing: only the clock of the slow counts.
            heartbeat.pinged = None;
            heartbeat.next_ping = now;
            let Some(left) = limits.slow_after.checked_sub(blocked).filter(|left| !left.is_zero()) else {
                metrics::counter!("pubsub_lab_sessions_too_slow_total").increment(1);
                return Err(Ending::close(1013, "too slow: nothing was taken for too long"));
            };
            return Ok(now + left);
        }
        if self.receipts.len() >= PENDING_RECEIPTS {
            // Its pong is not read while the bus owes it answers.
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
            self.link.answer(frame::ping());
            return Ok(now + limits.pong_within);
        }
        Ok(heartbeat.next_ping)
    }

    async fn heard(&mut self, frame: Option<Result<Message, Error>>) -> Handled {
        // Whatever came, the client lives.
        self.heartbeat.pinged = None;
        self.link.heard();
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
            Some(Ok(Message::Binary(bytes))) if self.link.dialect == Dialect::Plain => {
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
        match self.link.dialect {
            Dialect::Plain => self.said_plainly(&text),
            Dialect::V1 => self.requested(&text).await,
        }
    }

    /// Pays for a frame that costs the node something and brings nobody anything.
    pub(super) fn spend(&mut self) {
        self.spend_as(1);
    }

    /// Pays as for so many frames.
    pub(super) fn spend_as(&mut self, frames: u32) {
        let now = Instant::now();
        if let Some(wait) = self.frame_rate.owe(frames, now) {
            self.read_after = Some(now + wait);
        }
    }

    /// Answers a publish now if its receipt is here, or when it comes.
    pub(super) fn expect(&mut self, id: String, mut receipt: Receipt) -> Handled {
        match (&mut receipt).now_or_never() {
            Some(outcome) => self.answer(&id, outcome),
            None => {
                self.receipts.push(Pending { id, receipt });
                Ok(())
            }
        }
    }

    /// Sends a frame to the client.
    pub(super) fn say(&self, frame: &NodeFrame<'_>) {
        self.link.answer(frame::text(&frame.json()));
    }

    /// Sends an error to the client.
    pub(super) fn error(&self, code: &str, reason: &str) {
        metrics::counter!("pubsub_lab_errors_total", "code" => code.to_owned()).increment(1);
        // It may quote what the client sent, and the outbox counts frames, not bytes.
        self.say(&NodeFrame::Error { code, reason: cut(reason, ECHO) });
    }

    /// Gives what the broker has already taken a moment to be answered.
    async fn last_answers(&mut self) {
        let answers = async {
            while let Some((id, outcome)) = self.receipts.next().await {
                if self.answer(&id, outcome).is_err() {
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
                self.link.begin_close(false);
                // Tungstenite has the answer ready and sends it with the next read.
                let _ = timeout(LINGER, socket.next()).await;
                (None, String::new())
            }
            Ending::Close { code, reason } => (Some(code), reason),
        };
        let grace = match code {
            // It took nothing for so long; it gets as long again to learn why it was closed.
            Some(1013) => self.shared.limits.slow_after,
            Some(1001) => SHUTDOWN_GRACE,
            _ => CLOSE_GRACE,
        };
        if let Some(code) = code {
            self.link.begin_close(code == 1013);
            // It goes into the outbox; a socket that is gone is found out below.
            let _ = socket
                .close(Some(CloseFrame {
                    code: CloseCode::from(code),
                    reason: cut(&reason, CLOSE_REASON).into(),
                }))
                .await;
        }
        let shutdown = self.shared.shutdown.clone();
        tokio::select! {
            () = drained(&self.link) => {}
            () = tokio::time::sleep(grace) => return,
            () = async { shutdown.cancelled().await; tokio::time::sleep(SHUTDOWN_GRACE).await } => return,
        }
        self.link.shut_down();
        let _ = timeout(LINGER, self.link.discard()).await;
    }
}

/// Resolves when the outbox is empty or the socket is broken.
async fn drained(link: &Link) {
    link.flush();
    loop {
        let condition = link.condition();
        if condition.empty || condition.broken {
            return;
        }
        match timeout(INSIST_EVERY, link.writable()).await {
            Ok(Ok(())) => link.flush(),
            Ok(Err(_)) => return,
            Err(_) => link.insist(),
        }
    }
}

/// The beginning of a text, so many bytes at the most.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
