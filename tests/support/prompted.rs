//! `pubsub-lab run` at a terminal, with somebody who orders and reads the answers.
#![allow(dead_code, reason = "each test target uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::time::Duration;

use nix::sys::termios::Termios;
use tempfile::TempDir;

use super::process::{PATIENCE, Seen, assert_gone, assert_soon, descendants, eventually};
use super::terminal::{Screen, Terminal};

/// What stands before the line.
const SIGN: &str = "pubsub-lab> ";
/// What is promised after the end is asked for.
const ORDERLY: Duration = Duration::from_secs(3);

/// A run at a terminal, with a temporary directory that nobody else uses.
pub struct Prompted {
    pub terminal: Terminal,
    /// The port of each node.
    pub ports: Vec<u16>,
    temporary: TempDir,
    before: Termios,
}

impl Prompted {
    /// Starts a run with this number of nodes, and waits for the prompt.
    pub fn start(pattern: &str, nodes: usize) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let count = nodes.to_string();
        let args = ["run", pattern, "--nodes", &count, "--port", "0"];
        let terminal = Terminal::sits_at(&args, &[("TMPDIR", temporary.path().as_os_str())], 100, 200);
        let before = terminal.settings();
        terminal.sees(SIGN.trim_end());
        let text = terminal.look(Screen::text);
        let port = |index| {
            let line = text.lines().find(|line| line.starts_with(&format!("node {index}  http://"))).unwrap();
            line.rsplit_once(':').unwrap().1.parse().unwrap()
        };
        Self { ports: (0..nodes).map(port).collect(), terminal, temporary, before }
    }

    /// The URL at which a WebSocket client finds a node.
    pub fn ws(&self, node: usize) -> String {
        format!("ws://127.0.0.1:{}", self.ports[node])
    }

    /// Enters an order, and waits until its whole answer is there and the prompt is back. Gives the answer.
    pub fn order(&self, order: &str) -> String {
        let begin = format!("{SIGN}{order}\n");
        let said_before = self.terminal.look(Screen::text).matches(&begin).count();
        self.terminal.types(&format!("{order}\r"));
        let mut answer = None;
        let answered = eventually(PATIENCE, || {
            let text = self.terminal.look(Screen::text);
            let is_new = text.matches(&begin).count() > said_before;
            answer = text.rsplit_once(&begin).filter(|_| is_new).and_then(|(_, rest)| {
                let (said, _) = rest.split_once(SIGN.trim_end())?;
                Some(said.trim_end().to_owned())
            });
            answer.is_some()
        });
        assert!(answered, "no answer to {order:?}:\n{}", self.terminal.look(Screen::text));
        answer.unwrap()
    }

    /// Enters an order whose answer must contain this.
    pub fn says(&self, order: &str, part: &str) {
        let answer = self.order(order);
        assert!(answer.contains(part), "{order:?} is answered with {answer:?}, without {part:?}");
    }

    /// Waits until the line at which somebody writes is this one.
    pub fn line_is(&self, line: &str) {
        let expected = format!("{SIGN}{line}").trim_end().to_owned();
        let last =
            || self.terminal.look(|screen| screen.text().lines().last().unwrap_or_default().to_owned());
        assert_soon(PATIENCE, expected, last);
    }

    /// Every process of the run.
    pub fn processes(&self) -> Vec<Seen> {
        descendants(self.terminal.id())
    }

    /// Waits for the end, which somebody has asked for. Nothing is left, and the terminal is as it was.
    pub fn ends(mut self, seen: &[Seen]) -> i32 {
        assert!(!seen.is_empty());
        // The terminal is looked at before the test gives it back.
        let settings = |terminal: &Terminal| terminal.settings();
        assert!(
            eventually(PATIENCE, || self.terminal.look(|screen| screen.text().contains("stopping;"))),
            "{}",
            self.terminal.look(Screen::text)
        );
        assert_soon(ORDERLY, self.before.clone(), || settings(&self.terminal));
        let status = self.terminal.ended_within(PATIENCE);
        assert_gone(seen, ORDERLY);
        assert_soon(ORDERLY, Vec::<String>::new(), || {
            let left = std::fs::read_dir(self.temporary.path()).unwrap().flatten();
            left.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        });
        status.code().expect("no signal ended it")
    }
}
