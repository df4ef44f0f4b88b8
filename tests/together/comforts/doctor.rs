//! The doctor says what is true: it is compared with what the programs say themselves.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use pubsub_lab::scenario::Pattern;
use serde_json::Value;

use super::{pubsub_lab, run, text};

fn json(command: &mut Command) -> (Value, Option<i32>) {
    let output = command.output().expect("the binary runs");
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}\n{}", text(&output.stdout), text(&output.stderr));
    });
    (value, output.status.code())
}

fn doctor() -> Command {
    pubsub_lab(&["doctor", "--format", "json"])
}

fn named<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|it| it[key] == name);
    found.unwrap_or_else(|| panic!("no {name} in {list}"))
}

#[test]
fn the_real_brokers_and_their_true_versions() {
    let (found, exit) = json(&mut doctor());
    assert_eq!(exit, Some(0), "{found:#}");
    let redis = named(&found["tools"], "name", "redis-server");
    let says = Command::new(redis["path"].as_str().unwrap()).arg("--version").output().unwrap();
    let version = redis["version"].as_str().unwrap();
    assert!(text(&says.stdout).contains(&format!("v={version} ")), "{version}");

    let rabbitmq = named(&found["tools"], "name", "rabbitmq-server");
    let script = std::fs::canonicalize(rabbitmq["path"].as_str().unwrap()).unwrap();
    let version = rabbitmq["version"].as_str().unwrap();
    // Written by RabbitMQ's own build into its application.
    let application = format!("plugins/rabbit-{version}/ebin/rabbit.app");
    let application = script.parent().unwrap().parent().unwrap().join(application);
    let application = std::fs::read_to_string(application).unwrap().replace([' ', '\n'], "");
    assert!(application.contains(&format!("{{vsn,\"{version}\"}}")), "{application}");

    for pattern in Pattern::ALL.map(Pattern::name) {
        assert_eq!(named(&found["patterns"], "pattern", pattern)["runs"], true, "{found:#}");
    }
    let broker = &named(&found["patterns"], "pattern", "redis")["broker"];
    assert_eq!(broker, &redis["path"], "the pattern runs by what was found");
}

