//! Whether somebody answers: one HTTP GET, one word of the Redis protocol, of AMQP, of epmd. Small enough to need
//! no client.

mod amqp;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;

pub use amqp::Greeting;

/// How long one answer of a loopback server may take; a paused one accepts and never answers.
const PATIENCE: Duration = Duration::from_millis(500);
/// How much of an answer is read.
const ENOUGH: u64 = 16 * 1024;

/// The status that a loopback server answers to `GET path`.
pub async fn http_status(port: u16, path: &str) -> io::Result<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    status_of(port, &request).await
}

/// The status that a loopback server answers to a client that asks for a WebSocket at `/`.
pub async fn websocket_status(port: u16) -> io::Result<u16> {
    let request = format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cHVic3ViLWxhYiBwcm9iZQ==\r\n\r\n"
    );
    status_of(port, &request).await
}

async fn status_of(port: u16, request: &str) -> io::Result<u16> {
    let answer = ask(port, request.as_bytes(), |answer| answer.contains(&b'\n')).await?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer"))
}

/// What a Redis server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisInfo {
    /// Its version.
    pub version: String,
    /// The process id that it sees itself under.
    pub process: u32,
}

/// Asks a loopback Redis who it is. An error until it is ready to serve.
pub async fn redis_info(port: u16) -> io::Result<RedisInfo> {
    // PING alone would not tell whether it is *our* Redis that answers.
    let request = b"PING\r\nINFO server\r\nQUIT\r\n";
    let answer = ask(port, request, |answer| answer.ends_with(b"+OK\r\n")).await?;
    let answer = String::from_utf8_lossy(&answer);
    let unready = || io::Error::other(format!("not ready: {}", answer.lines().next().unwrap_or("no answer")));
    if !answer.starts_with("+PONG\r\n") {
        return Err(unready());
    }
    let field = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let version = field("redis_version").ok_or_else(unready)?.to_owned();
    let process = field("process_id").and_then(|id| id.parse().ok()).ok_or_else(unready)?;
    Ok(RedisInfo { version, process })
}

/// How a loopback AMQP server greets. An error until it is ready to serve.
pub async fn amqp_greeting(port: u16) -> io::Result<Greeting> {
    greeting_of(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PATIENCE).await
}

/// How the AMQP server at this address greets.
pub async fn greeting_of(address: impl ToSocketAddrs, patience: Duration) -> io::Result<Greeting> {
    let answer = ask_at(address, amqp::HEADER, amqp::is_complete, patience).await?;
    Greeting::parse(&answer).ok_or_else(|| {
        let why = if answer.is_empty() { "it closes the connection" } else { "not an answer of AMQP 0-9-1" };
        io::Error::new(io::ErrorKind::InvalidData, why)
    })
}

/// The port that an epmd on this loopback port says it has.
pub async fn epmd_port(port: u16) -> io::Result<u16> {
    // NAMES_REQ: the length, then `n`. It answers its port in four bytes, the names, and closes.
    let answer = ask(port, &[0, 1, b'n'], |answer| answer.len() >= 4).await?;
    let number = answer.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    let number = number.and_then(|number| u16::try_from(number).ok());
    number.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an answer of epmd"))
}

async fn ask(port: u16, request: &[u8], complete: impl Fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
    ask_at(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), request, complete, PATIENCE).await
}

/// One question, and the answer until it is `complete` or the other side has closed.
async fn ask_at(
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
mod tests_of_the_machine {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// Answers one connection with these bytes, then closes it.
    fn answer_once(bytes: &'static [u8]) -> u16 {
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
        assert!(redis_info(answer_once(b"HTTP/1.1 400 Bad Request\r\n\r\n")).await.is_err());
    }

    #[tokio::test]
    async fn an_epmd_says_its_port() {
        let port = answer_once(b"\0\0\x5b\x25name lab at port 1\n");
        assert_eq!(epmd_port(port).await.unwrap(), 23333);
        assert!(epmd_port(answer_once(b"no")).await.is_err());
    }

    #[tokio::test]
    async fn who_speaks_another_language_does_not_greet() {
        let error = amqp_greeting(answer_once(b"AMQP\0\0\x09\x01")).await.unwrap_err();
        assert_eq!(error.to_string(), "not an answer of AMQP 0-9-1");
        let error = amqp_greeting(answer_once(b"")).await.unwrap_err();
        assert_eq!(error.to_string(), "it closes the connection");
    }

    #[tokio::test]
    async fn a_loading_redis_is_not_ready() {
        let error = redis_info(answer_once(b"-LOADING Redis is loading\r\n")).await.unwrap_err();
        assert!(error.to_string().contains("LOADING"), "{error}");
    }

    #[tokio::test]
    async fn redis_says_who_it_is() {
        let port = answer_once(
            b"+PONG\r\n$60\r\n# Server\r\nredis_version:7.0.15\r\nprocess_id:4711\r\n\r\n+OK\r\n",
        );
        let info = redis_info(port).await.unwrap();
        assert_eq!(info, RedisInfo { version: "7.0.15".into(), process: 4711 });
    }
}
