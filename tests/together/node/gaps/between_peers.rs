//! Two ZeroMQ nodes: a link that is cut, and a queue that overflows. No bus says a word of either.

use nix::sys::signal::Signal;
use pubsub_lab::fault::link::{Proxy, ProxyLink, Way};
use pubsub_lab::scenario::Condition;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::support::node::Node;
use crate::support::process::{Running, pubsub_lab};
use crate::support::zeromq_bus::Addresses;

/// A node that listens for its peers at this address.
fn node(sub: &str, peer: &str, flags: &[&str]) -> Node {
    let mut command = pubsub_lab(&["node", "zeromq", "--listen", "127.0.0.1:0", "--secret", "s"]);
    command.args(["--sub", sub, "--peer", peer]).args(flags);
    let running = Running::start(command);
    let line = running.out_line("listening http://");
    let address = line.rsplit_once('/').unwrap().1.parse().unwrap();
    Node { running, address }
}

/// Lets a client speak until another on the other node hears it.
async fn meet(speaker: &mut Client, listener: &mut Client) {
    for n in 0.. {
        let text = format!("probe {n}");
        speaker.publish("r", &text).await;
        let heard = tokio::time::timeout(Duration::from_millis(200), gaps_before(listener, &text));
        if heard.await.is_ok() {
            return;
        }
    }
}

#[tokio::test]
async fn what_a_cut_link_lost_is_told_though_nothing_follows() {
    let addresses = Addresses::new(2);
    let (tasks, cancel) = (TaskTracker::new(), CancellationToken::new());
    let _end = cancel.clone().drop_guard();
    let link = ProxyLink::new(1);
    let to = addresses.socket(1).to_owned();
    let proxy = Proxy::start(0, to, vec![(link.clone(), false)], &tasks, &cancel).await.unwrap();
    let a = node(addresses.get(0), &format!("tcp://127.0.0.1:{}", proxy.port()), &[]);
    let b = node(addresses.get(1), addresses.get(0), &[]);
    let (mut speaker, mut listener) = (Client::v1_in(&a, "r").await, Client::v1_in(&b, "r").await);
    tokio::time::sleep(SETTLED).await;
    meet(&mut speaker, &mut listener).await;
    a.metric_is("pubsub_lab_bus_peers", 1.0).await;

    let hold = link.apply(Condition::Cut, Way::Both);
    a.metric_is("pubsub_lab_bus_peers", 0.0).await;
    let lost = now();
    assert_eq!(speaker.publish("r", "lost").await["type"], "ack");
    link.heal(hold);
    is_gap(&listener.frame_of("gap").await, "r", lost);

    // Nobody else missed anything, and the same loss is not told again.
    tokio::time::sleep(Duration::from_secs(2)).await;
    speaker.publish("r", "end").await;
    assert_eq!(gaps_before(&mut listener, "end").await, 0);
    assert_eq!(gaps_before(&mut speaker, "end").await, 0, "its own node missed nothing");
}

#[tokio::test]
async fn what_a_full_queue_dropped_is_told_to_those_who_missed_it() {
    let addresses = Addresses::new(2);
    let flags = ["--hwm", "10", "--max-rate", "0", "--max-text", "65536", "--max-frame", "1000000"];
    let a = node(addresses.get(0), addresses.get(1), &flags);
    let b = node(addresses.get(1), addresses.get(0), &flags);
    let (mut speaker, mut listener) = (Client::v1_in(&a, "r").await, Client::v1_in(&b, "r").await);
    tokio::time::sleep(SETTLED).await;
    meet(&mut speaker, &mut listener).await;

    b.running.signal(Signal::SIGSTOP);
    let long = "x".repeat(60_000);
    while a.metric("pubsub_lab_bus_hwm_dropped_total").await < 5.0 {
        for _ in 0..20 {
            speaker.publish("r", &long).await;
        }
    }
    let dropped = now();
    b.running.signal(Signal::SIGCONT);
    is_gap(&listener.frame_of("gap").await, "r", dropped);
    speaker.publish("r", "end").await;
    assert_eq!(gaps_before(&mut speaker, "end").await, 0, "its own node missed nothing");
}
