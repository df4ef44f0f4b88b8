//! How long things take: an outage at the clients, an answer, a start, a bench; and what the load generator bears.

use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::median;
use crate::support::client::Client;
use crate::support::node::Node;
use crate::support::process::{PATIENCE, Running, pubsub_lab};
use crate::support::redis::RedisServer;
use crate::support::report::{Bench, Run, conclusive, conclusive_after, endless, short};

/// So many measurements, of which the median counts: one that a neighbour on the machine has spoilt does not.
const TURNS: usize = 3;

/// Three nodes over Redis, 100 messages a second for six seconds, one fault from 1 s to 3 s.
fn two_seconds(fault: &str) -> String {
    let fault = format!("[[fault]]\nat = \"1s\"\nfor = \"2s\"\n{fault}\n");
    format!("patterns = [\"redis\"]\n{}", short(&fault).replace("duration = \"3s\"", "duration = \"6s\""))
}

fn milliseconds(run: &Run, name: &str) -> u64 {
    run[name].as_u64().unwrap_or_else(|| panic!("no {name} in {:#}", run.brief()))
}

#[test]
fn messages_flow_within_a_second_of_a_killed_brokers_return() {
    let run = conclusive(&two_seconds("kill = \"broker\""), &[]).run("redis", 0);
    let (impact, recovery) = (milliseconds(&run, "impact_ms"), milliseconds(&run, "recovery_ms"));
    println!("killed for 2 s: impact {impact} ms, recovery {recovery} ms, ready {}", run["ready_ms"]);
    assert!((1_900..=4_000).contains(&impact), "{:#}", run.brief());
    assert!(recovery < 1_000, "{:#}", run.brief());
}

#[test]
fn messages_flow_within_a_second_of_a_paused_brokers_return() {
    let run = conclusive(&two_seconds("pause = \"broker\""), &[]).run("redis", 0);
    let (impact, recovery) = (milliseconds(&run, "impact_ms"), milliseconds(&run, "recovery_ms"));
    println!("paused for 2 s: impact {impact} ms, recovery {recovery} ms");
    assert!((900..=4_000).contains(&impact), "{:#}", run.brief());
    assert!(recovery < 1_000, "{:#}", run.brief());
}

fn redis_node(redis: &RedisServer) -> Node {
    let url = redis.url();
    let args = ["node", "redis", "--listen", "127.0.0.1:0", "--broker", &url, "--max-rate", "0"];
    let running = Running::pubsub_lab(&args);
    let address = running.out_line("listening http://").rsplit_once('/').unwrap().1.parse().unwrap();
    Node { running, address }
}

