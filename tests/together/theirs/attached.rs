//! A server that already runs, with faults that only its owner can strike.

use std::process::{Child, Command, Stdio};

use super::{Servers, short};
use crate::support::ports::Port;
use crate::support::process::{PATIENCE, assert_soon, eventually, with_marker};
use crate::support::report::{Bench, conclusive};

/// A correct server that nobody's lab has started.
struct Running {
    child: Child,
    url: String,
    /// Its port, also while it is down.
    _port: Port,
}

impl Running {
    fn start(servers: &Servers) -> Self {
        Self::saying(servers, "")
    }

    /// One whose clients get this for every text, if it is not empty.
    fn saying(servers: &Servers, instead: &str) -> Self {
        let reserved = Port::free();
        let port = reserved.number();
        let mut command = Command::new("node");
        command.arg(servers.path("correct.js")).arg(port.to_string());
        let child =
            command.env("INSTEAD", instead).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let up = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        assert!(eventually(PATIENCE, up), "the server listens");
        Self { child, url: format!("ws://127.0.0.1:{port}"), _port: reserved }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_command_breaks_it_and_another_heals_it() {
    let servers = Servers::new();
    let server = Running::start(&servers);
    let id = server.child.id();
    let fault = format!(
        "[[fault]]\nat = \"1s\"\nfor = \"1s\"\nrun = \"kill -STOP {id}; echo stopped $PUBSUB_LAB_URLS\"\nheal = \"kill -CONT {id}\"\n"
    );
    let ended = conclusive(&short(1, &fault), &["--url", &server.url, "--label", "theirs"]);
    let run = ended.run("theirs", 0);
    let brief = format!("{:#}", run.brief());
    // It stood still for a second, and what was said meanwhile came late.
    assert_eq!(run.counts(["delivered", "lost"]), [1_800, 0], "{brief}");
    let frozen = run.slices(1_300..1_800);
    let late = |slice: &&serde_json::Value| slice["p50_us"].as_u64().unwrap() > 100_000;
    assert!(frozen.iter().all(late), "{frozen:?}");
    // A busy machine may stand still for a moment, but not most of the time.
    let before = run.slices(0..900);
    assert!(before.iter().filter(|slice| late(slice)).count() * 2 < before.len(), "{brief}");
    let log = std::fs::read_to_string(ended.place.path().join("out/logs/theirs/run-0.log")).unwrap();
    assert_eq!(log.trim(), format!("stopped {}", server.url));
}

#[test]
fn what_a_command_leaves_in_the_background_lasts_until_it_is_healed() {
    let servers = Servers::new();
    let server = Running::start(&servers);
    let [beats, at_heal, left] = ["beats", "at-heal", "left"].map(|name| servers.path(name));
    let fault = format!(
        "[[fault]]\nat = \"500ms\"\nfor = \"1500ms\"\n\
         run = \"(while :; do echo beat >> {}; sleep 0.1; done) & true\"\n\
         heal = \"wc -l < {} > {}; (while :; do echo left >> {}; sleep 0.1; done) & true\"\n",
        beats.display(),
        beats.display(),
        at_heal.display(),
        left.display()
    );
    conclusive(&short(1, &fault), &["--url", &server.url, "--label", "theirs"]);
    let lines = |path: &std::path::Path| std::fs::read_to_string(path).unwrap().lines().count();
    // It went on for more than a moment after its shell had ended, and was over before `heal` began.
    let until_healed: usize = std::fs::read_to_string(at_heal).unwrap().trim().parse().unwrap();
    assert!(until_healed >= 3, "{until_healed} beats in 1.5 s");
    assert_eq!(lines(&beats), until_healed, "it is ended before it is healed");
    // What heals it may stay in the background, but not beyond the run.
    assert!(lines(&left) >= 2, "it lives on when `heal` has ended");
    let name = left.display().to_string();
    assert_soon(PATIENCE, Vec::new(), || with_marker(&name));
}

#[test]
fn a_command_that_fails_is_missing_evidence() {
    let servers = Servers::new();
    let server = Running::start(&servers);
    let fault = "[[fault]]\nat = \"1s\"\nfor = \"500ms\"\nrun = \"echo no such broker >&2; exit 3\"\n";
    let ended = Bench::start(&short(1, fault), &["--url", &server.url]).ended();
    assert_eq!(ended.code, Some(3), "{}", ended.everything());
    let run = ended.report().run("attached");
    // On a busy machine the fault also struck late.
    let failed = |why: &&str| why.contains("failed: exit code 3 (no such broker)");
    assert!(run.why().iter().any(failed), "{:?}", run.why());
}

#[test]
fn a_fault_of_processes_is_not_applicable_there() {
    let servers = Servers::new();
    let server = Running::start(&servers);
    let fault = "[[fault]]\nat = \"1s\"\nfor = \"500ms\"\nkill = \"node 0\"\n";
    let ended = conclusive(&short(1, fault), &["--url", &server.url]);
    assert_eq!((ended.code, &ended.report().run("attached")["verdict"]), (Some(2), &"not_applicable".into()));
    ended.err_line(
        "error: nothing was run: `kill node 0` strikes processes, and those of the server are not the lab's",
    );
}

#[test]
fn what_it_costs_is_not_known_to_a_lab_that_did_not_start_it() {
    let servers = Servers::new();
    let server = Running::start(&servers);
    let ended = conclusive(&short(1, "[expect]\nrss_mib = \"< 500\"\n"), &["--url", &server.url]);
    // Also where the machine was too busy to prove anything.
    let run = ended.report().run("attached");
    assert!(run["cost"].is_null(), "{:#}", run.brief());
    let outcome = &run["outcomes"][0];
    let why = "rss_mib does not exist (no process that the lab started was measured), expected less than 500";
    assert_eq!((&outcome["met"], &outcome["why"]), (&false.into(), &why.into()), "{:#}", run.brief());
}

#[test]
fn a_server_whose_texts_cannot_be_read_is_not_measured() {
    let servers = Servers::new();
    let server = Running::saying(&servers, "Ada: hello");
    for pattern in [&[][..], &["--pattern", "local"]] {
        let ended = Bench::start(&short(1, ""), &[&["--url", &server.url][..], pattern].concat()).ended();
        assert_eq!(ended.code, Some(2), "{}", ended.everything());
        let err = ended.err().join("\n");
        assert!(err.contains("error: attached was not measured: no client could read a message: "), "{err}");
        assert!(
            err.contains("the first frame: Ada: hello\nhint: it was read in the dialect `plain`"),
            "{err}"
        );
        let run = ended.report().run("attached");
        assert_eq!((&run["verdict"], &run["dialect"]), (&"not_applicable".into(), &"plain".into()));
    }
}

#[test]
fn what_may_be_secret_in_its_url_is_kept_nowhere() {
    let servers = Servers::new();
    let server = Running::start(&servers);
    let url = format!("{}/?token=s3cret", server.url.replacen("://", "://me:s3cret@", 1));
    let ended = conclusive(&short(1, ""), &["--url", &url, "--label", "theirs"]);
    let out = ended.place.path().join("out");
    for entry in std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()) {
        let text = std::fs::read(&entry).unwrap_or_default();
        assert!(!text.windows(6).any(|six| six == b"s3cret"), "{}", entry.display());
    }
    assert!(!ended.everything().contains("s3cret"), "{}", ended.everything());
    let shown = ended.report().json()["bench"]["urls"][0].clone();
    assert_eq!(shown, format!("{}/?***", server.url.replacen("://", "://***@", 1)));
    // It cannot be run again without what is not kept, and with it as it was.
    let again = |more: &[&str]| {
        let mut command =
            crate::support::process::pubsub_lab(&["bench", "--repeat", "out", "--out", "again"]);
        command.args(more).current_dir(ended.place.path());
        let mut running = crate::support::process::Running::start(command);
        let code = running.ended_within(std::time::Duration::from_secs(60)).code();
        (code, running.err().join("\n"))
    };
    let (code, err) = again(&[]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("\nhint: give every `--url` again, beside `--repeat`"), "{err}");
    let (code, err) = again(&["--url", &url]);
    assert!(code == Some(0) || code == Some(3), "{err}");
    let report = crate::support::report::Report::read(&ended.place.path().join("again/report.json"));
    assert_eq!(report.json()["bench"]["label"], "theirs");
}
