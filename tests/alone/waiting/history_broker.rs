//! The history service while RabbitMQ is killed, stopped, or cut off. It judges time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use crate::support::history::{History, Place, assert_sound, chat, ids};
use crate::support::rabbitmq::RabbitMq;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How soon after the broker's readiness it is consumed again.
const BACK: Duration = Duration::from_secs(2);
/// How soon a broker that hangs is noticed.
const NOTICED: Duration = Duration::from_secs(3);

/// Runs what waits for a broker beside the runtime.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// Threads of the service.
#[cfg(target_os = "linux")]
fn threads(history: &History) -> usize {
    std::fs::read_dir(format!("/proc/{}/task", history.running.id())).unwrap().count()
}

/// Publishes messages to the room `r` until told to stop, through every loss of the broker, and gives their ids. A
/// batch that is not confirmed is published again.
async fn publish(place: &Place, confirmed: &watch::Sender<usize>, stop: &CancellationToken) -> Vec<String> {
    let mut publisher = place.publisher().await;
    let mut count = 0;
    while !stop.is_cancelled() {
        let batch: Vec<_> = ids("m", count..count + 100).iter().map(|id| chat("r", id, "text")).collect();
        if publisher.try_all(&batch).await.into_iter().all(|confirmed| confirmed) {
            count += batch.len();
            confirmed.send_replace(count);
        } else {
            publisher = place.publisher().await;
        }
    }
    ids("m", 0..count)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_is_killed_under_a_stream() {
    let rabbit = aside(RabbitMq::start).await;
    let place = Place::new(rabbit.url());
    let history = place.start(&[]);
    let (confirmed, mut confirming) = watch::channel(0);
    let stop = CancellationToken::new();
    let faults = async {
        let mut rabbit = rabbit;
        for _ in 0..2 {
            let more = *confirming.borrow() + 3_000;
            confirming.wait_for(|count| *count >= more).await.unwrap();
            rabbit = aside(move || {
                rabbit.kill();
                rabbit
            })
            .await;
            history.ready_says_within(NOTICED, "RabbitMQ").await;
            rabbit = aside(move || {
                rabbit.restart();
                rabbit
            })
            .await;
            // Others are served before it is late.
            place.publisher().await;
            history.ready_says_within(BACK, "").await;
        }
        let more = *confirming.borrow() + 1_000;
        confirming.wait_for(|count| *count >= more).await.unwrap();
        stop.cancel();
        rabbit
    };
    let (mut published, rabbit) = tokio::join!(publish(&place, &confirmed, &stop), faults);
    let publisher = place.publisher().await;
    publisher.fenced(&history).await;
    let (mut held, ..) = history.replay("r", "from=0&limit=1000").await;
    held.sort();
    published.sort();
    assert!(held == published, "{} are held, {} were confirmed", held.len(), published.len());
    assert_eq!(history.metric("pubsub_lab_history_reconnects_total").await, 2.0);
    assert_sound(&place.db);
    drop(publisher);
    aside(move || drop(rabbit)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_hangs_and_goes_on() {
    let rabbit = aside(RabbitMq::start).await;
    let place = Place::new(rabbit.url());
    let history = place.start(&[]);
    let publisher = place.publisher().await;
    publisher.say("r", &ids("m", 0..100)).await;
    publisher.fenced(&history).await;
    #[cfg(target_os = "linux")]
    let before = threads(&history);
    for n in 1..4 {
        rabbit.pause();
        history.ready_says_within(NOTICED, "has not answered").await;
        // Some attempts to connect fail, and leave nothing behind.
        history.ready_says_within(Duration::from_secs(10), "has not answered within").await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        #[cfg(target_os = "linux")]
        assert!(threads(&history) <= before + 2, "{} threads, {before} before", threads(&history));
        rabbit.resume();
        // Others are served before it is late.
        let publisher = place.publisher().await;
        history.ready_says_within(BACK, "").await;
        publisher.say("r", &ids("m", n * 100..n * 100 + 100)).await;
        publisher.fenced(&history).await;
    }
    history.holds("r", &ids("m", 0..400)).await;
    aside(move || drop(rabbit)).await;
}

/// A way to the broker that can be cut.
struct Wire {
    address: String,
    cut: mpsc::Sender<()>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Wire {
    async fn to(port: u16) -> Self {
        Self::from(TcpListener::bind("127.0.0.1:0").await.unwrap(), port)
    }

    fn from(listener: TcpListener, port: u16) -> Self {
        let address = listener.local_addr().unwrap().to_string();
        let (tasks, stop, (cut, mut cuts)) =
            (TaskTracker::new(), CancellationToken::new(), mpsc::channel::<()>(1));
        let (within, ending) = (tasks.clone(), stop.clone());
        tasks.spawn(async move {
            let mut living = ending.child_token();
            loop {
                tokio::select! {
                    () = ending.cancelled() => return,
                    _ = cuts.recv() => {
                        living.cancel();
                        living = ending.child_token();
                    }
                    accepted = listener.accept() => {
                        let (mut client, living) = (accepted.unwrap().0, living.clone());
                        within.spawn(async move {
                            let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                            tokio::select! {
                                _ = copy_bidirectional(&mut client, &mut server) => {}
                                () = living.cancelled() => {}
                            }
                        });
                    }
                }
            }
        });
        Self { address, cut, tasks, stop }
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_is_cut_again_and_again_under_a_stream() {
    let rabbit = aside(RabbitMq::shared).await;
    let direct = Place::new(rabbit.url());
    let wire = Wire::to(rabbit.port()).await;
    let mut place = Place::new(format!("amqp://{}", wire.address));
    place.namespace.clone_from(&direct.namespace);
    let history = place.start(&[]);
    let (confirmed, mut confirming) = watch::channel(0);
    let stop = CancellationToken::new();
    // A cut before it consumes for the first time is no reconnect.
    history.ready_says("").await;
    let faults = async {
        for cut in 1..=20 {
            let more = *confirming.borrow() + 200;
            confirming.wait_for(|count| *count >= more).await.unwrap();
            wire.cut.send(()).await.unwrap();
            let start = Instant::now();
            history.metric_is("pubsub_lab_history_reconnects_total", f64::from(cut)).await;
            assert!(start.elapsed() < BACK, "it took {:?}", start.elapsed());
        }
        stop.cancel();
    };
    let (published, ()) = tokio::join!(publish(&direct, &confirmed, &stop), faults);
    let publisher = direct.publisher().await;
    publisher.fenced(&history).await;
    history.holds("r", &published).await;
    wire.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_at_an_ipv6_address_is_the_one_that_is_consumed() {
    let rabbit = aside(RabbitMq::shared).await;
    // Nothing else listens at this port, on no other address of this machine.
    let listener = TcpListener::bind("[::1]:0").await.expect("the loopback interface has an IPv6 address");
    let direct = Place::new(rabbit.url());
    let wire = Wire::from(listener, rabbit.port());
    let mut place = Place::new(format!("amqp://{}/", wire.address));
    place.namespace.clone_from(&direct.namespace);
    let history = place.start(&[]);
    history.ready_says("").await;
    let publisher = direct.publisher().await;
    publisher.say("r", &ids("m", 0..3)).await;
    publisher.fenced(&history).await;
    history.holds("r", &ids("m", 0..3)).await;
    wire.end().await;
    history.ready_says("RabbitMQ at amqp://[::1]").await;
}
