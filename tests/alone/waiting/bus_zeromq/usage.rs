//! What is said about wrong addresses and taken ports.

use pubsub_lab::bus::BusError;
use pubsub_lab::bus::zeromq::{ZeromqBus, ZeromqOptions};

use crate::support::process::pubsub_lab;
use crate::support::zeromq_bus::alone;

async fn error(options: ZeromqOptions) -> String {
    match ZeromqBus::start(options).await {
        Err(BusError::Setup(error)) => error,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it starts"),
    }
}

#[tokio::test]
async fn a_taken_port_and_nonsense_are_told_apart() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_eq!(error(alone(&address)).await, format!("the address tcp://{address} is taken"));
    let nonsense = error(alone("nonsense")).await;
    assert_eq!(nonsense, "`nonsense` is not the address of a ZeroMQ socket: no port");
    let peer = error(ZeromqOptions { peers: vec!["ipc://x".into()], ..alone("127.0.0.1:0") }).await;
    assert!(peer.contains("`ipc://x`"), "{peer}");
    let hwm = error(ZeromqOptions { hwm: 0, ..alone("127.0.0.1:0") }).await;
    assert!(hwm.contains("high-water mark"), "{hwm}");
}

#[test]
fn the_node_says_it_in_a_sentence_with_a_hint_and_an_exit_code() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let cases: [(&[&str], i32, &str); 4] = [
        (&["--sub", &address], 4, "is taken\nhint: choose another address with `--sub`"),
        (
            &["--sub", "nonsense"],
            2,
            "error: `nonsense` is not the address of a ZeroMQ socket: no port\nhint: ",
        ),
        (&["--sub", "127.0.0.1:0", "--peer", "x:0"], 2, "`x:0` is not the address"),
        (&["--sub", "127.0.0.1:0", "--hwm", "0"], 2, "a high-water mark of 0"),
    ];
    for (flags, exit, words) in cases {
        let done = pubsub_lab(&["node", "zeromq", "--listen", "127.0.0.1:0"]).args(flags).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(exit), "{flags:?}: {said}");
        assert!(said.contains(words) && !said.contains("panicked"), "{flags:?}: {said}");
        assert!(done.stdout.is_empty());
    }
}
