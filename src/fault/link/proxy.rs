//! One listening loopback port in front of one upstream address.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::connection::ProxiedConnection;
use super::proxy_link::{Flow, ProxyLink};
use super::rules::{Attached, Rules};

/// Number of connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 1024;
/// The time between two attempts to open a port that another program has taken, or to accept when the system has no
/// sockets left. Nothing signals the end of either.
const AGAIN: Duration = Duration::from_millis(50);

/// A proxy: one listening loopback port in front of one upstream address. Ends when it is closed or dropped, or
/// when its token is cancelled.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    ends_when_dropped: DropGuard,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens on 127.0.0.1 at this port (0: any) and passes to `upstream` (host and port; looked up at each dial, and
    /// it may not be up yet). The flag of each link says whether it is reversed: the forward direction of a reversed
    /// link is the proxy's back.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn start(
        port: u16,
        upstream: String,
        links: Vec<(ProxyLink, bool)>,
        tasks: &TaskTracker,
        cancel: &CancellationToken,
    ) -> io::Result<Self> {
        let socket = bind(port)?;
        let port = socket.local_addr()?.port();
        let keeper = bind(port).ok();
        let (bell, ear) = watch::channel(());
        let attach = |(link, reversed): (ProxyLink, bool)| Attached {
            number: link.join(bell.clone()),
            link,
            reversed,
        };
        let links: Arc<[Attached]> = links.into_iter().map(attach).collect();
        let rules = Rules::new(Arc::clone(&links), Flow::Forward, 0, ear.clone());
        let door = if rules.cut { Door::Shut(Some(socket)) } else { Door::Open(socket.listen(BACKLOG)?) };
        let cancel = cancel.child_token();
        let listener = Listener {
            port,
            _keeper: keeper,
            upstream: upstream.into(),
            links,
            rules,
            ear,
            _bell: bell,
            accepted: 0,
            connections: TaskTracker::new(),
            cancel: cancel.clone(),
        };
        let task = tasks.spawn(listener.run(door));
        Ok(Self { port, ends_when_dropped: cancel.drop_guard(), task })
    }

    /// The port on which the proxy listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends the proxy and all of its connections. Resolves when they are gone.
    pub async fn close(self) {
        drop(self.ends_when_dropped);
        // An error means that the runtime of the task is gone.
        let _ = self.task.await;
    }
}

enum Door {
    Open(TcpListener),
    /// The door during a cut: the port refuses. The socket stays bound, lest the kernel gives the port to a connection
    /// of somebody else.
    Shut(Option<TcpSocket>),
}

struct Listener {
    port: u16,
    /// A socket that is bound to the port beside the listener and never listens: between the end of a listener and the
    /// next one the kernel gives the port to nobody who asks for any. `None` on systems that let only one socket bind
    /// (macOS).
    _keeper: Option<TcpSocket>,
    upstream: Arc<str>,
    links: Arc<[Attached]>,
    rules: Rules,
    ear: watch::Receiver<()>,
    /// Keeps the bell alive: a proxy without links has nobody else to do so.
    _bell: watch::Sender<()>,
    /// Number of connections accepted so far, which numbers the next one.
    accepted: u64,
    connections: TaskTracker,
    cancel: CancellationToken,
}

impl Listener {
    async fn run(mut self, mut door: Door) {
        loop {
            self.rules.refresh();
            door = self.turn(door);
            let taken = matches!(door, Door::Shut(_)) && !self.rules.cut;
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => break,
                () = self.rules.changed() => {}
                client = accept(&door) => self.begin(client),
                () = sleep(AGAIN), if taken => {}
            }
        }
        drop(door);
        self.connections.close();
        self.connections.wait().await;
    }

    /// Opens or shuts the door, depending on the rules.
    fn turn(&self, door: Door) -> Door {
        match door {
            Door::Open(listener) if self.rules.cut => {
                drop(listener);
                Door::Shut(bind(self.port).ok())
            }
            Door::Shut(socket) if !self.rules.cut => {
                let socket = socket.map_or_else(|| bind(self.port), Ok);
                socket.and_then(|socket| socket.listen(BACKLOG)).map_or_else(
                    |_| {
                        self.rules.count(|counters| &counters.port_taken);
                        Door::Shut(None)
                    },
                    Door::Open,
                )
            }
            door => door,
        }
    }

    fn begin(&mut self, client: TcpStream) {
        self.accepted += 1;
        self.rules.count(|counters| &counters.accepted);
        let rules =
            |direction| Rules::new(Arc::clone(&self.links), direction, self.accepted, self.ear.clone());
        let connection = ProxiedConnection {
            client,
            upstream: Arc::clone(&self.upstream),
            forward: rules(Flow::Forward),
            back: rules(Flow::Back),
        };
        let cancel = self.cancel.clone();
        self.connections.spawn(async move { cancel.run_until_cancelled(connection.run()).await });
    }
}

/// A socket that has taken the port, and refuses connections until it listens.
fn bind(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections that were accepted on this port may still live or linger.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    Ok(socket)
}

async fn accept(door: &Door) -> TcpStream {
    let Door::Open(listener) = door else { return std::future::pending().await };
    loop {
        match listener.accept().await {
            Ok((client, _)) => return client,
            Err(_) => sleep(AGAIN).await,
        }
    }
}