#[test]
fn what_it_measures_is_of_this_machine() {
    let (found, _) = json(&mut doctor());
    assert_eq!(found["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(found["host"]["cores"], std::thread::available_parallelism().unwrap().get());
    let late = &found["clock"]["late_us"];
    assert!(late["p50"].as_u64().unwrap() <= late["p99"].as_u64().unwrap(), "{late}");
    assert_eq!(late["samples"], 100);
    assert_eq!(found["clock"]["wall_is_sane"], true);
    assert!(found["ports"]["free"].as_u64().unwrap() > 0);
    let limits = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).unwrap();
    assert_eq!(found["descriptors"]["soft"], limits.0);
    assert_eq!(found["descriptors"]["hard"], limits.1);
    assert_eq!(found["fit"]["scenario"], "broker-down");
    assert_eq!(found["fit"]["deliveries_per_second"], 3000.0);
}

#[test]
fn a_low_limit_on_open_files_is_seen() {
    let program = env!("CARGO_BIN_EXE_pubsub-lab");
    let mut low = Command::new("sh");
    low.args(["-c", "ulimit -n 2060; exec \"$0\" doctor --format json", program]);
    let (found, _) = json(&mut low);
    assert_eq!(found["descriptors"]["hard"], 2060);
    assert_eq!(found["descriptors"]["clients"], 4);
    assert_eq!(found["fit"]["fits"], false);
    let why = found["fit"]["why"].to_string();
    assert!(why.contains("open files"), "{why}");
    assert_eq!(found["descriptors"]["enough"], false);
    let said = low_text();
    assert!(
        said.contains("2060 on demand; too few for the usual bench") && said.contains("`ulimit -n "),
        "{said}"
    );
}

fn low_text() -> String {
    let script = "ulimit -n 2060; exec \"$0\" doctor";
    let output = Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_pubsub-lab")]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_missing_is_said_with_how_to_get_it() {
    let empty = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let without = |args: &[&str]| {
        let mut command = pubsub_lab(args);
        command.env("PATH", empty.path()).env("PUBSUB_LAB_REDIS_SERVER", "");
        command
    };
    let (found, exit) = json(&mut without(&["doctor", "--format", "json"]));
    let docker = named(&found["tools"], "name", "docker");
    // Where Docker runs, it is found beside the search path, and serves the pattern.
    let served = docker["path"].is_string() && docker["note"].is_null();
    let expected = if served { 0 } else { 4 };
    assert_eq!(exit, Some(expected), "{found:#}");
    let redis = named(&found["tools"], "name", "redis-server");
    assert_eq!(redis["path"], Value::Null);
    assert!(redis["install"].as_str().unwrap().contains("install"), "{redis}");
    let pattern = named(&found["patterns"], "pattern", "redis");
    assert_eq!(pattern["runs"], served);
    let hint = pattern["hint"].as_str().unwrap_or_default();
    assert_eq!(hint.contains("--broker redis://"), !served, "{pattern}");
    assert_eq!(named(&found["patterns"], "pattern", "local")["runs"], true);

    let output = without(&["doctor"]).output().unwrap();
    assert_eq!(output.status.code(), Some(expected));
    let said = text(&output.stdout);
    assert!(said.contains("✗  redis-server     missing"), "{said}");
    assert_eq!(said.contains("\nhint: redis: install "), !served, "{said}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_variable_that_names_no_program_is_named() {
    let (found, exit) = json(doctor().env("PUBSUB_LAB_REDIS_SERVER", "/no/such/redis"));
    assert_eq!(exit, Some(4));
    let note = named(&found["tools"], "name", "redis-server")["note"].to_string();
    assert!(note.contains("PUBSUB_LAB_REDIS_SERVER is /no/such/redis"), "{note}");
}

#[test]
fn a_broker_that_the_lab_would_take_instead_is_found() {
    let other = tempfile::tempdir().unwrap();
    let file = other.path().join("other-redis");
    std::fs::write(&file, "#!/bin/sh\necho Redis server v=99.1.2 sha=0\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&file, mode).unwrap();
    let (found, _) = json(doctor().env("PUBSUB_LAB_REDIS_SERVER", &file));
    let redis = named(&found["tools"], "name", "redis-server");
    assert_eq!(redis["version"], "99.1.2");
    assert_eq!(Path::new(redis["path"].as_str().unwrap()), file);
}

#[test]
fn a_program_that_hangs_holds_nothing_up() {
    let other = tempfile::tempdir().unwrap();
    let file = other.path().join("hung");
    std::fs::write(&file, "#!/bin/sh\nexec sleep 60\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&file, mode).unwrap();
    let started = Instant::now();
    let (found, _) = json(doctor().env("PUBSUB_LAB_REDIS_SERVER", &file));
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    let redis = named(&found["tools"], "name", "redis-server");
    assert_eq!(redis["version"], Value::Null);
    assert_eq!(redis["note"], "it does not say its version");
}

#[test]
fn a_taken_port_is_named() {
    // Whoever has it: it is taken.
    let _ours = TcpListener::bind((Ipv4Addr::LOCALHOST, 8081));
    let output = run(&["doctor"]);
    let said = text(&output.stdout);
    assert!(said.contains("ports of `run`    taken: ") && said.contains("8081"), "{said}");
    assert!(said.contains("hint: port ") && said.contains("--port 0"), "{said}");
    assert_eq!(output.status.code(), Some(0), "no pattern needs this port: {said}");
}

#[test]
fn its_text_is_plain_and_narrow() {
    let output = run(&["doctor"]);
    let said = text(&output.stdout);
    assert!(!said.contains('\u{1b}'), "{said}");
    for line in said.lines().filter(|line| !line.starts_with("hint: ")) {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert_eq!(text(&output.stderr), "");
}
