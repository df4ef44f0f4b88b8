//! Orders at the prompt: each says what happened, and what was broken comes back.

use std::net::SocketAddr;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::client::Client;
use crate::support::plain::assert_crosses;
use crate::support::process::{PATIENCE, Running};
use crate::support::prompted::Prompted;
use crate::support::terminal::Screen;
use pubsub_lab::lab::probe::http_status;

async fn readyz(run: &Prompted, node: usize) -> u16 {
    http_status(run.ports[node], "/readyz").await.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_was_killed_is_started_and_the_chat_goes_on() {
    let run = Prompted::start("redis", 2);
    assert_crosses(&run.ws(0), &run.ws(1)).await;
    run.says(
        "kill broker",
        "the broker was killed: the nodes keep running, without their broker. `start broker`",
    );
    run.says("kill broker", "the broker is not running\nhint: `start broker` brings it back");
    run.says("status", "broker    down");
    // What was said is never more than what has happened: with the broker, the nodes serve again, too.
    let back = run.order("start broker");
    assert!(
        back.starts_with("the broker is back, after ") && back.contains("and everybody serves again, after "),
        "{back}"
    );
    assert_eq!([readyz(&run, 0).await, readyz(&run, 1).await], [200, 200]);
    assert_crosses(&run.ws(0), &run.ws(1)).await;
    run.says("start broker", "the broker is running already");
    let seen = run.processes();
    run.terminal.types("quit\r");
    assert_eq!(run.ends(&seen), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_struck_and_healed_and_their_links_as_well() {
    let run = Prompted::start("redis", 2);
    run.says("pause node 1", "node 1 was paused: its connections stay open");
    run.says("pause node 1", "node 1 is paused already");
    run.says("start node 1", "node 1 is paused, and not stopped\nhint: `cont node 1`");
    assert_eq!(readyz(&run, 1).await, 0, "nobody answers");
    run.says("cont node 1", "node 1 goes on, after ");
    assert_eq!(readyz(&run, 1).await, 200);
    run.says("kill node *", "the nodes were killed: nobody serves now");
    run.says("start node *", "node 0 and node 1 are back, after ");
    assert_crosses(&run.ws(1), &run.ws(0)).await;

    run.says("cut node 1 <-> broker", "node 1 was cut off from the broker: it refuses what its clients say");
    let begun = Instant::now();
    while readyz(&run, 1).await != 503 {
        assert!(begun.elapsed() < PATIENCE, "a node that is cut off from its broker says so");
    }
    assert_eq!(readyz(&run, 0).await, 200, "the other one is not cut off");
    run.says("cut node 1 <-> broker", "`cut node 1 <-> broker` holds already");
    run.says("status", "holds     cut node 1 <-> broker");
    run.says("heal node 0 <-> broker", "nothing is broken on the link node 0 <-> broker");
    run.says("heal node 1 <-> broker", "healed: cut node 1 <-> broker; everybody serves again, after ");
    assert_crosses(&run.ws(0), &run.ws(1)).await;

    run.says("delay node * <-> broker by 20ms", "became 20ms slower");
    run.says("pause broker", "the broker was paused");
    let healed = run.order("heal");
    assert!(
        healed.starts_with(
            "healed: delay node * <-> broker by 20ms and the broker; everybody serves again, after "
        ),
        "{healed}"
    );
    run.says("heal", "nothing is broken");
    assert_crosses(&run.ws(0), &run.ws(1)).await;
    let seen = run.processes();
    run.terminal.types("\u{4}");
    assert_eq!(run.ends(&seen), 0, "Ctrl-D");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_of_a_mesh_are_parted_and_the_third_hears_both() {
    let run = Prompted::start("zeromq", 3);
    for (from, to) in [(0, 1), (1, 0), (0, 2)] {
        assert_crosses(&run.ws(from), &run.ws(to)).await;
    }
    let client = async |n: usize| Client::plain_at(SocketAddr::from(([127, 0, 0, 1], run.ports[n]))).await;
    let (mut speaker, mut parted, mut witness) = (client(0).await, client(1).await, client(2).await);
    run.says("cut node 0 <-> node 1", "what is said at one end does not arrive at the other");
    run.says("kill broker", "the pattern zeromq has no broker");
    speaker.send("parted").await;
    witness.text_is("parted").await;
    run.says("heal", "healed: cut node 0 <-> node 1; everybody serves again, after ");
    assert_crosses(&run.ws(0), &run.ws(1)).await;
    // What the witness heard long ago, the parted one would have heard before anything newer.
    speaker.send("healed").await;
    loop {
        match parted.text().await.as_str() {
            "healed" => break,
            text => assert_ne!(text, "parted"),
        }
    }
    let seen = run.processes();
    run.terminal.types("\u{3}");
    assert_eq!(run.ends(&seen), 0, "Ctrl-C");
}

#[test]
fn wrong_words_lead_to_the_right_ones() {
    let run = Prompted::start("redis", 1);
    run.says("kil broker", "`kil` is no order\nhint: did you mean `kill`? `help` shows what can be said");
    run.says(
        "kill node 7",
        "there is no node 7: the cluster has 1, counted from 0\nhint: there is `node 0` alone",
    );
    run.says("kill history", "the pattern redis has no history");
    run.says("kill rabbitmq", "`rabbitmq` is no target\nhint: say one of node 0 and broker");
    run.says("cut node 0", "`node 0` is no link\nhint: a link has two ends, as in `node 0 <-> broker`");
    // On the screen stand `Redis` and, on the page, `node-0`.
    run.says("pause redis", "the broker was paused");
    run.says("pause node-0", "node 0 was paused");
    run.says("heal", "healed: ");
    run.says("cut client * <-> node 0", "the links of clients cannot be broken here");
    run.says(
        "cut node 0 <-> history",
        "there is no link node 0 <-> history here\nhint: there are links such as",
    );
    run.says("delay node 0 <-> broker", "`delay` needs `by`\nhint: say it like `by 100ms`");
    run.says(
        "delay node 0 <-> broker by = \"5ms\"",
        "the link between node 0 and the broker became 5ms slower",
    );
    run.says("cont node 0", "node 0 is not paused");
    run.says("help", "start broker");
    // An empty line asks for nothing; Tab writes what can only be one word.
    run.terminal.types("\r");
    run.terminal.types("thr\t");
    run.line_is("throttle");
    run.terminal.types("\u{3}");
    run.line_is("");
    run.terminal.types("\u{1b}[A");
    run.line_is("help");
    let seen = run.processes();
    run.terminal.types("\u{3}");
    run.line_is("");
    run.terminal.types("\u{3}");
    assert_eq!(run.ends(&seen), 0);
}

#[test]
fn control_c_ends_the_waiting_for_an_order_and_not_the_run() {
    let run = Prompted::start("redis", 1);
    run.says("kill broker", "the broker was killed");
    run.says("delay node 0 <-> broker by 30s", "became 30s slower");
    run.terminal.types("start broker\r");
    run.terminal.sees("waiting for `start broker` (2 s); Ctrl-C stops the waiting");
    run.terminal.types("\u{3}");
    run.terminal.sees("not waiting any longer; Ctrl-C again ends everything");
    run.terminal.sees("the broker was started, but node 0 does not serve yet; `status` shows");
    run.line_is("");
    run.says("status", "holds     delay node 0 <-> broker by 30s");
    run.says("heal", "healed: delay node 0 <-> broker by 30s; everybody serves again");
    let seen = run.processes();
    run.terminal.types("quit\r");
    assert_eq!(run.ends(&seen), 0);
}

#[test]
fn what_the_cluster_says_stands_above_the_line_that_is_being_written() {
    let run = Prompted::start("local", 2);
    // What is proposed can be done here.
    run.terminal.sees("break something: `kill node 0`, say");
    run.terminal.types("statu");
    run.line_is("statu");
    let node = run.processes().into_iter().find(|it| it.command.contains("--name node-1")).unwrap();
    node.signal(Signal::SIGKILL);
    run.terminal.sees("node 1 died: killed by SIGKILL");
    run.terminal.sees("the other nodes keep running");
    run.line_is("statu");
    let torn =
        run.terminal.look(Screen::text).lines().any(|line| line.contains("statu") && line.contains("died"));
    assert!(!torn, "{}", run.terminal.look(Screen::text));
    run.terminal.types("s\r");
    run.terminal.sees("node 1    down");
    run.line_is("");
    run.says("start node 1", "node 1 is back, after ");
    // A signal in the middle of a line, as from a service manager: the terminal is given back as it was.
    run.terminal.types("hel");
    run.line_is("hel");
    let seen = run.processes();
    kill(Pid::from_raw(run.terminal.id()), Signal::SIGTERM).unwrap();
    assert_eq!(run.ends(&seen), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn control_without_a_terminal_there_is_no_prompt_and_no_proxy() {
    let mut run = Running::pubsub_lab(&["run", "redis", "--nodes", "1", "--port", "0"]);
    run.err_line("Ctrl-C stops everything");
    let redis = run.descendant("redis-server").command;
    let (_, port) = redis.rsplit_once("127.0.0.1:").unwrap();
    let node = run.descendant("--name node-0");
    let environment = std::fs::read(format!("/proc/{}/environ", node.id)).unwrap();
    let broker = format!("PUBSUB_LAB_BROKER=redis://127.0.0.1:{}\0", port.split(' ').next().unwrap());
    assert!(String::from_utf8_lossy(&environment).contains(&broker), "the node dials {redis} itself");
    run.signal(Signal::SIGINT);
    assert_eq!(run.ended_within(PATIENCE).code(), Some(0));
    assert!(!run.everything().contains("`help`") && !run.everything().contains("pubsub-lab>"));
}
