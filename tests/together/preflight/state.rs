//! A server that is full, still loading, or lets in its own machine alone.

use std::io::Write;
use std::net::{IpAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use super::{assert_refused, checked};
use crate::support::process::PATIENCE;
use crate::support::redis::RedisServer;

#[tokio::test]
async fn a_server_that_is_full_says_so() {
    let redis = RedisServer::builder().directive("maxclients", &["1"]).start();
    let only = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
    // It is in when it has an answer.
    let _answer = answered(&only);
    let why = "it has as many clients as it lets in (`maxclients`)";
    assert_refused(&redis.url(), why, &["CONFIG SET maxclients"]).await;
}

/// Waits for the answer to a PING.
fn answered(mut stream: &TcpStream) -> Vec<u8> {
    use std::io::Read;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"PING\r\n").unwrap();
    let mut answer = vec![0; 7];
    stream.read_exact(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn a_server_in_protected_mode_says_so() {
    let why = "it is in protected mode, and lets in clients of its own machine only";
    let hints = ["CONFIG SET requirepass", "--protected-mode no"];
    let (_redis, _words, url) = match own_address() {
        Some(address) => {
            let redis = RedisServer::builder()
                .directive("bind", &["*"])
                .directive("protected-mode", &["yes"])
                .start();
            let url = format!("redis://{address}:{}", redis.port());
            (Some(redis), None, url)
        }
        // Without a network nobody can come from elsewhere. Then it is what Redis says to those who do.
        None => {
            let (words, port) =
                says("-DENIED Redis is running in protected mode because protected mode is enabled\r\n");
            (None, Some(words), format!("redis://127.0.0.1:{port}"))
        }
    };
    assert_refused(&url, why, &hints).await;
}

/// An address of this machine in a network; `None` if it has none.
fn own_address() -> Option<IpAddr> {
    // No packet is sent: the system only looks which way it would go.
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("198.51.100.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_loopback() && !address.is_unspecified())
}

/// A listener that says a line to everybody and closes.
fn says(line: &'static str) -> (std::thread::JoinHandle<()>, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let speaking = std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            stream.write_all(line.as_bytes()).ok();
        }
    });
    (speaking, port)
}

#[tokio::test]
async fn a_server_that_still_loads_says_so_and_is_used_when_it_is_ready() {
    // It looks at its clients after each kilobyte, and waits a moment for each key.
    let mut redis = RedisServer::builder()
        .directive("key-load-delay", &["1000"])
        .directive("loading-process-events-interval-bytes", &["1024"])
        .start();
    let mut client = redis.client().await;
    // The library waits for an answer half a second, so no question is long.
    for hundred in 0..6 {
        let mut keys = redis::pipe();
        for n in 0..100 {
            keys.cmd("SET").arg(format!("key-{hundred}-{n}")).arg("x".repeat(64)).ignore();
        }
        keys.query_async::<()>(&mut client).await.unwrap();
    }
    redis::cmd("SAVE").query_async::<()>(&mut client).await.unwrap();
    drop(client);
    let url = redis.url();
    redis.kill();
    let restarted = tokio::task::spawn_blocking(move || {
        redis.restart();
        redis
    });
    let said = tokio::time::timeout(PATIENCE, async {
        loop {
            match checked(&url).await {
                Err(error) if error.message.contains("loading") => return error,
                // Nobody listens yet.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                Ok(()) => panic!("it was ready before anybody saw it load"),
            }
        }
    });
    let error = said.await.unwrap();
    assert!(error.message.ends_with("cannot be used: it is still loading its data"), "{error}");
    assert!(error.hint.as_ref().unwrap().contains("when it is ready"), "{error}");
    let _redis = restarted.await.unwrap();
    checked(&url).await.unwrap();
}
