//! What agents are not asked in vain: each refusal is a sentence that says what to do, and leaves no part.

use std::net::TcpListener;

use super::{LOAD, Stage};
use crate::support::process::{PATIENCE, Running, eventually, pubsub_lab};

/// Asserts how an agent ended that was refused.
fn refused(mut agent: Running, exit: i32, message: &str, hint: &str) {
    let status = agent.ended_within(PATIENCE);
    let said = agent.everything();
    assert_eq!(status.code(), Some(exit), "{said}");
    let (sentence, rest) = said.split_once("hint: ").unwrap_or_else(|| panic!("no hint: {said}"));
    assert!(sentence.contains(message) && rest.contains(hint), "{said}");
}

#[test]
fn wrong_input_is_refused_with_what_to_do() {
    let stage = Stage::new(LOAD);
    let soon = ["--start-at", "4000000000"];
    refused(stage.agent(5, 4, &soon), 2, "there is no agent 5 of 4", "load --help");
    refused(stage.agent(1, 5, &soon), 2, "5 agents cannot share 4 publishers", "`--publishers`");
    refused(
        stage.agent(1, 13, &[&soon[..], &["--publishers", "20"]].concat()),
        2,
        "13 agents cannot share 12 subscribers",
        "`--subscribers`",
    );
    refused(stage.agent(1, 2, &[]), 2, "not said when the agents begin", "--serve-barrier");
    refused(stage.agent(1, 2, &["--start-at", "tomorrow"]), 2, "not a moment", "`date +%s`");
    refused(stage.agent(1, 2, &["--start-at", "1000"]), 2, "s ago by the clock", "`--barrier`");
    refused(stage.agent(1, 2, &["--barrier", "first"]), 2, "not a host and a port", "first:7300");
    std::fs::create_dir(stage.part(1)).unwrap();
    refused(stage.agent(1, 2, &soon), 2, "is there already", "`--out`");
    assert!(!stage.part(2).exists());
}

#[test]
fn faults_that_strike_processes_are_refused() {
    let stage = Stage::new(&format!("{LOAD}[[fault]]\nat = \"1s\"\nkill = \"node 0\"\n"));
    refused(stage.agent(1, 2, &["--start-at", "4000000000"]), 2, "`kill node 0`", "run = ");
    assert!(!stage.part(1).exists());
}

#[test]
fn a_barrier_that_is_not_there_or_cannot_be_served_is_named() {
    let stage = Stage::new(LOAD);
    let at = format!("127.0.0.1:{}", stage.barrier.number());
    let agent = stage.agent(2, 2, &["--barrier", &at, "--barrier-wait", "500ms"]);
    refused(agent, 4, &format!("nobody serves a barrier at {at}"), "--serve-barrier");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    let agent = stage.agent(1, 2, &["--serve-barrier", &at]);
    refused(agent, 4, &format!("cannot be served at {at}"), "`--serve-barrier`");
    assert!(!stage.part(1).exists() && !stage.part(2).exists());
}

#[test]
fn agents_that_do_not_belong_together_do_not_start() {
    let stage = Stage::new(LOAD);
    let first = stage.meeting(1, 3, &["--barrier-wait", "20s"]);
    first.err_line(": meet");
    refused(
        stage.meeting(2, 3, &["--seed", "7"]),
        4,
        "agent 2 and agent 1 are not of one load",
        "same scenario",
    );
    let second = stage.meeting(2, 3, &[]);
    second.err_line(": meet");
    let mut twin = pubsub_lab(&["load", "-s", "shared.toml", "--share", "2/3", "--out", "twin", "--url"]);
    twin.arg(format!("ws://{}", stage.node.address)).arg("--barrier");
    twin.arg(format!("127.0.0.1:{}", stage.barrier.number())).current_dir(stage.place.path());
    let twin = Running::start(twin);
    // Nobody knows which of the two is there first.
    let said = || second.everything() + &twin.everything();
    let refused =
        || said().contains("error: there is an agent 2 already\nhint: give each agent a number of its own");
    assert!(eventually(PATIENCE, refused), "{}", said());
}

#[test]
fn the_number_of_a_job_is_taken_from_its_variable() {
    let stage = Stage::new(LOAD);
    let mut command = pubsub_lab(&["load", "-s", "shared.toml", "--share", "job/2", "--out", "p", "--url"]);
    command.arg(format!("ws://{}", stage.node.address)).args(["--start-at", "1000"]);
    command.current_dir(stage.place.path());
    command.env("JOB_COMPLETION_INDEX", "2");
    refused(Running::start(command), 2, "there is no agent 3 of 2", "load --help");
    let mut command = pubsub_lab(&["load", "-s", "shared.toml", "--share", "job/2", "--out", "p", "--url"]);
    command.arg("ws://127.0.0.1:1").args(["--start-at", "1000"]).current_dir(stage.place.path());
    refused(Running::start(command), 2, "JOB_COMPLETION_INDEX is not set", "load --help");
}
