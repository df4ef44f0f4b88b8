//! The line at which somebody orders what is to break. A thread of its own reads it; what the cluster says meanwhile
//! stands above it. The editor's own printer is not used: with it, the editor waits for a key although it has read more
//! of them, as a program types them that writes whole lines.

use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use console::measure_text_width;
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{getpgrp, tcgetpgrp};
use report::clean;
use rustyline::config::{BellStyle, Config};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{CompletionType, Editor};
use tokio::sync::mpsc;

use super::completion::{Vocabulary, Written};
use crate::output::{is_on_terminal, print_text};
use crate::stderr::say;

/// What stands before the line.
const SIGN: &str = "pubsub-lab> ";
/// Number of earlier lines that the arrow keys bring back.
const HISTORY: usize = 500;

/// What somebody did at the prompt.
#[derive(Debug, PartialEq)]
pub(super) enum Entered {
    /// They entered a line.
    Line(String),
    /// They want everything to end: Ctrl-C on an empty line, Ctrl-D, or a terminal that is gone.
    End,
}

/// The prompt on this process's terminal.
pub(super) struct Prompt {
    asks: SyncSender<()>,
    lines: mpsc::Receiver<Entered>,
    written: Written,
    /// How the terminal was, to leave it so: the thread that reads may be in the middle of a line at the end.
    terminal: Termios,
    is_reading: bool,
}

impl Prompt {
    /// Opens the prompt. `None` without a terminal that somebody sits at, or on one that knows no cursor.
    pub(super) fn open(vocabulary: Vocabulary) -> Option<Self> {
        if !somebody_sits_here() {
            return None;
        }
        let terminal = tcgetattr(io::stdin()).ok()?;
        let written = vocabulary.written();
        let editor = editor(vocabulary).ok()?;
        let (asks, asked) = sync_channel(1);
        let (entered, lines) = mpsc::channel(1);
        // The thread cannot be joined: it may wait for a terminal at which nobody types. It ends with the process, and
        // touches nothing but the terminal.
        let read = written.clone();
        let reads = move || read_lines(editor, &read, &asked, &entered);
        thread::Builder::new().name("prompt".into()).spawn(reads).ok()?;
        Some(Self { asks, lines, written, terminal, is_reading: false })
    }

    /// The next thing that somebody does. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Entered {
        if !self.is_reading {
            // A line is asked for already if several came at once.
            self.is_reading = !matches!(self.asks.try_send(()), Err(TrySendError::Disconnected(())));
        }
        let entered = self.lines.recv().await;
        self.is_reading = false;
        self.written.clear();
        entered.unwrap_or(Entered::End)
    }

    /// Says something: above the line that somebody may be writing.
    pub(super) fn say(&self, text: &str) {
        if !self.is_reading {
            return say(text);
        }
        let (line, at) = self.written.now();
        let column = measure_text_width(SIGN) + measure_text_width(line.get(..at).unwrap_or(&line));
        // The line is taken away, and written again below what is said. Nobody is left to tell if that fails.
        print_text(&format!("\r\x1b[J{}\n{SIGN}{line}\r\x1b[{column}C", clean(text))).ok();
    }

    /// Leaves the terminal as it was.
    pub(super) fn close(self) {
        if self.is_reading {
            tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.terminal).ok();
            // The editor had also asked the terminal to bracket what is pasted.
            print_text("\x1b[?2004l\n").ok();
        }
    }
}

/// Whether the process reads from a terminal, writes to it, and is not in its background, where reading would stop it.
pub(super) fn somebody_sits_here() -> bool {
    let is_dumb = std::env::var("TERM").is_ok_and(|name| name == "dumb");
    let terminals = io::stdin().is_terminal() && is_on_terminal();
    terminals && !is_dumb && tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
}

type Reader = Editor<Vocabulary, MemHistory>;

fn editor(vocabulary: Vocabulary) -> rustyline::Result<Reader> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .bell_style(BellStyle::None)
        .max_history_size(HISTORY)?
        .auto_add_history(true)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history)?;
    editor.set_helper(Some(vocabulary));
    Ok(editor)
}

/// Reads a line each time that one is asked for, until nobody asks any more.
fn read_lines(mut editor: Reader, written: &Written, asked: &Receiver<()>, entered: &mpsc::Sender<Entered>) {
    while asked.recv().is_ok() {
        let next = loop {
            match editor.readline(SIGN) {
                Ok(line) => break Entered::Line(line),
                // Ctrl-C takes away what was written, as in a shell.
                Err(ReadlineError::Interrupted) if !written.is_empty() => {}
                Err(_) => break Entered::End,
            }
        };
        let all: Vec<Entered> = match next {
            // Several lines that are pasted at once are one order each.
            Entered::Line(lines) => lines.split('\n').map(|line| Entered::Line(line.to_owned())).collect(),
            Entered::End => vec![Entered::End],
        };
        for one in all {
            if entered.blocking_send(one).is_err() {
                return;
            }
        }
    }
}
