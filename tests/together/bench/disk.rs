//! A result survives a full disk, and a report overwrites nothing that is not its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

use crate::support::report::{Bench, Place, endless};

/// A short scenario of one pattern that needs nothing.
const LOCAL: &str = "title = \"A short one\"
patterns = [\"local\"]
[cluster]
nodes = 1
[load]
publishers = 1
subscribers = 2
rate = 50
warm_up = \"100ms\"
duration = \"1s\"
drain = \"1s\"
";

fn bench(place: &Place, args: &[&str]) -> Output {
    place.command(&[&["--out", "out"], args].concat()).output().unwrap()
}

/// The same bench where `setup`, a line for bash, came before.
fn bench_after(place: &Place, setup: &str, args: &[&str]) -> Output {
    let whole = place.command(&[&["--out", "out"], args].concat());
    let mut command = Command::new("bash");
    command
        .arg("-c")
        .arg(format!("{setup}; exec \"$0\" \"$@\""))
        .arg(whole.get_program())
        .args(whole.get_args());
    command.envs(whole.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(place.path()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

#[test]
fn the_result_is_printed_whatever_becomes_of_the_files() {
    let place = Place::new(LOCAL);
    // No file may grow beyond 4 KiB.
    let output = bench_after(&place, "ulimit -f 4", &["--format", "json"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["runs"][0]["messages"]["sent"], 50, "{printed:#}");
    let said = said(&output);
    assert!(said.contains("error: the report cannot be written to out: File too large"), "{said}");
    assert!(
        said.ends_with("--out`\n") && said.contains("\nhint: what was measured is on stdout; "),
        "{said}"
    );
    let left: Vec<_> =
        fs::read_dir(place.path().join("out")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, ["logs"], "no half of a file");
}

#[test]
fn what_does_not_fit_is_left_out_and_named() {
    let place = Place::new(LOCAL);
    bench(&place, &[]);
    let out = place.path().join("out");
    let (json, html) = (length(&out.join("report.json")), length(&out.join("report.html")));
    // Room for the report and not for its page.
    let room = (json / 1024 + 8).min(html / 1024 - 1);
    assert!(json < room * 1024 && room * 1024 < html, "{json} {html}");
    let output = bench_after(&place, &format!("ulimit -f {room}"), &["--force"]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "the result is there, and as expected: {said}");
    assert!(said.contains("report.html is not written to out: File too large"), "{said}");
    assert_eq!(place.report().run("local").count("sent"), 50);
    assert!(out.join("report.md").exists() && !out.join("report.html").exists(), "nor is the earlier page");
}

/// A disk of its own needs a name space of its own, which not every machine allows.
#[test]
fn traces_make_room_for_the_report() {
    if !Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|status| status.success()) {
        return;
    }
    let place = Place::new(LOCAL);
    fs::create_dir_all(place.path().join("out")).unwrap();
    let output = place
        .command(&["--out", "out", "--format", "json"])
        .get_args()
        .fold(
            Command::new("unshare")
                .args(["-rm", "bash", "-c"])
                .arg(
                    // What the traces of a longer run would fill is filled before.
                    "mount -t tmpfs -o size=600k tmpfs out && mkdir -p out/logs/old && \
             head -c 560k /dev/zero > out/logs/old/node-0.trace && \"$0\" \"$@\"; code=$?; \
             ls -R out >&2; cat out/report.json > kept.json; exit $code",
                )
                .arg(env!("CARGO_BIN_EXE_pubsub-lab")),
            |command, arg| command.arg(arg),
        )
        .current_dir(place.path())
        .env("TMPDIR", place.path().join("tmp"))
        .output()
        .unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("the traces of messages"), "{said}");
    assert!(!said.contains(".trace\n"), "{said}");
    assert_eq!(fs::read(place.path().join("kept.json")).unwrap(), output.stdout, "the report is whole");
}

#[test]
fn a_report_is_replaced_only_if_the_user_says_so() {
    let place = Place::new(LOCAL);
    assert_eq!(bench(&place, &[]).status.code(), Some(0));
    let file = place.path().join("out/report.json");
    let first = fs::read(&file).unwrap();
    let log = place.path().join("out/logs");
    let output = bench(&place, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        said(&output),
        "error: there is a report in out already\n\
         hint: `--force` replaces it with its logs; or choose another directory with `--out`\n"
    );
    assert_eq!(fs::read(&file).unwrap(), first);
    assert!(fs::read_dir(&log).unwrap().next().is_some(), "its logs stay");
    assert_eq!(bench(&place, &["--force"]).status.code(), Some(0));
    assert_ne!(fs::read(&file).unwrap(), first);
}

#[test]
fn the_files_of_somebody_else_stay() {
    for name in ["report.md", "timeline.csv", "report.json"] {
        let place = Place::new(LOCAL);
        fs::create_dir(place.path().join("out")).unwrap();
        let mine = place.path().join("out").join(name);
        fs::write(&mine, "mine").unwrap();
        for args in [&[][..], &["--force"]] {
            let output = bench(&place, args);
            assert_eq!(output.status.code(), Some(2), "{}", said(&output));
            let error = format!("error: out/{name} would be overwritten, and it belongs to no report\n");
            assert!(said(&output).starts_with(&error), "{}", said(&output));
            assert_eq!(fs::read(&mine).unwrap(), b"mine");
        }
    }
}

#[test]
fn two_benches_do_not_share_a_directory() {
    let first = Bench::start(&endless("").replace("redis", "local"), &[]);
    first.err_line("  load (");
    let output = bench(first.place(), &["--force"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(
        said(&output).starts_with("error: another bench is writing into out\nhint: "),
        "{}",
        said(&output)
    );
    std::thread::sleep(Duration::from_millis(200));
    first.signal(nix::sys::signal::Signal::SIGINT);
    assert_eq!(first.ended().code, Some(130), "the first is not disturbed");
}
