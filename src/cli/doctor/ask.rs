//! Asks programs for their versions. None of them may hold the doctor up.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// How long any program may take; all are asked at once.
pub(super) const PATIENCE: Duration = Duration::from_millis(2_500);

/// The output of a program on standard output, if it ends well and in time.
pub(super) async fn output(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The version that a program tells.
pub(super) async fn version(program: &Path, arguments: &[&str]) -> Option<String> {
    version_in(&output(program, arguments).await?)
}

/// The first word of a text that is two numbers or more with dots between, perhaps after a `v` or `v=`.
pub(super) fn version_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || "=,()".contains(c));
    words.map(|word| word.strip_prefix('v').unwrap_or(word)).find(|word| is_version(word)).map(str::to_owned)
}

fn is_version(word: &str) -> bool {
    let mut parts = word.split('.');
    let mut number = || parts.next().is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    number() && number()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_however_it_is_said() {
        for (said, version) in [
            ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", "7.0.15"),
            ("Docker version 28.2.2, build e6534b4", "28.2.2"),
            ("ChromeDriver 156.0.8078.108 (730482a)", "156.0.8078.108"),
            ("v20.20.2\n", "20.20.2"),
            ("mdbook v0.4.40", "0.4.40"),
            ("3.10.8\n", "3.10.8"),
        ] {
            assert_eq!(version_in(said).as_deref(), Some(version), "{said}");
        }
        assert_eq!(version_in("no such option. 12 errors"), None);
    }
}
