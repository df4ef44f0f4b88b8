//! Process faults on a real cluster: what is struck is down, what is healed serves again, where it was.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::load::eventually;
use crate::support::plain::assert_crosses;
use crate::support::process::{PATIENCE, assert_stopped, program};
use pubsub_lab::lab::probe::http_status;
use pubsub_lab::lab::product::redis;
use pubsub_lab::lab::{Cluster, ClusterOptions, Events, LabEvent};
use pubsub_lab::scenario::{Action, Fault, Pattern, Target};
use tokio_util::sync::CancellationToken;

async fn cluster(pattern: Pattern, nodes: usize) -> Cluster {
    let options =
        ClusterOptions { program: program().to_owned(), nodes, ..ClusterOptions::new(pattern).unwrap() };
    Cluster::start(&options, &CancellationToken::new(), &|_| {}).await.unwrap()
}

fn fault(action: Action, target: Target) -> Fault {
    Fault { at: Duration::ZERO, duration: Some(Duration::ZERO), action, target }
}

fn ports(cluster: &Cluster) -> Vec<u16> {
    let port = |url: &String| url.strip_prefix("ws://127.0.0.1:").unwrap().parse().unwrap();
    cluster.urls().iter().map(port).collect()
}

fn redis_port(cluster: &Cluster) -> u16 {
    cluster.broker().unwrap().url().strip_prefix("redis://127.0.0.1:").unwrap().parse().unwrap()
}

/// Asks until there is an answer: on a busy machine it may be later than a probe waits.
async fn answer<T>(mut ask: impl AsyncFnMut() -> io::Result<T>) -> T {
    let start = Instant::now();
    loop {
        match ask().await {
            Err(error) if error.kind() == ErrorKind::TimedOut && start.elapsed() < PATIENCE => {}
            answer => return answer.unwrap(),
        }
    }
}

async fn status(port: u16, path: &str) -> u16 {
    answer(async || http_status(port, path).await).await
}

async fn redis_process(port: u16) -> u32 {
    answer(async || redis::info(port).await).await.process
}

