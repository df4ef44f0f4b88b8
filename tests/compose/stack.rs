//! The same picture as a stack of a swarm: `deploy/stack.yml`.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::project::{PATIENCE, chat, container_of, docker, get, guest, said, wait_until};
use crate::support::client::Client;

const NAME: &str = "lab-stack";

/// A swarm of this engine alone, with the stack. Dropping it ends both.
struct Stack;

fn deploy() -> Command {
    let mut command = Command::new("docker");
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["stack", "deploy", "--resolve-image", "never", "--compose-file", "deploy/stack.yml", NAME]);
    command
}

/// The containers of a service that run, by their short ids.
fn containers(service: &str) -> Vec<String> {
    let service = format!("label=com.docker.swarm.service.name={NAME}_{service}");
    docker(&["ps", "--quiet", "--filter", &service]).lines().map(str::to_owned).collect()
}

impl Stack {
    fn down(&self) {
        docker(&["stack", "rm", NAME]);
        let ours = format!("label=com.docker.stack.namespace={NAME}");
        for things in [&["ps", "--all"][..], &["network", "ls"], &["config", "ls"], &["service", "ls"]] {
            let list = [things, &["--quiet", "--filter", &ours]].concat();
            wait_until(&format!("no {things:?} of the stack"), || docker(&list).is_empty());
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for arguments in
                [&["service", "ls"][..], &["stack", "ps", "--no-trunc", NAME], &["stack", "rm", NAME]]
            {
                let output = Command::new("docker").args(arguments).output();
                eprintln!("{}", output.map(|output| said(&output)).unwrap_or_default());
            }
        } else {
            self.down();
        }
        // The engine is this test's alone, and is no swarm for the others.
        let _ = Command::new("docker").args(["swarm", "leave", "--force"]).output();
    }
}

/// Waits until so many nodes are behind the balancer.
async fn balances(nodes: usize) {
    let wanted = format!("on {nodes} nodes");
    wait_until(&format!("a balancer {wanted}"), || {
        containers("balancer").first().is_some_and(|balancer| {
            let log = Command::new("docker").args(["logs", balancer]).output().unwrap();
            said(&log)
                .lines()
                .rfind(|line| line.contains(" nodes"))
                .is_some_and(|line| line.ends_with(&wanted))
        })
    });
    let deadline = Instant::now() + PATIENCE;
    while !get("/readyz").await.starts_with("HTTP/1.1 200") {
        assert!(Instant::now() < deadline, "no node is ready");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_swarm_runs_the_chat_and_replaces_a_killed_node() {
    docker(&["swarm", "init", "--advertise-addr", "127.0.0.1"]);
    let stack = Stack;
    let output = deploy().env_remove("PUBSUB_LAB_SECRET").output().unwrap();
    assert!(
        !output.status.success() && said(&output).contains("set a secret of your own"),
        "{}",
        said(&output)
    );

    let begun = Instant::now();
    let output = deploy().env("PUBSUB_LAB_SECRET", "a secret of this test").output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    balances(4).await;
    println!("{NAME}: up after {:.1} s", begun.elapsed().as_secs_f64());

    let mut people = Vec::new();
    for number in 0..4 {
        let (mut client, node) = guest(&format!("guest {number}")).await;
        client.enter("lobby").await;
        people.push((client, node));
    }
    let nodes: BTreeSet<_> = people.iter().map(|(_, node)| node.clone()).collect();
    assert_eq!(nodes.len(), 4, "{nodes:?}");
    assert_eq!(people[0].0.publish("lobby", "hello to all").await["type"], "ack");
    for (client, _) in &mut people {
        client.text_of_message("hello to all").await;
    }

    let session = people[0].0.next_session().await;
    let dead = people[0].1.clone();
    docker(&["kill", container_of(&dead)]);
    let mut back = Client::v1_at(chat()).await;
    back.say(json!({"type": "hello", "session": session})).await;
    let welcome = back.frame_of("welcome").await;
    assert_eq!((&welcome["name"], &welcome["rooms"]), (&json!("guest 0"), &json!(["lobby"])), "{welcome}");
    assert_ne!(welcome["node"], dead.as_str());
    back.frame_of("subscribed").await;
    wait_until("another node in its place", || containers("nodes").len() == 4);
    assert!(!containers("nodes").iter().any(|container| container == container_of(&dead)));
    balances(4).await;

    docker(&["service", "scale", "--detach", &format!("{NAME}_nodes=6")]);
    balances(6).await;
    assert_eq!(people[1].0.publish("lobby", "with six").await["type"], "ack");
    back.text_of_message("with six").await;
    drop(stack);
}
