//! A supervised child: started in a process group of its own, its output in a log, its end noticed.
//!
//! One task owns the child. Signals go through that task, so none is ever sent to a number that is already
//! somebody else's.

mod log;
mod output;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use log::last_lines;

use super::error::LabError;
use super::group::Group;
use super::warden::Warden;
use output::Log;

/// What runs a command of the user's.
pub const SHELL: &str = "/bin/sh";
/// How many lines of a log show what happened.
pub const LAST_WORDS: usize = 10;
/// Lines of output that wait for a reader; later ones go into the log only.
const LINES: usize = 16;
/// How long the last output of a dead child is waited for.
const LAST_OUTPUT: Duration = Duration::from_millis(100);

/// What to start. Started again, it is the same: arguments, environment, log.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Its name for people: `node 1`, `redis`.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// What is added to the lab's own environment, or all of it if it is `clean`.
    pub env: Vec<(OsString, OsString)>,
    /// Whether nothing of the lab's own environment reaches it: what it says to one that the user installed
    /// must not be obeyed by one of the lab's.
    pub clean: bool,
    /// Where it runs; without it, where the lab runs.
    pub dir: Option<PathBuf>,
    /// The file that its output is appended to.
    pub log: PathBuf,
}

impl Spec {
    /// Whether it is a program of ours, and not a command of the user's.
    pub fn is_member(&self) -> bool {
        self.program != Path::new(SHELL)
    }
}

/// An end that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// Whose.
    pub name: String,
    /// How it ended, in words.
    pub how: String,
    /// The last lines of its log, oldest first.
    pub log: Vec<String>,
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} died: {}", self.name, self.how)
    }
}

/// What every process of one lab shares.
#[derive(Debug, Clone)]
pub struct Supervision {
    /// Who ends them if the lab cannot.
    pub warden: Arc<Warden>,
    /// Where their tasks are counted.
    pub tracker: TaskTracker,
    /// Kills them all when cancelled.
    pub cancel: CancellationToken,
    /// What is in this directory goes with the lab: no log in it is worth naming.
    pub directory: PathBuf,
    /// Where ends that nobody asked for are told. Full: the newest is only logged.
    pub deaths: mpsc::Sender<Death>,
}

/// A running child, or one that has ended. Dropped: killed.
#[derive(Debug)]
pub struct Process {
    name: String,
    id: u32,
    path: PathBuf,
    /// Whether the log outlives the lab.
    kept: bool,
    log: Arc<Log>,
    orders: mpsc::Sender<Order>,
    ended: watch::Receiver<Option<ExitStatus>>,
    announced: Arc<AtomicBool>,
    asked: AtomicBool,
    /// Whether a SIGTERM is for its leader alone: a shell would not hand it on.
    is_member: bool,
}

/// A signal for the task that owns the child.
#[derive(Debug)]
struct Order {
    signal: Signal,
    /// To every process of the group, or to the leader alone.
    whole_group: bool,
    /// Whether an end is what was asked for.
    ends: bool,
    /// Told when the signal is sent.
    sent: Option<oneshot::Sender<()>>,
}

impl Order {
    const KILL: Self = Self { signal: Signal::SIGKILL, whole_group: true, ends: true, sent: None };
}

