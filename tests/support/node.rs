//! A node as a process of its own, seen from outside: its address, its HTTP answers, its memory, its end.
#![allow(dead_code, reason = "every test target uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::process::{Running, pubsub_lab};

/// A limit that is longer than anything here takes, even on a busy machine; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running node, killed when it is dropped.
pub struct Node {
    /// The process of the node.
    pub running: Running,
    /// The address on which the node listens.
    pub address: SocketAddr,
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Node {
    /// Starts a node of the local pattern on a free port with these flags.
    pub fn start(flags: &[&str]) -> Self {
        Self::start_with(flags, |_| {})
    }

    /// Starts a node of the local pattern on a free port with these flags, after a change to its command.
    pub fn start_with(flags: &[&str], change: impl FnOnce(&mut Command)) -> Self {
        let mut command = pubsub_lab(&["node", "local", "--listen", "127.0.0.1:0"]);
        change(command.args(flags));
        let running = Running::start(command);
        let line = running.out_line("listening http://");
        let address = line.rsplit_once('/').unwrap().1.parse().unwrap();
        Self { running, address }
    }

    /// Starts a node of the local pattern with a secret that its cluster shares.
    pub fn with_secret(secret: &str) -> Self {
        Self::start_with(&[], |command| {
            command.env("PUBSUB_LAB_SECRET", secret);
        })
    }

    /// The answer of the node to a GET.
    pub async fn get(&self, path: &str) -> Answer {
        get(self.address, path).await
    }

    /// Waits until the node is ready: its bus is up.
    pub async fn ready(&self) {
        let start = Instant::now();
        while self.get("/readyz").await.status != 200 {
            assert!(start.elapsed() < PATIENCE, "it is not ready\n{}", self.running.everything());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The answer to a request that asks to close the connection.
    pub async fn request(&self, request: &str) -> Answer {
        request_of(self.address, request).await
    }

    /// The sum of a metric over its labels; 0 if the metric is not there.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await.body;
        let values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            rest.starts_with([' ', '{']).then(|| rest.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
        });
        values.sum()
    }

    /// Waits until a metric has this value.
    pub async fn metric_is(&self, name: &str, wanted: f64) {
        let start = Instant::now();
        loop {
            let value = self.metric(name).await;
            if value == wanted {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{name} is {value}, not {wanted}\n{}",
                self.running.everything()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The resident memory of the node in bytes.
    #[cfg(target_os = "linux")]
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.running.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Number of file descriptors that the node has open.
    #[cfg(target_os = "linux")]
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.running.id())).unwrap().count()
    }
}

/// The answer of whoever listens at this address to a GET.
pub async fn get(address: SocketAddr, path: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    request_of(address, &request).await
}

async fn request_of(address: SocketAddr, request: &str) -> Answer {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // A connection that is reset after its answer has answered all the same.
    let _ = timeout(PATIENCE, tcp.read_to_end(&mut bytes)).await.expect("an answer and then the end");
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of the node ---\n{}", self.running.err().join("\n"));
        }
    }
}
