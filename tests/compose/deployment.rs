//! The amqp pattern keeps its promise across containers: what was acknowledged arrives.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::project::{PATIENCE, Project, docker};
use super::steadfast;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// Waits until a container's own health check says yes.
fn ready(container: &str) {
    let url = "http://127.0.0.1:8080/readyz";
    docker(&["exec", container, "/usr/bin/pubsub-lab", "health", url, "--within", "60s"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_and_a_killed_broker_lose_nothing_that_was_acknowledged() {
    let project = Project::up("amqp", "amqp").await;
    project.balances(4);
    let enough = Arc::new(AtomicBool::new(false));
    let acked: Arc<OnceLock<BTreeSet<String>>> = Arc::default();
    let (entered, is_in) = oneshot::channel();
    let tasks = TaskTracker::new();
    let held = Arc::clone(&acked);
    let reader =
        tasks.spawn(steadfast::read("deploys", move || _ = entered.send(()), move || held.get().cloned()));
    timeout(PATIENCE, is_in).await.expect("the reader in its room in time").unwrap();
    let stop = Arc::clone(&enough);
    let writer =
        tasks.spawn(async move { steadfast::write("deploys", || stop.load(Ordering::Relaxed)).await });

    let nodes = project.containers("node-amqp");
    assert_eq!(nodes.len(), 4);
    for node in &nodes {
        docker(&["restart", "--time", "5", node]);
        ready(node);
    }
    let (broker, history) = (project.container("rabbitmq"), project.container("history"));
    docker(&["kill", &broker, &history]);
    docker(&["start", &broker, &history]);
    for node in &nodes {
        ready(node);
    }
    // A little of normal life after the faults.
    tokio::time::sleep(Duration::from_secs(1)).await;
    enough.store(true, Ordering::Relaxed);

    let (texts, connections) =
        timeout(PATIENCE, writer).await.expect("every message acknowledged in time").unwrap();
    println!("{} messages were acknowledged over {connections} connections", texts.len());
    assert!(connections > 1, "the writer's node was restarted as well");
    acked.set(texts.clone()).unwrap();
    let read = timeout(PATIENCE, reader).await.expect("every acknowledged message in time").unwrap();
    assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), read.len(), "nothing is shown twice");
    assert!(texts.iter().all(|text| read.contains(text)));
}
