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
use pubsub_lab::lab::broker::Broker;
use pubsub_lab::lab::probe::{amqp_greeting, http_status};
use pubsub_lab::lab::product::Product;
use pubsub_lab::lab::{Cluster, ClusterOptions, Events, LabEvent};
use pubsub_lab::scenario::{Action, Fault, Pattern, Target};
use support::plain::assert_crosses;
use support::process::{
    PATIENCE, Running, Seen, assert_gone, assert_soon, eventually, program, pubsub_lab, with_marker,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// What is promised after Ctrl-C.
const ORDERLY: Duration = Duration::from_secs(3);
/// What the lab promises when it ends in whatever way.
const KILLED: Duration = Duration::from_secs(5);

async fn cluster() -> Cluster {
    let options = ClusterOptions {
        program: program().to_owned(),
        nodes: 2,
        ..ClusterOptions::new(Pattern::Amqp).unwrap()
    };
    Cluster::start(&options, &CancellationToken::new(), &|_| {}).await.unwrap()
}

fn fault(action: Action, target: Target) -> Fault {
    Fault { at: Duration::ZERO, duration: Some(Duration::ZERO), action, target }
}

fn port(url: &str) -> u16 {
    url.rsplit_once(':').unwrap().1.parse().unwrap()
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

/// One story, for a RabbitMQ takes its time to boot: what is struck is down, what is healed serves again, where it
/// was; and the broker of one lab is another lab's that is somebody else's.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_comes_back_with_what_it_kept() {
    let mut cluster = cluster().await;
    let mut events = cluster.take_events().unwrap();
    let (broker, history) = (cluster.broker().unwrap(), cluster.history().unwrap());
    let (amqp, http) = (port(broker.url()), history.port());
    let nodes: Vec<u16> = cluster.urls().iter().map(|url| port(url)).collect();
    let ready = async |port: u16| http_status(port, "/readyz").await.ok();

    // What it is.
    let versions = cluster.versions();
    assert!(versions["rabbitmq"].starts_with(|first: char| first.is_ascii_digit()), "{versions:?}");
    let first = broker.process_id().unwrap();
    assert_eq!(
        broker.describe(),
        format!("RabbitMQ {} on port {amqp}, process {first}", versions["rabbitmq"])
    );
    let names: Vec<String> = cluster.process_ids().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["node 0", "node 1", "history", "RabbitMQ"]);
    assert_private(first, &cluster.directory().display().to_string());
    assert_crosses(&cluster.urls()[0], &cluster.urls()[1]).await;

    // The broker, killed and paused.
    leave_message(broker, "said before the kill").await;
    let kill = fault(Action::Kill, Target::Broker);
    cluster.apply(&kill).await.unwrap();
    let refused = amqp_greeting(amqp).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    // Without its port mapper it could not come back; whoever kills that one must not have the last word.
    let epmd = with_marker("epmd -port").into_iter().find(|epmd| epmd.parent == std::process::id() as i32);
    epmd.expect("an epmd of the lab's").signal(Signal::SIGKILL);
    assert_eq!(next_death(&mut events).await, "epmd died: killed by SIGKILL");
    cluster.heal(&kill).await.unwrap();
    let second = broker.process_id().unwrap();
    assert_ne!(first, second);
    assert_eq!(take_message(broker).await.as_deref(), Some("said before the kill"));
    let pause = fault(Action::Pause, Target::Broker);
    cluster.apply(&pause).await.unwrap();
    assert_eq!(amqp_greeting(amqp).await.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    cluster.heal(&pause).await.unwrap();
    assert_eq!(broker.process_id(), Some(second));
    assert_crosses(&cluster.urls()[1], &cluster.urls()[0]).await;

    // The history; the chat goes on without it.
    for action in [Action::Kill, Action::Stop, Action::Pause] {
        let fault = fault(action, Target::History);
        let before = history.process_id();
        cluster.apply(&fault).await.unwrap();
        if action != Action::Stop {
            assert_eq!(ready(http).await, None, "{action}");
        }
        assert_crosses(&cluster.urls()[0], &cluster.urls()[1]).await;
        cluster.heal(&fault).await.unwrap();
        assert_eq!(ready(http).await, Some(200), "{action}");
        assert_eq!(history.process_id() == before, action == Action::Pause);
    }

    // A node.
    let fault = fault(Action::Kill, Target::Node(1));
    cluster.apply(&fault).await.unwrap();
    assert_eq!(ready(nodes[1]).await, None);
    cluster.heal(&fault).await.unwrap();
    assert_eq!(ready(nodes[1]).await, Some(200));
    assert_crosses(&cluster.urls()[0], &cluster.urls()[1]).await;

    // Another lab comes as a guest.
    for (wrong, why) in [
        ("guest:wr0ng@", "it does not accept the user name or the password"),
        ("nobody:wr0ng@", "it does not accept the user name or the password"),
    ] {
        let url = format!("amqp://{wrong}127.0.0.1:{amqp}");
        let error = Broker::check(Product::RabbitMq, Some(&url)).await.unwrap_err();
        let shown = format!("the broker at amqp://127.0.0.1:{amqp} cannot be used: {why}");
        assert_eq!((error.exit, error.message), (4, shown));
        assert!(!error.hint.unwrap().contains("wr0ng"));
    }
    for vhost in ["", "nowhere"] {
        let url = format!("amqp://guest:guest@127.0.0.1:{amqp}/{vhost}");
        let error = Broker::check(Product::RabbitMq, Some(&url)).await.unwrap_err();
        assert_eq!(error.exit, 4);
        assert!(error.message.contains("no such virtual host"), "{error}");
        assert!(error.hint.is_some());
    }
    let url = format!("amqp://guest:guest@127.0.0.1:{amqp}");
    let guest = tokio::task::spawn_blocking(move || {
        let mut lab = Lab::run(&["--nodes", "2", "--broker", &url]);
        let line = lab.running.err_line("not the lab's");
        assert!(line.contains(&format!("at amqp://127.0.0.1:{amqp}, not the lab's")), "{line}");
        lab.running.err_line("Ctrl-C stops everything");
        assert_eq!(lab.running.descendants().len(), 4, "the warden, two nodes and a history");
        let others = names_at(second);
        lab.running.signal(Signal::SIGINT);
        assert_eq!(lab.running.ended_within(ORDERLY).code(), Some(0));
        assert!(!lab.running.everything().contains("guest:guest"), "{}", lab.running.everything());
        (others, names_at(second))
    });
    let (during, after) = guest.await.unwrap();
    // What the other made is seen while it is there: the look does look.
    let strange = |names: &[String]| -> Vec<String> {
        let ours = cluster.namespace();
        names
            .iter()
            .filter(|name| name.starts_with("pubsub-lab-") && !name.starts_with(ours))
            .cloned()
            .collect()
    };
    assert!(strange(&during).iter().any(|name| name.contains(".history")), "{during:?}");
    assert!(strange(&during).iter().any(|name| name.contains(".live.")), "{during:?}");
    assert_eq!(strange(&after), Vec::<String>::new(), "{after:?}");
    assert!(after.iter().any(|name| name.starts_with(cluster.namespace())), "{after:?}");

    // What was done on purpose was no event: the next that comes is brought about here.
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(cluster.node_ids()[0] as i32), Signal::SIGABRT)
        .unwrap();
    assert_eq!(next_death(&mut events).await, "node 0 died: killed by SIGABRT");
    let everything: Vec<Seen> = cluster.process_ids().iter().filter_map(|(_, id)| try_seen(*id)).collect();
    assert_eq!(everything.len(), 3);
    cluster.stop().await;
    assert_gone(&everything, Duration::ZERO);
}

