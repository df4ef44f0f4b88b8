//! A node takes the requests of the document, and insists on those fields which the document calls required.

use serde_json::{Value, json};

use super::document;
use crate::support::node::Node;
use crate::support::recorded::Recorded;

/// The codes that answer a request at once, from a node that nobody has talked to.
async fn codes(node: &Node, request: &Value) -> Vec<Value> {
    let mut client = Recorded::on(node).await;
    client.say(request.clone()).await;
    // What speaks against a request comes before the answer to the next one.
    client.asks(json!({"type": "a fence"}), "unknown_type").await;
    let codes = client.frames.iter().map(|frame| frame["code"].clone());
    codes.filter(|code| code.is_string() && code != "unknown_type").collect()
}

#[tokio::test]
async fn a_node_insists_on_what_is_required_and_on_nothing_else() {
    let (document, node) = (document(), Node::start(&[]));
    let (mut needed, mut free) = (0, 0);
    for example in document.examples("request.") {
        let kind = example["type"].as_str().unwrap();
        let required = &document.root["components"]["schemas"][format!("request.{kind}")]["required"];
        for field in example.as_object().unwrap().keys().filter(|field| *field != "type") {
            let mut request = example.clone();
            request.as_object_mut().unwrap().remove(field);
            // Of a name and a colour one is needed.
            let is_required = required.as_array().unwrap().contains(&json!(field))
                || kind == "rename" && request.as_object().unwrap().len() == 1;
            let insists = codes(&node, &request).await.contains(&json!("bad_frame"));
            assert_eq!(insists, is_required, "{request}");
            *(if is_required { &mut needed } else { &mut free }) += 1;
        }
        assert!(!codes(&node, &example).await.contains(&json!("bad_frame")), "{example}");
    }
    assert!(needed >= 8 && free >= 8, "{needed} {free}");
}
