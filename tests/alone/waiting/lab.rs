//! What `pubsub-lab run` puts together, and that nothing of it is left, however it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::process::{PATIENCE, Running, Seen, assert_gone, assert_soon, eventually, pubsub_lab};
use crate::support::redis::RedisServer;
use nix::sys::signal::Signal;
use pubsub_lab::lab::ports;
use tempfile::TempDir;

/// What is promised after Ctrl-C.
const ORDERLY: Duration = Duration::from_secs(3);
/// What is promised after SIGKILL.
const KILLED: Duration = Duration::from_secs(5);

/// A lab with a temporary directory that nobody else uses.
struct Lab {
    running: Running,
    temporary: TempDir,
}

impl Lab {
    fn run(args: &[&str]) -> Self {
        Self::with(args, |_| {})
    }

    fn with(args: &[&str], change: impl FnOnce(&mut Command)) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = pubsub_lab(&["run"]);
        command.args(args).env("TMPDIR", temporary.path());
        change(&mut command);
        Self { running: Running::start(command), temporary }
    }

    /// One that is ready, with its nodes' ports.
    fn ready(nodes: usize, args: &[&str]) -> (Self, Vec<u16>) {
        let count = nodes.to_string();
        let lab = Self::run(&[args, &["--nodes", &count, "--port", "0"]].concat());
        lab.running.err_line("Ctrl-C stops everything");
        // Each stream has its own pipe: the other may be read later.
        let port = |index| {
            let line = lab.running.out_line(&format!("node {index}  http://127.0.0.1:"));
            line.rsplit_once(':').unwrap().1.parse().unwrap()
        };
        let ports = (0..nodes).map(port).collect();
        (lab, ports)
    }

    /// Waits for an end by itself or after Ctrl-C. Gives the exit code.
    fn exit_code(&mut self) -> Option<i32> {
        self.running.ended_within(PATIENCE).code()
    }

    fn assert_nothing_left(&self, seen: &[Seen], deadline: Duration) {
        assert_gone(seen, deadline);
        assert_soon(deadline, Vec::<String>::new(), || files(self.temporary.path()));
    }
}

fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The status of `GET /readyz`, by hand.
fn readyz(port: u16) -> Option<u16> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

fn redis_port(lab: &Lab) -> u16 {
    let line = lab.running.err_line("Redis ");
    let port = line.split_once(" on port ").unwrap().1;
    port.split(',').next().unwrap().parse().unwrap()
}

#[test]
fn a_cluster_serves_until_ctrl_c_and_is_gone() {
    let (mut lab, ports) = Lab::ready(3, &["redis"]);
    assert_eq!(ports.len(), 3);
    for port in &ports {
        assert_eq!(readyz(*port), Some(200));
    }
    let redis = redis_port(&lab);
    let everything = lab.running.descendants();
    assert_eq!(everything.len(), 5, "warden, redis, three nodes: {everything:#?}");
    lab.running.signal(Signal::SIGINT);
    assert_eq!(lab.running.ended_within(ORDERLY).code(), Some(0));
    // When the lab has ended, so has the rest.
    lab.assert_nothing_left(&everything, Duration::ZERO);
    for port in ports.into_iter().chain([redis]) {
        ports::check(port).unwrap();
    }
}

#[test]
fn nodes_are_told_in_their_order() {
    let (lab, _) = Lab::ready(5, &["local"]);
    let names: Vec<String> = lab
        .running
        .out()
        .iter()
        .map(|line| line.split_once("  http://127.0.0.1:").unwrap().0.to_owned())
        .collect();
    assert_eq!(names, ["node 0", "node 1", "node 2", "node 3", "node 4"]);
}

#[test]
fn a_service_manager_ends_it_as_well() {
    let (mut lab, _) = Lab::ready(1, &["redis"]);
    let everything = lab.running.descendants();
    lab.running.signal(Signal::SIGTERM);
    assert_eq!(lab.running.ended_within(ORDERLY).code(), Some(0));
    lab.assert_nothing_left(&everything, Duration::ZERO);
}

