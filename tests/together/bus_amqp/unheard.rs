//! A message that never got into a node's queue, or was dropped there, and nobody says so: the history has it.

use std::collections::BTreeSet;

use lapin::Connection;
use pubsub_lab::bus::amqp::{AmqpBus, AmqpOptions, LiveQueue};
use pubsub_lab::bus::{Bus, BusEvent};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::network::{Condition, Network};
use crate::support::amqp_bus::{
    PATIENCE, client, confirmed, id, is_down, is_up, live_queue, namespace, options, start, subscribe,
};
use crate::support::history::{History, Place};
use crate::support::rabbitmq::RabbitMq;

/// A node that listens through a network, one that speaks, and a history.
struct Scene {
    network: Network,
    listener: AmqpBus,
    events: mpsc::Receiver<BusEvent>,
    speaker: AmqpBus,
    connection: Connection,
    queue: String,
    place: Place,
    _history: History,
}

impl Scene {
    /// The listener has heard one message of the lobby.
    async fn new() -> Self {
        let rabbit = RabbitMq::shared();
        let place = Place::new(rabbit.url());
        let history = place.start(&[]);
        let network = Network::to(rabbit.port()).await;
        let url = Some(format!("http://{}", history.address));
        let listener = start(AmqpOptions { history: url, ..options(&network.url(), &place.namespace) });
        let mut events = listener.events().unwrap();
        is_up(&listener).await;
        let connection = client(&rabbit.url()).await;
        let queue = live_queue(&connection, &place.namespace).await;
        let speaker = start(options(&rabbit.url(), &place.namespace));
        is_up(&speaker).await;
        history.ready_says("").await;
        subscribe(&listener, "lobby").await;
        confirmed(&speaker, "lobby", "heard").await;
        assert_eq!(id(&mut events).await, "heard");
        Self { network, listener, events, speaker, connection, queue, place, _history: history }
    }

    /// Removes the binding of the listener's queue by which it gets the chat of the lobby.
    async fn unbind_lobby(&self) {
        let channel = self.connection.create_channel().await.unwrap();
        let (queue, exchange) = (self.queue.as_str(), self.place.namespace.as_str());
        channel
            .queue_unbind(queue.into(), exchange.into(), "lobby".into(), Default::default())
            .await
            .unwrap();
    }

    async fn say(&self, ids: &[&str]) {
        for id in ids {
            confirmed(&self.speaker, "lobby", id).await;
        }
    }

    /// Waits until the listener has these messages, each once, live or out of the history.
    async fn hears(&mut self, ids: &[&str]) {
        let mut missing: BTreeSet<_> = ids.iter().copied().collect();
        while !missing.is_empty() {
            let event = timeout(2 * PATIENCE, self.events.recv()).await;
            match event.unwrap_or_else(|_| panic!("{missing:?} never came")).expect("the events ended") {
                BusEvent::Envelope(envelope) | BusEvent::Replayed(envelope) => {
                    assert!(missing.remove(&*envelope.id), "{}", envelope.id);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    async fn close(self) {
        self.listener.close().await;
        self.speaker.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_binding_of_one_room_is_removed_and_the_node_notices() {
    let mut scene = Scene::new().await;
    scene.unbind_lobby().await;
    scene.say(&["1", "2"]).await;
    is_down(&scene.listener, "`lobby` no longer reaches this node's queue").await;
    scene.hears(&["1", "2"]).await;
    is_up(&scene.listener).await;
    scene.say(&["3"]).await;
    scene.hears(&["3"]).await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_right_after_a_binding_was_removed_hides_nothing() {
    let mut scene = Scene::new().await;
    scene.unbind_lobby().await;
    scene.say(&["1", "2"]).await;
    scene.network.set(Condition::Cut);
    is_down(&scene.listener, "").await;
    scene.network.set(Condition::Whole);
    is_up(&scene.listener).await;
    // Newer messages must not hide the older ones.
    scene.say(&["3"]).await;
    scene.hears(&["1", "2", "3"]).await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_policy_dropped_from_a_nodes_queue_comes_from_the_history_after_the_reconnect() {
    let (mut scene, rabbit) = (Scene::new().await, RabbitMq::shared());
    let (name, queues) = (scene.queue.clone(), format!("^{}$", scene.queue.replace('.', "\\.")));
    rabbit.control(&["set_policy", "--apply-to", "queues", &name, &queues, r#"{"max-length":1}"#]);
    scene.network.set(Condition::Cut);
    is_down(&scene.listener, "").await;
    scene.say(&["1", "2", "3", "4"]).await;
    scene.network.set(Condition::Whole);
    scene.hears(&["1", "2", "3", "4"]).await;
    rabbit.control(&["clear_policy", &name]);
    is_up(&scene.listener).await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_textbooks_queue_is_declared_again_when_somebody_deletes_it() {
    let (rabbit, ns) = (RabbitMq::shared(), namespace());
    let exclusive = AmqpOptions { live_queue: LiveQueue::Exclusive, ..options(&rabbit.url(), &ns) };
    let listener = start(exclusive);
    let mut events = listener.events().unwrap();
    subscribe(&listener, "lobby").await;
    is_up(&listener).await;
    let queue = live_queue(&client(&rabbit.url()).await, &ns).await;
    // Only its own connection may delete it, and the operator.
    rabbit.control(&["delete_queue", &format!("{queue}.0")]);
    let speaker = start(options(&rabbit.url(), &ns));
    for n in 0.. {
        let name = format!("m{n}");
        confirmed(&speaker, "lobby", &name).await;
        let heard = timeout(std::time::Duration::from_millis(200), events.recv()).await;
        if matches!(heard, Ok(Some(BusEvent::Envelope(_)))) {
            break;
        }
        assert!(n < 200, "deaf for ever, and {:?}", *listener.health().borrow());
    }
    is_up(&listener).await;
    for bus in [speaker, listener] {
        bus.close().await;
    }
}
