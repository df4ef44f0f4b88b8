//! One short bench, for all tests of this target.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use crate::support::process::pubsub_lab;
use crate::support::report::{Ended, Run, conclusive, short};

/// A node is killed for a while: there is a fault, a recovery, and something is lost.
fn scenario() -> String {
    let fault = "[[fault]]\nat = \"600ms\"\nfor = \"400ms\"\nkill = \"node 1\"\n";
    let scenario = short("[expect]\nlost = 0\n") + fault;
    format!("patterns = [\"local\"]\n{}", scenario.replace("duration = \"3s\"", "duration = \"1500ms\""))
}

/// The bench; its scenario's one expectation fails.
pub fn bench() -> &'static Ended {
    static BENCH: OnceLock<Ended> = OnceLock::new();
    BENCH.get_or_init(|| conclusive(&scenario(), &[]))
}

/// Its directory.
pub fn dir() -> PathBuf {
    bench().place.path().join("out")
}

/// Its one run.
pub fn run() -> Run {
    bench().report().run("local")
}

/// One of its files.
pub fn file(name: &str) -> String {
    let path = dir().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `pubsub-lab report` with these arguments, in a directory.
pub fn report_in(dir: &Path, args: &[&str]) -> Output {
    pubsub_lab(&["report"]).args(args).current_dir(dir).output().unwrap()
}

/// What it prints, if it goes well.
pub fn printed(dir: &Path, args: &[&str]) -> String {
    let output = report_in(dir, args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
