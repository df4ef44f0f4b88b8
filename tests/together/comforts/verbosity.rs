//! `-q` and `-v`.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{pubsub_lab, run, succeeded, text};

/// What a service says on standard error, from its start until it is asked to end.
fn log_of(args: &[&str], variable: Option<&str>) -> String {
    let mut command = pubsub_lab(args);
    if let Some(filter) = variable {
        command.env("PUBSUB_LAB_LOG", filter);
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
    said
}

#[test]
fn quiet_is_silent_beside_results_and_errors() {
    assert!(succeeded(&run(&["-q", "scenarios"])).contains("broker-down"));
    assert!(succeeded(&run(&["scenarios", "list", "--quiet"])).contains("broker-down"));
    let output = run(&["-q", "scenarios", "show", "nothing"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error: no scenario is called `nothing`\nhint: "));
}

#[test]
fn quiet_and_verbose_exclude_each_other() {
    let output = run(&["-q", "-v", "scenarios"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot be used with"), "{}", text(&output.stderr));
}

#[test]
fn a_node_logs_as_it_is_told() {
    let node = ["node", "local", "--listen", "127.0.0.1:0"];
    let with = |flag: &str, variable| log_of(&[&node[..], &[flag]].concat(), variable);
    assert_eq!(with("-q", None), "", "nothing is wrong, so nothing is said");
    assert!(with("-v", None).contains("listening"));
    assert_eq!(with("-vv", Some("off")), "", "the variable wins");
    let said = with("-q", Some("info"));
    assert!(said.contains("listening"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said}");
}

#[test]
fn run_is_quiet_or_tells_what_its_nodes_log() {
    let run = ["run", "local", "--nodes", "1", "--port", "0"];
    assert_eq!(log_of(&[&run[..], &["-q"]].concat(), None), "");
    let normal = log_of(&run, None);
    assert!(normal.contains("logs in ") && !normal.contains("debug"), "{normal}");
    let more = log_of(&[&run[..], &["-v"]].concat(), None);
    assert!(more.contains("nodes and history log info,pubsub_lab=debug"), "{more}");
}
