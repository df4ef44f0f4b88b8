//! ZMTP by hand, on literal bytes.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::zeromq_bus::PATIENCE;

/// What every socket says first.
pub fn greeting() -> Vec<u8> {
    let mut greeting = vec![0; 64];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10..12].copy_from_slice(&[3, 1]);
    greeting[12..16].copy_from_slice(b"NULL");
    greeting
}

/// What a socket of this type says next.
pub fn ready(socket_type: &str) -> Vec<u8> {
    let mut body = b"\x05READY\x0bSocket-Type".to_vec();
    body.extend((socket_type.len() as u32).to_be_bytes());
    body.extend(socket_type.as_bytes());
    frame(4, &body)
}

/// What a node of this name says next: its READY names the node.
pub fn ready_as(socket_type: &str, node: &str) -> Vec<u8> {
    let mut body = ready(socket_type).split_off(2);
    body.extend(b"\x11X-Pubsub-Lab-Node");
    body.extend((node.len() as u32).to_be_bytes());
    body.extend(node.as_bytes());
    frame(4, &body)
}

/// A frame with these flags.
pub fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![flags, u8::try_from(body.len()).unwrap()];
    frame.extend(body);
    frame
}

/// A message of three frames.
pub fn message(topic: &str, id: &str, body: &str) -> Vec<u8> {
    [frame(1, topic.as_bytes()), frame(1, id.as_bytes()), frame(0, body.as_bytes())].concat()
}

/// One end of a connection.
pub struct Raw(pub TcpStream);

impl Raw {
    pub async fn connect(address: &str) -> Self {
        Self(timeout(PATIENCE, TcpStream::connect(address)).await.expect("nobody accepts").unwrap())
    }

    pub async fn accept(listener: &TcpListener) -> Self {
        Self(timeout(PATIENCE, listener.accept()).await.expect("nobody connects").unwrap().0)
    }

    /// The handshake as a socket of this type; gives the other's READY.
    pub async fn shake_hands(&mut self, socket_type: &str) -> Vec<u8> {
        self.introduce(&ready(socket_type)).await
    }

    /// The handshake with these words about oneself; gives the other's READY.
    pub async fn introduce(&mut self, ready: &[u8]) -> Vec<u8> {
        self.write(&[&greeting()[..], ready].concat()).await;
        assert_eq!(&self.read(64).await[..12], b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x01");
        let (flags, body) = self.frame().await;
        assert_eq!((flags, &body[..6]), (4, &b"\x05READY"[..]));
        body
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    pub async fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        timeout(PATIENCE, self.0.read_exact(&mut bytes)).await.expect("nothing comes").unwrap();
        bytes
    }

    /// The flags and the body of a short frame.
    pub async fn frame(&mut self) -> (u8, Vec<u8>) {
        let head = self.read(2).await;
        (head[0], self.read(usize::from(head[1])).await)
    }

    /// Reads to the end of the connection.
    pub async fn ended(&mut self, within: Duration) {
        let mut scratch = [0; 4096];
        let end = async { while matches!(self.0.read(&mut scratch).await, Ok(1..)) {} };
        timeout(within, end).await.expect("the connection is not let go");
    }
}
