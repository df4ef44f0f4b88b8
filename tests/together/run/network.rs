//! A run that others in the network may join.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::support::process::{PATIENCE, Running, eventually};

/// The first line of the answer to a request with this `Host`, and perhaps an `Origin`.
fn answer(to: SocketAddr, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\n{headers}\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let mut bytes = [0; 512];
    while !answer.contains(&b'\n') {
        match stream.read(&mut bytes).unwrap() {
            0 => break,
            read => answer.extend_from_slice(&bytes[..read]),
        }
    }
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn phones_join_by_address_and_strangers_names_do_not() {
    let lab = Running::pubsub_lab(&["run", "redis", "--nodes", "2", "--port", "0", "--listen", "0.0.0.0"]);
    lab.err_line(
        "whoever is in this network can read and write here, and nothing is encrypted; the broker stays",
    );
    lab.err_line("Ctrl-C stops everything");
    let node = lab.out_line("node 1  http://127.0.0.1:");
    let port: u16 = node.rsplit_once(':').unwrap().1.parse().unwrap();
    // A machine without a network has no address for phones, and says so.
    let alone = || lab.err().iter().any(|line| line.contains("this machine has no address in a network"));
    let phones = || -> Vec<String> {
        lab.out().into_iter().filter(|line| line.starts_with("phone  http://")).collect()
    };
    assert!(eventually(PATIENCE, || alone() || !phones().is_empty()), "{:?}", lab.err());
    let phones = phones();
    let address: SocketAddr = match phones.first() {
        Some(line) => {
            assert!(line.ends_with(&format!(":{port}")) && line.matches("http://").count() == 2, "{line}");
            line.rsplit_once("http://").unwrap().1.parse().unwrap()
        }
        None => {
            lab.err_line("this machine has no address in a network");
            SocketAddr::from(([127, 0, 0, 1], port))
        }
    };
    assert!(phones.is_empty() || !address.ip().is_loopback());
    let page = answer(address, "/", &format!("Host: {address}\r\nConnection: close"));
    assert_eq!(page, "HTTP/1.1 200 OK");
    let socket = format!(
        "Host: {address}\r\nOrigin: http://{address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cHVic3ViLWxhYiBwcm9iZQ=="
    );
    assert_eq!(answer(address, "/ws", &socket), "HTTP/1.1 101 Switching Protocols");
    let rebound = "Host: evil.example\r\nOrigin: http://evil.example\r\nConnection: close";
    assert_eq!(answer(address, "/", rebound), "HTTP/1.1 403 Forbidden");
    // The broker is on loopback alone.
    let redis = lab.descendant("redis-server").command;
    assert!(redis.contains("127.0.0.1:"), "{redis}");
}

#[test]
fn an_address_of_another_machine_is_told_before_anything_starts() {
    let mut lab = Running::pubsub_lab(&["run", "local", "--listen", "203.0.113.77"]);
    assert_eq!(lab.ended_within(PATIENCE).code(), Some(4));
    lab.err_line("error: the nodes cannot listen on 203.0.113.77");
    lab.err_line("hint: `--listen` takes an address of this machine, or 0.0.0.0 for all of them");

    let mut lab = Running::pubsub_lab(&["run", "local", "--listen", "0.0.0.0:8080"]);
    assert_eq!(lab.ended_within(PATIENCE).code(), Some(2));
    lab.err_line("the port has a flag of its own: `--listen 0.0.0.0 --port 8080`");
}
