//! RabbitMQ is killed, stopped, full of alarm, or cut off: nothing confirmed is lost, nothing comes twice.

use std::time::{Duration, Instant};

use pubsub_lab::bus::{Bus, Level, PublishOutcome};
use tokio::time::sleep_until;

use super::network::{Condition, Network};
use super::traffic::Traffic;
use crate::support::amqp_bus::{
    confirmed, id, is_down, is_silent, is_up, namespace, options, room, serves, start, subscribe,
};
use crate::support::rabbitmq::RabbitMq;

/// Twice as long as it takes to notice a silence; how long that is meant to take, the bus says itself.
const NOTICED: Duration = Duration::from_secs(5);

/// Lets the traffic run; the measured thing here is time itself.
async fn run_for(duration: Duration) {
    sleep_until((Instant::now() + duration).into()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_and_stopped_under_load_nothing_confirmed_is_lost_and_nothing_comes_twice() {
    let mut server = RabbitMq::start();
    let options = options(&server.url(), &namespace());
    let traffic = Traffic::start(options.clone(), options).await;
    run_for(Duration::from_secs(1)).await;

    let killed = Instant::now();
    server.kill();
    is_down(&traffic.listener, "RabbitMQ").await;
    is_down(&traffic.speaker, "RabbitMQ").await;
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(1), "noticed after {took:?}");
    let server = tokio::task::spawn_blocking(move || {
        server.restart();
        server
    });
    let server = server.await.unwrap();
    serves(&server.url()).await;
    let ready = Instant::now();
    is_up(&traffic.listener).await;
    is_up(&traffic.speaker).await;
    let took = ready.elapsed();
    assert!(took < Duration::from_secs(2), "up {took:?} after RabbitMQ was ready");
    run_for(Duration::from_secs(2)).await;

    let paused = Instant::now();
    server.pause();
    is_silent(&traffic.listener).await;
    is_down(&traffic.speaker, "").await;
    assert!(paused.elapsed() < NOTICED, "noticed after {:?}", paused.elapsed());
    sleep_until((paused + Duration::from_secs(6)).into()).await;
    server.resume();
    serves(&server.url()).await;
    let resumed = Instant::now();
    is_up(&traffic.listener).await;
    is_up(&traffic.speaker).await;
    let took = resumed.elapsed();
    assert!(took < Duration::from_secs(2), "up {took:?} after RabbitMQ went on");
    run_for(Duration::from_secs(2)).await;

    let told = traffic.end().await;
    told.check();
    for (n, (_, outcome)) in &told.sent {
        assert_eq!(*outcome, PublishOutcome::Ack(Level::Confirmed), "{n}: it would have waited for a minute");
    }
    assert_eq!(told.heard.len(), told.sent.len());
    for back in [ready, resumed] {
        let flow = told.flow_after(back);
        assert!(flow < Duration::from_secs(2), "flows {flow:?} after RabbitMQ was ready");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_network_and_one_that_swallows_everything() {
    let network = Network::to(RabbitMq::shared().port()).await;
    let options = options(&network.url(), &namespace());
    let traffic = Traffic::start(options.clone(), options).await;
    for condition in [Condition::Cut, Condition::Hole] {
        run_for(Duration::from_millis(500)).await;
        let broken = Instant::now();
        network.set(condition);
        if condition == Condition::Hole {
            is_silent(&traffic.listener).await;
        } else {
            let reason = is_down(&traffic.listener, "").await;
            assert!(!reason.contains("answered"), "a cut is no silence: {reason}");
        }
        is_down(&traffic.speaker, "").await;
        let within = if condition == Condition::Cut { Duration::from_millis(500) } else { NOTICED };
        assert!(broken.elapsed() < within, "noticed after {:?}", broken.elapsed());
        sleep_until((broken + Duration::from_secs(4)).into()).await;
        let whole = Instant::now();
        network.set(Condition::Whole);
        is_up(&traffic.listener).await;
        is_up(&traffic.speaker).await;
        assert!(whole.elapsed() < Duration::from_secs(2), "up {:?} after it was whole", whole.elapsed());
    }
    run_for(Duration::from_millis(500)).await;
    let told = traffic.end().await;
    told.check();
    assert_eq!(told.heard.len(), told.sent.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_cuts_under_load_lose_nothing() {
    let network = Network::to(RabbitMq::shared().port()).await;
    let options = options(&network.url(), &namespace());
    let traffic = Traffic::start(options.clone(), options).await;
    for _ in 0..20 {
        run_for(Duration::from_millis(rand::random_range(50..400))).await;
        network.set(Condition::Cut);
        is_down(&traffic.listener, "").await;
        is_down(&traffic.speaker, "").await;
        network.set(Condition::Whole);
        is_up(&traffic.listener).await;
        is_up(&traffic.speaker).await;
    }
    let told = traffic.end().await;
    told.check();
    assert_eq!(told.heard.len(), told.sent.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_wanted_and_left_during_an_outage() {
    let network = Network::to(RabbitMq::shared().port()).await;
    let bus = start(options(&network.url(), &namespace()));
    let mut events = bus.events().unwrap();
    for name in ["kept", "left"] {
        subscribe(&bus, name).await;
    }
    is_up(&bus).await;
    network.set(Condition::Cut);
    is_down(&bus, "").await;
    let new = bus.subscribe(room("new"));
    bus.unsubscribe(room("left")).await.unwrap();
    network.set(Condition::Whole);
    new.await.unwrap();
    is_up(&bus).await;
    for name in ["left", "new", "kept"] {
        confirmed(&bus, name, name).await;
    }
    for name in ["new", "kept"] {
        assert_eq!(id(&mut events).await, name);
    }
    bus.close().await;
}
