//! Whatever ends, in whatever way: nothing is left of a lab, and a lab goes on without what is not itself.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::lab::Lab;
use super::{BOOT, KILLED, ORDERLY};
use crate::support::process::{PATIENCE, eventually};

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
    let mut lab = Lab::with(&["--nodes", "2"], |command| {
        // What is said to an installed RabbitMQ is not said to this one.
        command.env("RABBITMQ_NODENAME", "rabbit@elsewhere").env("RABBITMQ_CONFIG_FILE", "/nonexistent/file");
        command.env("ERL_FLAGS", "-sname elsewhere").env("RABBITMQ_NODE_PORT", "1");
    });
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
    lab.running.err_line("  | the whole log is /");
    lab.running.err_line("the nodes and the history keep running, without their broker");
    let err = lab.running.err();
    let died = err.iter().position(|line| line.starts_with("rabbitmq died")).unwrap();
    let words = err[died + 1..].iter().take_while(|line| line.starts_with("  | ")).count();
    assert_eq!(words, 2, "one line and where the others are: {}", lab.running.everything());
    lab.running.descendant("epmd -port").signal(Signal::SIGKILL);
    lab.running.err_line("epmd died: killed by SIGKILL");
    lab.running.signal(Signal::SIGINT);
    assert_eq!(lab.running.ended_within(ORDERLY).code(), Some(0));
    lab.assert_nothing_left(&everything, Duration::ZERO);
}
