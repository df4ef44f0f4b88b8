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

#[test]
fn a_foreign_report_cannot_command_the_terminal() {
    let place = tempfile::tempdir().unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&file("report.json")).unwrap();
    let evil = "\u{1b}[2J\u{1b}]0;mine\u{7}\u{9b}1m\u{202e}";
    json["runs"][0]["label"] = format!("red{evil}is").into();
    json["runs"][0]["why"] = serde_json::json!([format!("because{evil}")]);
    json["scenario"]["title"] = format!("title{evil}").into();
    json["versions"][evil] = evil.into();
    fs::create_dir(place.path().join("evil")).unwrap();
    fs::write(place.path().join("evil/report.json"), json.to_string()).unwrap();
    let acts =
        |text: &str| text.chars().any(|c| c == '\u{202e}' || (c.is_control() && c != '\n' && c != '\r'));
    for format in ["text", "json", "md", "csv", "junit"] {
        let text = printed(place.path(), &["evil", "--format", format]);
        assert!(!acts(&text) && !text.contains("\\u00"), "{format}: {text:?}");
    }
    printed(place.path(), &["evil", "--write"]);
    for name in ["report.html", "report.md", "timeline.csv"] {
        let text = fs::read_to_string(place.path().join("evil").join(name)).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{name}");
    }
    assert!(!acts(&printed(place.path(), &["evil", "evil/report.json"])), "a comparison");
}

#[test]
fn a_moment_beyond_every_calendar_is_no_panic() {
    let place = tempfile::tempdir().unwrap();
    for moment in [u64::MAX, 253_402_300_800_000, 1 << 53] {
        let mut json: serde_json::Value = serde_json::from_str(&file("report.json")).unwrap();
        json["runs"][0]["began_unix_ms"] = moment.into();
        fs::create_dir_all(place.path().join("far")).unwrap();
        fs::write(place.path().join("far/report.json"), json.to_string()).unwrap();
        printed(place.path(), &["far", "--write"]);
        assert!(place.path().join("far/report.html").exists());
    }
}

#[test]
fn files_that_are_there_are_replaced_only_by_force() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), "a", &five([1, 2, 3, 4, 5]));
    write(place.path(), "b", &five([1, 2, 3, 4, 6]));
    fs::create_dir(place.path().join("c")).unwrap();
    fs::copy(dir().join("report.json"), place.path().join("c/mine.json")).unwrap();
    fs::write(place.path().join("c/report.md"), "mine").unwrap();
    let real = dir().display().to_string();
    printed(place.path(), &["--merge", "a", "b", "--out", "both"]);
    printed(place.path(), &[&real, "--charts", "pictures"]);
    for (args, what) in [
        (&["--merge", "a", "b", "--out", "both"][..], "merged.json is there already"),
        (&[&real, "--charts", "pictures"], ".svg is there already"),
        (&["c/mine.json", "--write"], "c/report.md is there, and is not of c/mine.json"),
    ] {
        let output = report_in(place.path(), args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(what) && said.contains("`--force` replaces"), "{said}");
        if what.contains("report.md") {
            assert_eq!(fs::read(place.path().join("c/report.md")).unwrap(), b"mine");
        }
        printed(place.path(), &[args, &["--force"]].concat());
    }
}
