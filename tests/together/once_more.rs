//! `tests/once_more.sh`, which runs a test that judges time once more, against programs that end as a test program does.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// A test program of three tests: one passes, one fails beside the others and passes by itself, and `bad` does this.
fn run(bad: &str) -> (Option<i32>, Vec<String>) {
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("program");
    let script = format!(
        r#"#!/bin/sh
result() {{ echo; echo "test result: $1"; exit "$2"; }}
case "$*" in
*--exact*a::flaky*) echo 'test a::flaky ... ok'; result 'ok. 1 passed; 0 failed' 0 ;;
*--exact*a::bad*) echo 'test a::bad ... FAILED'; result 'FAILED. 0 passed; 1 failed' 101 ;;
*--exact*) result 'ok. 0 passed; 0 failed' 0 ;;
esac
echo 'test a::good ... ok'
{bad}
printf 'test a::flaky ... it prints something\nFAILED\n\nfailures:\n\n---- a::flaky stdout ----\n    not::a_name of a test\n'
printf '\nfailures:\n    a::flaky\n'
[ -z "$also" ] || echo "    $also"
result "FAILED. 1 passed" 101
"#
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/once_more.sh");
    let output = Command::new(script).arg(&program).arg("a::").output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let said = |line: &&str| line.starts_with("flaky: ") || line.starts_with("failed twice: ");
    (output.status.code(), out.lines().filter(said).map(Into::into).collect())
}

#[test]
fn what_passes_by_itself_is_named_and_passes() {
    assert_eq!(run(""), (Some(0), vec!["flaky: a::flaky".into()]));
}

#[test]
fn when_everything_passes_nothing_is_flaky() {
    assert_eq!(run("exit 0"), (Some(0), vec!["flaky: none".into()]));
}

#[test]
fn what_fails_twice_fails_and_the_flaky_are_named_all_the_same() {
    let (code, said) = run("also=a::bad");
    assert_eq!((code, said), (Some(1), vec!["failed twice: a::bad".into(), "flaky: a::flaky".into()]));
}

#[test]
fn a_name_that_no_test_has_does_not_pass() {
    let (code, said) = run("also=a::unheard");
    assert_eq!((code, said), (Some(1), vec!["failed twice: a::unheard".into(), "flaky: a::flaky".into()]));
}

#[test]
fn a_program_that_ends_without_naming_a_test_fails() {
    assert_eq!(run("exit 134"), (Some(1), vec![]));
    // It failed a test, and never came to those after it.
    assert_eq!(run("echo 'test a::flaky ... FAILED'; exit 134"), (Some(1), vec![]));
}
