//! The SUB socket: accepts connections, tells each publisher what is wanted, and reads without pause.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::guests::{Guest, Guests};
use super::interest::{Interest, Listing};
use super::mesh::Mesh;
use super::message;
use super::zmtp::{self, Command, Incoming, Role, Traffic, ZmtpConnection};
use crate::inbox::Inbox;

/// How long a stranger may leave unread what it is told, and unanswered what it is asked.
const STRANGERS_ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The wait after a failed `accept`. Most likely the process is out of descriptors, and nothing tells when one is
/// free again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// Receives the messages of the peers.
pub(super) struct Subscriber {
    pub(super) interest: Arc<Interest>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) mesh: Arc<Mesh>,
    pub(super) guests: Arc<Guests>,
    /// The longest message that is read, in bytes.
    pub(super) longest: usize,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

impl Subscriber {
    /// Accepts connections until the bus stops.
    pub(super) async fn run(self: Arc<Self>, listener: TcpListener) {
        let mut failing = false;
        let accept = async {
            loop {
                match listener.accept().await {
                    Ok((tcp, _)) => {
                        failing = false;
                        let (subscriber, guest) = (Arc::clone(&self), Arc::new(self.guests.admit()));
                        self.tasks.spawn(async move { subscriber.connection(tcp, guest).await });
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

    async fn connection(&self, tcp: TcpStream, guest: Arc<Guest>) {
        let from = tcp.peer_addr().map_or_else(|_| "somewhere".into(), |address| address.to_string());
        let reason = tokio::select! {
            () = self.stop.cancelled() => return,
            () = guest.dismissed() => "its place was given to another stranger".into(),
            reason = self.serve(tcp, &guest) => reason,
        };
        // This is not a warning: anybody may connect, as often as they like.
        tracing::debug!("a connection from {from} ended: {reason}");
    }

    async fn serve(&self, tcp: TcpStream, guest: &Arc<Guest>) -> String {
        let terms = Box::new(Arc::clone(guest));
        let connection = zmtp::shake_hands(tcp, Role::Sub, self.mesh.me(), self.longest, terms).await;
        let ZmtpConnection { read, write, commands, node } = match connection {
            Ok(connection) => connection,
            Err(reason) => return reason,
        };
        if let Some(node) = &node {
            guest.introduce(node.clone());
        }
        // The publisher is listed before the mesh hears it: whoever waits for the mesh then also waits for every
        // listed peer.
        let listing = self.interest.list(commands, node.clone());
        let _heard = node.map(|node| self.mesh.listen_to(node));
        tokio::select! {
            reason = self.listen(read, &listing, guest) => reason,
            reason = send_wishes(write, &listing, guest) => reason,
        }
    }

    async fn listen(&self, mut read: Incoming<OwnedReadHalf>, listing: &Listing, guest: &Guest) -> String {
        let mut was_oversize = false;
        loop {
            match read.next().await {
                Ok(Traffic::Message(frames)) => self.deliver(frames),
                Ok(Traffic::Oversize) => {
                    self.inbox.checked(None);
                    if !std::mem::replace(&mut was_oversize, true) && guest.is_peer() {
                        let longest = self.longest;
                        tracing::warn!(
                            "a peer sent a message of more than {longest} bytes, which was not read: all nodes should \
                             have the same --max-text"
                        );
                    }
                }
                Ok(Traffic::Command(Command::Pong(context))) => listing.pong(&context),
                Ok(Traffic::Command(Command::Ping(context))) => listing.ping(context),
                Ok(Traffic::Command(Command::Error(reason))) => return format!("it refuses: {reason}"),
                Ok(Traffic::Command(_)) => {}
                Err(reason) => return reason,
            }
            guest.record_sign();
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
async fn send_wishes(mut write: OwnedWriteHalf, listing: &Listing, guest: &Guest) -> String {
    // Number of changes that the publisher was asked to confirm, and until when a stranger may do so.
    let mut due: Option<(u64, Instant)> = None;
    loop {
        while let Some((news, changes)) = listing.news() {
            let mut writing = pin!(write.write_all(&news));
            loop {
                match timeout(STRANGERS_ANSWER_WITHIN, &mut writing).await {
                    Ok(Ok(())) => break,
                    Ok(Err(error)) => return error.to_string(),
                    Err(_) if guest.is_peer() => {}
                    Err(_) => return "it does not read what it is told".into(),
                }
            }
            listing.written(changes);
        }
        if due.is_none_or(|(asked, _)| listing.has_confirmed(asked)) {
            due = listing.asked().map(|asked| (asked, Instant::now() + STRANGERS_ANSWER_WITHIN));
        }
        let overdue = async {
            match due {
                Some((_, by)) => sleep_until(by).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = listing.woken() => {}
            () = overdue => {
                if due.is_some_and(|(asked, _)| !listing.has_confirmed(asked)) && !guest.is_peer() {
                    return format!("it did not answer a PING within {STRANGERS_ANSWER_WITHIN:?}");
                }
                due = None;
            }
        }
    }
}
