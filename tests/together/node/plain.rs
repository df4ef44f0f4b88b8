//! The plain dialect: a frame in is a message to the lobby, a frame out is the bare text.

use crate::support::client::{BINARY, Client, Raw, TEXT, masked, upgrade};
use crate::support::node::Node;
use serde_json::json;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn text_and_binary_reach_everybody_in_the_lobby_as_bare_text() {
    let node = Node::start(&[]);
    let (mut ada, mut bob) = (Client::plain(&node).await, Client::plain(&node).await);
    ada.send("héllo \"you\" \\ <b>\u{1f600}\n").await;
    ada.send_binary("as bytes ✓".as_bytes()).await;
    ada.send("").await;
    bob.text_is("héllo \"you\" \\ <b>\u{1f600}\n").await;
    ada.text_is("héllo \"you\" \\ <b>\u{1f600}\n").await;
    for client in [&mut ada, &mut bob] {
        assert_eq!(client.text().await, "as bytes ✓");
        assert_eq!(client.text().await, "");
    }
}

#[tokio::test]
async fn plain_and_v1_clients_talk_with_each_other() {
    let node = Node::start(&[]);
    let mut page = Client::v1(&node).await;
    page.hello("Ada").await;
    page.enter("lobby").await;
    let mut wscat = Client::plain(&node).await;
    wscat.send("from wscat").await;
    loop {
        let message = page.frame_of("message").await;
        if message["text"] == "from wscat" {
            assert!(message["from"].as_str().unwrap().starts_with("guest-"), "{message}");
            assert_eq!(message["room"], "lobby");
            break;
        }
    }
    page.publish("lobby", "from the page").await;
    wscat.text_is("from the page").await;
    // What v1 clients are told beside messages has no words in the plain dialect.
    page.say(json!({"type": "unsubscribe", "room": "lobby"})).await;
    page.frame_of("unsubscribed").await;
    page.publish("lobby", "still here").await;
    assert_eq!(wscat.text().await, "still here");
}

#[tokio::test]
async fn a_client_that_speaks_at_once_hears_itself() {
    let node = Node::start(&[]);
    for n in 0..100 {
        // The first message lies in the socket before the node has answered the handshake.
        let mut raw = Raw::connect(&node).await;
        let said = format!("at once, {n}");
        let mut bytes = upgrade("/", "").into_bytes();
        bytes.extend(masked(TEXT, said.as_bytes()));
        raw.write(&bytes).await;
        raw.upgraded().await;
        let (_, heard) = raw.frame().await.expect("its own message");
        assert_eq!(String::from_utf8_lossy(&heard), said);
    }
}

#[tokio::test]
async fn a_text_over_the_limit_closes_with_1009() {
    let node = Node::start(&["--max-text", "10"]);
    let mut client = Client::connect(&node, "/ws", &[]).await.unwrap();
    client.send("0123456789").await;
    client.send("0123456789a").await;
    let (code, reason) = client.closed().await;
    assert_eq!((code, &*reason), (1009, "a text may have 10 bytes"));
}

#[tokio::test]
async fn a_frame_over_the_limit_closes_with_1009_even_for_a_client_that_is_still_sending() {
    let node = Node::start(&["--max-frame", "1024"]);
    let mut other = Client::plain(&node).await;
    for first in [TEXT, BINARY] {
        let raw = Raw::plain(&node).await;
        let (read, mut write) = raw.tcp.into_split();
        let whole = masked(first, &vec![b'x'; 8 * 1024 * 1024]);
        // Four times the frame that was announced: the node is to close and not to follow.
        let sending = async move { while write.write_all(&whole).await.is_ok() {} };
        let closed = async move {
            let mut read = read;
            let (first, payload) =
                crate::support::client::read_frame(&mut read).await.expect("a close frame");
            assert_eq!((first, &payload[..2]), (crate::support::client::CLOSE, &1009_u16.to_be_bytes()[..]));
        };
        let both = async { tokio::join!(sending, closed) };
        tokio::time::timeout(crate::support::node::PATIENCE, both)
            .await
            .expect("the node ends the connection");
    }
    other.send("not impressed").await;
    other.text_is("not impressed").await;
}

