//! A supervised child process: started in a process group of its own, its output in a log, its end noticed.
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
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use log::last_lines;

use super::error::LabError;
use super::group::ProcessGroup;
use super::product::Product;
use super::warden::Warden;
use output::Log;

/// The shell that runs commands of the user's.
pub const SHELL: &str = "/bin/sh";
/// Number of lines of a log that are shown to say what happened.
pub const LAST_WORDS: usize = 10;
/// Number of output lines that wait for a reader; later lines go into the log only.
const LINES: usize = 16;
/// How long the lab waits for the last output of a dead child.
const LAST_OUTPUT: Duration = Duration::from_millis(100);
/// How long what a child has left behind may take to end when asked to.
const LAST_BREATH: Duration = Duration::from_secs(1);
/// How often the lab looks whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What to start. A second start is the same as the first: arguments, environment, log.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The name of the process for people: `node 1`, `redis`.
    pub name: String,
    /// The path of the program.
    pub program: PathBuf,
    /// The arguments of the program.
    pub args: Vec<OsString>,
    /// The variables that are added to the lab's own environment; the whole environment if it is `clean`.
    pub env: Vec<(OsString, OsString)>,
    /// Whether nothing of the lab's own environment reaches the process: variables that are meant for a server that the
    /// user installed must not be obeyed by a server of the lab's.
    pub clean: bool,
    /// The directory in which the process runs; `None` means the directory of the lab.
    pub dir: Option<PathBuf>,
    /// The file to which the output is appended.
    pub log: PathBuf,
    /// Whether what the program leaves behind in the background lives on when the program itself has ended, until it is
    /// stopped.
    pub leaves: bool,
}

impl Spec {
    /// Whether the process is a program of ours, and not a command of the user's.
    pub fn is_member(&self) -> bool {
        self.program != Path::new(SHELL)
    }
}

/// The end of a process that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// The name of the process that died.
    pub name: String,
    /// How the process ended, in words.
    pub how: String,
    /// The last lines of the process's log, oldest first.
    pub log: Vec<String>,
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} died: {}", self.name, self.how)
    }
}

/// What every process of one lab shares with the others.
#[derive(Debug, Clone)]
pub struct Supervision {
    /// The warden, which ends the processes if the lab cannot.
    pub warden: Arc<Warden>,
    /// Counts the tasks that own the processes.
    pub tracker: TaskTracker,
    /// Kills every process of the lab when cancelled.
    pub cancel: CancellationToken,
    /// The private directory, which goes with the lab: no error names a log inside it.
    pub directory: PathBuf,
    /// The channel for ends that nobody asked for. If it is full, the newest end is only logged.
    pub deaths: mpsc::Sender<Death>,
}

/// A running child, or one that has ended. Dropping it kills the child.
#[derive(Debug)]
pub struct Process {
    name: String,
    id: u32,
    path: PathBuf,
    /// Whether the log outlives the lab, so that an error may name it.
    kept: bool,
    log: Arc<Log>,
    orders: mpsc::Sender<SignalOrder>,
    ended: watch::Receiver<Option<ExitStatus>>,
    /// Whether everything that the child has started is gone, too.
    gone: watch::Receiver<bool>,
    announced: Arc<AtomicBool>,
    asked: AtomicBool,
    /// Whether a SIGTERM is meant for the group's leader alone: a shell would not hand it on to what it runs.
    is_member: bool,
}

/// A request to the task that owns the child, to send a signal.
#[derive(Debug)]
struct SignalOrder {
    signal: Signal,
    /// Whether the signal goes to every process of the group, or to the leader alone.
    whole_group: bool,
    /// Whether the signal is meant to end the child.
    ends: bool,
    /// Resolved when the signal is sent.
    sent: Option<oneshot::Sender<()>>,
}

impl SignalOrder {
    const KILL: Self = Self { signal: Signal::SIGKILL, whole_group: true, ends: true, sent: None };
}