impl Process {
    /// Starts a child. It gives the first lines of its standard output, which go into the log as well.
    ///
    /// Its death is not told before [`announce`](Self::announce): whoever waits for it to be ready sees it.
    pub fn start(spec: &Spec, supervision: &Supervision) -> Result<(Self, mpsc::Receiver<String>), LabError> {
        let failed = |error: io::Error| {
            let program = spec.program.display();
            LabError::environment(format!("{} could not be started ({program}): {error}", spec.name))
        };
        let log = log::open(&spec.log).and_then(|file| Log::new(file, output::LIMIT));
        let log = Arc::new(log.map_err(|error| unwritable(&spec.log, &error.to_string()))?);
        let mut command = Command::new(&spec.program);
        command.args(&spec.args);
        if spec.clean {
            command.env_clear();
        }
        command.envs(spec.env.iter().map(|(key, value)| (key, value)));
        if let Some(dir) = &spec.dir {
            command.current_dir(dir);
        }
        let (out, stdout) = io::pipe().map_err(failed)?;
        let (err, stderr) = io::pipe().map_err(failed)?;
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        supervision.warden.enlist(&mut command).map_err(failed)?;
        let mut command = tokio::process::Command::from(command);
        // If even the supervising task is dropped, with the runtime.
        command.kill_on_drop(true);
        let (lines, first_lines) = mpsc::channel(LINES);
        let output = output::copy([out, err], &log, lines).map_err(failed)?;
        let mut child = command.spawn().map_err(failed)?;
        // It holds the writing ends of the pipes, which would never end.
        drop(command);
        // Just started and not reaped: the id is there.
        let id = child.id().unwrap_or_default();
        let group = Group::of_child(id as i32);
        // A warden that is gone is told elsewhere, and ends the lab.
        supervision.warden.born(&group).ok();

        let (orders, queue) = mpsc::channel(8);
        let (tell, ended) = watch::channel(None);
        let announced = Arc::new(AtomicBool::new(false));
        let process = Self {
            name: spec.name.clone(),
            id,
            path: spec.log.clone(),
            kept: !spec.log.starts_with(&supervision.directory),
            log,
            orders,
            ended,
            announced: Arc::clone(&announced),
            asked: AtomicBool::new(false),
            is_member: spec.is_member(),
        };
        let (spec, shared) = (spec.clone(), supervision.clone());
        supervision.tracker.spawn(async move {
            let (status, asked) = watch_over(&mut child, group, queue, &shared.cancel).await;
            // Whatever it has left behind.
            group.signal(Signal::SIGKILL);
            shared.warden.gone(&group).ok();
            tokio::time::timeout(LAST_OUTPUT, output).await.ok();
            tell.send_replace(Some(status));
            if !asked && announced.load(Ordering::SeqCst) {
                let death =
                    Death { name: spec.name, how: how(status), log: last_lines(&spec.log, LAST_WORDS) };
                if let Err(error) = shared.deaths.try_send(death) {
                    tracing::warn!(%error, "a death could not be told");
                }
            }
        });
        Ok((process, first_lines))
    }

    /// Its process id, which is its group's as well.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// From now on an unasked end is told as a [`Death`]. False if it has ended already, untold.
    pub fn announce(&self) -> bool {
        self.announced.store(true, Ordering::SeqCst);
        self.is_running()
    }

