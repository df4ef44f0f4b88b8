//! Nothing is confirmed that the history never gets, whatever somebody does at RabbitMQ meanwhile.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lapin::{Channel, Connection};
use nix::sys::signal::Signal;
use pubsub_lab::bus::amqp::AmqpBus;
use pubsub_lab::bus::amqp::topology::look;
use pubsub_lab::bus::{Bus, PublishOutcome};

use crate::support::amqp_bus::{PATIENCE, client, envelope, is_up, options, publish, start, subscribe};
use crate::support::history::{History, Place};
use crate::support::rabbitmq::RabbitMq;

/// A node that somebody listens to, a history, and somebody at RabbitMQ.
struct Scene {
    place: Place,
    history: Option<History>,
    speaker: AmqpBus,
    connection: Connection,
    confirmed: BTreeSet<String>,
}

impl Scene {
    async fn new() -> Self {
        let place = Place::new(RabbitMq::shared().url());
        let history = place.start(&[]);
        let speaker = start(options(&place.url, &place.namespace));
        // A message that no queue takes would be returned, and nobody would be deceived.
        subscribe(&speaker, "lobby").await;
        is_up(&speaker).await;
        history.ready_says("").await;
        let connection = client(&place.url).await;
        Self { place, history: Some(history), speaker, connection, confirmed: BTreeSet::new() }
    }

    async fn channel(&self) -> Channel {
        self.connection.create_channel().await.unwrap()
    }

    fn queue(&self) -> String {
        format!("{}.history", self.place.namespace)
    }

    fn history(&self) -> &History {
        self.history.as_ref().unwrap()
    }

    /// Says something, and remembers it if it is confirmed.
    async fn say(&mut self) {
        let id = format!("m{:06}", self.confirmed.len());
        if let PublishOutcome::Ack(_) = publish(&self.speaker, "lobby", &id).await {
            self.confirmed.insert(id);
        }
    }

    async fn say_often(&mut self, times: usize) {
        for _ in 0..times {
            self.say().await;
        }
    }

    /// Says many things without waiting for each answer, and remembers what is confirmed.
    async fn say_at_once(&mut self, times: usize) {
        let ids: Vec<_> = (0..times).map(|n| format!("m{:06}", self.confirmed.len() + n)).collect();
        let receipts: Vec<_> = ids.iter().map(|id| self.speaker.publish(envelope("lobby", id))).collect();
        for (id, receipt) in ids.into_iter().zip(receipts) {
            if let PublishOutcome::Ack(_) = receipt.await {
                self.confirmed.insert(id);
            }
        }
    }

    /// Number of messages that wait in the history's queue.
    async fn waiting(&self) -> u32 {
        look(&self.channel().await, &self.queue()).await.map_or(0, |queue| queue.message_count())
    }

    async fn until_more_wait_than(&self, count: u32) {
        let deadline = Instant::now() + PATIENCE;
        while self.waiting().await <= count {
            assert!(Instant::now() < deadline, "no more than {count} wait");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn kill_history(&mut self) {
        let mut history = self.history.take().unwrap();
        history.running.signal(Signal::SIGKILL);
        history.running.ended_within(PATIENCE);
    }

    /// Waits until the history has every message that was confirmed, each once.
    async fn assert_kept(self) {
        let deadline = Instant::now() + 2 * PATIENCE;
        let mut held = Vec::new();
        while BTreeSet::from_iter(held.iter().cloned()) != self.confirmed {
            let missing = self.confirmed.len() as i64 - held.len() as i64;
            assert!(Instant::now() < deadline, "{missing} of {} are nowhere", self.confirmed.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
            held = self.history().replay("lobby", "from=0&limit=1000").await.0;
        }
        assert_eq!(held.len(), self.confirmed.len(), "some are there twice");
        self.history().ready_says("").await;
        is_up(&self.speaker).await;
        self.speaker.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binding_that_somebody_removes_takes_nothing_from_the_history() {
    let mut scene = Scene::new().await;
    for _ in 0..3 {
        scene.say_often(50).await;
        let (queue, exchange) = (scene.queue(), scene.place.namespace.clone());
        let unbind = scene.channel().await;
        unbind.queue_unbind(queue.into(), exchange.into(), "#".into(), Default::default()).await.unwrap();
    }
    scene.say_often(50).await;
    assert_eq!(scene.confirmed.len(), 200);
    scene.assert_kept().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_or_exchange_that_is_deleted_under_a_stream_takes_nothing_from_the_history() {
    let mut scene = Scene::new().await;
    for _ in 0..4 {
        scene.say_often(40).await;
        scene.channel().await.queue_delete(scene.queue().into(), Default::default()).await.unwrap();
        scene.say_often(40).await;
        let exchange = scene.place.namespace.clone();
        scene.channel().await.exchange_delete(exchange.into(), Default::default()).await.unwrap();
    }
    scene.say_often(10).await;
    scene.assert_kept().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_dead_history_survives_the_deletion_and_the_purge_of_its_queue() {
    let mut scene = Scene::new().await;
    scene.kill_history();
    scene.say_often(30).await;
    scene.until_more_wait_than(29).await;
    scene.channel().await.queue_delete(scene.queue().into(), Default::default()).await.unwrap();
    scene.until_more_wait_than(29).await;
    // Nothing but a look now and then notices a purge, and it has to have looked before.
    tokio::time::sleep(Duration::from_secs(2)).await;
    scene.channel().await.queue_purge(scene.queue().into(), Default::default()).await.unwrap();
    scene.until_more_wait_than(29).await;
    scene.history = Some(scene.place.start(&[]));
    assert_eq!(scene.confirmed.len(), 30);
    scene.assert_kept().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_dead_history_survives_a_purge_that_no_number_betrays() {
    let mut scene = Scene::new().await;
    scene.kill_history();
    scene.say_often(30).await;
    scene.until_more_wait_than(29).await;
    // A look now and then finds out that nobody consumes the queue.
    tokio::time::sleep(Duration::from_secs(2)).await;
    scene.channel().await.queue_purge(scene.queue().into(), Default::default()).await.unwrap();
    // More wait than before, so no look finds fewer.
    scene.say_at_once(60).await;
    scene.history = Some(scene.place.start(&[]));
    assert_eq!(scene.confirmed.len(), 90);
    scene.assert_kept().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_history_that_cannot_write_survives_a_purge_and_it_is_told() {
    /// More than the history takes before it has written the first.
    const SENT: usize = 1_500;
    let mut scene = Scene::new().await;
    scene.say().await;
    let lock = scene.place.sqlite();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let receipts: Vec<_> = (1..SENT)
        .map(|n| {
            let id = format!("m{n:06}");
            let receipt = scene.speaker.publish(envelope("lobby", &id));
            (id, receipt)
        })
        .collect();
    for (id, receipt) in receipts {
        assert!(matches!(receipt.await, PublishOutcome::Ack(_)), "{id}");
        scene.confirmed.insert(id);
    }
    // By the next message that waits, the history has put a mark behind them.
    let waiting = scene.waiting().await;
    scene.until_more_wait_than(waiting).await;
    scene.channel().await.queue_purge(scene.queue().into(), Default::default()).await.unwrap();
    lock.execute_batch("ROLLBACK").unwrap();
    scene.history().running.err_line("was purged, and with it messages that were confirmed");
    scene.assert_kept().await;
}
