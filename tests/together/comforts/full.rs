//! Output that nobody could take is no success: every command that prints says so and fails.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};

use super::{SUBCOMMANDS, pubsub_lab, text};

/// Every command that prints and ends at once.
fn commands() -> Vec<Vec<&'static str>> {
    let mut commands = vec![
        vec!["scenarios"],
        vec!["scenarios", "show", "steady"],
        vec!["scenarios", "check", "steady"],
        vec!["schema", "scenario"],
        vec!["schema", "report"],
        vec!["man"],
        vec!["doctor"],
        vec!["doctor", "--format", "json"],
        vec!["--help"],
        vec!["--version"],
        vec!["help", "bench"],
    ];
    commands.extend(["bash", "zsh", "fish", "elvish", "powershell"].map(|shell| vec!["completions", shell]));
    commands.extend(SUBCOMMANDS.map(|name| vec![name, "--help"]));
    commands
}

#[test]
fn a_full_disk_fails_every_command_that_prints() {
    for args in commands() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = pubsub_lab(&args).stdout(full).output().expect("the binary runs");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{args:?}: {said}");
        assert!(
            said.starts_with("error: cannot write to stdout: No space left on device"),
            "{args:?}: {said}"
        );
        assert_eq!(said.lines().count(), 2, "{args:?}: {said}");
        assert!(said.lines().last().unwrap().starts_with("hint: "), "{args:?}: {said}");
    }
}

#[test]
fn half_a_schema_is_no_success() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("schema.json");
    // A file may grow to 4 KiB: the first half is written, and then no more.
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$0\" schema report";
    let mut command = Command::new("bash");
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_pubsub-lab")])
        .stdout(std::fs::File::create(&file).unwrap());
    let output = command.stderr(Stdio::piped()).output().unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 4096, "the limit holds");
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).starts_with("error: cannot write to stdout: File too large"));
}

#[test]
fn control_a_reader_that_has_enough_is_no_error() {
    for command in ["schema report", "scenarios", "completions bash", "--help", "man", "doctor"] {
        let script = format!("\"$0\" {command} | true; exit ${{PIPESTATUS[0]}}");
        let mut bash = Command::new("bash");
        let output = bash.args(["-c", &script, env!("CARGO_BIN_EXE_pubsub-lab")]).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{command}");
    }
}
