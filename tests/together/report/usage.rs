//! What the command says when there is nothing to read, and what it leaves alone.

use std::fs;

use super::literal::{five, write};
use super::once::{dir, file, printed, report_in};

#[test]
fn without_a_directory_it_is_the_last_run() {
    let place = tempfile::tempdir().unwrap();
    let output = report_in(place.path(), &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.starts_with("error: there is no last run here: runs/latest has no report\nhint: "),
        "{said}"
    );
    write(place.path(), "runs/latest", &five([1, 2, 3, 4, 5]));
    assert!(printed(place.path(), &[]).contains("redis"));
}

#[test]
fn what_cannot_be_read_is_wrong_usage() {
    let place = tempfile::tempdir().unwrap();
    for (name, text) in [("torn", "{\"schema\": 1"), ("later", "{\"schema\": 2}")] {
        fs::create_dir(place.path().join(name)).unwrap();
        fs::write(place.path().join(name).join("report.json"), text).unwrap();
    }
    for dirs in
        [&["nowhere"][..], &["torn"], &["later"], &["nowhere", "torn"], &["--merge", "torn"], &["--merge"]]
    {
        let output = report_in(place.path(), dirs);
        assert_eq!(output.status.code(), Some(2), "{dirs:?} {output:?}");
        assert!(output.stdout.is_empty());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("error: ") && !said.contains("panicked"), "{said}");
    }
}

#[test]
fn the_files_of_an_older_report_are_written_anew() {
    let place = tempfile::tempdir().unwrap();
    let old = place.path().join("old");
    fs::create_dir(&old).unwrap();
    fs::copy(dir().join("report.json"), old.join("report.json")).unwrap();
    printed(place.path(), &["old", "--write"]);
    for name in ["latency.hlog", "percentiles.hgrm", "timeline.csv", "report.md", "report.json"] {
        assert_eq!(fs::read_to_string(old.join(name)).unwrap(), file(name), "{name}");
    }
}

#[test]
fn a_page_that_cannot_be_shown_is_named() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), "a", &five([1, 2, 3, 4, 5]));
    let open = || {
        let mut command = crate::support::process::pubsub_lab(&["report", "a", "--open"]);
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"] {
            command.env_remove(name);
        }
        let output = command.current_dir(place.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = open();
    assert_eq!(code, Some(2));
    assert!(said.contains("there is no page a/report.html\nhint: "), "{said}");
    if cfg!(target_os = "linux") {
        fs::write(place.path().join("a/report.html"), "<html></html>").unwrap();
        let (code, said) = open();
        assert_eq!(code, Some(4), "{said}");
        assert!(said.contains("a/report.html cannot be opened: there is no display\nhint: "), "{said}");
    }
}