#[test]
fn a_closed_terminal_leaves_nothing() {
    // Whoever runs the tests by `nohup` has children ignore that their terminal closes.
    let minding = |command: &mut Command| {
        let set = command.get_envs().filter_map(|(key, value)| Some((key, value?)));
        let mut by_env = Command::new("env");
        by_env.arg("--default-signal=HUP").envs(set).arg(command.get_program()).args(command.get_args());
        *command = by_env;
    };
    let mut lab = Lab::with(&["redis", "--nodes", "1", "--port", "0"], minding);
    lab.running.err_line("Ctrl-C stops everything");
    let everything = lab.running.descendants();
    lab.running.signal(Signal::SIGHUP);
    lab.running.ended_within(PATIENCE);
    lab.assert_nothing_left(&everything, KILLED);
}

#[test]
fn a_killed_lab_leaves_nothing() {
    let (mut lab, ports) = Lab::ready(3, &["redis"]);
    let everything = lab.running.descendants();
    assert_eq!(everything.len(), 5, "{everything:#?}");
    // One that stands still can do nothing about it by itself.
    lab.running.descendant("--name node-1").signal(Signal::SIGSTOP);
    lab.running.signal(Signal::SIGKILL);
    lab.running.ended_within(PATIENCE);
    lab.assert_nothing_left(&everything, KILLED);
    for port in ports {
        ports::check(port).unwrap();
    }
}

#[test]
fn a_lab_that_ends_while_it_starts_leaves_nothing() {
    for (signal, code) in [(Signal::SIGKILL, None), (Signal::SIGINT, Some(0))] {
        for count in 1..=4 {
            let mut lab = Lab::run(&["redis", "--nodes", "3", "--port", "0"]);
            let mut seen = Vec::new();
            assert!(eventually(PATIENCE, || {
                seen = lab.running.descendants();
                seen.len() >= count
            }));
            lab.running.signal(signal);
            assert_eq!(lab.running.ended_within(PATIENCE).code(), code, "{}", lab.running.everything());
            lab.assert_nothing_left(&seen, KILLED);
            // The private directory's name is in the arguments of Redis: nobody started later has it either.
            let temporary = lab.temporary.path().display().to_string();
            assert_soon(KILLED, 0, || crate::support::process::with_marker(&temporary).len());
        }
    }
}

#[test]
fn a_taken_port_is_named_before_anything_starts() {
    let (first, taken) = loop {
        let first = ports::free(1).unwrap()[0];
        if let Ok(taken) = TcpListener::bind((Ipv4Addr::LOCALHOST, first + 1)) {
            break (first, taken);
        }
    };
    let second = taken.local_addr().unwrap().port();
    let mut lab = Lab::run(&["redis", "--nodes", "2", "--port", &first.to_string()]);
    assert_eq!(lab.exit_code(), Some(4));
    let expected = [
        format!("error: port {second} is in use, so node 1 cannot listen on it"),
        "hint: choose another with `--port`, or `--port 0` for free ones".to_owned(),
    ];
    assert_eq!(lab.running.err(), expected);
    assert_eq!(lab.running.out(), Vec::<String>::new());
}

#[test]
fn without_a_redis_there_is_an_install_line() {
    let empty = tempfile::tempdir().unwrap();
    let mut lab = Lab::with(&["redis", "--port", "0"], |command| {
        // No server and no Docker on the path, and none where servers usually are.
        command.env("PATH", empty.path()).env("PUBSUB_LAB_REDIS_SERVER", "");
    });
    assert_eq!(lab.exit_code(), Some(4));
    let err = lab.running.everything();
    assert!(err.contains("error: the pattern redis needs a Redis server"), "{err}");
    assert!(err.contains("hint: install ") && err.contains("--broker redis://"), "{err}");
    assert!(err.contains("apt-get install redis-server") || err.contains("brew install redis"), "{err}");
    lab.assert_nothing_left(&[], Duration::ZERO);
}

