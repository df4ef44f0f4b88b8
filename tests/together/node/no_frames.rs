//! Answers to what is no frame of the dialect `pubsub-lab.v1`, or lacks something.

use crate::support::client::Client;
use crate::support::node::Node;
use serde_json::json;

#[tokio::test]
async fn what_is_no_frame_of_the_dialect_is_an_error_and_the_connection_stays() {
    let node = Node::start(&[]);
    let mut client = Client::v1(&node).await;
    client.hello("Ada").await;
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let deep_field = format!(r#"{{"type":"publish","room":"r","text":"x","more":{deep}}}"#);
    let deep_text = format!(r#"{{"type":"publish","room":"r","text":{deep}}}"#);
    let long = format!(r#"{{"type":"publish","room":"r","text":7{}}}"#, "0".repeat(5_000));
    let long_string = format!(r#""{}""#, "x".repeat(60_000));
    let long_type = format!(r#"{{"type":"{}"}}"#, "\u{1f600}".repeat(10_000));
    let bad: &[(&str, &str)] = &[
        ("", "bad_frame"),
        (" ", "bad_frame"),
        ("\0", "bad_frame"),
        ("hello", "bad_frame"),
        ("{", "bad_frame"),
        ("{}", "bad_frame"),
        ("[]", "bad_frame"),
        ("null", "bad_frame"),
        ("7", "bad_frame"),
        ("1e999", "bad_frame"),
        (r#"["publish"]"#, "bad_frame"),
        (r#"{"type":null}"#, "bad_frame"),
        (r#"{"type":7}"#, "bad_frame"),
        (r#"{"type":["publish"]}"#, "bad_frame"),
        (r#"{"type":"publish","type":"hello"}"#, "bad_frame"),
        (r#"{"type":"publish","room":"r","text":7}"#, "bad_frame"),
        (r#"{"type":"publish","room":7,"text":"x"}"#, "bad_frame"),
        (r#"{"type":"publish","room":"r","text":"x","id":7}"#, "bad_frame"),
        (r#"{"type":"publish","room":"r","text":"x","id":123456789012345678901234567890}"#, "bad_frame"),
        (r#"{"type":"publish","room":"r","text":"x","to":true}"#, "bad_frame"),
        (r#"{"type":"publish","room":"r","text":"\ud800"}"#, "bad_frame"),
        (r#"{"type":"publish","room":"r","text":"x"} {"type":"publish"}"#, "bad_frame"),
        ("{\"type\":\"publish\",\"room\":\"r\",\"text\":\"raw\nline\"}", "bad_frame"),
        (&deep, "bad_frame"),
        (&deep_text, "bad_frame"),
        (&long, "bad_frame"),
        (&long_string, "bad_frame"),
        (r#"{"type":""}"#, "unknown_type"),
        (r#"{"type":"Publish"}"#, "unknown_type"),
        (r#"{"type":"message","room":"r","text":"x"}"#, "unknown_type"),
        (r#"{"type":"lagged","missed":1}"#, "unknown_type"),
        (&long_type, "unknown_type"),
    ];
    for (frame, code) in bad {
        let shown: String = frame.chars().take(80).collect();
        client.send(frame).await;
        let answer = client.frame().await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{shown:?}");
        // A node that echoes whatever it is sent lets one client fill its memory.
        let reason = answer["reason"].as_str().unwrap();
        assert!(reason.len() < 400, "{} bytes for {shown:?}", reason.len());
    }
    client.send_binary(b"{\"type\":\"hello\"}").await;
    assert_eq!(client.frame().await["code"], "not_text");
    client.send(&deep_field).await;
    let deep_answer = client.frame().await;
    assert!(["ack", "error"].contains(&deep_answer["type"].as_str().unwrap()), "{deep_answer}");
    assert_eq!(client.publish("r", "still here").await["type"], "ack");
    assert_eq!(node.metric("pubsub_lab_errors_total").await, bad.len() as f64 + 1.0);
}

#[tokio::test]
async fn a_refused_publish_with_an_endless_id_does_not_come_back_whole() {
    let node = Node::start(&[]);
    let mut client = Client::v1(&node).await;
    client.hello("Ada").await;
    client.say(json!({"type": "publish", "room": "r", "text": "x", "id": "i".repeat(50_000)})).await;
    let answer = client.frame().await;
    assert_eq!((&answer["type"], &answer["code"]), (&json!("refused"), &json!("bad_id")));
    assert!(answer.to_string().len() < 1000, "{} bytes", answer.to_string().len());
}

#[tokio::test]
async fn an_unknown_field_is_no_error() {
    let node = Node::start(&[]);
    let mut client = Client::v1(&node).await;
    client.hello("Ada").await;
    client.send(r#"{"future":{"a":[1,2,{"b":null}]},"type":"publish","room":"r","text":"x","id":"1"}"#).await;
    assert_eq!(client.frame().await["type"], "ack");
}
