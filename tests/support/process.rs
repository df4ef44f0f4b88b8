//! Starts the program, reads its output, signals it, and checks whether any of its processes is left.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long anything may take on a busy machine, the boot of a RabbitMQ included, before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// The running program.
pub struct Running {
    child: Child,
    out: Arc<Said>,
    err: Arc<Said>,
}

/// The lines that have come out of one stream so far.
#[derive(Default)]
struct Said {
    /// The lines, and whether the stream has ended.
    lines: Mutex<(Vec<String>, bool)>,
    more: Condvar,
}

impl Running {
    /// Starts `pubsub-lab` with these arguments.
    pub fn pubsub_lab(args: &[&str]) -> Self {
        Self::start(pubsub_lab(args))
    }

    /// Starts a command, and reads its output.
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let out = Said::read(child.stdout.take().expect("a pipe"));
        let err = Said::read(child.stderr.take().expect("a pipe"));
        Self { child, out, err }
    }

    pub fn id(&self) -> i32 {
        self.child.id() as i32
    }

    pub fn signal(&self, signal: Signal) {
        send(self.id(), signal);
    }

    /// The first line on standard output that contains this text.
    pub fn out_line(&self, part: &str) -> String {
        self.out.wait(part).unwrap_or_else(|| panic!("no {part:?} on stdout:\n{}", self.everything()))
    }

    /// The first line on standard error that contains this text.
    pub fn err_line(&self, part: &str) -> String {
        self.err.wait(part).unwrap_or_else(|| panic!("no {part:?} on stderr:\n{}", self.everything()))
    }

    /// Every line that has come on standard output so far.
    pub fn out(&self) -> Vec<String> {
        self.out.lines.lock().unwrap().0.clone()
    }

    /// Every line that has come on standard error so far.
    pub fn err(&self) -> Vec<String> {
        self.err.lines.lock().unwrap().0.clone()
    }

    pub fn everything(&self) -> String {
        format!("stdout:\n{}\nstderr:\n{}", self.out().join("\n"), self.err().join("\n"))
    }

    /// Waits for the end of the program, at most for this time.
    pub fn ended_within(&mut self, deadline: Duration) -> ExitStatus {
        let mut status = None;
        let ended = eventually(deadline, || {
            status = self.child.try_wait().expect("a child can be waited for");
            status.is_some()
        });
        assert!(ended, "still running after {deadline:?}\n{}", self.everything());
        self.out.ended();
        self.err.ended();
        status.expect("it ended")
    }

    /// The children of the program, their children, and so on.
    pub fn descendants(&self) -> Vec<Seen> {
        descendants(self.id())
    }

    /// The only descendant whose command line contains this text.
    pub fn descendant(&self, part: &str) -> Seen {
        let mut found: Vec<Seen> =
            self.descendants().into_iter().filter(|seen| seen.command.contains(part)).collect();
        assert_eq!(found.len(), 1, "processes with {part:?}: {found:?}\n{}", self.everything());
        found.remove(0)
    }
}

impl Drop for Running {
    /// Kills the program; the warden ends what is left.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Said {
    fn read(stream: impl Read + Send + 'static) -> Arc<Self> {
        let said = Arc::new(Self::default());
        let shared = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                shared.lines.lock().unwrap().0.push(line);
                shared.more.notify_all();
            }
            shared.lines.lock().unwrap().1 = true;
            shared.more.notify_all();
        });
        said
    }

    fn wait(&self, part: &str) -> Option<String> {
        let find = |lines: &[String]| lines.iter().find(|line| line.contains(part)).cloned();
        let guard = self.lines.lock().unwrap();
        let (guard, _) = self
            .more
            .wait_timeout_while(guard, PATIENCE, |(lines, ended)| find(lines).is_none() && !*ended)
            .unwrap();
        find(&guard.0)
    }

    fn ended(&self) {
        let guard = self.lines.lock().unwrap();
        drop(self.more.wait_timeout_while(guard, Duration::from_secs(5), |(_, ended)| !*ended).unwrap());
    }
}

/// The command `pubsub-lab` with these arguments.
pub fn pubsub_lab(args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args);
    command
}

/// The program under test.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_pubsub-lab"))
}

/// One process, identified so that another process with a recycled number is not taken for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub id: i32,
    pub parent: i32,
    pub command: String,
    born: String,
}