#[tokio::test]
async fn one_message_in_many_frames_is_one_message_and_has_the_same_limit() {
    let node = Node::start(&["--max-frame", "1024"]);
    let mut other = Client::plain(&node).await;
    let mut raw = Raw::plain(&node).await;
    // Cut in the middle of a character.
    raw.write(&masked(0x01, b"caf\xc3")).await;
    raw.write(&masked(0x00, b"\xa9, ")).await;
    raw.write(&masked(0x80, b"s'il vous plait")).await;
    other.text_is("café, s'il vous plait").await;
    raw.write(&masked(0x01, b"still ")).await;
    for _ in 0..500 {
        raw.write(&masked(0x00, b"")).await;
    }
    raw.write(&masked(0x80, b"one")).await;
    other.text_is("still one").await;
    raw.write(&masked(0x01, &[b'x'; 1000])).await;
    raw.write(&masked(0x00, &[b'x'; 1000])).await;
    assert_eq!(raw.closed().await, 1009);
    // Empty frames count for nothing in a message, but they are not free.
    let mut raw = Raw::plain(&node).await;
    raw.write(&masked(0x01, b"x")).await;
    let _ = raw.tcp.write_all(&masked(0x00, b"").repeat(50_000)).await;
    assert_eq!(raw.closed().await, 1009);
}

#[tokio::test]
async fn more_than_the_rate_closes_with_1008_and_says_why() {
    let node = Node::start(&["--max-rate", "5"]);
    let mut client = Client::connect(&node, "/", &[]).await.unwrap();
    for n in 0..20 {
        // The node may close before the last one is out.
        let _ = client.try_send(&n.to_string()).await;
    }
    let (code, reason) = client.closed().await;
    assert_eq!((code, &*reason), (1008, "a session may publish 5 messages a second"));
}

#[tokio::test]
async fn what_is_not_utf8_closes_with_1007() {
    let node = Node::start(&[]);
    for first in [TEXT, BINARY] {
        let mut raw = Raw::plain(&node).await;
        raw.write(&masked(first, b"ab\xff\xfe")).await;
        assert_eq!(raw.closed().await, 1007, "{first:#x}");
        raw.ended().await;
    }
    let mut v1 = Raw::v1(&node).await;
    v1.write(&masked(TEXT, b"{\"type\":\"\xc3\x28\"}")).await;
    assert_eq!(v1.closed().await, 1007);
}

#[tokio::test]
async fn the_close_handshake_is_answered_with_the_same_code() {
    let node = Node::start(&[]);
    let mut raw = Raw::plain(&node).await;
    raw.write(&masked(crate::support::client::CLOSE, &[0x0f, 0xa1, b'b', b'y', b'e'])).await;
    assert_eq!(raw.closed().await, 4001);
    raw.ended().await;
    node.metric_is("pubsub_lab_sessions", 0.0).await;
}

#[tokio::test]
async fn what_breaks_the_protocol_closes_with_1002() {
    let node = Node::start(&[]);
    let wrong: [(&str, &[u8]); 8] = [
        ("without a mask", b"\x81\x01x"),
        ("a reserved bit", &masked(0xc1, b"x")),
        ("a reserved opcode", &masked(0x83, b"x")),
        ("a reserved control opcode", &masked(0x8b, b"x")),
        ("a continuation of nothing", &masked(0x80, b"x")),
        ("a ping in pieces", &masked(0x09, b"x")),
        ("a ping of 126 bytes", &masked(0x89, &[b'x'; 126])),
        ("a text inside a text", &[masked(0x01, b"x"), masked(0x81, b"y")].concat()),
    ];
    for (what, bytes) in wrong {
        let mut raw = Raw::plain(&node).await;
        raw.write(bytes).await;
        assert_eq!(raw.closed().await, 1002, "{what}");
        raw.ended().await;
    }
}
