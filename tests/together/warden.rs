//! The warden and what it watches over: real processes, a real pipe, no lab around them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::process::{
    PATIENCE, Running, Seen, assert_gone, assert_soon, eventually, program, with_marker,
};
use nix::sys::signal::Signal;
use pubsub_lab::lab::base::Base;
use pubsub_lab::lab::process::{Process, Spec};
use pubsub_lab::lab::{Events, LabEvent};

/// What the lab promises when it ends in whatever way.
const PROMISE: Duration = Duration::from_secs(5);

fn base() -> (Base, Events) {
    Base::new(program()).expect("the warden starts")
}

fn shell(base: &Base, script: &str) -> Spec {
    Spec {
        name: "shell".into(),
        program: "sh".into(),
        args: vec!["-c".into(), script.into()],
        env: Vec::new(),
        clean: false,
        dir: None,
        log: base.directory().join("shell.log"),
        leaves: false,
    }
}

/// A shell that does this once its end is told.
async fn told(base: &Base, script: &str) -> Process {
    let go = base.directory().join("go");
    let waiting = format!("until [ -e '{}' ]; do sleep 0.01; done; {script}", go.display());
    let process = started(base, &waiting).await;
    std::fs::write(go, "").unwrap();
    process
}

/// A shell that has said that it is there.
async fn started(base: &Base, script: &str) -> Process {
    let spec = shell(base, &format!("echo here; {script}"));
    let (process, mut lines) = Process::start(&spec, base.supervision()).expect("a shell starts");
    assert_eq!(lines.recv().await.as_deref(), Some("here"));
    assert!(process.announce());
    process
}

fn all_of(marker: &str, count: usize) -> Vec<Seen> {
    assert!(eventually(PATIENCE, || with_marker(marker).len() == count), "{:#?}", with_marker(marker));
    with_marker(marker)
}

/// An argument of `sleep` that no other process has.
fn marker() -> String {
    format!("300.{}", rand::random::<u32>())
}

#[tokio::test]
async fn whatever_is_written_down_ends_with_the_pipe() {
    let (base, _events) = base();
    let marker = marker();
    let directory = base.directory().to_owned();
    std::fs::write(directory.join("file"), "x").unwrap();
    // One with a grandchild in its group, one that does not listen to SIGTERM, one that stands still.
    let family = started(&base, &format!("sleep {marker} & wait")).await;
    let deaf = started(&base, &format!("trap '' TERM HUP INT; while :; do sleep {marker}; done")).await;
    let stopped = started(&base, &format!("sleep {marker}; :")).await;
    let sleepers = all_of(&marker, 6);
    stopped.pause().await;

    assert!(base.supervision().warden.release(PROMISE).await, "the warden is done in time");

    assert_gone(&sleepers, PROMISE);
    assert!(!directory.exists());
    for process in [family, deaf, stopped] {
        process.ended().await;
    }
}

#[tokio::test]
async fn a_program_that_cannot_start_is_told() {
    let (base, _events) = base();
    let spec = Spec { program: "/nonexistent/program".into(), ..shell(&base, "") };
    let error = Process::start(&spec, base.supervision()).map(drop).expect_err("it does not start");
    assert_eq!(error.exit, 4);
    assert!(error.message.starts_with("shell could not be started (/nonexistent/program): "), "{error}");
    base.close().await;
}

/// The task that kills what is dropped needs a thread while this one looks for what is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_in_order_leaves_nothing() {
    let (base, _events) = base();
    let marker = marker();
    let directory = base.directory().to_owned();
    started(&base, &format!("sleep {marker} & wait")).await;
    let kept = started(&base, &format!("sleep {marker} & wait")).await;
    let sleepers = all_of(&marker, 2);
    base.close().await;
    kept.ended().await;
    assert_gone(&sleepers, Duration::from_secs(1));
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_death_that_nobody_asked_for_is_told_with_its_last_words() {
    let (base, mut events) = base();
    let process =
        told(&base, "for n in 1 2 3 4 5 6 7 8 9 10 11; do echo word $n >&2; done; kill -KILL $$").await;
    let LabEvent::Died(death) = events.next().await else { panic!("the warden lives") };
    assert_eq!(death.to_string(), "shell died: killed by SIGKILL");
    assert_eq!(death.log.len(), 10);
    assert_eq!(death.log.last().map(String::as_str), Some("word 11"));
    assert!(!process.is_running());
    base.close().await;
}