impl Process {
    /// Starts a child. Gives the first lines of its standard output, which go into the log as well.
    ///
    /// The child's death is not reported before [`announce`](Self::announce): whoever waits for it to be ready sees it.
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
        // The child dies even if the supervising task is dropped, together with the runtime.
        command.kill_on_drop(true);
        let (lines, first_lines) = mpsc::channel(LINES);
        let output = output::copy([out, err], &log, lines).map_err(failed)?;
        let mut child = command.spawn().map_err(failed)?;
        // The command holds the writing ends of the pipes; while it lives, the pipes would never end.
        drop(command);
        // The child was just started and is not reaped, so its id is there.
        let id = child.id().unwrap_or_default();
        let group = ProcessGroup::of_child(id as i32);
        // A warden that is gone is reported elsewhere, and ends the lab.
        supervision.warden.born(&group).ok();

        let (orders, mut queue) = mpsc::channel(8);
        let (tell, ended) = watch::channel(None);
        let (tell_gone, gone) = watch::channel(false);
        let announced = Arc::new(AtomicBool::new(false));
        let process = Self {
            name: spec.name.clone(),
            id,
            path: spec.log.clone(),
            kept: !spec.log.starts_with(&supervision.directory),
            log,
            orders,
            ended,
            gone,
            announced: Arc::clone(&announced),
            asked: AtomicBool::new(false),
            is_member: spec.is_member(),
        };
        let (spec, shared) = (spec.clone(), supervision.clone());
        supervision.tracker.spawn(async move {
            let (status, asked) = watch_over(&mut child, group, &mut queue, &shared.cancel).await;
            // The group may still hold processes that the child has left behind.
            let leaves = spec.leaves && !asked && group.is_alive();
            if !leaves {
                group.signal(Signal::SIGKILL);
                shared.warden.gone(&group).ok();
            }
            tokio::time::timeout(LAST_OUTPUT, output).await.ok();
            tell.send_replace(Some(status));
            if leaves {
                watch_over_rest(group, &mut queue, &shared.cancel).await;
                shared.warden.gone(&group).ok();
            }
            tell_gone.send_replace(true);
            if !asked && announced.load(Ordering::SeqCst) {
                let product = Product::ALL.into_iter().find(|product| product.word() == spec.name);
                let log = match product {
                    Some(product) => product.last_words(&spec.log),
                    None => last_lines(&spec.log, LAST_WORDS),
                };
                let death = Death { name: spec.name, how: how(status), log };
                if let Err(error) = shared.deaths.try_send(death) {
                    tracing::warn!(%error, "a death could not be told");
                }
            }
        });
        Ok((process, first_lines))
    }

    /// The process id of the child, which is the id of its group as well.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// From now on an unasked end is reported as a [`Death`]. False if the child has ended already, unreported.
    pub fn announce(&self) -> bool {
        self.announced.store(true, Ordering::SeqCst);
        self.is_running()
    }

    /// Whether the child has not ended yet.
    pub fn is_running(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Resolves when the child has ended and is reaped.
    pub async fn ended(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        let status = ended.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        // Without its task nobody knows how the child ended; the runtime is going down and has killed it.
        status.unwrap_or_else(|| ExitStatus::from_raw(Signal::SIGKILL as i32))
    }

    /// The error that says that the child ended when it should not have, with its last words.
    pub fn early_end(&self, status: ExitStatus) -> LabError {
        let ended = format!("{} ended before it was ready: {}", self.name, how(status));
        if let Some(why) = self.log.failure() {
            // The child's last words may be lost with the log, and a full disk may be what ended the child.
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

    /// The last lines of the child's log, oldest first.
    pub fn last_words(&self) -> Vec<String> {
        last_lines(&self.path, LAST_WORDS)
    }

    /// Whether somebody asked the child to end, so that it will not run much longer.
    pub fn was_asked_to_end(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Sends SIGKILL to the whole group; resolves when the child is reaped.
    pub async fn kill(&self) {
        self.order(SignalOrder::KILL).await;
        self.ended().await;
    }

    /// Sends SIGTERM, and what a paused process needs to receive it. Resolves when the signals are sent.
    pub async fn terminate(&self) {
        self.order(SignalOrder {
            signal: Signal::SIGTERM,
            whole_group: !self.is_member,
            ..SignalOrder::KILL
        })
        .await;
        self.resume().await;
    }

    /// Sends SIGTERM, and SIGKILL if the child has not ended by the deadline.
    pub async fn stop(&self, deadline: Duration) {
        self.terminate().await;
        if tokio::time::timeout(deadline, self.ended()).await.is_err() {
            self.kill().await;
        }
    }

    /// Ends what the child has left behind in the background, if it may leave something: SIGTERM, and SIGKILL after a
    /// while. Resolves when it is gone.
    pub async fn stop_rest(&self) {
        // Whoever has left nothing has no task any more that takes an order.
        self.orders.send(SignalOrder { signal: Signal::SIGTERM, ..SignalOrder::KILL }).await.ok();
        self.gone.clone().wait_for(|gone| *gone).await.ok();
    }

    /// Sends SIGSTOP to the whole group. Resolves when the signal is sent.
    pub async fn pause(&self) {
        self.order(SignalOrder { signal: Signal::SIGSTOP, ends: false, ..SignalOrder::KILL }).await;
    }

    /// Sends SIGCONT to the whole group. Resolves when the signal is sent.
    pub async fn resume(&self) {
        self.order(SignalOrder { signal: Signal::SIGCONT, ends: false, ..SignalOrder::KILL }).await;
    }

    /// Gives an order to the child's task. Resolves when the signal is sent.
    async fn order(&self, order: SignalOrder) {
        self.asked.fetch_or(order.ends, Ordering::SeqCst);
        let (tell, sent) = oneshot::channel();
        // An ended child has no task: there is nothing to do.
        if self.orders.send(SignalOrder { sent: Some(tell), ..order }).await.is_ok() {
            // An order that is sent in the very moment in which the child ends is taken by nobody, and stays in the
            // channel for as long as this end of the channel lives.
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
    group: ProcessGroup,
    orders: &mut mpsc::Receiver<SignalOrder>,
    cancel: &CancellationToken,
) -> (ExitStatus, bool) {
    let mut asked = false;
    loop {
        let order = tokio::select! {
            // The order of the branches matters: once the child is reaped, no order may be carried out.
            biased;
            // A failure of the wait cannot be told from an end by SIGKILL; the group is killed either way.
            status = child.wait() => {
                return (status.unwrap_or_else(|_| ExitStatus::from_raw(Signal::SIGKILL as i32)), asked);
            }
            () = cancel.cancelled() => None,
            order = orders.recv() => order,
        };
        let forgotten = order.is_none();
        let SignalOrder { signal, whole_group, ends, sent } = order.unwrap_or(SignalOrder::KILL);
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

/// Keeps what a child has left behind until its end is ordered, and ends it: at once if nobody is left to order it.
async fn watch_over_rest(
    group: ProcessGroup,
    orders: &mut mpsc::Receiver<SignalOrder>,
    cancel: &CancellationToken,
) {
    let ordered = loop {
        let order = tokio::select! {
            () = cancel.cancelled() => None,
            order = orders.recv() => order,
        };
        match order {
            Some(SignalOrder { signal, ends: false, .. }) => drop(group.signal(signal)),
            other => break other,
        }
    };
    if ordered.is_some_and(|order| order.signal == Signal::SIGTERM) {
        group.signal(Signal::SIGTERM);
        group.signal(Signal::SIGCONT);
        let deadline = Instant::now() + LAST_BREATH;
        // Nothing signals the end of a process that is not a child.
        while group.is_alive() && Instant::now() < deadline && !cancel.is_cancelled() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
    group.signal(Signal::SIGKILL);
}

/// The error for a log that cannot be written.
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