/// What was done on purpose is no event: the first that comes is the death that the test brings about itself.
async fn assert_no_event_yet(cluster: &Cluster, mut events: Events) {
    let node = nix::unistd::Pid::from_raw(cluster.node_ids()[0] as i32);
    nix::sys::signal::kill(node, nix::sys::signal::Signal::SIGABRT).unwrap();
    match events.next().await {
        LabEvent::Died(death) => assert_eq!(death.to_string(), "node 0 died: killed by SIGABRT"),
        LabEvent::WardenDied => panic!("the warden lives"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_comes_back_where_it_was() {
    let mut cluster = cluster(Pattern::Redis, 1).await;
    let events = cluster.take_events().unwrap();
    let port = redis_port(&cluster);
    let mut before = redis_process(port).await;
    for action in [Action::Kill, Action::Stop] {
        cluster.apply(&fault(action.clone(), Target::Broker)).await.unwrap();
        cluster.heal(&fault(action.clone(), Target::Broker)).await.unwrap();
        let after = redis_process(port).await;
        assert_ne!(after, before, "{action}");
        before = after;
    }
    cluster.apply(&fault(Action::Pause, Target::Broker)).await.unwrap();
    assert_stopped(cluster.broker().unwrap().process_id().unwrap());
    assert_eq!(redis::info(port).await.unwrap_err().kind(), ErrorKind::TimedOut);
    cluster.heal(&fault(Action::Pause, Target::Broker)).await.unwrap();
    assert_eq!(redis_process(port).await, before);
    assert_no_event_yet(&cluster, events).await;
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_is_down_until_it_is_healed() {
    let cluster = cluster(Pattern::Redis, 1).await;
    let port = redis_port(&cluster);
    cluster.apply(&fault(Action::Kill, Target::Broker)).await.unwrap();
    assert_eq!(redis::info(port).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    cluster.heal(&fault(Action::Kill, Target::Broker)).await.unwrap();
    redis_process(port).await;
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_or_node_whose_port_another_program_took_says_so_and_comes_back_later() {
    let cluster = cluster(Pattern::Redis, 1).await;
    let all =
        [(Target::Broker, "redis", redis_port(&cluster)), (Target::Node(0), "node 0", ports(&cluster)[0])];
    for (target, name, port) in all {
        let fault = fault(Action::Kill, target);
        cluster.apply(&fault).await.unwrap();
        let thief = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let error = cluster.heal(&fault).await.unwrap_err().message;
        assert_eq!(error, format!("{name} cannot come back: another program listens on its port {port}"));
        drop(thief);
        // A process that another test starts at this moment has the listener too, until it runs a program of its own.
        eventually("nobody listens on the port", || TcpStream::connect(("127.0.0.1", port)).is_err()).await;
        cluster.heal(&fault).await.unwrap();
    }
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_falls_and_the_others_stand() {
    let mut cluster = cluster(Pattern::Local, 3).await;
    let events = cluster.take_events().unwrap();
    let ports = ports(&cluster);
    for action in [Action::Kill, Action::Stop, Action::Pause] {
        let before = cluster.node_ids();
        let fault = fault(action.clone(), Target::Node(1));
        cluster.apply(&fault).await.unwrap();
        assert_eq!(status(ports[0], "/readyz").await, 200);
        assert_eq!(status(ports[2], "/readyz").await, 200);
        if action == Action::Pause {
            assert_stopped(before[1]);
        }
        if action != Action::Stop {
            assert!(http_status(ports[1], "/readyz").await.is_err(), "{action}");
        }
        cluster.heal(&fault).await.unwrap();
        assert_eq!(status(ports[1], "/readyz").await, 200, "{action}");
        let after = cluster.node_ids();
        assert_eq!([before[0], before[2]], [after[0], after[2]]);
        assert_eq!(before[1] == after[1], action == Action::Pause);
    }
    assert_no_event_yet(&cluster, events).await;
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_fall_together() {
    let cluster = cluster(Pattern::Redis, 3).await;
    let fault = fault(Action::Kill, Target::AllNodes);
    cluster.apply(&fault).await.unwrap();
    for port in ports(&cluster) {
        assert!(http_status(port, "/healthz").await.is_err());
    }
    cluster.heal(&fault).await.unwrap();
    for port in ports(&cluster) {
        assert_eq!(status(port, "/readyz").await, 200);
    }
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_faults_of_one_node_start_it_once() {
    let cluster = cluster(Pattern::Local, 1).await;
    let (kill, stop) = (fault(Action::Kill, Target::Node(0)), fault(Action::Stop, Target::Node(0)));
    cluster.apply(&stop).await.unwrap();
    cluster.apply(&kill).await.unwrap();
    let (one, other) = tokio::join!(cluster.heal(&kill), cluster.heal(&stop));
    one.unwrap();
    other.unwrap();
    assert_eq!(status(ports(&cluster)[0], "/readyz").await, 200);
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_comes_back_where_the_others_know_it() {
    let cluster = cluster(Pattern::Zeromq, 3).await;
    let urls = cluster.urls();
    let fault = fault(Action::Kill, Target::Node(1));
    cluster.apply(&fault).await.unwrap();
    assert_crosses(&urls[0], &urls[2]).await;
    cluster.heal(&fault).await.unwrap();
    assert_eq!(cluster.urls(), urls);
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        assert_crosses(&urls[from], &urls[to]).await;
    }
    cluster.stop().await;
}

/// This binary, but that the first process with this flag waits until somebody else has its port.
fn robbed(dir: &Path, flag: &str) -> PathBuf {
    let script = format!(
        r#"#!/bin/sh
cd '{dir}'
case "$*" in *' {flag} '*) if mkdir first 2>/dev/null; then
  port="${{*#* {flag} }}"; port="${{port%% *}}"; echo "${{port##*:}}" > port.part; mv port.part port
  until [ -e taken ]; do sleep 0.01; done
fi;; esac
exec '{program}' "$@"
"#,
        dir = dir.display(),
        program = program().display(),
    );
    let file = dir.join("pubsub-lab");
    std::fs::write(&file, script).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_meanwhile_is_given_up() {
    for (pattern, flag) in [(Pattern::Zeromq, "--sub"), (Pattern::Local, "--listen")] {
        let dir = tempfile::tempdir().unwrap();
        let program = robbed(dir.path(), flag);
        let options = ClusterOptions { program, nodes: 3, ..ClusterOptions::new(pattern).unwrap() };
        let cancel = CancellationToken::new();
        let robber = async {
            let port = loop {
                match std::fs::read_to_string(dir.path().join("port")) {
                    Ok(port) => break port.trim().parse::<u16>().unwrap(),
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            };
            let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
            std::fs::write(dir.path().join("taken"), "").unwrap();
            (taken, port)
        };
        let both = async { tokio::join!(Cluster::start(&options, &cancel, &|_| {}), robber) };
        let (cluster, (taken, port)) = tokio::time::timeout(PATIENCE, both).await.expect("a port to rob");
        let cluster = cluster.unwrap();
        assert!(!ports(&cluster).contains(&port));
        let urls = cluster.urls();
        if pattern.crosses_nodes() {
            assert_crosses(&urls[0], &urls[2]).await;
            assert_crosses(&urls[2], &urls[1]).await;
        }
        drop(taken);
        cluster.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_is_named() {
    let cluster = cluster(Pattern::Redis, 1).await;
    let versions = cluster.versions();
    assert_eq!(versions["pubsub-lab"], env!("CARGO_PKG_VERSION"));
    assert!(versions["redis"].starts_with(|first: char| first.is_ascii_digit()), "{versions:?}");
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_without_a_target_is_wrong_usage() {
    let cluster = cluster(Pattern::Local, 1).await;
    for target in [Target::Broker, Target::Node(1), Target::History] {
        assert_eq!(cluster.apply(&fault(Action::Kill, target)).await.unwrap_err().exit, 2);
    }
    cluster.stop().await;
}