async fn next_death(events: &mut Events) -> String {
    match events.next().await {
        LabEvent::Died(death) => death.to_string(),
        LabEvent::WardenDied => panic!("the warden lives"),
    }
}

fn try_seen(id: u32) -> Option<Seen> {
    support::process::processes().remove(&(id as i32))
}

/// The names of all queues and exchanges at the RabbitMQ with this process id, in its own words.
fn names_at(process: u32) -> Vec<String> {
    let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    let server = pubsub_lab::lab::rabbitmq::find().unwrap().unwrap();
    let mut command = Command::new(server.with_file_name("rabbitmqctl"));
    command.env_clear().envs(environment.split('\0').filter_map(|line| line.split_once('=')));
    let all =
        "[element(4, element(2, X)) || X <- rabbit_amqqueue:list() ++ rabbit_exchange:list(<<\"/\">>)].";
    let output = command.args(["--quiet", "eval", all]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.split("<<\"").skip(1).map(|part| part.split('"').next().unwrap().to_owned()).collect()
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
        // What was started after the look has the directory's name in its command line.
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
fn a_lab_that_ends_while_its_rabbitmq_boots_leaves_nothing() {
    for (signal, deadline, code) in [(Signal::SIGKILL, KILLED, None), (Signal::SIGINT, ORDERLY, Some(0))] {
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
        lab.running.signal(signal);
        assert_eq!(lab.running.ended_within(ORDERLY).code(), code, "{}", lab.running.everything());
        lab.assert_nothing_left(&seen, deadline);
    }
}

#[test]
fn a_lab_that_is_killed_leaves_nothing() {
    let mut lab = Lab::run(&["--nodes", "2"]);
    lab.running.err_line("waiting for RabbitMQ (2 s)");
    lab.running.err_line("Ctrl-C stops everything");
    let seen = lab.running.descendants();
    for part in [" warden", "epmd -port", "beam.smp", "erl_child_setup", " history ", "node-0", "node-1"] {
        assert!(seen.iter().any(|seen| seen.command.contains(part)), "{part}: {seen:#?}");
    }
    // Those that stand still can do nothing about it by themselves.
    for part in ["beam.smp", " history "] {
        lab.running.descendant(part).signal(Signal::SIGSTOP);
    }
    lab.running.signal(Signal::SIGKILL);
    lab.running.ended_within(PATIENCE);
    lab.assert_nothing_left(&seen, KILLED);
}

#[test]
fn what_dies_by_hand_is_reported_and_the_rest_goes_on() {
    let mut lab = Lab::run(&["--nodes", "2"]);
    lab.running.err_line("Ctrl-C stops everything");
    let history = lab.running.out_line("history  http://127.0.0.1:");
    let everything = lab.running.descendants();
    let [history_id, beam] = [" history ", "beam.smp"].map(|part| lab.running.descendant(part));
    let processes = lab.running.err_line("processes, to kill one and watch: ");
    assert!(
        processes.ends_with(&format!("history is {}, RabbitMQ is {}", history_id.id, beam.id)),
        "{processes}"
    );
    assert!(history_id.command.contains(history.rsplit_once('/').unwrap().1), "{history_id:?}");

    history_id.signal(Signal::SIGKILL);
    lab.running.err_line("history died: killed by SIGKILL");
    lab.running.err_line("the chat goes on without history");
    lab.running.descendant("--name node-1").signal(Signal::SIGKILL);
    lab.running.err_line("the other nodes, the history and the broker keep running");
    beam.signal(Signal::SIGKILL);
    lab.running.err_line("rabbitmq died: killed by SIGKILL; its last words:");
    lab.running.err_line("the nodes and the history keep running, without their broker");
    lab.running.descendant("epmd -port").signal(Signal::SIGKILL);
    lab.running.err_line("epmd died: killed by SIGKILL");
    lab.running.signal(Signal::SIGINT);
    assert_eq!(lab.running.ended_within(ORDERLY).code(), Some(0));
    lab.assert_nothing_left(&everything, Duration::ZERO);
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
