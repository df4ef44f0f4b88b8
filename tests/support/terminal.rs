//! A terminal for tests: the program runs in it, and its screen can be read at any moment.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{Termios, tcgetattr};
use nix::unistd::Pid;

use super::process::eventually;

/// The screen of a terminal. It knows the codes that a live area is made of; others are an error.
pub struct Screen {
    columns: usize,
    cells: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// Whether a line that is too long goes on in the next line.
    pub wraps: bool,
    pub cursor_is_shown: bool,
    /// Whether the program asked for any colour.
    pub coloured: bool,
    /// The most columns that the program wrote to while lines did not wrap.
    pub widest: usize,
    /// The text of the screen at each complete frame.
    pub frames: Vec<String>,
}

impl Screen {
    fn new(rows: usize, columns: usize) -> Self {
        let cells = vec![vec![' '; columns]; rows];
        let (wraps, cursor_is_shown, frames) = (true, true, Vec::new());
        Self { columns, cells, row: 0, column: 0, wraps, cursor_is_shown, coloured: false, widest: 0, frames }
    }

    /// The text on the screen, without trailing blanks.
    pub fn text(&self) -> String {
        let lines = self.cells.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned());
        lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    fn feed(&mut self, text: &str) {
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\x1b' => {
                    assert_eq!(chars.next(), Some('['), "a code of another kind");
                    let mut code = String::new();
                    for c in chars.by_ref() {
                        code.push(c);
                        if c.is_ascii_alphabetic() {
                            break;
                        }
                    }
                    self.obey(&code);
                }
                '\r' => self.column = 0,
                '\x07' => {}
                '\n' => self.next_row(),
                c => self.put(c),
            }
        }
    }

    fn obey(&mut self, code: &str) {
        let blank = |line: &mut Vec<char>, from: usize| line[from..].fill(' ');
        match code {
            "?25l" => self.cursor_is_shown = false,
            "?25h" => {
                self.cursor_is_shown = true;
                self.frames.push(self.text());
            }
            // A program may bracket what is pasted, and its own changes of the screen.
            "?2004h" | "?2004l" | "?2026h" | "?2026l" => {}
            "?7l" => self.wraps = false,
            "?7h" => self.wraps = true,
            "K" => blank(&mut self.cells[self.row], self.column),
            "J" => {
                blank(&mut self.cells[self.row], self.column);
                self.cells[self.row + 1..].iter_mut().for_each(|line| blank(line, 0));
            }
            _ if code.ends_with('A') => self.row = self.row.saturating_sub(count(code)),
            _ if code.ends_with('B') => self.row = (self.row + count(code)).min(self.cells.len() - 1),
            _ if code.ends_with('C') => self.column = (self.column + count(code)).min(self.columns - 1),
            _ if code.ends_with('D') => self.column = self.column.saturating_sub(count(code)),
            _ if code.ends_with('m') => self.coloured = true,
            _ => panic!("an unknown code {code:?}"),
        }
    }

    fn put(&mut self, c: char) {
        if self.column == self.columns {
            assert!(self.wraps, "a line is too long:\n{}", self.text());
            self.column = 0;
            self.next_row();
        }
        self.cells[self.row][self.column] = c;
        self.column += 1;
        if !self.wraps {
            self.widest = self.widest.max(self.column);
        }
    }

    fn next_row(&mut self) {
        self.row += 1;
        if self.row == self.cells.len() {
            self.row -= 1;
            self.cells.remove(0);
            self.cells.push(vec![' '; self.columns]);
        }
    }
}

/// How far a code moves the cursor.
fn count(code: &str) -> usize {
    let digits = &code[..code.len() - 1];
    if digits.is_empty() { 1 } else { digits.parse().expect("a number") }
}

/// The program, running with its standard error on a terminal, or with all its streams.
pub struct Terminal {
    child: Child,
    /// Our end of the terminal, on which somebody types.
    keys: File,
    screen: Arc<Mutex<(Screen, Vec<u8>)>>,
    /// The program's end of the terminal, kept open so that the terminal stays until all is read that was written.
    theirs: Option<OwnedFd>,
    /// Reads what the program writes, to the end.
    reader: JoinHandle<()>,
}

