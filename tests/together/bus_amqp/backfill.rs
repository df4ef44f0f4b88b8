//! A node whose queue is gone gets from the history what was in it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lapin::Connection;
use pubsub_lab::bus::amqp::{AmqpBus, AmqpOptions};
use pubsub_lab::bus::{Bus, BusEvent};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::network::{Condition, Network};
use crate::support::amqp_bus::{
    PATIENCE, client, confirmed, delete_queue, id, is_down, is_up, live_queue, namespace, options, start,
    subscribe,
};
use crate::support::history::{History, Place};
use crate::support::ports::Port;
use crate::support::rabbitmq::RabbitMq;

/// A node that listens through a network, one that speaks, and a history.
struct Scene {
    network: Network,
    listener: AmqpBus,
    events: mpsc::Receiver<BusEvent>,
    speaker: AmqpBus,
    connection: Connection,
    queue: String,
    _history: Option<(History, Place)>,
}

impl Scene {
    async fn with_history() -> Self {
        let place = Place::new(RabbitMq::shared().url());
        let history = place.start(&[]);
        let (namespace, url) = (place.namespace.clone(), format!("http://{}", history.address));
        Self::new(namespace, Some(url), Some((history, place))).await
    }

    async fn new(namespace: String, history: Option<String>, keep: Option<(History, Place)>) -> Self {
        let url = RabbitMq::shared().url();
        let network = Network::to(RabbitMq::shared().port()).await;
        let connection = client(&url).await;
        let listener = start(AmqpOptions { history, ..options(&network.url(), &namespace) });
        let events = listener.events().unwrap();
        is_up(&listener).await;
        let queue = live_queue(&connection, &namespace).await;
        let speaker = start(options(&url, &namespace));
        is_up(&speaker).await;
        Self { network, listener, events, speaker, connection, queue, _history: keep }
    }

    /// Cuts the listener off and deletes its queue.
    async fn rob(&self) {
        self.network.set(Condition::Cut);
        is_down(&self.listener, "").await;
        delete_queue(&self.connection, &self.queue).await;
    }

    async fn say(&self, room: &str, ids: &[&str]) {
        for id in ids {
            confirmed(&self.speaker, room, id).await;
        }
    }

    async fn event(&mut self) -> BusEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("no event").expect("the events ended")
    }

    async fn close(self) {
        self.listener.close().await;
        self.speaker.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_queue_held_comes_from_the_history_before_the_live_feed_goes_on() {
    let mut scene = Scene::with_history().await;
    scene.say("quiet", &["old"]).await;
    scene.say("lobby", &["older"]).await;
    // What was sent in the millisecond of the subscription may count as missed.
    sleep(Duration::from_millis(5)).await;
    for name in ["lobby", "quiet"] {
        subscribe(&scene.listener, name).await;
    }
    scene.say("lobby", &["1", "2", "3"]).await;
    for n in 1..=3 {
        assert_eq!(id(&mut scene.events).await, n.to_string());
    }
    scene.rob().await;
    scene.say("lobby", &["4", "5", "6"]).await;
    scene.say("quiet", &["q1", "q2"]).await;
    scene.say("elsewhere", &["unwanted"]).await;
    scene.network.set(Condition::Whole);
    let (mut lobby, mut quiet) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        match scene.event().await {
            BusEvent::Replayed(envelope) if envelope.room.as_str() == "lobby" => lobby.push(envelope.id),
            BusEvent::Replayed(envelope) => quiet.push(envelope.id),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(lobby.iter().map(|id| &**id).collect::<Vec<_>>(), ["4", "5", "6"]);
    assert_eq!(quiet.iter().map(|id| &**id).collect::<Vec<_>>(), ["q1", "q2"]);
    is_up(&scene.listener).await;
    scene.say("lobby", &["7"]).await;
    assert_eq!(id(&mut scene.events).await, "7");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_deleted_again_and_again_while_messages_pour_in_costs_nothing() {
    const TIMES: usize = 5;
    let mut scene = Scene::with_history().await;
    subscribe(&scene.listener, "lobby").await;
    let mut owed = BTreeSet::new();
    let mut got = BTreeSet::new();
    let mut deleted = 0;
    let mut next = Instant::now() + Duration::from_millis(300);
    let began = Instant::now();
    while deleted < TIMES || owed != got {
        if deleted < TIMES {
            let name = format!("m{:06}", owed.len());
            confirmed(&scene.speaker, "lobby", &name).await;
            owed.insert(name);
        }
        if Instant::now() >= next && deleted < TIMES && scene.listener.health().borrow().is_up() {
            delete_queue(&scene.connection, &scene.queue).await;
            is_down(&scene.listener, "").await;
            deleted += 1;
            next = Instant::now() + Duration::from_millis(300);
        }
        while let Ok(Some(event)) = timeout(Duration::from_millis(1), scene.events.recv()).await {
            match event {
                BusEvent::Envelope(envelope) | BusEvent::Replayed(envelope) => {
                    assert!(got.insert(envelope.id.to_string()), "{} came twice", envelope.id);
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(began.elapsed() < 3 * PATIENCE, "{} of {} came", got.len(), owed.len());
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_history_the_gap_is_named_and_the_live_feed_goes_on() {
    let nobody = Port::free();
    for history in [None, Some(format!("http://127.0.0.1:{}", nobody.number()))] {
        let named = history.is_some();
        let mut scene = Scene::new(namespace(), history, None).await;
        subscribe(&scene.listener, "lobby").await;
        scene.rob().await;
        scene.say("lobby", &["lost"]).await;
        scene.network.set(Condition::Whole);
        let whole = Instant::now();
        // A history that is named is asked again for a while.
        let event = timeout(2 * PATIENCE, scene.events.recv()).await.expect("no event");
        let Some(BusEvent::Gap(reason)) = event else { panic!("no gap") };
        let took = whole.elapsed();
        assert!(named || took < Duration::from_secs(10), "told after {took:?}");
        assert!(reason.contains("history"), "{reason}");
        is_up(&scene.listener).await;
        scene.say("lobby", &["live"]).await;
        assert_eq!(id(&mut scene.events).await, "live");
        scene.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_missed_between_two_exchanges_is_filled() {
    let mut scene = Scene::with_history().await;
    subscribe(&scene.listener, "lobby").await;
    scene.say("lobby", &["1"]).await;
    assert_eq!(id(&mut scene.events).await, "1");
    // The queue stays, its bindings go, and the speaker declares the exchange again before anybody looks.
    let channel = scene.connection.create_channel().await.unwrap();
    let namespace = scene.queue.split(".live.").next().unwrap().to_owned();
    channel.exchange_delete(namespace.as_str().into(), Default::default()).await.unwrap();
    scene.say("lobby", &["2", "3"]).await;
    let mut got = BTreeSet::new();
    while got.len() < 2 {
        match scene.event().await {
            BusEvent::Envelope(envelope) | BusEvent::Replayed(envelope) => {
                _ = got.insert(envelope.id.to_string())
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(got.into_iter().collect::<Vec<_>>(), ["2", "3"]);
    scene.close().await;
}
