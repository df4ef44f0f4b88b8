//! Parts of one run become one report, whose counts are the same however many agents there were and whatever their clocks say.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::faulty::{Each, Faults, FaultyServer, Harm};
use crate::support::ports::Port;
use crate::support::process::{Running, program, pubsub_lab};

/// 8 publishers with 60 messages each, and 16 subscribers that are each owed all 480.
const LOAD: &str = "title = \"joined\"\n[load]\npublishers = 8\nsubscribers = 16\nrooms = 1\nrate = 160\n\
                    warm_up = \"300ms\"\nduration = \"3s\"\ndrain = \"3s\"\n";
/// How long all agents together may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that refuses 5 of the 60 messages of each publisher, loses 5 of the others to subscriber 1, tells subscriber 6 of 3
/// that it has lost, and brings 7 twice to subscriber 11.
async fn server() -> FaultyServer {
    let harm = HashMap::from([
        (1, Harm { lose: Some(Each(10)), ..Harm::default() }),
        (6, Harm { lag: Some(Each(17)), ..Harm::default() }),
        (11, Harm { duplicate: Some(Each(8)), ..Harm::default() }),
    ]);
    FaultyServer::start(2, Faults { harm, refuse: Some(Each(12)), ..Faults::default() }).await
}

/// A run of several agents, and the directories of their parts.
struct Played {
    place: TempDir,
    parts: Vec<PathBuf>,
}

/// Plays the load by this number of agents. `clock` gives the flags of `faketime` for an agent.
fn play(server: &FaultyServer, of: u32, clock: impl Fn(u32) -> Option<&'static str>) -> Played {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("joined.toml"), LOAD).unwrap();
    let barrier = Port::free();
    let at = format!("127.0.0.1:{}", barrier.number());
    let (mut agents, mut parts) = (Vec::new(), Vec::new());
    for agent in 1..=of {
        let mut command = match clock(agent) {
            None => pubsub_lab(&[]),
            Some(time) => {
                let mut command = Command::new("faketime");
                command.args(["-f", time]).arg(program());
                command
            }
        };
        let out = place.path().join(format!("part{agent}"));
        command.args(["load", "--scenario", "joined.toml", "--seed", "42", "--clock-limit", "1h"]);
        command.arg("--share").arg(format!("{agent}/{of}")).args(["--url", &server.urls().join(",")]);
        command.args(["--barrier", &at, "--serve-barrier", &at, "--dialect", "v1"]).arg("--out").arg(&out);
        agents.push(Running::start({
            command.current_dir(place.path());
            command
        }));
        parts.push(out);
    }
    for agent in &mut agents {
        let status = agent.ended_within(PATIENCE);
        assert_eq!(status.code(), Some(0), "{}", agent.everything());
    }
    Played { place, parts }
}

/// Joins parts, and gives the only run of the report.
fn joined(parts: &[PathBuf], out: &Path) -> Value {
    let mut command = pubsub_lab(&["report", "--join", "--out"]);
    let output = command.arg(out).args(parts).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = std::fs::read_to_string(out.join("report.json")).unwrap();
    serde_json::from_str::<Value>(&report).unwrap()["runs"][0].take()
}

/// Everything that is counted, and depends on no clock.
fn counts(run: &Value) -> Value {
    let mut debts = run["debts"].clone();
    debts.as_object_mut().unwrap().remove("on_time");
    let names = ["duplicates", "reordered", "unexpected", "corrupted", "unsent_debts", "foreign"];
    let counts: Vec<_> = names.iter().map(|name| run[*name].clone()).collect();
    json!([run["messages"], debts, counts])
}

/// What the server did, as it was told to.
fn assert_known(run: &Value) {
    let debts = &run["debts"];
    assert_eq!(run["messages"]["sent"], 480, "{run}");
    assert_eq!(run["messages"]["refused"], 40);
    assert_eq!((&debts["owed"], &run["duplicates"]), (&json!(7_680), &json!(8 * 5)), "{debts}");
    // Each of the 16 lacks the refused; of what is left, the first one lacks 5 of each publisher, and the other 3.
    assert_eq!(debts["delivered"], 7_680 - 16 * 40 - 8 * (5 + 3), "{debts}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_the_same_however_many_agents_play() {
    let mut one = None;
    for of in [1, 2, 4, 8] {
        let server = server().await;
        let played = play(&server, of, |_| None);
        let run = joined(&played.parts, &played.place.path().join("all"));
        assert_known(&run);
        assert_eq!(run["joined"]["agents"].as_array().unwrap().len(), of as usize);
        assert_eq!((&run["joined"]["absent"], &run["joined"]["of"]), (&json!([]), &json!(of)));
        assert_eq!(counts(&run), *one.get_or_insert_with(|| counts(&run)), "{of} agents");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_change_no_count_and_make_no_latency_negative() {
    let server = server().await;
    let played = play(&server, 3, |agent| match agent {
        2 => Some("+5s"),
        3 => Some("+0 x1.0005"),
        _ => None,
    });
    let run = joined(&played.parts, &played.place.path().join("all"));
    assert_known(&run);
    // A latency that came out negative would count as 0, and none is as short as that.
    assert!(
        run["latency_us"]["p50"].as_u64().unwrap() > 0
            && run["latency_us"]["max"].as_u64().unwrap() < 2_000_000
    );
    for agent in run["joined"]["agents"].as_array().unwrap() {
        assert!(agent["clock_bound_us"].as_u64().unwrap() < 20_000, "{agent}");
    }
    let cross = &run["joined"]["latency_cross_us"];
    assert_ne!(cross.is_null(), run["joined"]["cross_left_out"].is_null(), "{}", run["joined"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_do_not_belong_together_are_refused_and_a_missing_one_is_named() {
    let server = server().await;
    let (played, other) = (play(&server, 2, |_| None), play(&server, 2, |_| None));
    let [one, two] = &played.parts[..] else { unreachable!("two agents") };
    let refused = |flag: &str, parts: &[&PathBuf]| {
        let output = pubsub_lab(&["report", flag]).args(parts).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("\nhint: "), "{said}");
        said
    };
    assert!(refused("--join", &[one, one]).contains("are both of agent 1"));
    assert!(refused("--join", &[one, &other.parts[1]]).contains("are of different runs"));
    assert!(refused("--merge", &[one, two]).contains("`report --join`"));
    let run = joined(std::slice::from_ref(one), &played.place.path().join("half"));
    assert_eq!((&run["verdict"], &run["joined"]["unjoined"]), (&json!("inconclusive"), &json!([2])));
    assert_eq!((&run["debts"]["owed"], &run["unsent_debts"]), (&json!(8 * 240), &json!(0)), "{run}");
    let log = two.join("events.bin");
    let bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &bytes[..bytes.len() - 9]).unwrap();
    assert!(refused("--join", &[one, two]).contains("is cut"));
    std::fs::remove_file(&log).unwrap();
    assert!(refused("--join", &[one, two]).contains("events.bin"));
    let manifest = std::fs::read_to_string(one.join("part.json")).unwrap();
    std::fs::write(one.join("part.json"), manifest.replacen("\"format\": 1", "\"format\": 9", 1)).unwrap();
    assert!(refused("--join", &[one]).contains("has format 9"));
}
