//! ZeroMQ buses as tests start them, and the programs of other people that the buses meet.

#![allow(dead_code, reason = "each test binary uses its own part of it")]

use std::time::Duration;

use bytes::Bytes;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use pubsub_lab::bus::zeromq::{ZeromqBus, ZeromqOptions};
use pubsub_lab::bus::{Bus, BusEvent, Health};
use pubsub_lab::wire::{Envelope, Kind, Room};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::node::Node;
use super::ports::Port;
use super::process::{Running, pubsub_lab};

pub const PATIENCE: Duration = Duration::from_secs(20);

/// Addresses that nobody else takes while this value lives, not even while nobody listens there.
pub struct Addresses {
    all: Vec<String>,
    _ports: Vec<Port>,
}

impl Addresses {
    pub fn new(count: usize) -> Self {
        let ports: Vec<_> = std::iter::repeat_with(Port::free).take(count).collect();
        let all = ports.iter().map(|port| format!("tcp://127.0.0.1:{}", port.number())).collect();
        Self { all, _ports: ports }
    }

    pub fn get(&self, index: usize) -> &str {
        &self.all[index]
    }

    /// The address with this index, without `tcp://`.
    pub fn socket(&self, index: usize) -> &str {
        &self.all[index]["tcp://".len()..]
    }

    /// The options of a bus at the address with this index, with all the others as its peers.
    pub fn options(&self, index: usize) -> ZeromqOptions {
        let peers = self.others(index).map(str::to_owned).collect();
        ZeromqOptions { peers, ..alone(self.get(index)) }
    }

    pub async fn bus(&self, index: usize) -> ZeromqBus {
        start(self.options(index)).await
    }

    /// Starts a node process at the address with this index, with all the others as its peers.
    pub fn node(&self, index: usize, flags: &[&str]) -> Node {
        let mut command = pubsub_lab(&["node", "zeromq", "--listen", "127.0.0.1:0"]);
        command.args(["--sub", self.get(index)]).args(flags);
        for peer in self.others(index) {
            command.args(["--peer", peer]);
        }
        let running = Running::start(command);
        let line = running.out_line("listening http://");
        let address = line.rsplit_once('/').unwrap().1.parse().unwrap();
        Node { running, address }
    }

    fn others(&self, index: usize) -> impl Iterator<Item = &str> {
        self.all.iter().enumerate().filter(move |(n, _)| *n != index).map(|(_, address)| address.as_str())
    }
}

/// The options of a bus without peers.
pub fn alone(sub: &str) -> ZeromqOptions {
    ZeromqOptions { sub: sub.into(), peers: Vec::new(), hwm: 10_000, queue: 65_536, longest: 8 << 20 }
}

pub async fn start(options: ZeromqOptions) -> ZeromqBus {
    let bus = ZeromqBus::start(options).await.unwrap();
    is_up(&bus).await;
    bus
}

/// A bus whose counters can be read.
pub async fn start_counted(options: ZeromqOptions) -> (ZeromqBus, PrometheusHandle) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let starting = metrics::with_local_recorder(&recorder, || ZeromqBus::start(options));
    let bus = starting.await.unwrap();
    is_up(&bus).await;
    (bus, recorder.handle())
}

pub fn count(counters: &PrometheusHandle, name: &str) -> u64 {
    let (text, name) = (counters.render(), format!("pubsub_lab_bus_{name} "));
    text.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or("0").parse().unwrap()
}

/// Waits until a counter has this value, which nothing signals.
pub async fn count_is(counters: &PrometheusHandle, name: &str, wanted: u64) {
    let waited = timeout(PATIENCE, async {
        while count(counters, name) != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "{name} is not {wanted}:\n{}", counters.render());
}

pub async fn is_up(bus: &ZeromqBus) {
    let mut health = bus.health();
    timeout(PATIENCE, health.wait_for(Health::is_up)).await.expect("the bus is not up").unwrap();
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

pub async fn subscribe(bus: &ZeromqBus, name: &str) {
    timeout(PATIENCE, bus.subscribe(room(name))).await.expect("not subscribed").unwrap();
}

/// The next envelope that the bus hands to its node.
pub async fn next(events: &mut mpsc::Receiver<BusEvent>) -> Envelope {
    match timeout(PATIENCE, events.recv()).await.expect("no event").expect("the events ended") {
        BusEvent::Envelope(envelope) => envelope,
        other => panic!("{other:?}"),
    }
}

/// The id of the next envelope.
pub async fn id(events: &mut mpsc::Receiver<BusEvent>) -> String {
    next(events).await.id.to_string()
}
