//! What cannot be: said before anything is measured, with what to do.

use std::path::Path;

use super::Servers;
use crate::support::process::{Running, pubsub_lab};

/// Runs `bench --scenario steady` with these arguments; gives the exit code and standard error.
fn bench(directory: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = pubsub_lab(&["bench", "--scenario", "steady", "--duration", "1s", "--warm-up", "0s"]);
    command.args(args).args(["--out", "out"]).current_dir(directory);
    let mut running = Running::start(command);
    let code = running.ended_within(std::time::Duration::from_secs(60)).code();
    (code, running.err().join("\n"))
}

#[test]
fn wrong_words() {
    let servers = Servers::new();
    let directory = tempfile::tempdir().unwrap();
    let correct = servers.correct();
    let unknown = directory.path().join("d.toml");
    std::fs::write(&unknown, "publish = \"hello\"\n").unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&["--label", "mine"], "--label is about a server of yours"),
        (&["--dialect", "plain"], "--dialect is about a server of yours"),
        (&["--server", " "], "--server names no command"),
        (&["--server", &correct, "--label", "redis"], "this is the name of a pattern"),
        (&["--server", &correct, "--label", "a/b"], "one word"),
        (&["--server", &correct, "--dialect", "plane"], "neither `plain` nor `v1` nor a file"),
        (&["--server", &correct, "--dialect", "d.toml"], "d.toml"),
        (&["--server", "node {redis} {amqp}"], "can have one broker"),
        (&["--server", "node app.js {prot}"], "there is no {prot}"),
        (&["--url", "ws://127.0.0.1:1", "--broker", "redis"], "those at a --url have theirs"),
        (&["--broker", "redis"], "--broker without a URL is for `--server`"),
        (&["--server", &correct, "--dialect", "plain", "--rooms", "2"], "room"),
        (&["--server", &correct, "--dialect", "plain", "--resend"], "no answers"),
        (&["--server", &correct, "--dialect", "plain", "--presence"], "does not tell who is there"),
        (&["--server", &correct, "--dialect", "plain", "--transport", "ws,sse"], "has no transport `sse`"),
        // Here the lab has to find out that the server speaks another dialect.
        (&["--server", &correct, "--transport", "long-poll"], "only nodes of pubsub-lab.v1 have other"),
    ];
    for (args, expected) in cases {
        let (code, err) = bench(directory.path(), args);
        assert_eq!(code, Some(2), "{args:?}: {err}");
        assert!(err.contains(expected) && err.contains("hint: "), "{args:?}: {err}");
    }
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let (code, err) = bench(directory.path(), &["--server", "echo no such app >&2; exit 7"]);
    assert_eq!(code, Some(4), "{err}");
    assert!(
        err.contains("node 0 ended before it was ready: exit code 7") && err.contains("no such app"),
        "{err}"
    );
    assert!(err.contains("hint: all that it printed is in ") && err.contains("node-0.log"), "{err}");
    let (_, err) = bench(directory.path(), &["--server", "exit 7"]);
    assert!(err.contains("hint: it printed nothing, and its log ") && err.contains("node-0.log"), "{err}");
}

#[test]
fn a_server_that_is_not_told_its_port_is_told_so_before_its_own_words() {
    let directory = tempfile::tempdir().unwrap();
    let failing = |port: &str| {
        bench(directory.path(), &["--server", &format!("echo Error: at app.js:1 {port} >&2; exit 1")]).1
    };
    let clause = "; the command of `--server` has no {port}, so it has to listen on the port in $PORT\n";
    let err = failing("");
    let (told, trace) = (err.find(clause), err.find("app.js:1"));
    assert!(told.is_some() && told < trace, "{err}");
    for port in ["{port}", "$PORT"] {
        let err = failing(port);
        assert!(err.contains("exit code 1\n") && !err.contains("has no {port}"), "{err}");
    }
}

#[test]
fn a_report_that_cannot_be_run_again_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = pubsub_lab(&["bench", "--repeat", "absent"]);
    command.current_dir(directory.path());
    let mut running = Running::start(command);
    assert_eq!(running.ended_within(std::time::Duration::from_secs(20)).code(), Some(2));
    let err = running.err().join("\n");
    assert!(err.contains("cannot read absent: No such file") && err.contains("hint: "), "{err}");
}
