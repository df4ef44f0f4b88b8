//! An XPUB socket: the connection to one peer, which is made anew for as long as the bus lives.

use std::sync::Arc;
use std::time::Duration;

use metrics::Counter;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::backlog::{Backlog, Batch};
use super::mesh::{Mesh, Spoken};
use super::zmtp::{self, Command, Connection, Incoming, Role, Traffic};

/// How long one attempt to connect may take, before the handshake. A host that is away does not answer at all.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// The wait after the first failed attempt. It doubles with each failure, but starts this short so that a peer that
/// comes back is found at once.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_millis(200);
/// How long a bus that closes goes on writing the messages that wait.
const LINGER: Duration = Duration::from_millis(300);
/// Number of bytes in one write, unless one message is longer.
const WRITE: usize = 64 << 10;

/// The connection to one peer.
pub(super) struct Publisher {
    pub(super) address: Address,
    pub(super) backlog: Arc<Backlog>,
    pub(super) mesh: Arc<Mesh>,
    pub(super) reconnects: Counter,
    pub(super) stop: CancellationToken,
}

/// The reason why an attempt or a connection ended.
enum End {
    /// No connection could be made, for this reason.
    Unreachable(String),
    /// There was a connection, and it ended for this reason.
    Lost(String),
    /// Another address of the same node was connected already; that connection is lost now.
    Twin,
    /// The peer is this node.
    Myself,
}

impl Publisher {
    /// Connects again and again, until the bus stops.
    pub(super) async fn run(self) {
        let peer = self.backlog.peer();
        let mut wait = FIRST_WAIT;
        let mut told = None;
        let mut decided = false;
        let mut lost_before = false;
        while !self.stop.is_cancelled() {
            let end = self.attempt(&mut decided, lost_before).await;
            if !std::mem::replace(&mut decided, true) {
                self.mesh.decided();
            }
            match end {
                End::Myself => {
                    tracing::warn!("the peer {peer} is this node itself, which hears itself anyway: ignored");
                    return;
                }
                End::Lost(reason) => {
                    tracing::info!("the peer {peer} is lost: {reason}");
                    (wait, told, lost_before) = (FIRST_WAIT, None, true);
                }
                // Each reason is logged once, because several attempts are made every second.
                End::Unreachable(reason) if told.as_ref() != Some(&reason) => {
                    tracing::info!("the peer {peer} cannot be reached, trying on: {reason}");
                    told = Some(reason);
                }
                End::Unreachable(_) | End::Twin => {}
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = sleep(wait) => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn attempt(&self, decided: &mut bool, again: bool) -> End {
        let connection = tokio::select! {
            () = self.stop.cancelled() => return End::Unreachable("the bus is closed".into()),
            connection = self.connect() => match connection {
                Ok(connection) => connection,
                Err(reason) => return End::Unreachable(reason),
            },
        };
        let Connection { read, write, commands: _, node } = connection;
        if node.as_ref() == Some(self.mesh.me()) {
            return End::Myself;
        }
        let spoken = match &node {
            None => None,
            Some(node) => match self.mesh.speak_to(node) {
                Some(spoken) => Some(spoken),
                None => {
                    drop((read, write));
                    return self.twin(node, decided).await;
                }
            },
        };
        if !std::mem::replace(decided, true) {
            self.mesh.decided();
        }
        if again {
            self.reconnects.increment(1);
        }
        tracing::info!("connected to the peer {}", self.backlog.peer());
        self.backlog.connected();
        let reason = tokio::select! {
            reason = self.listen(read, spoken.as_ref()) => reason,
            reason = self.speak(write) => reason,
            () = self.lingered() => "the bus is closed".into(),
        };
        self.backlog.disconnected();
        drop(spoken);
        End::Lost(reason)
    }

    async fn connect(&self) -> Result<Connection, String> {
        let tcp = match timeout(CONNECT_WITHIN, self.address.connect()).await {
            Ok(Ok(tcp)) => tcp,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err(format!("no answer within {CONNECT_WITHIN:?}")),
        };
        zmtp::shake_hands(tcp, Role::XPub, self.mesh.me()).await
    }

    async fn twin(&self, node: &zmtp::NodeId, decided: &mut bool) -> End {
        let peer = self.backlog.peer();
        tracing::warn!(
            "the peer {peer} is a node that is connected by another address: it is not sent to twice"
        );
        if !std::mem::replace(decided, true) {
            self.mesh.decided();
        }
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.mesh.lost(node) => {}
        }
        End::Twin
    }

    /// Reads which topics the peer wants, until the connection ends.
    async fn listen(&self, mut read: Incoming<OwnedReadHalf>, spoken: Option<&Spoken<'_>>) -> String {
        loop {
            let taken = match read.next().await {
                Ok(Traffic::Command(Command::Subscribe(topic))) => self.backlog.subscribe(topic),
                Ok(Traffic::Command(Command::Cancel(topic))) => {
                    self.backlog.cancel(&topic);
                    true
                }
                Ok(Traffic::Command(Command::Ping(context))) => {
                    self.backlog.pong(context);
                    // A PING from one of our nodes comes after its subscriptions.
                    if let Some(spoken) = spoken {
                        spoken.told();
                    }
                    true
                }
                Ok(Traffic::Command(Command::Error(reason))) => return format!("it refuses: {reason}"),
                Ok(Traffic::Command(_)) => true,
                Ok(Traffic::Message(frames)) => match frames.first() {
                    // In ZMTP 3.0 subscriptions are messages and not commands.
                    Some(frame) if frame.first() == Some(&1) => self.backlog.subscribe(frame.slice(1..)),
                    Some(frame) if frame.first() == Some(&0) => {
                        self.backlog.cancel(&frame.slice(1..));
                        true
                    }
                    _ => true,
                },
                Err(reason) => return reason,
            };
            if !taken {
                return "it subscribes to more than a peer may".into();
            }
        }
    }

    /// Writes the messages that wait, until the connection ends. When the bus stops, it writes all that are left.
    async fn speak(&self, mut write: OwnedWriteHalf) -> String {
        let mut batch = Batch::default();
        loop {
            while self.backlog.take(&mut batch, WRITE) {
                let mut under_way = UnderWay { backlog: &self.backlog, batch: &batch, written: 0 };
                while let Some(rest) = batch.bytes.get(under_way.written..).filter(|rest| !rest.is_empty()) {
                    match write.write(rest).await {
                        Ok(0) => return "it takes nothing any more".into(),
                        Ok(written) => under_way.written += written,
                        Err(error) => return error.to_string(),
                    }
                }
            }
            if self.stop.is_cancelled() {
                break;
            }
            tokio::select! {
                () = self.backlog.filled() => {}
                () = self.stop.cancelled() => {}
            }
        }
        // The peer reads to this end and closes. If this side closed first, messages that the peer has not read could
        // be lost.
        if let Err(error) = write.shutdown().await {
            return error.to_string();
        }
        std::future::pending().await
    }

    async fn lingered(&self) {
        self.stop.cancelled().await;
        sleep(LINGER).await;
    }
}

/// A batch that is being written. However the writing ends, the messages that were not written are counted.
struct UnderWay<'a> {
    backlog: &'a Backlog,
    batch: &'a Batch,
    written: usize,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.backlog.broke_off(self.batch, self.written);
    }
}
