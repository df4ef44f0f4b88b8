//! Runs a bench as a user does, in a directory of its own, and reads the report that it leaves.
#![allow(dead_code, reason = "each test target uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::ops::{Deref, Index};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::process::{Running, Seen, assert_gone, assert_soon, pubsub_lab};

/// How long a short bench may take on a machine that is busy with other tests.
const LONG: Duration = Duration::from_secs(120);
/// The most times that a bench is run until it proves something.
const TRIES: usize = 4;

/// A scenario of three nodes, three publishers and twelve subscribers in one room, with 100 messages per second for
/// three seconds. The text of `more` follows its `[load]`.
pub fn short(more: &str) -> String {
    format!(
        "title = \"A short one\"
[cluster]
nodes = 3
[load]
publishers = 3
subscribers = 12
rate = 100
warm_up = \"200ms\"
duration = \"3s\"
drain = \"2s\"
{more}"
    )
}

/// The scenario [`short`] over Redis with a load of one minute.
pub fn endless(more: &str) -> String {
    format!("patterns = [\"redis\"]\n{}", short(more).replace("\"3s\"", "\"1m\""))
}

/// A running bench, in a directory of its own.
pub struct Bench {
    running: Running,
    place: Place,
}

/// The directory in which a bench runs: `scenario.toml`, `out`, and a temporary directory that only this bench uses.
pub struct Place(TempDir);

impl Place {
    /// A directory with this scenario in it.
    pub fn new(scenario: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::write(place.path().join("scenario.toml"), scenario).unwrap();
        std::fs::create_dir(place.temporary()).unwrap();
        place
    }

    /// The path of the working directory.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    fn temporary(&self) -> PathBuf {
        self.path().join("tmp")
    }

    /// The command `pubsub-lab bench --scenario scenario.toml` with these further arguments.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = pubsub_lab(&["bench", "--scenario", "scenario.toml"]);
        command.args(args).current_dir(self.path()).env("TMPDIR", self.temporary());
        command
    }

    /// The report that the bench wrote.
    pub fn report(&self) -> Report {
        Report::read(&self.path().join("out/report.json"))
    }

    /// Asserts that neither these processes nor the lab's private directory are left.
    pub fn assert_nothing_left(&self, seen: &[Seen], deadline: Duration) {
        assert_gone(seen, deadline);
        let left = || std::fs::read_dir(self.temporary()).unwrap().flatten().map(|it| it.file_name());
        assert_soon(deadline, Vec::new(), || left().collect());
        // A process that was started after the last look has the directory's name in its arguments, or is a child of
        // one that has.
        let name = self.temporary().display().to_string();
        assert_soon(deadline, Vec::new(), || super::process::with_marker(&name));
    }
}

impl Bench {
    /// Starts a bench of this scenario that writes its report to `out`.
    pub fn start(scenario: &str, args: &[&str]) -> Self {
        Self::start_with(scenario, args, |_| {})
    }

    /// Starts a bench of this scenario that writes its report to `out`, after a change to its command.
    pub fn start_with(scenario: &str, args: &[&str], change: impl FnOnce(&mut Command)) -> Self {
        let place = Place::new(scenario);
        let mut command = place.command(&[args, &["--out", "out"]].concat());
        change(&mut command);
        Self { running: Running::start(command), place }
    }

    /// Waits for the end of the bench.
    pub fn ended(mut self) -> Ended {
        let code = self.running.ended_within(LONG).code();
        Ended { code, running: self.running, place: self.place }
    }

    /// The directory in which the bench runs.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The process, to signal it and to see when it has ended.
    pub fn running(&mut self) -> &mut Running {
        &mut self.running
    }
}

impl Deref for Bench {
    type Target = Running;
    fn deref(&self) -> &Running {
        &self.running
    }
}

/// A bench that has ended.
pub struct Ended {
    pub code: Option<i32>,
    running: Running,
    pub place: Place,
}

impl Deref for Ended {
    type Target = Running;
    fn deref(&self) -> &Running {
        &self.running
    }
}

/// Runs a bench to its end, and again while one of its runs is inconclusive because the machine did not let it prove
/// anything.
pub fn conclusive(scenario: &str, args: &[&str]) -> Ended {
    conclusive_after(scenario, args, |_| {})
}

/// Runs a bench as [`conclusive`] does, with something done while it runs.
pub fn conclusive_after(scenario: &str, args: &[&str], mut meanwhile: impl FnMut(&mut Bench)) -> Ended {
    until_conclusive(|| {
        let mut bench = Bench::start(scenario, args);
        meanwhile(&mut bench);
        bench.ended()
    })
}

/// Runs benches until one has only conclusive runs; gives the last one when the tries are used up.
pub fn until_conclusive(mut bench: impl FnMut() -> Ended) -> Ended {
    for _ in 1..TRIES {
        let ended = bench();
        if !ended.is_inconclusive() {
            return ended;
        }
    }
    bench()
}

impl Ended {
    /// The report that the bench wrote.
    pub fn report(&self) -> Report {
        self.place.report()
    }

    /// The run of this label in the report, once the exit code and the sums of the run have been checked.
    pub fn run(&self, label: &str, exit: i32) -> Run {
        assert_eq!(self.code, Some(exit), "{}", self.everything());
        let run = self.report().run(label);
        run.assert_sums();
        run
    }

    /// Whether some run of the bench proves nothing. A bench without a report has failed in another way.
    fn is_inconclusive(&self) -> bool {
        // A search ends with an inconclusive run as with a violation, and the exit code of a violation comes first.
        let reports = matches!(self.code, Some(0 | 1 | 3));
        reports && self.report().runs().iter().any(|run| run["verdict"] == "inconclusive")
    }
}

