//! Who is there over RabbitMQ: a node dies, the broker dies and comes back.

use nix::sys::signal::Signal;

use super::cluster::{Cluster, until_ready};
use crate::support::people::{Observer, Someone};
use crate::support::process::PATIENCE;
use crate::support::rabbitmq::RabbitMq;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_returns_is_no_gap_and_a_node_that_dies_takes_its_people_with_it() {
    let mut rabbit = RabbitMq::start();
    let cluster = Cluster::new(rabbit.url());
    let _history = cluster.history(&[]).await;
    let mut nodes = [cluster.node().await, cluster.node().await, cluster.node().await];
    let mut observer = Observer::on(&nodes[0], "o", "r").await;
    let mut stays = Someone::on(&nodes[1], "Stays").await;
    let mut gone = Someone::on(&nodes[1], "Gone").await;
    for someone in [&mut stays, &mut gone] {
        someone.enter("r").await;
    }
    observer.people_are(&["o", "Stays", "Gone"]).await;
    observer.take_seen();

    rabbit.kill();
    assert_eq!(observer.frame_of("bus").await["state"], "down");
    rabbit.restart();
    assert_eq!(observer.frame_of("bus").await["state"], "up");
    for node in &nodes {
        until_ready(node).await;
    }
    let mut late = Someone::on(&nodes[2], "Late").await;
    late.enter("r").await;
    observer.sees("+Late").await;
    assert_eq!(observer.take_seen(), ["+Late"], "nobody left, nobody came");
    observer.people_are(&["o", "Stays", "Gone", "Late"]).await;
    assert_eq!(observer.gaps, 0, "the node's queue was kept, and nothing is missing");

    nodes[1].running.signal(Signal::SIGKILL);
    nodes[1].running.ended_within(PATIENCE);
    let mut back = Someone::again(&nodes[2], &stays.token).await;
    back.enter("r").await;
    observer.sees("-Gone").await;
    observer.people_are(&["o", "Stays", "Late"]).await;
    assert_eq!(observer.take_seen(), ["-Gone"]);
}
