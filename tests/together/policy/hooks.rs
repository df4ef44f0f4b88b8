//! The hooks of the examples, in a node of this process.

use std::sync::{Arc, mpsc};

use pubsub_lab::bus::local::LocalBus;
use pubsub_lab::door::{Callers, listen};
use pubsub_lab::node::{Hook, Hooks, Limits, NodeOptions, Secret, serve};
use pubsub_lab::trace::Trace;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::refusal;
use crate::support::client::Client;

#[path = "../../../examples/hooks/audit.rs"]
mod audit;
#[path = "../../../examples/hooks/mask.rs"]
mod mask;
#[path = "../../../examples/hooks/read_only.rs"]
mod read_only;

/// A node with these hooks, in this process. It ends when the set of tasks is dropped.
async fn node(hooks: Vec<Box<dyn Hook>>, tasks: &mut JoinSet<()>) -> std::net::SocketAddr {
    let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    let options = NodeOptions {
        name: "n".into(),
        pattern: "local",
        limits: Limits::default(),
        secret: Secret::random(),
        store: None,
        hooks: Hooks::new(hooks),
        publisher: None,
        callers: Callers::new(true, Vec::new(), Vec::new()),
        metrics: None,
        trace: Trace::off(),
    };
    let bus = Arc::new(LocalBus::new(64));
    tasks.spawn(async move { serve(listener, bus, options, CancellationToken::new()).await.unwrap() });
    address
}

#[tokio::test]
async fn the_examples_do_what_they_say() {
    let (lines, log) = mpsc::channel();
    let hooks: Vec<Box<dyn Hook>> = vec![
        Box::new(audit::Audit(lines)),
        Box::new(mask::Mask("darn")),
        Box::new(read_only::ReadOnly { room: "news", writer: "Ada" }),
    ];
    let mut tasks = JoinSet::new();
    let address = node(hooks, &mut tasks).await;
    let mut bob = Client::v1_at(address).await;
    let id = {
        bob.hello("Bob").await;
        bob.enter("r").await;
        assert_eq!(bob.publish("r", "darn it").await["type"], "ack");
        let message = bob.frame_of("message").await;
        assert_eq!(message["text"], "**** it");
        message["id"].as_str().unwrap().split_once('.').unwrap().0.to_owned()
    };
    let refused = bob.publish("news", "hi").await;
    assert_eq!(refusal(&refused), serde_json::json!(["refused", "forbidden", "only Ada writes here"]));
    bob.leave().await;
    let mut ada = Client::v1_at(address).await;
    ada.hello("Ada").await;
    assert_eq!(ada.publish("news", "hi").await["type"], "ack");
    drop(ada);
    tokio::task::spawn_blocking(move || {
        let lines: Vec<String> = log.iter().take(4).collect();
        assert_eq!(
            lines,
            [
                format!("Bob ({id}) enters r"),
                format!("Bob ({id}) says in r: darn it"),
                format!("Bob ({id}) says in news: hi"),
                format!("Bob ({id}) is gone"),
            ]
        );
    })
    .await
    .unwrap();
}
