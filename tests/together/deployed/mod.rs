//! What is deployed, held against what other people say of it: the schemas of Kubernetes, and Prometheus's own tool.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::python::judge;

/// What `promtool` says to this text. It has to succeed, and to have nothing to say.
pub fn promtool(words: &[&str], text: &str) -> String {
    let mut tool = Command::new("promtool")
        .args(words)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("there is no promtool: run `make setup`");
    tool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(output.status.success(), "promtool {words:?}: {said}");
    said
}

/// Other people's lint has nothing to say of these metrics.
pub fn check_metrics(text: &str) {
    assert!(text.contains("# HELP pubsub_lab_"), "{text}");
    assert_eq!(promtool(&["check", "metrics"], text), "", "{text}");
}

#[test]
fn the_rules_and_the_scraping_are_valid() {
    assert!(promtool(&["check", "rules", "deploy/observe/alerts.yml"], "").contains("SUCCESS"));
    let config = ["check", "config", "--syntax-only", "deploy/observe/prometheus.yml"];
    assert!(promtool(&config, "").contains("SUCCESS"));
}

/// Strictly, so that a mistyped key is an error; and against the oldest version that has all that they use, and the newest.
#[test]
fn the_files_for_kubernetes_follow_its_schemas_and_fit_together() {
    let said =
        judge("together/deployed/kubernetes.py", &[Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")], "");
    let words: Vec<_> = said.split_whitespace().collect();
    let [kustomizations, objects] = words[..] else { panic!("{said}") };
    assert!(kustomizations.parse::<u32>().unwrap() >= 4 && objects.parse::<u32>().unwrap() >= 12, "{said}");
}
