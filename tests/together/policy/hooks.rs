//! The hooks of the examples, in a node of this process.

use std::borrow::Cow;
use std::sync::{Arc, mpsc};

use pubsub_lab::bus::local::LocalBus;
use pubsub_lab::door::{Callers, listen};
use pubsub_lab::node::{Decision, Hook, Hooks, Limits, NodeOptions, Outgoing, Secret, Visitor, serve};
use pubsub_lab::trace::Trace;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::refusal;
use crate::support::client::Client;
use crate::support::events::Events;
use crate::support::node::get;

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

/// Shows nobody what is secret, and everybody in capitals what is loud.
struct Eyes;

impl Hook for Eyes {
    fn publish_out(&self, _: &Visitor<'_>, _: &Outgoing<'_>, text: &mut Cow<'_, str>) -> Decision {
        match &**text {
            "secret" => return Decision::Drop,
            "loud" => *text = "LOUD".into(),
            _ => {}
        }
        Decision::Allow
    }

    fn watches_recipients(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn readers_over_http_are_shown_what_a_socket_is_shown() {
    let mut tasks = JoinSet::new();
    let address = node(vec![Box::new(Eyes)], &mut tasks).await;
    let mut reader = Events::open(address, "/api/rooms/r/events", "").await;
    reader.next_of("subscribed").await;
    let mut ada = Client::v1_at(address).await;
    ada.enter("r").await;
    for text in ["secret", "loud", "plain"] {
        assert_eq!(ada.publish("r", text).await["type"], "ack");
    }
    assert_eq!(ada.texts_until("plain").await, ["LOUD"]);
    assert_eq!(reader.texts(2).await, ["LOUD", "plain"]);
    let answer: serde_json::Value =
        serde_json::from_str(&get(address, "/api/rooms/r/messages").await.body).unwrap();
    let texts: Vec<_> = answer["messages"].as_array().unwrap().iter().map(|it| it["text"].clone()).collect();
    assert_eq!(texts, ["LOUD", "plain"]);
    // What comes again is shown in the same way.
    let mut late = Events::open(address, "/api/rooms/r/events?after=nobody.knows", "").await;
    assert_eq!(late.texts(2).await, ["LOUD", "plain"]);
}
