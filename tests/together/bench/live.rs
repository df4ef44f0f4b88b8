//! What a bench shows on a terminal while it runs.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::process::{PATIENCE, Running, eventually};
use crate::support::report::{Place, endless, short};
use crate::support::terminal::{Screen, Terminal};

const KILL: &str = "[[fault]]\nat = \"700ms\"\nfor = \"1200ms\"\nkill = \"broker\"\n";

/// A bench of this scenario in a terminal of 24 lines.
fn begun(scenario: &str, args: &[&str], columns: u16) -> (Place, Terminal) {
    let place = Place::new(scenario);
    let mut command = place.command(&[args, &["--out", "out"]].concat());
    command.env_remove("NO_COLOR");
    let terminal = Terminal::start(command, 24, columns);
    (place, terminal)
}

/// The terminal is the user's again.
fn assert_given_back(terminal: &Terminal) {
    terminal.look(|screen| {
        assert!(screen.cursor_is_shown && screen.wraps);
        assert!(!screen.text().contains("p99 latency"), "{}", screen.text());
    });
}

/// Waits for a frame that was begun after now: the next may have been under way.
fn sees_a_new_frame(terminal: &Terminal) {
    let frames = || terminal.look(|screen| screen.frames.len());
    let before = frames();
    assert!(eventually(PATIENCE, || frames() >= before + 2), "no more frames");
}

/// How many frames have this in them.
fn frames_with(screen: &Screen, text: &str) -> usize {
    screen.frames.iter().filter(|frame| frame.contains(text)).count()
}

#[test]
fn a_broker_that_is_killed_is_seen_to_be() {
    let scenario = format!("patterns = [\"redis\"]\n{}", short(KILL));
    let (place, mut terminal) = begun(&scenario, &[], 80);
    terminal.ended_within(Duration::from_secs(60));
    assert_given_back(&terminal);
    // The frames are looked at when all is over, because a busy machine may not look while the broker is down.
    terminal.look(|screen| {
        let said =
            ["next: kill broker in ", "broker KILLED", "kill broker since ", "no more faults in this run"];
        for text in said {
            assert!(frames_with(screen, text) > 0, "{text}:\n{}", screen.frames.join("\n----\n"));
        }
        for text in ["[1/1] redis  load ", " of 3.0 s", "node 2 up", "broker up", ", heals in "] {
            assert!(frames_with(screen, text) > 1, "{text}:\n{}", screen.frames.join("\n----\n"));
        }
        // How high the bars are is the machine's.
        let bars = |frame: &&String| {
            frame
                .lines()
                .any(|line| line.starts_with("p99 latency") && line.contains(|c| ('▁'..='█').contains(&c)))
        };
        assert!(screen.frames.iter().filter(bars).count() > 1, "{}", screen.text());
        assert!(screen.widest < 80, "{}", screen.widest);
        assert!(screen.coloured);
        // Events have scrolled above, and stay.
        for event in ["A short one\n[1/1] redis\n", " s  kill broker\n", " s  healed: kill broker\n"] {
            assert!(screen.text().contains(event), "{}", screen.text());
        }
        // Each in its place, from the first frame to the last.
        let row = |frame: &String| {
            let lines: Vec<_> = frame.lines().collect();
            let at = lines.iter().position(|line| line.starts_with("     sent     acked"))?;
            Some((lines.len() - at, lines[at].to_owned()))
        };
        let mut rows: Vec<_> = screen.frames.iter().filter_map(row).collect();
        rows.dedup();
        assert_eq!(rows.len(), 1, "{rows:#?}");
    });
    place.report().run("redis").assert_sums();
}

#[test]
fn it_fits_a_narrow_terminal_and_one_that_becomes_narrow() {
    let (_place, mut terminal) = begun(&endless("").replace("redis", "local"), &[], 80);
    terminal.sees("node 2 up");
    terminal.resize(40);
    sees_a_new_frame(&terminal);
    // Once more, so that only what was drawn since then is measured.
    terminal.resize(40);
    sees_a_new_frame(&terminal);
    assert_eq!(terminal.look(|screen| screen.widest), 39);
    terminal.signal(Signal::SIGINT);
    assert_eq!(terminal.ended_within(PATIENCE).code(), Some(130));
}

#[test]
fn however_it_ends_the_terminal_is_given_back() {
    for signals in 1..=2 {
        let (place, mut terminal) = begun(&endless(""), &[], 80);
        terminal.sees("[1/1] redis  load ");
        for _ in 0..signals {
            terminal.signal(Signal::SIGINT);
            terminal.sees("stopping; Ctrl-C again ends at once");
        }
        assert_eq!(terminal.ended_within(PATIENCE).code(), Some(130));
        assert_given_back(&terminal);
        place.assert_nothing_left(&[], Duration::from_secs(5));
    }
    let (_place, mut terminal) = begun(&endless(""), &["--broker", "redis://127.0.0.1:1"], 80);
    assert_eq!(terminal.ended_within(PATIENCE).code(), Some(4));
    terminal.sees("error: the broker at redis://127.0.0.1:1 cannot be used");
    assert_given_back(&terminal);
}

#[test]
fn who_minds_colours_has_none() {
    let place = Place::new(&endless("").replace("redis", "local"));
    let mut command = place.command(&["--out", "out"]);
    command.env("NO_COLOR", "1");
    let mut terminal = Terminal::start(command, 24, 80);
    terminal.sees("[1/1] local  load ");
    terminal.signal(Signal::SIGINT);
    terminal.ended_within(PATIENCE);
    assert!(!terminal.look(|screen| screen.coloured));
}

#[test]
fn without_a_terminal_there_are_plain_lines() {
    let place = Place::new(&endless("").replace("redis", "local"));
    let mut bench = Running::start(place.command(&["--out", "out"]));
    bench.err_line("    5.");
    bench.signal(Signal::SIGINT);
    bench.ended_within(PATIENCE);
    let line = bench.err().into_iter().find(|line| line.starts_with("    5.")).unwrap();
    // A hundred a second.
    let sent = line.split_once(" s  ").and_then(|(_, counts)| counts.split_once(" sent, ")).unwrap().0;
    assert!((400..700).contains(&sent.parse::<u64>().unwrap()) && line.ends_with(" missing"), "{line}");
    assert!(!bench.everything().contains('\x1b'));
}
