//! A whisper over RabbitMQ, and that no history keeps it.

use serde_json::json;

use super::cluster::{Cluster, say};
use crate::support::people::Observer;
use crate::support::rabbitmq::RabbitMq;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whisper_reaches_its_two_ends_and_no_history() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let _history = cluster.history(&[]).await;
    let (one, other) = (cluster.node().await, cluster.node().await);
    let mut people = Vec::new();
    for (node, name) in [(&one, "Ada"), (&other, "Bob"), (&other, "Eve")] {
        people.push(Observer::on(node, name, "r").await);
    }
    // The nodes know each other once they know each other's people.
    for one in &mut people {
        one.people_are(&["Ada", "Bob", "Eve"]).await;
    }
    let [mut ada, mut bob, mut eve] =
        people.try_into().map(|all: [Observer; 3]| all.map(|one| one.someone)).ok().unwrap();

    ada.client.say(json!({"type": "whisper", "to": "Bob", "text": "a secret of two", "id": "1"})).await;
    assert_eq!(ada.client.answer().await, json!({"type": "ack", "id": "1", "level": "handed"}));
    for end in [&mut bob, &mut ada] {
        assert_eq!(end.client.frame_of("whisper").await["text"], "a secret of two");
    }
    // A message is confirmed when the history has written it, and it was published after the whisper.
    say(&one, "r", "for all", 1).await;
    loop {
        let frame = eve.client.frame().await;
        assert_ne!(frame["type"], "whisper", "{frame}");
        if frame["text"] == "for all 0" {
            break;
        }
    }
    let kept = cluster.kept();
    let has = |text: &str| kept.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(has("for all 0") && !has("a secret of two"));
}
