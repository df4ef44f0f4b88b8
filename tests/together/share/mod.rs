//! One load on several machines: agents that share its clients, meet at a barrier, and each write down what they saw.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails its test")]

mod joined;
mod refusals;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;
use pubsub_lab::ledger::Event;
use pubsub_lab::part::{EventLog, Manifest, Share, Told};
use tempfile::TempDir;

use crate::support::node::Node;
use crate::support::ports::Port;
use crate::support::process::{PATIENCE, Running, pubsub_lab};

/// A load of a few seconds: 4 publishers, 12 subscribers and 3 rooms.
const LOAD: &str = "title = \"shared\"\n[load]\npublishers = 4\nsubscribers = 12\nrooms = 3\nrate = 200\n\
                    warm_up = \"300ms\"\nduration = \"2s\"\ndrain = \"5s\"\n";

/// A node, a scenario, and a directory for the parts.
struct Stage {
    node: Node,
    place: TempDir,
    barrier: Port,
}

impl Stage {
    fn new(scenario: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("shared.toml"), scenario).unwrap();
        Self { node: Node::start(&[]), place, barrier: Port::free() }
    }

    fn part(&self, agent: u32) -> PathBuf {
        self.place.path().join(format!("part{agent}"))
    }

    /// An agent with these further flags.
    fn agent(&self, agent: u32, of: u32, flags: &[&str]) -> Running {
        let mut command = pubsub_lab(&["load", "--scenario", "shared.toml", "--share"]);
        command.arg(format!("{agent}/{of}")).arg("--url").arg(format!("ws://{}", self.node.address));
        command.arg("--out").arg(self.part(agent)).args(flags).current_dir(self.place.path());
        Running::start(command)
    }

    /// An agent that meets the others; the first one serves the barrier. All have one command line.
    fn meeting(&self, agent: u32, of: u32, flags: &[&str]) -> Running {
        let at = format!("127.0.0.1:{}", self.barrier.number());
        self.agent(agent, of, &[&["--barrier", &at, "--serve-barrier", &at], flags].concat())
    }
}

/// What an agent has written down.
fn read(part: &Path) -> (Manifest, Vec<Told>) {
    let log = EventLog::open(part).unwrap();
    (Manifest::read(part).unwrap(), log.events().collect::<Result<_, _>>().unwrap())
}

/// Holds the parts of agents that all came to their end against the plan: each message was sent once and answered, by the
/// agent of its publisher, and received by each subscriber of its room, as its agent has seen. Messages of absent agents
/// were not sent, and their subscribers heard nothing.
fn assert_whole(parts: &[(Manifest, Vec<Told>)], absent: &[u32]) {
    let (of, messages) = (parts[0].0.share.of, 400);
    let (publishers, rooms) = (4, 3);
    let (mut sent, mut answered, mut received) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (manifest, events) in parts {
        assert_eq!((&manifest.run, manifest.share.of, manifest.partial), (&parts[0].0.run, of, false));
        assert_eq!((manifest.absent.as_slice(), manifest.events), (absent, events.len() as u64));
        assert_eq!(manifest.harness.problems, [""; 0], "{:?}", manifest.share);
        assert!(manifest.cost.cpu_s > 0.0 && manifest.cost.rss_max_mib > 1.0, "{:?}", manifest.cost);
        for Told { event, .. } in events {
            match event {
                Event::Sent { n, .. } => {
                    assert!(manifest.share.has(n % publishers), "{n} is another agent's");
                    assert!(sent.insert(*n), "{n} was sent twice");
                }
                Event::Answered { n, .. } => drop(answered.insert(*n)),
                Event::Received { s, n, .. } => {
                    assert!(manifest.share.has(*s), "subscriber {s} is another agent's");
                    assert!(received.insert((*s, *n)), "{n} came twice to {s}");
                }
                Event::Unexpected { .. } | Event::Foreign { .. } | Event::Corrupted { .. } => {
                    panic!("{event:?} of {:?}", manifest.share)
                }
                Event::UnverifiedPath { publisher, subscriber } => {
                    panic!("nothing came from {publisher} to {subscriber}")
                }
                _ => {}
            }
        }
        let first = events.iter().find(|told| matches!(told.event, Event::Sent { .. })).unwrap();
        assert!(first.at >= manifest.began().unwrap(), "{:?}", manifest.share);
    }
    let plays = |client: &usize| !absent.contains(&Share::agent_of(*client, of));
    let expected: BTreeSet<_> = (0..messages).filter(|n| plays(&(n % publishers))).collect();
    assert_eq!((&sent, &answered), (&expected, &expected));
    let room = |n: usize| n / publishers % rooms;
    let debts: BTreeSet<_> = (0..12_usize)
        .filter(plays)
        .flat_map(|s| expected.iter().filter(move |n| room(**n) == s % rooms).map(move |n| (s, *n)))
        .collect();
    let lost: Vec<_> = debts.difference(&received).take(5).collect();
    assert!(lost.is_empty() && received == debts, "of {}: lost {lost:?}", debts.len());
}

