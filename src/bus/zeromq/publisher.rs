//! An XPUB socket: the connection to one peer.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::backlog::{Backlog, Batch};
use super::mesh::{Mesh, Spoken};
use super::zmtp::{self, Command, Incoming, NodeId, Role, Terms, Traffic, ZmtpConnection};
use crate::ConnectionFailure;
use crate::keeper::Service;
use crate::status::CLOSED;

/// How long one attempt to connect may take, before the handshake. A host that is away does not answer at all.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// The pause before an address is tried again whose node was connected by another address until now.
const TWIN_PAUSE: Duration = Duration::from_millis(50);
/// How long a bus that closes goes on writing the messages that wait.
const LINGER: Duration = Duration::from_millis(300);
/// Number of bytes in one write, unless one message is longer.
const WRITE: usize = 64 << 10;
/// The longest message that is read from a peer, in bytes: a subscription, as ZMTP 3.0 has it.
const LONGEST: usize = 64 << 10;

/// The connection to one peer.
pub(super) struct Publisher {
    address: Address,
    backlog: Arc<Backlog>,
    mesh: Arc<Mesh>,
    /// The peer's place in the mesh.
    place: usize,
    stop: CancellationToken,
    /// The reason why the peer cannot be reached, if it was logged. Each reason is logged once, because several
    /// attempts are made every second.
    logged: Option<String>,
}

/// The reason why an attempt made no connection.
enum Obstacle {
    /// No connection could be made, for this reason.
    Unreachable(String),
    /// The peer with this id is connected already, by another of its addresses.
    Twin(NodeId),
    /// The peer is this node itself.
    Myself,
}

impl Publisher {
    pub(super) fn new(
        address: Address,
        backlog: &Arc<Backlog>,
        mesh: &Arc<Mesh>,
        place: usize,
        stop: &CancellationToken,
    ) -> Self {
        let (backlog, mesh, stop) = (Arc::clone(backlog), Arc::clone(mesh), stop.clone());
        Self { address, backlog, mesh, place, stop, logged: None }
    }

    async fn attempt(&self) -> Result<(ZmtpConnection, Option<Spoken>), Obstacle> {
        let tcp = match timeout(CONNECT_WITHIN, self.address.connect()).await {
            Ok(Ok(tcp)) => tcp,
            Ok(Err(error)) => return Err(Obstacle::Unreachable(error.to_string())),
            Err(_) => return Err(Obstacle::Unreachable(format!("no answer within {CONNECT_WITHIN:?}"))),
        };
        self.mesh.greeted(self.place);
        let me = self.mesh.me();
        let connection = zmtp::shake_hands(tcp, Role::XPub, me, LONGEST, Box::new(Host));
        let connection = connection.await.map_err(Obstacle::Unreachable)?;
        let spoken = match &connection.node {
            None => None,
            Some(node) if node == me => return Err(Obstacle::Myself),
            Some(node) => {
                Some(self.mesh.speak_to(self.place, node).ok_or_else(|| Obstacle::Twin(node.clone()))?)
            }
        };
        Ok((connection, spoken))
    }

    /// Reads which topics the peer wants, until the connection ends.
    async fn listen(&self, mut read: Incoming<OwnedReadHalf>, spoken: Option<&Spoken>) -> String {
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
                        spoken.record_wishes();
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
                Ok(Traffic::Oversize) => true,
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

impl Service for Publisher {
    type Connection = (ZmtpConnection, Option<Spoken>);

    async fn connect(&mut self) -> Result<Self::Connection, ConnectionFailure> {
        loop {
            let attempt = self.attempt().await;
            if !matches!(attempt, Ok((_, Some(_)))) {
                self.mesh.away(self.place);
            }
            let peer = self.backlog.peer();
            match attempt {
                Ok(connected) => return Ok(connected),
                Err(Obstacle::Unreachable(reason)) => {
                    if self.logged.as_ref() != Some(&reason) {
                        tracing::info!("the peer {peer} cannot be reached, trying on: {reason}");
                        self.logged = Some(reason.clone());
                    }
                    return Err(ConnectionFailure { reason, lasting: false });
                }
                Err(Obstacle::Twin(node)) => {
                    tracing::warn!(
                        "the peer {peer} is a node that is connected by another address: it is not sent to twice"
                    );
                    self.mesh.lost(&node).await;
                    sleep(TWIN_PAUSE).await;
                }
                Err(Obstacle::Myself) => {
                    tracing::warn!("the peer {peer} is this node itself, which hears itself anyway: ignored");
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    async fn serve(&mut self, (connection, spoken): Self::Connection) -> String {
        let ZmtpConnection { read, write, .. } = connection;
        let peer = self.backlog.peer();
        tracing::info!("connected to the peer {peer}");
        self.backlog.connected();
        let reason = tokio::select! {
            reason = self.listen(read, spoken.as_ref()) => reason,
            reason = self.speak(write) => reason,
            () = self.lingered() => CLOSED.into(),
        };
        self.backlog.disconnected();
        drop(spoken);
        tracing::info!("the peer {peer} is lost: {reason}");
        self.logged = None;
        reason
    }

    /// A peer that is away takes nothing from the health of the bus.
    fn report_down(&mut self, _reason: &str) {
        // The bus may stop before the first attempt has ended, and then nobody is to wait for it.
        self.mesh.away(self.place);
    }
}

/// What listens at the address of a peer is what this node was told to speak to.
struct Host;

impl Terms for Host {
    fn may_hold(&self, _bytes: usize) -> bool {
        true
    }

    fn may_take_its_time(&self) -> bool {
        true
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
