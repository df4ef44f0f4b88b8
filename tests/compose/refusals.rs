//! What cannot work is said in a sentence, with what to do about it.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use super::project::{PORT, Project, get, said, wait_until};

/// `deploy/up.sh` with these arguments, for a project of this name.
fn up(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/up.sh"));
    command.args(arguments).env("COMPOSE_PROJECT_NAME", format!("lab-{name}"));
    command
}

/// Asserts that a command fails with this exit code, and ends with these words of an error and a hint.
#[track_caller]
fn refuses(mut command: Command, code: i32, error: &str, hint: &str) {
    let output = command.output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    let last: Vec<_> = said.lines().rev().take(2).collect();
    assert!(last[1].starts_with("error: ") && last[1].contains(error), "{said}");
    assert!(last[0].starts_with("hint: ") && last[0].contains(hint), "{said}");
}

#[test]
fn a_wrong_pattern_no_engine_and_no_disk() {
    refuses(up("none", &[]), 2, "no pattern was named", "deploy/up.sh redis");
    refuses(up("none", &["kafka"]), 2, "no pattern 'kafka'", "deploy/up.sh redis");
    let mut away = up("none", &["redis"]);
    away.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    refuses(away, 4, "no Docker engine answers at unix:///nowhere/docker.sock", "start it");
    let mut full = up("none", &["redis"]);
    full.env("NEEDED_MB", "999999999");
    refuses(full, 4, "MB are free at", "docker system prune");
    let mut open = up("none", &["redis"]);
    open.env("BIND", "0.0.0.0");
    refuses(open, 2, "others can reach 0.0.0.0", "PUBSUB_LAB_SECRET");
}

#[tokio::test]
async fn a_port_that_is_taken_and_a_second_pattern() {
    let project = Project::new("taken", &["local"]);
    let taken = TcpListener::bind(("0.0.0.0", PORT)).unwrap();
    refuses(up("taken", &["local", "--no-build"]), 4, "port 8080 is taken", "PORT=8090");
    drop(taken);
    let mut now = up("taken", &["local", "--no-build"]);
    let output = now.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("the chat is at http://localhost:8080"));
    project.ready().await;
    refuses(up("taken", &["redis", "--no-build"]), 2, "the pattern local is up", "--profile local down");
}

#[tokio::test]
async fn a_compose_without_a_pattern_says_which_there_are() {
    let project = Project::new("profile", &["reddis"]);
    project.compose(&["up", "--detach", "--no-build"]);
    wait_until("a sentence", || {
        let log = project.compose(&["logs", "balancer"]);
        log.contains("error: no node is up")
            && log.contains("hint: choose a pattern: docker compose --profile redis up")
    });
    let answer = get("/").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("choose a pattern"), "{answer}");
}
