//! Servers that fail: the ledger names each failure.

use std::time::{Duration, Instant};

use super::{Servers, short};
use crate::support::report::{conclusive, conclusive_after};

#[test]
fn a_client_that_is_forgotten_from_the_beginning_is_named() {
    let servers = Servers::new();
    let ended = conclusive(&short(1, ""), &["--server", &servers.forgetful(0), "--label", "forgetful"]);
    let run = ended.run("forgetful", 1);
    let brief = format!("{:#}", run.brief());
    assert_eq!(run["verdict"], "violated", "{brief}");
    let paths = run["unverified_paths"].as_array().unwrap();
    // From both publishers to the one who is forgotten.
    assert_eq!(paths.len(), 2, "{brief}");
    let subscriber = paths[0]["subscriber"].as_u64().unwrap();
    let named = format!("publisher 1 to subscriber {subscriber}");
    assert!(run.why()[0].contains("paths never worked") && run.why()[0].contains(&named), "{brief}");
    assert_eq!(run.counts(["owed", "lost"]), [1_800, 300], "{brief}");
    assert!(ended.out().join("\n").contains(&named), "{}", ended.everything());
}

#[test]
fn a_client_that_is_forgotten_in_the_middle_is_named() {
    let servers = Servers::new();
    // Probes and warm-up come first.
    let ended = conclusive(&short(1, ""), &["--server", &servers.forgetful(120), "--label", "forgetful"]);
    let run = ended.run("forgetful", 1);
    let brief = format!("{:#}", run.brief());
    assert_eq!(run["verdict"], "violated", "{brief}");
    assert_eq!(run["unverified_paths"].as_array().unwrap().len(), 0, "{brief}");
    let paths = run["stopped_paths"].as_array().unwrap();
    assert_eq!(paths.len(), 2, "{brief}");
    let subscriber = paths[0]["subscriber"].as_u64().unwrap();
    let named = format!("publisher 0 to subscriber {subscriber}");
    assert!(run.why()[0].contains("stopped working") && run.why()[0].contains(&named), "{brief}");
    assert!(run.count("lost") > 100 && run.count("lost") < 300, "{brief}");
}

#[test]
fn a_server_that_dies_of_a_burst_is_violated_and_nobody_waits_for_it() {
    let servers = Servers::new();
    let surge = "[[fault]]\nat = \"1s\"\nfor = \"1s\"\nsurge = 10\n";
    let mut begun = Instant::now();
    let args = ["--server", &servers.crashing(400), "--label", "fragile"];
    // Of each try: a busy machine has several.
    let ended = conclusive_after(&short(1, surge), &args, |_| begun = Instant::now());
    let took = begun.elapsed();
    let run = ended.run("fragile", 1);
    let brief = format!("{:#}", run.brief());
    assert_eq!(run["verdict"], "violated", "{brief}");
    let died = run
        .why()
        .iter()
        .any(|why| why.starts_with("node 0 died unasked at ") && why.contains("too many messages"));
    assert!(died, "{brief}");
    assert!(run.count("unsent") > 300, "{brief}");
    assert!(took < Duration::from_secs(45), "nobody waits a minute for a dead server");
    assert!(ended.err().join("\n").contains("too many messages"), "its last words: {}", ended.everything());
    // The control: what it was made for it bears.
    let ended = conclusive(&short(1, ""), &["--server", &servers.crashing(400), "--label", "fragile"]);
    let run = ended.run("fragile", 0);
    assert_eq!(run.counts(["delivered", "lost", "unsent"]), [1_800, 0, 0], "{:#}", run.brief());
}