/// Publishes so often, every 20 ms, and gives for each answer what it was and how long it took.
async fn answers(client: &mut Client, times: usize) -> Vec<(String, Duration)> {
    let began = Instant::now();
    let (mut sent, mut answers) = (Vec::new(), Vec::new());
    while answers.len() < times {
        let next = began + Duration::from_millis(20) * sent.len() as u32;
        tokio::select! {
            () = tokio::time::sleep_until(next.into()), if sent.len() < times => {
                let id = sent.len().to_string();
                sent.push(Instant::now());
                client.say(json!({"type": "publish", "room": "lobby", "id": id, "text": "hello"})).await;
            }
            answer = client.answer(), if answers.len() < sent.len() => {
                let id: usize = answer["id"].as_str().unwrap().parse().unwrap();
                answers.push((answer["type"].as_str().unwrap().to_owned(), sent[id].elapsed()));
            }
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_comes_within_a_second_whatever_the_broker_does() {
    for pause in [true, false] {
        let mut redis = RedisServer::start();
        let node = redis_node(&redis);
        let mut client = Client::v1_in(&node, "lobby").await;
        assert_eq!(client.publish("lobby", "before").await["type"], "ack");
        if pause {
            redis.pause()
        } else {
            redis.kill()
        }
        // For three seconds.
        let answers = answers(&mut client, 150).await;
        let slowest = answers.iter().map(|(_, took)| *took).max().unwrap();
        let of = |kind: &str| answers.iter().filter(|(answer, _)| answer == kind).count();
        let (refused, unknown) = (of("refused"), of("unknown"));
        println!("paused {pause}: slowest answer {slowest:?}, {refused} refused, {unknown} unknown");
        assert!(slowest < Duration::from_secs(1), "{answers:?}");
        assert_eq!((answers.len(), refused + unknown), (150, 150), "nothing is acknowledged meanwhile");
        assert!(refused > 0 && (pause || unknown <= 1), "{answers:?}");

        // From its return to the first message that goes through.
        let began = Instant::now();
        if pause {
            redis.resume()
        } else {
            redis.restart()
        }
        let back = loop {
            let asked = Instant::now();
            let answer = client.publish("lobby", "after").await;
            assert!(asked.elapsed() < Duration::from_secs(1), "{answer}");
            if answer["type"] == "ack" {
                break began.elapsed();
            }
            assert!(began.elapsed() < Duration::from_secs(5), "{answer}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        println!("paused {pause}: acknowledged again after {back:?}");
        assert!(back < Duration::from_secs(1), "{back:?}");
    }
}

#[test]
fn a_cluster_is_ready_within_two_seconds() {
    let took = [(); TURNS].map(|()| {
        let began = Instant::now();
        let lab = Running::pubsub_lab(&["run", "redis", "--nodes", "3", "--port", "0"]);
        lab.err_line("Ctrl-C stops everything");
        began.elapsed()
    });
    println!("run redis --nodes 3: ready after {took:?}");
    assert!(median(took) < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_bench_adds_at_most_four_seconds_a_pattern() {
    // A run that says nothing is repeated: the last of them counts.
    let mut began = Instant::now();
    let scenario = format!("patterns = [\"local\", \"redis\"]\n{}", short(""));
    conclusive_after(&scenario, &[], |_| began = Instant::now()).run("redis", 0);
    // Every debt that has a path is paid, so that there is nothing to wait for in the drain.
    let added = began.elapsed() - Duration::from_millis(200 + 3_000) * 2;
    println!("a bench of two patterns adds {added:?}");
    assert!(added < Duration::from_secs(4) * 2, "{added:?}");

    let scenario = two_seconds("kill = \"broker\"");
    conclusive_after(&scenario, &[], |_| began = Instant::now()).run("redis", 0);
    let added = began.elapsed() - Duration::from_millis(200 + 6_000 + 2_000);
    println!("a bench with an outage adds {added:?}");
    assert!(added < Duration::from_secs(4), "{added:?}");
}

/// Ctrl-C, so many times, under the load of a bench whose node 1 does not come to its end. Gives how long the bench
/// takes after the last of them.
fn interrupted(times: usize) -> Duration {
    let mut bench = Bench::start(&endless(""), &[]);
    bench.err_line("  load (1m)");
    let everything = bench.descendants();
    let node = Pid::from_raw(bench.descendant("--name node-1").id);
    let (stop, stopped) = mpsc::channel::<()>();
    // The lab wakes what it asks to end: it is put to sleep again, before it can come to its end.
    let stall = std::thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_micros(100)).is_err() {
            kill(node, Signal::SIGSTOP).ok();
        }
    });
    bench.signal(Signal::SIGINT);
    bench.err_line("stopping; Ctrl-C again ends at once");
    (1..times).for_each(|_| bench.signal(Signal::SIGINT));
    let last = Instant::now();
    assert_eq!(bench.running().ended_within(PATIENCE).code(), Some(130), "{}", bench.everything());
    let took = last.elapsed();
    stop.send(()).unwrap();
    stall.join().unwrap();
    bench.place().assert_nothing_left(&everything, Duration::from_secs(5));
    took
}

#[test]
fn ctrl_c_takes_at_most_three_seconds_and_a_second_one_does_not_wait() {
    let (orderly, at_once) = (interrupted(1), median([(); TURNS].map(|()| interrupted(2))));
    println!("with a node that hangs: {orderly:?} after Ctrl-C, {at_once:?} after a second one");
    assert!(orderly < Duration::from_secs(3), "{orderly:?}");
    // It is the hanging node that the first waits for.
    assert!(
        orderly > Duration::from_secs(1) && at_once < Duration::from_millis(500),
        "{orderly:?} {at_once:?}"
    );
}

/// The same command on one core alone.
#[cfg(target_os = "linux")]
fn pinned(core: usize, command: &Command) -> Command {
    let mut pinned = Command::new("taskset");
    pinned.args(["--cpu-list", &core.to_string()]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => pinned.env(name, value),
            None => pinned.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        pinned.current_dir(directory);
    }
    pinned
}

#[cfg(target_os = "linux")]
#[test]
fn the_load_generator_bears_fifty_thousand_deliveries_a_second_on_one_core() {
    let node = pubsub_lab(&["node", "local", "--listen", "127.0.0.1:0", "--max-rate", "0"]);
    let node = Running::start(pinned(0, &node));
    let url = node.out_line("listening http://").replace("listening http", "ws");
    let scenario =
        short("").replace("rate = 100", "rate = 250").replace("subscribers = 12", "subscribers = 200");
    let scenario = scenario.replace("warm_up = \"200ms\"", "warm_up = \"1s\"");
    // The node has another core, where there is one.
    let own = 1.min(std::thread::available_parallelism().unwrap().get() - 1);
    let measured = [(); TURNS].map(|()| {
        let bench = Bench::start_with(&scenario, &["--url", &url, "--duration", "5s"], |command| {
            *command = pinned(own, command);
        });
        let run = bench.ended().report().run("attached");
        run.assert_sums();
        println!("publish delay {}, latency {}, {:?}", run["publish_delay_us"], run["latency_us"], run.why());
        // Whatever the machine did meanwhile, everything was sent and everything arrived.
        assert_eq!(run.counts(["acked", "delivered", "lost"]), [1_250, 250_000, 0], "{:#}", run.brief());
        let delay = run["publish_delay_us"]["p99"].as_u64().unwrap();
        (delay, run["verdict"] == "valid")
    });
    let (delay, valid) = median(measured);
    assert!(delay < 5_000 && valid, "publish delay p99 in µs, and whether the run is valid: {measured:?}");
}
