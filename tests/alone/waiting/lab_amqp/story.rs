//! One story of one cluster, for a RabbitMQ takes its time to boot.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use nix::sys::signal::Signal;
use pubsub_lab::lab::broker::Broker;
use pubsub_lab::lab::probe::http_status;
use pubsub_lab::lab::product::Product;
use pubsub_lab::lab::product::rabbitmq::{self, amqp_greeting};
use pubsub_lab::lab::{Cluster, ClusterOptions, Events, LabEvent};
use pubsub_lab::scenario::{Action, Fault, Pattern, Target};
use tokio_util::sync::CancellationToken;

use super::ORDERLY;
use super::lab::Lab;
use super::private::assert_private;
use crate::support::plain::assert_crosses;
use crate::support::process::{PATIENCE, Seen, assert_gone, assert_stopped, processes, program, with_marker};

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

/// Asks until there is an answer: on a busy machine it may be later than a probe waits.
async fn readyz(port: u16) -> u16 {
    let start = Instant::now();
    loop {
        match http_status(port, "/readyz").await {
            Err(error) if error.kind() == ErrorKind::TimedOut && start.elapsed() < PATIENCE => {}
            answer => return answer.unwrap(),
        }
    }
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
    let fails = async |port: u16| http_status(port, "/readyz").await.is_err();

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
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    // Without its port mapper it could not come back; whoever kills that one must not have the last word.
    // Not the shell that watches over the one of another test's RabbitMQ.
    let program = |seen: &Seen| seen.command.split(' ').next().is_some_and(|word| word.ends_with("epmd"));
    let ours = |seen: &Seen| program(seen) && seen.parent == std::process::id() as i32;
    let epmd = with_marker("epmd -port").into_iter().find(ours);
    let epmd = epmd.expect("an epmd of the lab's");
    epmd.signal(Signal::SIGKILL);
    assert_eq!(next_death(&mut events).await, "epmd died: killed by SIGKILL");
    cluster.heal(&kill).await.unwrap();
    let second = broker.process_id().unwrap();
    assert_ne!(first, second);
    assert_eq!(take_message(broker).await.as_deref(), Some("said before the kill"));
    let pause = fault(Action::Pause, Target::Broker);
    cluster.apply(&pause).await.unwrap();
    assert_stopped(second);
    assert_eq!(amqp_greeting(amqp).await.unwrap_err().kind(), ErrorKind::TimedOut);
    cluster.heal(&pause).await.unwrap();
    assert_eq!(broker.process_id(), Some(second));
    assert_crosses(&cluster.urls()[1], &cluster.urls()[0]).await;

    // The history; the chat goes on without it.
    for action in [Action::Kill, Action::Stop, Action::Pause] {
        let fault = fault(action.clone(), Target::History);
        let before = history.process_id();
        cluster.apply(&fault).await.unwrap();
        if action == Action::Pause {
            assert_stopped(before);
        }
        if action != Action::Stop {
            assert!(fails(http).await, "{action}");
        }
        assert_crosses(&cluster.urls()[0], &cluster.urls()[1]).await;
        cluster.heal(&fault).await.unwrap();
        assert_eq!(readyz(http).await, 200, "{action}");
        assert_eq!(history.process_id() == before, action == Action::Pause);
    }

    // A node.
    let fault = fault(Action::Kill, Target::Node(1));
    cluster.apply(&fault).await.unwrap();
    assert!(fails(nodes[1]).await);
    cluster.heal(&fault).await.unwrap();
    assert_eq!(readyz(nodes[1]).await, 200);
    assert_crosses(&cluster.urls()[0], &cluster.urls()[1]).await;

    // Another lab comes as a guest.
    for (wrong, why) in [
        ("guest:wr0ng@", "it does not accept the user name or the password"),
        ("nobody:wr0ng@", "it does not accept the user name or the password"),
    ] {
        let url = format!("amqp://{wrong}127.0.0.1:{amqp}");
        let error = Broker::check(Product::named("rabbitmq").unwrap(), Some(&url), &[]).await.unwrap_err();
        let shown = format!("the broker at amqp://***@127.0.0.1:{amqp} cannot be used: {why}");
        assert_eq!((error.exit, error.message), (4, shown));
        assert!(!error.hint.unwrap().contains("wr0ng"));
    }
    for vhost in ["", "nowhere"] {
        let url = format!("amqp://guest:guest@127.0.0.1:{amqp}/{vhost}");
        let error = Broker::check(Product::named("rabbitmq").unwrap(), Some(&url), &[]).await.unwrap_err();
        assert_eq!(error.exit, 4);
        assert!(error.message.contains("no such virtual host"), "{error}");
        assert!(error.hint.is_some());
    }
    let url = format!("amqp://guest:guest@127.0.0.1:{amqp}");
    let home = cluster.directory().join(format!("rabbitmq-{amqp}"));
    let epmd = epmd.command.split("-port ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let names = move || names_at(&home, amqp, &epmd);
    let guest = tokio::task::spawn_blocking(move || {
        let mut lab = Lab::run(&["--nodes", "2", "--broker", &url]);
        let line = lab.running.err_line("not the lab's");
        assert!(line.contains(&format!("at amqp://***@127.0.0.1:{amqp}, not the lab's")), "{line}");
        lab.running.err_line("Ctrl-C stops everything");
        assert_eq!(lab.running.descendants().len(), 4, "the warden, two nodes and a history");
        let others = names();
        lab.running.signal(Signal::SIGINT);
        assert_eq!(lab.running.ended_within(ORDERLY).code(), Some(0));
        assert!(!lab.running.everything().contains("guest:guest"), "{}", lab.running.everything());
        (others, names())
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
    let next = tokio::time::timeout(Duration::from_secs(30), events.next()).await;
    match next.expect("something dies") {
        LabEvent::Died(death) => death.to_string(),
        LabEvent::WardenDied => panic!("the warden lives"),
    }
}

fn try_seen(id: u32) -> Option<Seen> {
    processes().remove(&(id as i32))
}

/// The names of all queues and exchanges at the RabbitMQ that has this home, in its own words.
fn names_at(home: &Path, amqp: u16, epmd: &str) -> Vec<String> {
    let mut command = Command::new(rabbitmq::PROGRAM.find().unwrap().unwrap().with_file_name("rabbitmqctl"));
    command.env("HOME", home).env("RABBITMQ_NODENAME", format!("lab{amqp}@localhost"));
    command.env("ERL_EPMD_PORT", epmd).env("RABBITMQ_CONF_ENV_FILE", "/dev/null").env("LANG", "C.UTF-8");
    let all =
        "[element(4, element(2, X)) || X <- rabbit_amqqueue:list() ++ rabbit_exchange:list(<<\"/\">>)].";
    let output = command.args(["--quiet", "eval", all]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.split("<<\"").skip(1).map(|part| part.split('"').next().unwrap().to_owned()).collect()
}