/// The contents of a `report.json`.
pub struct Report(Value);

impl Report {
    /// Reads a report from a file.
    pub fn read(file: &Path) -> Self {
        let text =
            std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Self(serde_json::from_str(&text).unwrap())
    }

    /// The exit code that the verdicts of the report mean.
    pub fn exit_of_verdicts(&self) -> i32 {
        let runs = self.runs();
        let some = |verdict: &str| runs.iter().any(|run| run["verdict"] == verdict);
        match () {
            () if some("violated") => 1,
            () if some("inconclusive") => 3,
            () if some("valid") => 0,
            () => 2,
        }
    }

    /// The whole report as JSON.
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// The runs of the report.
    pub fn runs(&self) -> Vec<Run> {
        self.0["runs"].as_array().unwrap().iter().cloned().map(Run).collect()
    }

    /// The only run of the report with this label.
    pub fn run(&self, label: &str) -> Run {
        let mut runs = self.runs();
        runs.retain(|run| run["label"] == label);
        assert_eq!(runs.len(), 1, "{:#}", self.0);
        runs.remove(0)
    }
}

/// One run of a report.
pub struct Run(Value);

impl Index<&str> for Run {
    type Output = Value;
    fn index(&self, key: &str) -> &Value {
        &self.0[key]
    }
}

impl Run {
    /// The whole number with this name, of the run itself or of its messages or debts.
    pub fn count(&self, name: &str) -> u64 {
        let places = [&self.0, &self.0["messages"], &self.0["debts"]];
        let found = places.iter().find_map(|place| place[name].as_u64());
        found.unwrap_or_else(|| panic!("no {name} in {:#}", self.brief()))
    }

    /// The whole numbers with these names.
    pub fn counts<const N: usize>(&self, names: [&str; N]) -> [u64; N] {
        names.map(|name| self.count(name))
    }

    /// The reasons of the run's verdict.
    pub fn why(&self) -> Vec<&str> {
        self.0["why"].as_array().unwrap().iter().map(|why| why.as_str().unwrap()).collect()
    }

    /// The run without its timeline, for the message of a failed assertion.
    pub fn brief(&self) -> Value {
        let mut brief = self.0.clone();
        brief.as_object_mut().unwrap().remove("timeline");
        if let Some(cost) = brief["cost"].as_object_mut() {
            cost.remove("timeline");
        }
        brief
    }

    /// The slices of the timeline whose messages were all due within this time, in milliseconds since the load began.
    pub fn slices(&self, within: std::ops::Range<u64>) -> Vec<&Value> {
        let within = |slice: &&Value| {
            let at = slice["at_ms"].as_u64().unwrap();
            within.start <= at && at + 100 <= within.end
        };
        self.0["timeline"].as_array().unwrap().iter().filter(within).collect()
    }

    /// The times of the only fault with this name: when it struck, when its healing started, and when it was healed; in milliseconds since the
    /// load began.
    pub fn fault(&self, what: &str) -> (u64, u64, u64) {
        let faults = self.0["faults"].as_array().unwrap();
        let faults: Vec<_> = faults.iter().filter(|fault| fault["what"] == what).collect();
        assert_eq!(faults.len(), 1, "{what}: {:#}", self.brief());
        let [begin, heal, healed] =
            ["begin_ms", "heal_begin_ms", "healed_ms"].map(|key| faults[0][key].as_u64());
        (begin.unwrap(), heal.unwrap(), healed.unwrap())
    }

    /// Asserts that, whatever breaks, nothing is made up and no promise is broken.
    pub fn assert_clean(&self) {
        let zeros =
            ["lost_confirmed", "duplicates", "refused_but_delivered", "unexpected", "corrupted", "foreign"];
        assert_eq!(self.counts(zeros), [0; 6], "{:#}", self.brief());
    }

    /// Asserts the sums that must hold in every run, whatever happened.
    pub fn assert_sums(&self) {
        let sum = |names: &[&str]| names.iter().map(|name| self.count(name)).sum::<u64>();
        let brief = || format!("{:#}", self.brief());
        assert_eq!(sum(&["delivered", "recovered", "lost"]), self.count("owed"), "{}", brief());
        assert_eq!(sum(&["acked", "refused", "unknown"]), self.count("sent"), "{}", brief());
        assert_eq!(sum(&["sent", "unsent"]), self.count("due"), "{}", brief());
        let by_answer = sum(&["lost_confirmed", "lost_handed", "lost_refused", "lost_unknown"]);
        assert_eq!(by_answer, self.count("lost"), "{}", brief());
        assert_eq!(sum(&["lost_online", "lost_offline"]), self.count("lost"), "{}", brief());
        assert!(self.count("lost_no_path") <= self.count("lost_handed"), "{}", brief());
        if self.count("owed") == 0 {
            assert!(self.0["debts"]["on_time"].is_null(), "{}", brief());
        } else {
            let on_time = self.0["debts"]["on_time"].as_f64().unwrap();
            let on_time = (on_time * self.count("owed") as f64).round() as u64;
            assert!(on_time <= sum(&["delivered", "recovered"]), "{}", brief());
        }
        let timeline = |key: &str| -> u64 {
            self.0["timeline"].as_array().unwrap().iter().map(|slice| slice[key].as_u64().unwrap()).sum()
        };
        assert_eq!(timeline("sent"), self.count("sent"), "{}", brief());
        assert_eq!(timeline("delivered"), self.count("delivered"), "{}", brief());
        assert_eq!(timeline("lost"), self.count("lost"), "{}", brief());
    }
}
