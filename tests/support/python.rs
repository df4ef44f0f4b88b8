//! Judges that other people wrote in Python, out of the environment that `make setup` makes.
#![allow(dead_code, reason = "each test target uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a script of the tests (its path in `tests`) prints, when it is given these words and this text on stdin. It has to
/// succeed.
pub fn judge<W: AsRef<OsStr>>(script: &str, words: &[W], text: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/python/bin/python3");
    assert!(python.exists(), "there is no {}: run `make setup`", python.display());
    let mut judge = Command::new(python)
        .arg(root.join("tests").join(script))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    judge.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = judge.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}
