//! A RabbitMQ of the lab's own, and one of somebody else's: real ones, as they die, come back and are left.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use nix::sys::signal::Signal;
use pubsub_lab::fault::Victim;
use pubsub_lab::lab::base::Base;
use pubsub_lab::lab::broker::Broker;
use pubsub_lab::lab::probe::amqp_greeting;
use pubsub_lab::lab::product::Product;
use pubsub_lab::lab::{Events, LabEvent};
use support::process::{
    PATIENCE, Running, Seen, assert_gone, assert_soon, eventually, program, pubsub_lab, seen, with_marker,
};
use tempfile::TempDir;

/// What the lab promises when it ends in whatever way.
const KILLED: Duration = Duration::from_secs(5);

async fn rabbitmq() -> (Base, Events, Broker) {
    let (base, events) = Base::new(program()).unwrap();
    let broker = Broker::start(Product::RabbitMq, base.directory(), base.directory(), base.supervision());
    let broker = broker.await.unwrap();
    (base, events, broker)
}

fn port(broker: &Broker) -> u16 {
    broker.url().strip_prefix("amqp://127.0.0.1:").unwrap().parse().unwrap()
}

async fn channel(broker: &Broker) -> (Connection, Channel) {
    let connection = Connection::connect(broker.url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

/// Leaves a durable message in a durable queue.
async fn leave_message(broker: &Broker, text: &str) {
    let (connection, channel) = channel(broker).await;
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare("kept".into(), durable, FieldTable::default()).await.unwrap();
    let persistent = BasicProperties::default().with_delivery_mode(2);
    let publish = BasicPublishOptions::default();
    let publish = channel.basic_publish("".into(), "kept".into(), publish, text.as_bytes(), persistent);
    assert!(publish.await.unwrap().await.unwrap().is_ack());
    connection.close(200, "OK".into()).await.unwrap();
}

/// Takes it out again.
async fn take_message(broker: &Broker) -> Option<String> {
    let (connection, channel) = channel(broker).await;
    let got = channel.basic_get("kept".into(), BasicGetOptions { no_ack: true }).await.unwrap();
    channel.queue_delete("kept".into(), QueueDeleteOptions::default()).await.unwrap();
    connection.close(200, "OK".into()).await.unwrap();
    got.map(|message| String::from_utf8(message.delivery.data.to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rabbitmq_dies_and_comes_back_with_what_it_kept() {
    let (base, mut events, broker) = rabbitmq().await;
    let port = port(&broker);
    assert!(broker.version().starts_with(|first: char| first.is_ascii_digit()), "{}", broker.version());
    let first = broker.process_id().unwrap();
    let expected = format!("RabbitMQ {} on port {port}, process {first}", broker.version());
    assert_eq!(broker.describe(), expected);
    assert_private(first, &base.directory().display().to_string());

    leave_message(&broker, "said before the kill").await;
    broker.kill().await.unwrap();
    let refused = amqp_greeting(port).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    // Without its port mapper it could not come back; whoever killed that one must not have the last word.
    let epmd = support::process::with_marker("epmd -port")
        .into_iter()
        .find(|epmd| epmd.parent == std::process::id() as i32)
        .expect("an epmd of the lab's");
    epmd.signal(Signal::SIGKILL);
    match events.next().await {
        LabEvent::Died(death) => assert_eq!(death.to_string(), "epmd died: killed by SIGKILL"),
        LabEvent::WardenDied => panic!("the warden lives"),
    }
    broker.revive().await.unwrap();
    broker.ready().await.unwrap();
    let second = broker.process_id().unwrap();
    assert_ne!(first, second);
    assert_eq!(take_message(&broker).await.as_deref(), Some("said before the kill"));

    broker.freeze().await.unwrap();
    assert_eq!(amqp_greeting(port).await.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    broker.thaw().await.unwrap();
    broker.ready().await.unwrap();
    assert_eq!(broker.process_id(), Some(second));

    let beam = seen(second);
    base.close().await;
    assert_gone(&[beam], KILLED);
}

/// A `run amqp` with a temporary directory that nobody else uses.
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
        let mut command = pubsub_lab(&["run", "amqp", "--port", "0"]);
        command.args(args).env("TMPDIR", temporary.path());
        change(&mut command);
        Self { running: Running::start(command), temporary }
    }

    /// One whose RabbitMQ is started by this script.
    fn with_server(script: &str) -> Self {
        Self::with(&[], |command| {
            let server = command.get_envs().find(|(key, _)| *key == "TMPDIR").unwrap().1.unwrap().to_owned();
            let server = Path::new(&server).join("rabbitmq-server");
            std::fs::write(&server, script).unwrap();
            std::fs::set_permissions(&server, PermissionsExt::from_mode(0o755)).unwrap();
            command.env("PUBSUB_LAB_RABBITMQ_SERVER", server);
        })
    }

    fn exit_code(&mut self) -> Option<i32> {
        self.running.ended_within(PATIENCE).code()
    }

    fn assert_nothing_left(&self, seen: &[Seen], deadline: Duration) {
        assert_gone(seen, deadline);
        // What was started after the look has the directory's name in its command line or its environment.
        let name = self.temporary.path().display().to_string();
        assert_soon(deadline, Vec::new(), || with_marker(&name));
        assert_soon(deadline, false, || {
            let left = std::fs::read_dir(self.temporary.path()).unwrap().flatten();
            left.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().starts_with("pubsub-lab-"))
        });
    }
}

/// How long a RabbitMQ may take on a machine that does something else as well.
const BOOT: Duration = Duration::from_secs(60);

#[test]
fn a_lab_that_is_killed_while_its_rabbitmq_boots_leaves_nothing() {
    let mut lab = Lab::run(&[]);
    let mut seen = Vec::new();
    // By then it has children that are in no group of the lab's.
    assert!(eventually(BOOT, || {
        seen = lab.running.descendants();
        seen.iter().any(|seen| seen.command.contains("inet_gethost"))
    }));
    for part in ["epmd -port", "beam.smp", "erl_child_setup"] {
        assert!(seen.iter().any(|seen| seen.command.contains(part)), "{part}: {seen:#?}");
    }
    lab.running.signal(Signal::SIGKILL);
    lab.running.ended_within(PATIENCE);
    lab.assert_nothing_left(&seen, KILLED);
}

#[test]
fn a_rabbitmq_that_does_not_start_says_why() {
    // One that is none.
    let mut lab = Lab::with_server("#!/bin/sh\necho no such luck >&2; exit 3\n");
    assert_eq!(lab.exit_code(), Some(4));
    lab.running.err_line("error: rabbitmq ended before it was ready: exit code 3");
    lab.running.err_line("  | no such luck");
    lab.assert_nothing_left(&[], Duration::ZERO);
    // A real one with a broken configuration.
    let script = "#!/bin/sh\necho 'listeners.tcp.1 = nowhere' > \"$RABBITMQ_CONFIG_FILE\"\n\
        exec /usr/lib/rabbitmq/bin/rabbitmq-server\n";
    let mut lab = Lab::with_server(script);
    assert_eq!(lab.running.ended_within(BOOT).code(), Some(4));
    lab.running.err_line("error: rabbitmq ended before it was ready: exit code 1");
    lab.running.err_line("\"nowhere\" cannot be converted");
    lab.assert_nothing_left(&[], Duration::ZERO);
}

#[test]
fn without_a_rabbitmq_there_is_an_install_line() {
    let empty = tempfile::tempdir().unwrap();
    let mut lab = Lab::with(&[], |command| {
        command.env("PATH", empty.path()).env("PUBSUB_LAB_RABBITMQ_SERVER", "");
    });
    assert_eq!(lab.exit_code(), Some(4));
    let err = lab.running.everything();
    assert!(err.contains("error: the pattern amqp needs a RabbitMQ server"), "{err}");
    assert!(err.contains("hint: install ") && err.contains("--broker amqp://"), "{err}");
    assert!(
        err.contains("apt-get install rabbitmq-server") || err.contains("brew install rabbitmq"),
        "{err}"
    );
    lab.assert_nothing_left(&[], Duration::ZERO);

    let mut lab = Lab::with(&[], |command| {
        command.env("PUBSUB_LAB_RABBITMQ_SERVER", "/nonexistent/rabbitmq");
    });
    assert_eq!(lab.exit_code(), Some(4));
    lab.running
        .err_line("error: PUBSUB_LAB_RABBITMQ_SERVER is /nonexistent/rabbitmq, which is not a program");
}

/// It listens on loopback only, and its files are in this directory.
#[cfg(target_os = "linux")]
fn assert_private(process: u32, directory: &str) {
    let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    let value = |name: &str| {
        let line = environment.split('\0').find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{name} in {environment}")).to_owned()
    };
    for name in ["HOME", "RABBITMQ_MNESIA_BASE", "RABBITMQ_LOG_BASE"] {
        assert!(value(name).starts_with(directory), "{name}: {}", value(name));
    }
    for name in ["RABBITMQ_NODE_PORT", "RABBITMQ_DIST_PORT", "ERL_EPMD_PORT"] {
        let port: u16 = value(name).parse().unwrap();
        let addresses = listeners(port);
        assert!(!addresses.is_empty(), "somebody listens on {name}");
        assert!(addresses.iter().all(|address| is_loopback(address)), "{name}: {addresses:?}");
    }
}

#[cfg(not(target_os = "linux"))]
fn assert_private(_process: u32, _directory: &str) {}

/// The addresses that somebody listens at on this port, as the kernel writes them.
#[cfg(target_os = "linux")]
fn listeners(port: u16) -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| std::fs::read_to_string(table).unwrap());
    let rows = tables.iter().flat_map(|table| table.lines().skip(1));
    let rows = rows.filter_map(|row| {
        let mut words = row.split_ascii_whitespace().skip(1);
        let (address, port) = words.next()?.split_once(':')?;
        let listens = words.nth(1)? == "0A";
        listens.then(|| (address.to_owned(), u16::from_str_radix(port, 16).unwrap()))
    });
    rows.filter(|(_, found)| *found == port).map(|(address, _)| address).collect()
}

#[cfg(target_os = "linux")]
fn is_loopback(address: &str) -> bool {
    ["0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"].contains(&address)
}
