//! The line at which somebody orders what is to break. A thread of its own reads it; what the cluster says meanwhile
//! stands above it.

use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{getpgrp, tcgetpgrp};
use report::clean;
use rustyline::config::{BellStyle, Config};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{CompletionType, Editor, ExternalPrinter};
use tokio::sync::mpsc;

use super::completion::Vocabulary;
use crate::stderr::say;

/// What stands before the line.
const SIGN: &str = "pubsub-lab> ";
/// Number of earlier lines that the arrow keys bring back.
const HISTORY: usize = 500;
/// Number of messages that may wait until the terminal has taken them; any more are said beside the line.
const WAITING: usize = 64;

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
    messages: SyncSender<String>,
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
        let (asks, asked) = sync_channel(1);
        let (entered, lines) = mpsc::channel(1);
        let (messages, waiting) = sync_channel(WAITING);
        let (opened, printer) = sync_channel(1);
        // Neither thread can be joined: each may wait for a terminal on which nothing happens. They end with the
        // process, and touch nothing but the terminal.
        let reads = move || match editor(vocabulary) {
            Ok((editor, printer)) => {
                opened.send(printer).ok();
                read_lines(editor, &asked, &entered);
            }
            Err(error) => tracing::debug!(%error, "there is no prompt"),
        };
        thread::Builder::new().name("prompt".into()).spawn(reads).ok()?;
        let printer = printer.recv().ok()?;
        thread::Builder::new().name("prompt-says".into()).spawn(move || print(printer, &waiting)).ok()?;
        Some(Self { asks, lines, messages, terminal, is_reading: false })
    }

    /// The next thing that somebody does. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Entered {
        if !self.is_reading {
            self.is_reading = self.asks.try_send(()).is_ok();
        }
        let entered = self.lines.recv().await;
        self.is_reading = false;
        entered.unwrap_or(Entered::End)
    }

    /// Says something: above the line that somebody may be writing.
    pub(super) fn say(&self, text: &str) {
        let line = format!("{}\n", clean(text));
        if !self.is_reading || self.messages.try_send(line).is_err() {
            say(text);
        }
    }

    /// Leaves the terminal as it was.
    pub(super) fn close(self) {
        if self.is_reading {
            tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.terminal).ok();
            say("");
        }
    }
}

/// Whether the process reads from a terminal, writes to it, and is not in its background, where reading would stop it.
pub(super) fn somebody_sits_here() -> bool {
    let terminals = io::stdin().is_terminal() && io::stdout().is_terminal();
    terminals && tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
}

type Reader = Editor<Vocabulary, MemHistory>;

fn editor(vocabulary: Vocabulary) -> rustyline::Result<(Reader, impl ExternalPrinter + Send + use<>)> {
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
    let printer = editor.create_external_printer()?;
    Ok((editor, printer))
}

/// Reads a line each time that one is asked for, until nobody asks any more.
fn read_lines(mut editor: Reader, asked: &Receiver<()>, entered: &mpsc::Sender<Entered>) {
    while asked.recv().is_ok() {
        let next = loop {
            match editor.readline(SIGN) {
                Ok(line) => break Entered::Line(line),
                // Ctrl-C takes away what was written, as in a shell.
                Err(ReadlineError::Interrupted) if !editor.helper().is_none_or(Vocabulary::line_is_empty) => {
                }
                Err(_) => break Entered::End,
            }
        };
        if entered.blocking_send(next).is_err() {
            return;
        }
    }
}

/// Prints what is said while somebody may be writing. It can wait for as long as nobody reads the terminal, which is why
/// a thread does it.
fn print(mut printer: impl ExternalPrinter, waiting: &Receiver<String>) {
    while let Ok(text) = waiting.recv() {
        if printer.print(text).is_err() {
            return;
        }
    }
}
