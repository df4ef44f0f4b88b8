//! Redis buses as tests start them, and the states that tests wait for.

#![allow(dead_code, reason = "each test binary uses its own part of it")]

use std::time::Duration;

use bytes::Bytes;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use pubsub_lab::bus::redis::{RedisBus, RedisOptions};
use pubsub_lab::bus::{Bus, Health};
use pubsub_lab::wire::{Envelope, Kind, Room};
use tokio::time::timeout;

pub const PATIENCE: Duration = Duration::from_secs(10);

pub fn options(url: &str) -> RedisOptions {
    RedisOptions { url: url.into(), ..RedisOptions::default() }
}

pub fn start(url: &str) -> RedisBus {
    RedisBus::start(options(url)).unwrap()
}

/// A bus whose counters can be read.
pub fn start_counted(options: RedisOptions) -> (RedisBus, PrometheusHandle) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let bus = metrics::with_local_recorder(&recorder, || RedisBus::start(options)).unwrap();
    (bus, recorder.handle())
}

pub fn count(counters: &PrometheusHandle, name: &str) -> u64 {
    let (text, name) = (counters.render(), format!("pubsub_lab_bus_{name}_total "));
    text.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or("0").parse().unwrap()
}

pub async fn is_up(bus: &RedisBus) {
    let mut health = bus.health();
    timeout(PATIENCE, health.wait_for(Health::is_up)).await.expect("the bus is not up").unwrap();
}

/// Waits until the bus is down for a reason that contains the words, and gives back the reason.
pub async fn is_down(bus: &RedisBus, words: &str) -> String {
    let mut health = bus.health();
    let found = |health: &Health| matches!(health, Health::Down(reason) if reason.contains(words));
    let health = match timeout(PATIENCE, health.wait_for(found)).await {
        Ok(health) => health.unwrap().clone(),
        Err(_) => panic!("not down because of `{words}` but {:?}", *bus.health().borrow()),
    };
    let Health::Down(reason) = health else { unreachable!() };
    reason
}

pub fn room(name: &str) -> Room {
    Room::parse(name).unwrap()
}

pub fn envelope(room_name: &str, id: &str, frame: impl Into<Bytes>) -> Envelope {
    let frame = frame.into();
    Envelope {
        kind: Kind::Chat,
        room: room(room_name),
        id: id.into(),
        sender: "s".into(),
        others: false,
        count: None,
        frame,
    }
}

pub async fn subscribe(bus: &RedisBus, name: &str) {
    timeout(PATIENCE, bus.subscribe(room(name))).await.expect("not subscribed").unwrap();
}