#[test]
fn a_redis_that_is_none_is_named() {
    let mut lab = Lab::with(&["redis", "--port", "0"], |command| {
        command.env("PUBSUB_LAB_REDIS_SERVER", "/nonexistent/redis");
    });
    assert_eq!(lab.exit_code(), Some(4));
    lab.running.err_line("error: PUBSUB_LAB_REDIS_SERVER is /nonexistent/redis, which is not a program");

    // One that is a program and no Redis.
    let mut lab = Lab::with(&["redis", "--port", "0"], |command| {
        let fake = command.get_envs().find(|(key, _)| *key == "TMPDIR").unwrap().1.unwrap().to_owned();
        let fake = Path::new(&fake).join("redis-server");
        std::fs::write(&fake, "#!/bin/sh\necho cannot open the config file >&2; exit 3\n").unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&fake, executable).unwrap();
        command.env("PUBSUB_LAB_REDIS_SERVER", fake);
    });
    assert_eq!(lab.exit_code(), Some(4));
    lab.running.err_line("error: redis ended before it was ready: exit code 3");
    lab.running.err_line("  | cannot open the config file");
}

#[test]
fn a_node_killed_by_hand_is_reported_with_its_last_words() {
    let (mut lab, ports) = Lab::ready(2, &["redis"]);
    lab.running.descendant("--name node-1").signal(Signal::SIGKILL);
    lab.running.err_line("node 1 died: killed by SIGKILL; its last words:");
    lab.running.err_line("  | ");
    lab.running.err_line("the other nodes and the broker keep running");
    assert_eq!(readyz(ports[0]), Some(200));
    assert_eq!(readyz(ports[1]), None);
    lab.running.descendant("--name node-0").signal(Signal::SIGTERM);
    lab.running.err_line("node 0 died: exit code 0");
    lab.running.signal(Signal::SIGINT);
    assert_eq!(lab.exit_code(), Some(0));
}

#[test]
fn a_broker_killed_by_hand_is_reported_and_the_nodes_live() {
    let (mut lab, ports) = Lab::ready(2, &["redis"]);
    lab.running.descendant("redis-server").signal(Signal::SIGKILL);
    lab.running.err_line("redis died: killed by SIGKILL; its last words:");
    lab.running.err_line("Ready to accept connections");
    lab.running.err_line("the nodes keep running, without their broker");
    for port in ports {
        assert_soon(PATIENCE, Some(503), || readyz(port));
    }
    lab.running.signal(Signal::SIGINT);
    assert_eq!(lab.exit_code(), Some(0));
}

#[test]
fn a_dead_warden_stops_everything() {
    let (mut lab, _) = Lab::ready(2, &["redis"]);
    let everything = lab.running.descendants();
    lab.running.descendant(" warden").signal(Signal::SIGKILL);
    lab.running.err_line("error: the warden died, so everything was stopped");
    assert_eq!(lab.exit_code(), Some(4));
    lab.assert_nothing_left(&everything, Duration::ZERO);
}

#[test]
fn the_lesson_of_local_is_one_line() {
    let (lab, ports) = Lab::ready(2, &["local"]);
    lab.running.err_line("local nodes do not hear each other");
    assert_eq!(lab.running.descendants().len(), 3, "the warden and two nodes");
    assert!(ports.into_iter().all(|port| readyz(port) == Some(200)));
}

#[test]
fn a_mesh_of_peers_has_no_broker() {
    let (mut lab, ports) = Lab::ready(3, &["zeromq"]);
    let everything = lab.running.descendants();
    assert_eq!(everything.len(), 4, "the warden and three nodes: {everything:#?}");
    let node = lab.running.descendant("--name node-1");
    // It hears at one address, and knows those of the two others, which are theirs.
    let addresses = |command: &str, flag: &str| -> Vec<String> {
        let words: Vec<&str> = command.split(' ').collect();
        words.windows(2).filter(|pair| pair[0] == flag).map(|pair| pair[1].to_owned()).collect()
    };
    assert_eq!(addresses(&node.command, "--sub").len(), 1);
    let others = ["--name node-0", "--name node-2"].map(|name| lab.running.descendant(name).command);
    let others: Vec<String> = others.iter().flat_map(|command| addresses(command, "--sub")).collect();
    assert_eq!(addresses(&node.command, "--peer"), others);
    let line = lab.running.err_line("processes, to kill one and watch: node 0 is ");
    assert!(line.contains(&format!("node 1 is {}", node.id)), "{line}");

    node.signal(Signal::SIGKILL);
    lab.running.err_line("node 1 died: killed by SIGKILL");
    lab.running.err_line("the other nodes keep running");
    assert_eq!([readyz(ports[0]), readyz(ports[2])], [Some(200); 2]);
    lab.running.signal(Signal::SIGINT);
    assert_eq!(lab.running.ended_within(ORDERLY).code(), Some(0));
    lab.assert_nothing_left(&everything, Duration::ZERO);
}

