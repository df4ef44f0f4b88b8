//! A small reverse proxy that shows a node under a path, as `location /lab/ { proxy_pass http://node/; }` of nginx does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// What a proxy passes on of a request for a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgrades {
    /// Everything.
    Passed,
    /// Everything but the header `Connection`, as a proxy does that was set up for plain HTTP.
    Forgotten,
}

/// A running proxy. Dropping it ends it.
pub struct PathProxy {
    /// The address on which it listens.
    pub address: SocketAddr,
    _stop: DropGuard,
}

impl PathProxy {
    /// Shows the node at this address under `/lab/`.
    pub async fn start(node: SocketAddr, upgrades: Upgrades) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (token, connections) = (stop.clone(), tasks.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(token.clone().run_until_cancelled_owned(pass(client, node, upgrades)));
            }
        }));
        Self { address, _stop: stop.drop_guard() }
    }
}

/// Passes on one request, and all that follows on its connection.
async fn pass(mut client: TcpStream, node: SocketAddr, upgrades: Upgrades) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let Some(inner) = head.strip_prefix("GET /lab/") else {
        let _ = client
            .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await;
        return;
    };
    let is_upgrade = head.to_lowercase().contains("\r\nupgrade: websocket");
    let lines = inner.split("\r\n").filter(|line| {
        let is_connection = line.to_lowercase().starts_with("connection:");
        !is_connection || is_upgrade && upgrades == Upgrades::Passed
    });
    let mut passed = format!("GET /{}", lines.collect::<Vec<_>>().join("\r\n"));
    if !is_upgrade {
        // One connection carries one request, so that no further head has to be looked for.
        passed = passed.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    }
    let Ok(mut server) = TcpStream::connect(node).await else { return };
    if server.write_all(passed.as_bytes()).await.is_ok() {
        // Either side may end the connection as it likes.
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
