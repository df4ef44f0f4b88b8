//! HTTP on the node's port: the page, the probes, the metrics, and who may open a WebSocket.

use std::time::{Duration, Instant};

use crate::deployed::check_metrics;
use crate::support::client::{Client, Raw, TEXT, V1, masked, upgrade};
use crate::support::node::Node;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The status with which this request is answered.
async fn status_of(node: &Node, request: &str) -> String {
    let mut raw = Raw::connect(node).await;
    raw.write(request.as_bytes()).await;
    let mut answer = Vec::new();
    while !answer.contains(&b'\r') {
        raw.tcp.read_buf(&mut answer).await.unwrap();
    }
    String::from_utf8_lossy(&answer)[..12].to_owned()
}

#[tokio::test]
async fn a_handshake_of_the_wrong_form_is_told_what_is_wrong() {
    let node = Node::start(&[]);
    let good = upgrade("/ws", "");
    assert_eq!(status_of(&node, &good).await, "HTTP/1.1 101");
    for (what, by) in [
        ("connection: Upgrade\r\n", ""),
        ("connection: Upgrade\r\n", "connection: keep-alive\r\n"),
        ("dGhlIHNhbXBsZSBub25jZQ==", ""),
        ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ=="),
        ("dGhlIHNhbXBsZSBub25jZQ==", "dGhl!HNhbXBsZSBub25jZQ=="),
        ("\r\n\r\n", "\r\ncontent-length: 2\r\n\r\nhi"),
        ("\r\n\r\n", "\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
    ] {
        assert_eq!(status_of(&node, &good.replace(what, by)).await, "HTTP/1.1 400", "{what:?} is {by:?}");
    }
    for (what, by) in [
        ("connection: Upgrade", "Connection: keep-alive, upgrade"),
        ("\r\n\r\n", "\r\ncontent-length: 0\r\n\r\n"),
    ] {
        assert_eq!(status_of(&node, &good.replace(what, by)).await, "HTTP/1.1 101", "{what:?} is {by:?}");
    }
}

#[tokio::test]
async fn a_name_that_leads_to_loopback_is_no_name_of_the_node() {
    let node = Node::start(&["--allow-host", "chat.example"]);
    let asked = |host: &str, path: &str| format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    for path in ["/", "/metrics", "/readyz"] {
        assert_eq!(status_of(&node, &asked("evil.example", path)).await, "HTTP/1.1 403", "{path}");
        for host in ["chat.example", "localhost:1", "127.0.0.1"] {
            assert_eq!(status_of(&node, &asked(host, path)).await, "HTTP/1.1 200", "{host} {path}");
        }
    }
    let evil = upgrade("/ws", "").replace("localhost", "evil.example");
    assert_eq!(status_of(&node, &evil).await, "HTTP/1.1 403");
    let page = upgrade("/ws", "origin: https://pages.example\r\n");
    for _ in 0..3 {
        assert_eq!(status_of(&node, &page).await, "HTTP/1.1 403");
    }
    for _ in 0..3 {
        let unasked = upgrade("/ws", "").replace("Upgrade\r", "close\r");
        assert_eq!(status_of(&node, &unasked).await, "HTTP/1.1 400");
    }
    // The line of a refusal of another kind comes after all the others.
    let foreign = upgrade("/ws", "sec-websocket-protocol: foreign\r\n");
    assert_eq!(status_of(&node, &foreign).await, "HTTP/1.1 400");
    node.running.err_line("this node speaks the subprotocol");
    let log = node.running.err();
    let told =
        |what: &str| log.iter().filter(|line| line.contains("turned away") && line.contains(what)).count();
    let once = ["host=\"evil.example\"", "origin=\"https://pages.example\"", "Connection: Upgrade"].map(told);
    assert_eq!(once, [1, 1, 1], "{log:#?}");
}

#[tokio::test]
async fn the_page_the_probes_and_what_is_not_there() {
    let node = Node::start(&[]);
    let page = node.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-type: text/html; charset=utf-8"), "{}", page.head);
    assert!(page.head.contains("content-security-policy: default-src 'self'"), "{}", page.head);
    assert!(page.body.contains("<title>"), "{}", page.body);
    for probe in ["/healthz", "/readyz"] {
        assert_eq!(node.get(probe).await.status, 200, "{probe}");
    }
    for path in [
        "/nothing",
        "/../Cargo.toml",
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "//",
        "/ws/",
        "/%00",
        "/chat.js/..",
    ] {
        assert_eq!(node.get(path).await.status, 404, "{path}");
    }
    let host = format!("host: {}\r\nconnection: close\r\n", node.address);
    let post = format!("POST / HTTP/1.1\r\n{host}content-length: 2\r\n\r\nhi");
    assert_eq!(node.request(&post).await.status, 405);
}

#[tokio::test]
async fn the_metrics_are_valid_and_move() {
    let node = Node::start(&[]);
    let fresh = node.get("/metrics").await;
    assert!(fresh.head.contains("content-type: text/plain; version=0.0.4"), "{}", fresh.head);
    check_metrics(&fresh.body);
    for name in
        ["pubsub_lab_sessions", "pubsub_lab_publishes_total", "pubsub_lab_outbox_dropped_frames_total"]
    {
        assert!(
            fresh.body.contains(&format!("\n{name} 0\n")),
            "{name} is there from the start\n{}",
            fresh.body
        );
    }
    let mut client = Client::v1_in(&node, "r").await;
    client.publish("r", "one").await;
    client.publish("r", "two").await;
    client.publish("", "three").await;
    client.send("{").await;
    client.frame_of("error").await;
    assert_eq!(node.metric("pubsub_lab_sessions").await, 1.0);
    assert_eq!(node.metric("pubsub_lab_publishes_total").await, 2.0);
    assert_eq!(node.metric("pubsub_lab_refused_total").await, 1.0);
    assert_eq!(node.metric("pubsub_lab_errors_total").await, 1.0);
    // The client got both, and nobody else did.
    assert_eq!(node.metric("pubsub_lab_delivery_seconds_count").await, 2.0);
    assert!(node.metric("pubsub_lab_delivery_seconds_sum").await > 0.0);
    check_metrics(&node.get("/metrics").await.body);
    client.leave().await;
    node.metric_is("pubsub_lab_sessions", 0.0).await;
}

#[tokio::test]
async fn a_websocket_is_accepted_at_both_places_in_both_dialects() {
    let node = Node::start(&[]);
    for path in ["/", "/ws", "/ws?room=1"] {
        let mut client = Client::connect(&node, path, &[V1]).await.unwrap();
        assert_eq!(client.hello("Ada").await["type"], "welcome");
        Client::connect(&node, path, &[]).await.unwrap();
        let several = ("sec-websocket-protocol", "chat.v9,  pubsub-lab.v1");
        let mut chosen = Client::connect(&node, path, &[several]).await.unwrap();
        assert_eq!(chosen.hello("Ada").await["type"], "welcome");
    }
}

#[tokio::test]
async fn a_foreign_subprotocol_is_a_bad_request() {
    let node = Node::start(&[]);
    for offered in ["chat.v9", "pubsub-lab.v2, mqtt", "PUBSUB-LAB.V1"] {
        let (status, body) = Client::refused(&node, "/", &[("sec-websocket-protocol", offered)]).await;
        assert_eq!(status, 400, "{offered}");
        assert!(body.contains("pubsub-lab.v1"), "{body}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let node =
        Node::start(&["--allow-origin", "https://chat.example", "--allow-origin", "http://dev.example:3000"]);
    let own = format!("http://{}", node.address);
    let port = node.address.port();
    for good in [&*own, "https://chat.example", "HTTPS://CHAT.EXAMPLE", "http://dev.example:3000"] {
        assert!(Client::connect(&node, "/ws", &[("origin", good)]).await.is_ok(), "{good}");
    }
    let others = [
        "null".to_owned(),
        "http://evil.example".to_owned(),
        format!("http://evil.example:{port}"),
        format!("http://127.0.0.1:{}", port ^ 1),
        "http://127.0.0.1".to_owned(),
        format!("{own}.evil.example"),
        format!("http://evil.example/{own}"),
        "http://chat.example".to_owned(),
        "https://chat.example.evil".to_owned(),
        "http://dev.example".to_owned(),
        "".to_owned(),
        "http://".to_owned(),
    ];
    for other in &others {
        let (status, body) = Client::refused(&node, "/ws", &[("origin", other)]).await;
        assert_eq!(status, 403, "{other}");
        assert!(body.contains("--allow-origin"), "{body}");
    }
    assert_eq!(node.metric("pubsub_lab_origins_refused_total").await, others.len() as f64);
    let open = Node::start(&["--allow-origin", "*"]);
    assert!(Client::connect(&open, "/", &[("origin", "http://anybody.example")]).await.is_ok());
}

#[tokio::test]
async fn a_full_node_says_so_and_a_seat_is_free_again_when_a_client_left() {
    let node = Node::start(&["--max-clients", "2"]);
    let first = Client::v1(&node).await;
    let _second = Client::plain(&node).await;
    let (status, body) = Client::refused(&node, "/", &[]).await;
    assert_eq!((status, &*body), (503, "this node is full: it has 2 clients\n"));
    assert_eq!(node.metric("pubsub_lab_clients_refused_total").await, 1.0);
    assert_eq!(node.get("/healthz").await.status, 200, "pages and probes need no seat");
    first.leave().await;
    node.metric_is("pubsub_lab_sessions", 1.0).await;
    let mut third = Client::v1(&node).await;
    assert_eq!(third.hello("Ada").await["type"], "welcome");
    // A seat is also given back by one who goes without a word, and by one who only asked.
    drop(third);
    node.metric_is("pubsub_lab_sessions", 1.0).await;
    for _ in 0..5 {
        let mut raw = Raw::connect(&node).await;
        raw.write(upgrade("/", "").as_bytes()).await;
        drop(raw);
    }
    let mut attempts = 0;
    while Client::connect(&node, "/", &[]).await.is_err() {
        attempts += 1;
        assert!(attempts < 200, "seats are lost");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_asks_for_no_websocket_of_version_13_is_told_so() {
    let node = Node::start(&[]);
    let close = format!("host: {}\r\nconnection: close, upgrade\r\n", node.address);
    let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let (upgrade, version) = ("upgrade: websocket\r\n", "sec-websocket-version: 13\r\n");
    let cases = [
        ("nothing at all", format!("GET /ws HTTP/1.1\r\n{close}\r\n")),
        ("no key", format!("GET /ws HTTP/1.1\r\n{close}{upgrade}{version}\r\n")),
        ("no version", format!("GET /ws HTTP/1.1\r\n{close}{upgrade}{key}\r\n")),
        (
            "an old version",
            format!("GET / HTTP/1.1\r\n{close}{upgrade}{key}sec-websocket-version: 8\r\n\r\n"),
        ),
        ("another protocol", format!("GET /ws HTTP/1.1\r\n{close}upgrade: h2c\r\n{key}{version}\r\n")),
        ("HTTP/1.0", format!("GET /ws HTTP/1.0\r\n{close}{upgrade}{key}{version}\r\n")),
        ("HEAD", format!("HEAD /ws HTTP/1.1\r\n{close}{upgrade}{key}{version}\r\n")),
    ];
    for (what, request) in cases {
        let answer = node.request(&request).await;
        assert_eq!(answer.status, 426, "{what}: {}", answer.head);
        assert!(answer.head.contains("sec-websocket-version: 13"), "{what}: {}", answer.head);
    }
    node.metric_is("pubsub_lab_sessions", 0.0).await;
}

#[tokio::test]
async fn what_is_no_http_is_answered_and_forgotten() {
    let node = Node::start(&[]);
    let long_path = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(70_000));
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(5_000));
    let long_header = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(70_000));
    for nonsense in [
        "\r\n\r\n\r\n\r\nGET",
        "\0\0\0\0\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        &long_path,
        &many_headers,
        &long_header,
    ] {
        let mut raw = Raw::connect(&node).await;
        // The node may hang up before the last byte.
        let _ = raw.tcp.write_all(nonsense.as_bytes()).await;
        let _ = raw.tcp.shutdown().await;
        raw.ended().await;
    }
    assert_eq!(node.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn frames_that_come_in_one_packet_with_the_handshake_are_heard() {
    let node = Node::start(&[]);
    let mut raw = Raw::connect(&node).await;
    let head = upgrade("/", "sec-websocket-protocol: pubsub-lab.v1\r\n");
    let hello = masked(TEXT, br#"{"type":"hello","name":"Early"}"#);
    raw.write(&[head.as_bytes(), &hello].concat()).await;
    let head = raw.upgraded().await;
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    assert!(head.contains("sec-websocket-protocol: pubsub-lab.v1"), "{head}");
    let (first, payload) = raw.frame().await.unwrap();
    let payload = String::from_utf8(payload).unwrap();
    assert!(first == TEXT && payload.contains(r#""name":"Early""#), "{payload}");
}

#[tokio::test]
async fn who_opens_connections_and_says_little_holds_up_nobody_and_is_cut_off() {
    let node = Node::start(&["--max-clients", "10"]);
    let mut lazy = Vec::new();
    for n in 0..300 {
        let mut raw = Raw::connect(&node).await;
        let said = [&b""[..], b"GET / HTTP/1.1\r\nx: ", b"GET /ws HT"][n % 3];
        raw.write(said).await;
        lazy.push(raw);
    }
    let mut client = Client::v1(&node).await;
    assert_eq!(client.hello("Ada").await["type"], "welcome");
    assert_eq!(node.get("/readyz").await.status, 200);
    for mut raw in lazy {
        raw.ended().await;
    }
    assert_eq!(client.publish("r", "still here").await["type"], "ack");
}

/// More than may be idle at a time.
const IDLE: usize = 1_100;

#[tokio::test]
async fn a_thousand_idle_connections_keep_nobody_out() {
    let node = Node::start(&["--max-clients", "10"]);
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(Raw::connect(&node).await);
    }
    let began = Instant::now();
    for probe in ["/readyz", "/healthz", "/metrics"] {
        assert_eq!(node.get(probe).await.status, 200, "{probe}");
    }
    let mut client = Client::v1(&node).await;
    assert_eq!(client.hello("Ada").await["type"], "welcome");
    // Those that say nothing are let go after ten seconds, and nobody waits for that.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for mut idle in idle {
        idle.ended().await;
    }
    assert_eq!(client.publish("r", "still here").await["type"], "ack");
}
