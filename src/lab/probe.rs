//! Whether a server answers: one HTTP GET, or one question in another protocol. Small enough to need no client.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;

/// How long one answer of a loopback server may take; a paused server accepts and never answers.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);
/// Number of bytes of an answer that are read at most.
const ENOUGH: u64 = 16 * 1024;

/// The status with which the server on this loopback port answers `GET path`.
pub async fn http_status(port: u16, path: &str) -> io::Result<u16> {
    http_status_at(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), path).await
}

/// The status with which the server at this address answers `GET path`.
pub async fn http_status_at(address: SocketAddr, path: &str) -> io::Result<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    status_of(address, &request).await
}

/// The status with which the server on this loopback port answers a client that asks for a WebSocket at `/`.
pub async fn websocket_status(port: u16) -> io::Result<u16> {
    let request = format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cHVic3ViLWxhYiBwcm9iZQ==\r\n\r\n"
    );
    status_of(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), &request).await
}

async fn status_of(address: SocketAddr, request: &str) -> io::Result<u16> {
    let complete = |answer: &[u8]| answer.contains(&b'\n');
    let answer = fetch_answer_at(address, request.as_bytes(), complete, PATIENCE).await?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer"))
}

/// Sends a request to the server on this loopback port, and gives its answer.
pub(super) async fn fetch_answer(
    port: u16,
    request: &[u8],
    complete: impl Fn(&[u8]) -> bool,
) -> io::Result<Vec<u8>> {
    fetch_answer_at(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), request, complete, PATIENCE).await
}

/// Sends one request, and reads the answer until it is `complete` or the other side has closed.
pub(super) async fn fetch_answer_at(
    address: impl ToSocketAddrs,
    request: &[u8],
    complete: impl Fn(&[u8]) -> bool,
    patience: Duration,
) -> io::Result<Vec<u8>> {
    let talk = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request).await?;
        let mut stream = stream.take(ENOUGH);
        let mut answer = Vec::new();
        while !complete(&answer) && stream.read_buf(&mut answer).await? > 0 {}
        Ok(answer)
    };
    timeout(patience, talk).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
pub(super) mod tests_of_the_machine {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// Answers one connection with these bytes, then closes it.
    pub(in super::super) fn answer_once(bytes: &'static [u8]) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
            stream.write_all(bytes).unwrap();
        });
        port
    }

    #[tokio::test]
    async fn the_status_is_read() {
        let port = answer_once(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(http_status(port, "/readyz").await.unwrap(), 503);
    }

    #[tokio::test]
    async fn rubbish_is_an_error() {
        assert!(http_status(answer_once(b"SSH-2.0-x\r\n"), "/").await.is_err());
    }
}
