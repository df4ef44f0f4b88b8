//! A room read by requests, and what stands in their answers.
#![allow(dead_code, reason = "every test target uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use serde_json::Value;

use super::node::Node;

/// The body of the answer to a GET, which has to be a success.
pub async fn poll(node: &Node, path: &str) -> Value {
    let answer = node.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// The texts in an answer.
pub fn texts(answer: &Value) -> Vec<&str> {
    answer["messages"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap()).collect()
}
