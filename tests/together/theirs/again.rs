//! The same seed: the same schedule of faults, and the same messages but for the nonce of the run.

use std::path::Path;

use super::{Servers, short};
use crate::support::process::{Running, pubsub_lab};
use crate::support::report::{Report, conclusive_after};

/// What clients said in the measured load, without nonce and checksum, in order of publisher and number.
fn said(record: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(record).unwrap();
    let mut said: Vec<String> = text
        .lines()
        .filter(|line| line.contains(".load."))
        .map(|line| {
            let fields: Vec<&str> = line.splitn(5, '.').collect();
            let (_checksum, filler) = fields[4].split_once(' ').unwrap();
            format!("{}.{}.{} {filler}", fields[1], fields[2], fields[3])
        })
        .collect();
    said.sort();
    said
}

#[test]
fn a_report_runs_again_as_it_was() {
    let servers = Servers::new();
    let faults = "[[fault]]\nbetween = [\"500ms\", \"900ms\"]\nevery = \"1s\"\nfor = \"200ms\"\npause = \"node any\"\n\
                  [[fault]]\nbetween = [\"100ms\", \"2s\"]\nslow = \"subscriber any\"\nfor = \"500ms\"\nbytes_per_second = 100000\n\
                  [[fault]]\nat = \"1s\"\nfor = \"500ms\"\nsurge = 2\n";
    let record = servers.path("first.txt");
    // Each try of a busy machine begins with an empty record.
    let ended = conclusive_after(
        &short(2, faults).replace("[load]", "[load]\npayload = 200"),
        &["--server", &format!("RECORD={} {}", record.display(), servers.correct()), "--seed", "7"],
        |_| drop(std::fs::remove_file(&record)),
    );
    let first = ended.run("server", 0);
    let schedule = first["schedule"].clone();
    assert_eq!(schedule.as_array().unwrap().len(), 2 + 1 + 1, "{schedule:#}");
    let before = said(&record);
    assert_eq!(before.len(), 350, "half a second at twice the rate");
    std::fs::remove_file(&record).unwrap();

    let out = servers.path("again");
    let dir = ended.place.path().join("out");
    let run = |seed: &[&str]| {
        let mut command = pubsub_lab(&["bench", "--repeat"]);
        command.arg(&dir).arg("--force").arg("--out").arg(&out).args(seed).current_dir(ended.place.path());
        let mut running = Running::start(command);
        let code = running.ended_within(std::time::Duration::from_secs(120)).code();
        assert!(code == Some(0) || code == Some(3), "{}", running.everything());
        let report = Report::read(&out.join("report.json"));
        (report.json()["seed"].clone(), report.run("server")["schedule"].clone())
    };
    assert_eq!(run(&[]), (7.into(), schedule.clone()));
    let after = said(&record);
    assert_eq!(after, before);
    // The control: another seed is another run.
    std::fs::remove_file(&record).unwrap();
    let (seed, other) = run(&["--seed", "8"]);
    assert_eq!(seed, 8);
    assert_ne!(other, schedule);
    assert_ne!(said(&record), before);
}