#[tokio::test]
async fn an_end_that_was_asked_for_is_not_told() {
    let (base, mut events) = base();
    started(&base, "sleep 300").await.kill().await;
    started(&base, "sleep 300").await.stop(PATIENCE).await;
    let told = told(&base, "exit 7").await;
    let LabEvent::Died(death) = events.next().await else { panic!("the warden lives") };
    assert_eq!(death.how, "exit code 7", "the first that is told is the third that died");
    told.ended().await;
    base.close().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_makes_a_session_of_his_own_ends_as_well() {
    let (base, _events) = base();
    let marker = marker();
    // Not before it is in its session: until then it is in the group that ends with the shell.
    let there = base.directory().join("there");
    let daemon = format!("setsid sh -c '>\"$0\"; exec sleep {marker}' {}", there.display());
    let wait = format!("until [ -e '{}' ]; do sleep 0.01; done", there.display());
    started(&base, &format!("{daemon} & {wait}")).await.ended().await;
    let daemon = all_of(&marker, 1);
    base.close().await;
    assert_gone(&daemon, PROMISE);
}

/// The runtime has one worker here: whatever holds it holds this test as well.
#[tokio::test]
async fn chatter_keeps_nobody_from_work() {
    let (base, _events) = base();
    let log = base.directory().join("shell.log");
    let mut latest = Vec::new();
    // Whoever shares this machine holds this test up once, the chatter would each time.
    for round in 1..=3_u64 {
        let process = started(&base, "yes | head -c 40000000").await;
        let mut worst = Duration::ZERO;
        while process.is_running() {
            let asleep = tokio::time::Instant::now();
            tokio::time::sleep(Duration::from_millis(5)).await;
            worst = worst.max(asleep.elapsed());
        }
        latest.push(worst);
        // The last of it is written by a thread, which need not be done when the process is.
        let all = round * (40_000_000 + "here\n".len() as u64);
        assert_soon(PATIENCE, all, || std::fs::metadata(&log).unwrap().len());
    }
    assert!(latest.iter().min() < Some(&Duration::from_millis(300)), "{latest:?}");
    base.close().await;
}

#[tokio::test]
async fn stopping_turns_into_killing() {
    let (base, _events) = base();
    let marker = marker();
    let process = started(&base, &format!("trap '' TERM; while :; do sleep {marker}; done")).await;
    let family = all_of(&marker, 2);
    process.stop(Duration::from_millis(50)).await;
    assert!(!process.is_running());
    assert_gone(&family, Duration::from_secs(1));
    base.close().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_paused_process_stands_still_and_goes_on() {
    let (base, _events) = base();
    let process = started(&base, "exec sleep 300").await;
    let path = format!("/proc/{}/stat", process.id());
    let stopped = || std::fs::read_to_string(&path).unwrap().contains(") T ");
    process.pause().await;
    assert_soon(PATIENCE, true, stopped);
    process.resume().await;
    assert_soon(PATIENCE, false, stopped);
    assert!(process.is_running());
    // A paused one hears SIGTERM as well.
    process.pause().await;
    process.stop(PATIENCE).await;
    base.close().await;
}

/// A lab with two hundred shells. By itself it closes them and looks whether they are gone; the tests below
/// start it as a process of its own, and it waits for what they do to it.
#[test]
fn as_a_lab() {
    let given = std::env::var("PUBSUB_LAB_TEST_MARKER");
    let alone = given.is_err();
    let marker = given.unwrap_or_else(|_| marker());
    let shells = std::env::var("PUBSUB_LAB_TEST_SHELLS").map_or(200, |shells| shells.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (base, mut events) = base();
        let directory = base.directory().to_owned();
        println!("directory {}", directory.display());
        let spec = shell(&base, &format!("sleep {marker}; :"));
        let mut processes = Vec::new();
        for _ in 0..shells {
            processes.push(Process::start(&spec, base.supervision()).expect("a shell starts"));
        }
        println!("started");
        if alone {
            let family = all_of(&marker, 400);
            base.close().await;
            assert_gone(&family, PROMISE);
            assert!(eventually(PROMISE, || !directory.exists()));
            return;
        }
        println!("event {:?}", events.next().await);
        for (process, _) in &processes {
            process.ended().await;
        }
        base.close().await;
        println!("closed");
    });
}

fn another_lab(marker: &str, shells: usize) -> Running {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["warden::as_a_lab", "--exact", "--nocapture"]);
    command.env("PUBSUB_LAB_TEST_MARKER", marker).env("PUBSUB_LAB_TEST_SHELLS", shells.to_string());
    Running::start(command)
}

fn directory_of(lab: &Running) -> String {
    let line = lab.out_line("directory ");
    line.split_once("directory ").unwrap().1.to_owned()
}

#[test]
fn a_lab_that_is_killed_while_it_starts_things_leaves_nothing() {
    let marker = marker();
    // So many that it is far from done when it is killed.
    let mut lab = another_lab(&marker, 5_000);
    let directory = directory_of(&lab);
    // In the middle of its starts: some children are programs, one may be between fork and exec.
    assert!(eventually(PATIENCE, || with_marker(&marker).len() >= 20));
    lab.signal(Signal::SIGKILL);
    lab.ended_within(PATIENCE);
    let gone = eventually(PROMISE, || with_marker(&marker).is_empty() && !Path::new(&directory).exists());
    assert!(gone, "{directory}: {:#?}", with_marker(&marker));
    // What was between fork and exec would show up now.
    assert_eq!(with_marker(&marker), []);
    assert!(!lab.out().contains(&"started".to_owned()), "it was done before");
}

#[test]
fn what_a_terminal_says_to_everybody_does_not_end_the_warden() {
    let marker = marker();
    let mut lab = another_lab(&marker, 200);
    let directory = directory_of(&lab);
    lab.out_line("started");
    let warden = lab.descendant("pubsub-lab warden");
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        warden.signal(signal);
    }
    lab.signal(Signal::SIGKILL);
    lab.ended_within(PATIENCE);
    let gone = eventually(PROMISE, || with_marker(&marker).is_empty() && !Path::new(&directory).exists());
    assert!(gone, "{directory}: {:#?}", with_marker(&marker));
    assert_gone(&[warden], PROMISE);
}

#[test]
fn a_dead_warden_is_told_and_ends_everything() {
    let marker = marker();
    let mut lab = another_lab(&marker, 200);
    let directory = directory_of(&lab);
    lab.out_line("started");
    lab.descendant("pubsub-lab warden").signal(Signal::SIGKILL);
    lab.out_line("event WardenDied");
    lab.out_line("closed");
    assert!(lab.ended_within(PATIENCE).success());
    assert_soon(PROMISE, Vec::new(), || with_marker(&marker));
    assert!(!Path::new(&directory).exists());
}