impl Terminal {
    /// Starts a command whose standard error is a terminal of this size.
    pub fn start(mut command: Command, rows: u16, columns: u16) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Self::on(terminal(rows, columns), command, (rows, columns), end_of_piece)
    }

    /// Starts the program with these arguments as somebody does who sits at a terminal: all its streams are the terminal,
    /// which sends it signals as well. Each variable is added to its environment.
    pub fn sits_at(args: &[&str], variables: &[(&str, &OsStr)], rows: u16, columns: u16) -> Self {
        let pair = terminal(rows, columns);
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(super::process::program()).args(args);
        command.envs(variables.iter().copied());
        command.stdin(pair.slave.try_clone().unwrap()).stdout(pair.slave.try_clone().unwrap());
        Self::on(pair, command, (rows, columns), end_of_whole)
    }

    fn on(
        pair: OpenptyResult,
        mut command: Command,
        (rows, columns): (u16, u16),
        end_of_piece: fn(&[u8]) -> Option<usize>,
    ) -> Self {
        command.env("TERM", "xterm").stderr(pair.slave.try_clone().unwrap());
        let child = command.spawn().expect("the program starts");
        drop(command);
        let mut ours = File::from(pair.master);
        let screen = Arc::new(Mutex::new((Screen::new(rows.into(), columns.into()), Vec::new())));
        let shared = Arc::clone(&screen);
        let keys = ours.try_clone().unwrap();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = ours.read(&mut bytes) {
                let mut shared = shared.lock().unwrap();
                let (screen, rest) = &mut *shared;
                rest.extend_from_slice(&bytes[..read]);
                // A code or a character may come in two pieces; whole frames and lines do not.
                while let Some(end) = end_of_piece(rest) {
                    let piece: Vec<u8> = rest.drain(..end).collect();
                    screen.feed(&String::from_utf8(piece).expect("text"));
                }
            }
        });
        Self { child, keys, screen, theirs: Some(pair.slave), reader }
    }

    /// Types this text.
    pub fn types(&self, text: &str) {
        (&self.keys).write_all(text.as_bytes()).expect("the terminal is open");
    }

    /// How the terminal is set, to be compared.
    pub fn settings(&self) -> Termios {
        tcgetattr(self.theirs.as_ref().unwrap()).expect("a terminal")
    }

    /// The id of the program's process.
    pub fn id(&self) -> i32 {
        self.child.id() as i32
    }

    /// Looks at the screen.
    pub fn look<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(&self.screen.lock().unwrap().0)
    }

    /// Waits until something is on the screen.
    pub fn sees(&self, text: &str) {
        let seen = eventually(super::process::PATIENCE, || self.look(|screen| screen.text().contains(text)));
        assert!(seen, "no {text:?}:\n{}", self.look(Screen::text));
    }

    /// Gives the terminal this number of columns.
    pub fn resize(&self, columns: u16) {
        let mut stty = Command::new("stty");
        stty.args(["cols", &columns.to_string()]).stdin(self.theirs.as_ref().unwrap().try_clone().unwrap());
        assert!(stty.status().expect("stty").success());
        self.screen.lock().unwrap().0.widest = 0;
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("the program runs");
    }

    /// Waits for the end of the program, and for what it wrote until then.
    pub fn ended_within(&mut self, limit: Duration) -> ExitStatus {
        let mut status = None;
        let ended = eventually(limit, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        assert!(ended, "still running:\n{}", self.look(Screen::text));
        // Nobody can write any more, so the reader comes to an end.
        self.theirs = None;
        assert!(
            eventually(super::process::PATIENCE, || self.reader.is_finished()),
            "the terminal is still open"
        );
        status.unwrap()
    }
}

/// The end of the last code or line that has come as a whole.
fn end_of_piece(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| matches!(byte, b'\n' | b'h' | b'J')).map(|at| at + 1)
}

/// The end of what has come as a whole: of all of it, but for a code or a character whose rest is still to come.
fn end_of_whole(bytes: &[u8]) -> Option<usize> {
    let escape = bytes.iter().rposition(|byte| *byte == 0x1b);
    let begun = escape.filter(|at| !bytes[*at..].iter().any(u8::is_ascii_alphabetic));
    let whole = &bytes[..begun.unwrap_or(bytes.len())];
    let end = std::str::from_utf8(whole).map_or_else(|error| error.valid_up_to(), str::len);
    (end > 0).then_some(end)
}

fn terminal(rows: u16, columns: u16) -> OpenptyResult {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let OpenptyResult { master, slave } = openpty(Some(&size), None).expect("a terminal");
    // The system gives both ends to every process that is started from now on, and a broker that another test starts would
    // keep the terminal open for as long as it lives. Their copies are closed in such a process.
    let closed_by_others = |end: OwnedFd| end.try_clone().expect("a copy");
    OpenptyResult { master: closed_by_others(master), slave: closed_by_others(slave) }
}

impl Drop for Terminal {
    /// Kills the program; the warden ends what is left.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