impl Seen {
    pub fn signal(&self, signal: Signal) {
        send(self.id, signal);
    }
}

/// Sends a signal. A process that is told to stop does nothing more when this returns.
fn send(id: i32, signal: Signal) {
    kill(Pid::from_raw(id), signal).expect("the process runs");
    if signal == Signal::SIGSTOP {
        assert_stopped(id as u32);
    }
}

/// Waits until every thread of a process that was told to stop stands still: the thread that took the signal stops at
/// once, the others run on until the kernel comes to them.
pub fn assert_stopped(id: u32) {
    #[cfg(target_os = "linux")]
    assert!(eventually(PATIENCE, || is_stopped(id)), "process {id} runs on");
    #[cfg(not(target_os = "linux"))]
    let _ = id;
}

#[cfg(target_os = "linux")]
fn is_stopped(id: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).expect("the process is there");
    threads.flatten().all(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with(['T', 'Z', 'X']))
    })
}

/// The children of a process, their children, and so on.
pub fn descendants(of: i32) -> Vec<Seen> {
    let all = processes();
    let mut found = BTreeSet::from([of]);
    loop {
        let more: Vec<i32> = all
            .values()
            .filter(|seen| found.contains(&seen.parent) && !found.contains(&seen.id))
            .map(|seen| seen.id)
            .collect();
        if more.is_empty() {
            break;
        }
        found.extend(more);
    }
    found.remove(&of);
    all.into_values().filter(|seen| found.contains(&seen.id)).collect()
}

/// The process with this id.
pub fn seen(id: u32) -> Seen {
    processes().remove(&(id as i32)).unwrap_or_else(|| panic!("no process {id}"))
}

/// Every process of the machine that is no zombie.
#[cfg(target_os = "linux")]
pub fn processes() -> BTreeMap<i32, Seen> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").expect("/proc is there").flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((_, stat)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<&str> = stat.split_ascii_whitespace().collect();
        if matches!(fields[0], "Z" | "X") {
            continue;
        }
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ").trim().to_owned();
        let parent = fields[1].parse().expect("a number");
        found.insert(id, Seen { id, parent, command, born: fields[19].to_owned() });
    }
    found
}

/// Every process of the machine that is no zombie.
#[cfg(not(target_os = "linux"))]
pub fn processes() -> BTreeMap<i32, Seen> {
    let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid=,stat=,lstart=,command="]).output();
    let listed = String::from_utf8_lossy(&listed.expect("ps is there").stdout).into_owned();
    let mut found = BTreeMap::new();
    for line in listed.lines() {
        // The start time in `lstart` has five words.
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [id, parent, state, rest @ ..] = &words[..] else { continue };
        if state.starts_with('Z') || rest.len() < 5 {
            continue;
        }
        let (Ok(id), Ok(parent)) = (id.parse(), parent.parse()) else { continue };
        found.insert(id, Seen { id, parent, command: rest[5..].join(" "), born: rest[..5].join(" ") });
    }
    found
}

/// The processes whose command line contains this text.
pub fn with_marker(marker: &str) -> Vec<Seen> {
    processes().into_values().filter(|seen| seen.command.contains(marker)).collect()
}

/// Asserts that all of these processes end in time.
pub fn assert_gone(seen: &[Seen], deadline: Duration) {
    let mut left: Vec<Seen> = seen.to_vec();
    let gone = eventually(deadline, || {
        let now = processes();
        left.retain(|seen| now.get(&seen.id).is_some_and(|now| now.born == seen.born));
        left.is_empty()
    });
    assert!(gone, "still alive after {deadline:?}: {left:#?}");
}

/// Asserts that a value becomes the expected one in time.
pub fn assert_soon<T: Debug + PartialEq>(deadline: Duration, expected: T, mut now: impl FnMut() -> T) {
    let mut last = now();
    eventually(deadline, || {
        last = now();
        last == expected
    });
    assert_eq!(last, expected, "after {deadline:?}");
}

/// Whether a condition comes true before the deadline. It is checked every few milliseconds, for things that send no
/// signal; the last check begins after the deadline.
pub fn eventually(deadline: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + deadline;
    loop {
        let last = Instant::now() >= end;
        if condition() {
            return true;
        }
        if last {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
