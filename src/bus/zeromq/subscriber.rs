//! The SUB socket: accepts connections, tells each publisher what is wanted, and reads without pause.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::interest::{Interest, Listing};
use super::mesh::Mesh;
use super::message;
use super::zmtp::{self, Command, Incoming, Role, Traffic, ZmtpConnection};
use crate::inbox::Inbox;

/// Number of connections at a time; further ones wait in the kernel.
const CONNECTIONS: usize = 1024;
/// The wait after a failed `accept`. Most likely the process is out of descriptors, and nothing tells when one is
/// free again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// Receives the messages of the peers.
pub(super) struct Subscriber {
    pub(super) interest: Arc<Interest>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) mesh: Arc<Mesh>,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

impl Subscriber {
    /// Accepts connections until the bus stops.
    pub(super) async fn run(self: Arc<Self>, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut failing = false;
        let accept = async {
            while let Ok(place) = Arc::clone(&places).acquire_owned().await {
                match listener.accept().await {
                    Ok((tcp, _)) => {
                        failing = false;
                        let subscriber = Arc::clone(&self);
                        self.tasks.spawn(async move {
                            subscriber.connection(tcp).await;
                            drop(place);
                        });
                    }
                    Err(error) => {
                        if !std::mem::replace(&mut failing, true) {
                            tracing::warn!("cannot take connections of peers: {error}");
                        }
                        sleep(ACCEPT_AGAIN).await;
                    }
                }
            }
        };
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = accept => {}
        }
    }

    async fn connection(&self, tcp: TcpStream) {
        let from = tcp.peer_addr().map_or_else(|_| "somewhere".into(), |address| address.to_string());
        let reason = tokio::select! {
            () = self.stop.cancelled() => return,
            reason = self.serve(tcp) => reason,
        };
        // This is not a warning: anybody may connect, as often as they like.
        tracing::debug!("a connection from {from} ended: {reason}");
    }

    async fn serve(&self, tcp: TcpStream) -> String {
        let connection = match zmtp::shake_hands(tcp, Role::Sub, self.mesh.me()).await {
            Ok(connection) => connection,
            Err(reason) => return reason,
        };
        let ZmtpConnection { read, write, commands, node } = connection;
        // The publisher is listed before the mesh hears it: whoever waits for the mesh then also waits for every
        // listed publisher.
        let listing = self.interest.list(commands);
        let _heard = node.map(|node| self.mesh.listen_to(node));
        tokio::select! {
            reason = self.listen(read, &listing) => reason,
            reason = send_wishes(write, &listing) => reason,
        }
    }

    async fn listen(&self, mut read: Incoming<OwnedReadHalf>, listing: &Listing) -> String {
        loop {
            match read.next().await {
                Ok(Traffic::Message(frames)) => self.deliver(frames),
                Ok(Traffic::Command(Command::Pong(context))) => listing.pong(&context),
                Ok(Traffic::Command(Command::Ping(context))) => listing.ping(context),
                Ok(Traffic::Command(Command::Error(reason))) => return format!("it refuses: {reason}"),
                Ok(Traffic::Command(_)) => {}
                Err(reason) => return reason,
            }
        }
    }

    fn deliver(&self, frames: Vec<bytes::Bytes>) {
        // A publisher may send what nobody asked for, and for a moment what nobody wants any more.
        if let Some(envelope) = self.inbox.checked(message::decode(frames))
            && self.interest.wants(&envelope.room)
        {
            self.inbox.deliver(envelope);
        }
    }
}

/// Tells a publisher which rooms are wanted, until the connection ends.
async fn send_wishes(mut write: OwnedWriteHalf, listing: &Listing) -> String {
    loop {
        while let Some((news, changes)) = listing.news() {
            if let Err(error) = write.write_all(&news).await {
                return error.to_string();
            }
            listing.written(changes);
        }
        listing.woken().await;
    }
}