#[test]
fn agents_that_meet_play_one_load_and_each_writes_its_part() {
    for of in [2, 4] {
        let stage = Stage::new(LOAD);
        let mut agents: Vec<_> = (1..=of).map(|agent| stage.meeting(agent, of, &[])).collect();
        for agent in &mut agents {
            let status = agent.ended_within(PATIENCE);
            assert_eq!(status.code(), Some(0), "{}", agent.everything());
        }
        let parts: Vec<_> = (1..=of).map(|agent| read(&stage.part(agent))).collect();
        assert_whole(&parts, &[]);
        for (manifest, _) in &parts {
            let from_peer = manifest.clock.iter().all(|sample| sample.peer == 1);
            let enough = if manifest.share.agent == 1 { 0 } else { 33 };
            assert!(from_peer && manifest.clock.len() >= enough, "{}", manifest.clock.len());
        }
        assert_eq!(manifests_begin(&parts).len(), of as usize);
    }
}

/// When each agent began by the machine's clock, in milliseconds. On one machine they agree.
fn manifests_begin(parts: &[(Manifest, Vec<Told>)]) -> Vec<u64> {
    let begins: Vec<_> = parts
        .iter()
        .map(|(manifest, _)| manifest.zero_unix_ms + manifest.began_ns.unwrap() / 1_000_000)
        .collect();
    let (first, last) = (begins.iter().min().unwrap(), begins.iter().max().unwrap());
    assert!(last - first < 20, "{begins:?}");
    begins
}

#[test]
fn agents_begin_at_a_moment_without_a_barrier() {
    let stage = Stage::new(LOAD);
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(8);
    let at = format!("{:.3}", at.as_secs_f64());
    let mut agents: Vec<_> = (1..=2).map(|agent| stage.agent(agent, 2, &["--start-at", &at])).collect();
    for agent in &mut agents {
        assert_eq!(agent.ended_within(PATIENCE).code(), Some(0), "{}", agent.everything());
    }
    let parts = [1, 2].map(|agent| read(&stage.part(agent)));
    assert_whole(&parts, &[]);
    let begin = manifests_begin(&parts)[0];
    assert!(begin.abs_diff((at.parse::<f64>().unwrap() * 1_000.0) as u64) < 20, "{begin} is not {at}");
}

#[test]
fn an_agent_that_does_not_come_is_named_and_the_others_go_on() {
    let stage = Stage::new(LOAD);
    let mut agents = [1, 3].map(|agent| stage.meeting(agent, 3, &["--barrier-wait", "2s"]));
    for agent in &mut agents {
        assert_eq!(agent.ended_within(PATIENCE).code(), Some(0), "{}", agent.everything());
        let said = agent.everything();
        assert!(said.contains("absent: agent 2 of 3 did not come"), "{said}");
    }
    assert_whole(&[1, 3].map(|agent| read(&stage.part(agent))), &[2]);
}

#[test]
fn ctrl_c_leaves_a_partial_part() {
    let stage = Stage::new(&LOAD.replace("duration = \"2s\"", "duration = \"60s\""));
    let mut agents = [1, 2].map(|agent| stage.meeting(agent, 2, &[]));
    agents.iter().for_each(|agent| drop(agent.err_line(": load,")));
    for agent in &mut agents {
        agent.signal(Signal::SIGINT);
        assert_eq!(agent.ended_within(PATIENCE).code(), Some(130), "{}", agent.everything());
        assert!(agent.everything().contains("partial part: "), "{}", agent.everything());
    }
    for agent in [1, 2] {
        let (manifest, events) = read(&stage.part(agent));
        assert!(manifest.partial && manifest.began_ns.is_some() && !events.is_empty());
    }
}

#[test]
fn each_agent_strikes_its_own_clients_and_the_first_runs_the_commands() {
    let faults = "[[fault]]\nat = \"500ms\"\nfor = \"700ms\"\nleave = \"50%\"\n\
                  [[fault]]\nat = \"800ms\"\nrun = \"echo struck >> struck.txt\"\n";
    let stage = Stage::new(&format!("{LOAD}{faults}"));
    // More addresses than one: each of them is loopback.
    let binds = ["--bind", "127.0.0.1,127.0.0.2"];
    let mut agents = [1, 2].map(|agent| stage.meeting(agent, 2, &binds));
    for agent in &mut agents {
        assert_eq!(agent.ended_within(PATIENCE).code(), Some(0), "{}", agent.everything());
    }
    let parts = [1, 2].map(|agent| read(&stage.part(agent)));
    let mut left = BTreeSet::new();
    for (manifest, events) in &parts {
        assert_eq!(manifest.harness.problems, [""; 0], "{:?}", manifest.share);
        for told in events {
            if let Event::Left { s } = told.event {
                assert!(manifest.share.has(s) && left.insert(s), "{s} of {:?}", manifest.share);
            }
        }
    }
    assert_eq!(left.len(), 6, "{left:?}");
    let places = parts.each_ref().map(|(manifest, _)| {
        let mut places: Vec<_> = manifest.faults.iter().map(|fault| fault.place).collect();
        places.sort_unstable();
        places
    });
    assert_eq!(places, [vec![0, 1], vec![0]], "the second agent runs no command");
    let struck = std::fs::read_to_string(stage.place.path().join("struck.txt")).unwrap();
    assert_eq!(struck.lines().count(), 1);
}