    /// Whether it has not ended.
    pub fn is_running(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Resolves when it has ended and is reaped.
    pub async fn ended(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        let status = ended.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        // Without its task nobody knows how it ended; the runtime is going down and has killed it.
        status.unwrap_or_else(|| ExitStatus::from_raw(Signal::SIGKILL as i32))
    }

    /// The error that says that it ended when it should not have, with its last words.
    pub fn early_end(&self, status: ExitStatus) -> LabError {
        let ended = format!("{} ended before it was ready: {}", self.name, how(status));
        if let Some(why) = self.log.failure() {
            // What it said may be lost with the log, and a full disk may be what ended it.
            let LabError { message, hint, .. } = unwritable(&self.path, &why);
            let error = LabError::environment(format!("{ended}; {message}")).log(self.last_words());
            return LabError { hint, ..error };
        }
        let (words, path) = (self.last_words(), self.path.display());
        let hint = match (words.is_empty(), self.kept) {
            (true, true) => {
                format!("it printed nothing, and its log {path} is empty: start it by hand to see why")
            }
            (true, false) => "it printed nothing: start it by hand to see why".to_owned(),
            (false, true) => format!("all that it printed is in {path}"),
            (false, false) => "what it printed last says why; start it by hand to see more".to_owned(),
        };
        LabError::environment(ended).log(words).hint(hint)
    }

    /// The last lines of its log, oldest first.
    pub fn last_words(&self) -> Vec<String> {
        last_lines(&self.path, LAST_WORDS)
    }

    /// Whether its end was asked for, so that one that runs will not run much longer.
    pub fn was_asked_to_end(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// SIGKILL to the whole group; resolves when it is reaped.
    pub async fn kill(&self) {
        self.order(Order::KILL).await;
        self.ended().await;
    }

    /// SIGTERM, and what a paused one needs to hear it. Resolves when it is sent.
    pub async fn terminate(&self) {
        self.order(Order { signal: Signal::SIGTERM, whole_group: !self.is_member, ..Order::KILL }).await;
        self.resume().await;
    }

    /// SIGTERM, and SIGKILL if it has not ended by the deadline.
    pub async fn stop(&self, deadline: Duration) {
        self.terminate().await;
        if tokio::time::timeout(deadline, self.ended()).await.is_err() {
            self.kill().await;
        }
    }

    /// SIGSTOP to the whole group. Resolves when it is sent.
    pub async fn pause(&self) {
        self.order(Order { signal: Signal::SIGSTOP, ends: false, ..Order::KILL }).await;
    }

    /// SIGCONT to the whole group. Resolves when it is sent.
    pub async fn resume(&self) {
        self.order(Order { signal: Signal::SIGCONT, ends: false, ..Order::KILL }).await;
    }

    /// Resolves when the signal is sent.
    async fn order(&self, order: Order) {
        self.asked.fetch_or(order.ends, Ordering::SeqCst);
        let (tell, sent) = oneshot::channel();
        // An ended process has no task: there is nothing to do.
        if self.orders.send(Order { sent: Some(tell), ..order }).await.is_ok() {
            // One that is sent in the very moment in which the child ends is taken by nobody, and kept in the
            // channel for as long as this end of it lives.
            tokio::select! {
                _ = sent => {}
                _ = self.ended() => {}
            }
        }
    }
}

/// Carries out orders until the child has ended. Gives how it ended, and whether that was asked for.
async fn watch_over(
    child: &mut Child,
    group: Group,
    mut orders: mpsc::Receiver<Order>,
    cancel: &CancellationToken,
) -> (ExitStatus, bool) {
    let mut asked = false;
    loop {
        let order = tokio::select! {
            // First: once the child is reaped, no order may be carried out.
            biased;
            // That waiting fails cannot be told from an end by SIGKILL; the group is killed either way.
            status = child.wait() => {
                return (status.unwrap_or_else(|_| ExitStatus::from_raw(Signal::SIGKILL as i32)), asked);
            }
            () = cancel.cancelled() => None,
            order = orders.recv() => order,
        };
        let forgotten = order.is_none();
        let Order { signal, whole_group, ends, sent } = order.unwrap_or(Order::KILL);
        asked |= ends;
        if whole_group {
            group.signal(signal);
        } else {
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(group.leader()), signal).ok();
        }
        if let Some(sent) = sent {
            sent.send(()).ok();
        }
        if forgotten {
            let status = child.wait().await;
            return (status.unwrap_or_else(|_| ExitStatus::from_raw(Signal::SIGKILL as i32)), true);
        }
    }
}

/// The error of a log that cannot be written.
pub(super) fn unwritable(log: &Path, why: &str) -> LabError {
    let message = format!("the log {} cannot be written: {why}", log.display());
    LabError::environment(message).hint("make room there, or choose another directory with `--out`")
}

/// How a process ended, in words.
pub(super) fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(number)) => match Signal::try_from(number) {
            Ok(signal) => format!("killed by {signal}"),
            Err(_) => format!("killed by signal {number}"),
        },
        (None, None) => "it ended".to_owned(),
    }
}