#[test]
fn a_flag_for_the_nodes_reaches_them() {
    let (lab, _) = Lab::ready(2, &["zeromq", "--node-flag=--hwm=77", "--node-flag", "--max-rate=5"]);
    for name in ["--name node-0", "--name node-1"] {
        let node = lab.running.descendant(name);
        assert!(node.command.ends_with(" --hwm=77 --max-rate=5"), "{}", node.command);
    }
    let mut lab = Lab::run(&["zeromq", "--node-flag=--hmw=77"]);
    assert_eq!(lab.exit_code(), Some(2));
    lab.running.err_line("error: --node-flag: unexpected argument '--hmw' found");
    lab.running.err_line("hint: ");
}

#[test]
fn a_broker_of_the_users_is_used_and_left_alone() {
    let redis = RedisServer::builder().password("s3cret").start();
    let url = format!("redis://:s3cret@127.0.0.1:{}/3", redis.port());
    let (mut lab, ports) = Lab::ready(2, &["redis", "--broker", &url]);
    lab.running.err_line(&format!("at redis://***@127.0.0.1:{}/3, not the lab's", redis.port()));
    assert!(ports.into_iter().all(|port| readyz(port) == Some(200)));
    let everything = lab.running.descendants();
    assert_eq!(everything.len(), 3, "the warden and two nodes: {everything:#?}");
    assert!(everything.iter().all(|seen| !seen.command.contains("s3cret")), "{everything:#?}");
    lab.running.signal(Signal::SIGINT);
    assert_eq!(lab.exit_code(), Some(0));
    assert!(!lab.running.everything().contains("s3cret"));
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, redis.port())).is_ok(), "it still runs");
}

#[test]
fn a_broker_that_cannot_be_used_is_named_without_its_password() {
    let redis = RedisServer::builder().password("s3cret").start();
    let wrong = format!("redis://:wr0ng@127.0.0.1:{}", redis.port());
    let nobody = format!("redis://:wr0ng@127.0.0.1:{}", ports::free(1).unwrap()[0]);
    for url in [wrong, nobody] {
        let mut lab = Lab::run(&["redis", "--port", "0", "--broker", &url]);
        assert_eq!(lab.exit_code(), Some(4));
        lab.running.err_line("error: the broker at redis://***@127.0.0.1:");
        lab.running.err_line("hint: ");
        assert!(!lab.running.everything().contains("wr0ng"), "{}", lab.running.everything());
        lab.assert_nothing_left(&[], Duration::ZERO);
    }
}

#[test]
fn wrong_usage_is_exit_2() {
    for (args, expected) in [
        (&["local", "--broker", "redis://host"][..], "the pattern local has no broker"),
        (&["local", "--nodes", "3", "--port", "65534"], "beyond port 65535"),
        (&["local", "--nodes", "0"], "0 is not in 1..=200"),
        (&["zeromq", "--broker", "redis://host"], "the pattern zeromq has no broker"),
        (
            &["redis", "--broker", "amqp://host"],
            "the pattern redis needs Redis, and amqp://host is one of RabbitMQ",
        ),
        (
            &["amqp", "--broker", "redis://host"],
            "the pattern amqp needs RabbitMQ, and redis://host is one of Redis",
        ),
        (&["amqp", "--broker", "http://host"], "neither one of Redis nor one of RabbitMQ"),
        (&["amqp", "--broker", "amqp://host:port"], "the broker URL amqp://host:port cannot be used: "),
        (&["amqp", "--broker", "amqps://host"], "speaks no TLS to RabbitMQ"),
        (&["carrier-pigeon"], "local, redis, zeromq, amqp"),
    ] {
        let mut lab = Lab::run(args);
        assert_eq!(lab.exit_code(), Some(2), "{args:?}");
        lab.running.err_line(expected);
    }
}
