//! The warden: whatever happens to the lab, nothing that it started outlives it.
//!
//! The lab starts `pubsub-lab warden`, a process in a session of its own, and holds the writing end of a pipe
//! to it. Each process group and each private directory is written into that pipe. When the pipe closes, the
//! lab has ended, be it by SIGKILL: the warden kills what is still written down and removes it.
//!
//! There is no race. A child writes itself down after the fork and before it becomes the program
//! ([`enlist`](self::enlist)), and it holds the pipe open until then: the warden reads the end of the pipe
//! only after the last registration.
//!
//! Who leaves its group is known by what all of them bear in their environment ([`tag`](self::tag)).

mod enlist;
mod tag;
mod watch;

use std::io::{self, PipeWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch as state;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use watch::keep_watch;

use super::error::LabError;
use super::group::Group;
use tag::Tag;
use watch::Entry;

/// The lab's end of the pipe.
#[derive(Debug)]
pub struct Warden {
    /// `None` once the lab has let go of it.
    pipe: Mutex<Option<Arc<PipeWriter>>>,
    /// What everything bears that the lab starts.
    tag: Tag,
    ended: state::Receiver<bool>,
    /// Set when the lab lets go, so that the warden's end is expected.
    released: CancellationToken,
}

impl Warden {
    /// Starts the warden; `program` is this binary.
    pub fn start(program: &Path, tracker: &TaskTracker) -> Result<Self, LabError> {
        let failed = |error: io::Error| LabError::environment(format!("the warden could not start: {error}"));
        let (reader, writer) = io::pipe().map_err(failed)?;
        let mut command = Command::new(program);
        command.arg("warden").stdin(reader).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
        enlist::detach(&mut command);
        tag::unmark(&mut command);
        let mut child = tokio::process::Command::from(command).spawn().map_err(failed)?;
        let (tell, ended) = state::channel(false);
        tracker.spawn(async move {
            // A failure to wait is as bad as an end: nobody watches any more.
            drop(child.wait().await);
            tell.send_replace(true);
        });
        let (pipe, released) = (Mutex::new(Some(Arc::new(writer))), CancellationToken::new());
        let warden = Self { pipe, tag: Tag::new(), ended, released };
        warden.tell(&Entry::Tag(warden.tag.clone())).map_err(failed)?;
        Ok(warden)
    }

    /// Makes a command's child the leader of a new process group that registers itself before it becomes the
    /// program. The spawn fails if it cannot.
    pub fn enlist(&self, command: &mut Command) -> io::Result<()> {
        self.tag.mark(command);
        enlist::enlist(command, self.pipe()?);
        Ok(())
    }

    /// Adds when an enlisted child was born, so that its number is not mistaken later.
    pub fn born(&self, group: &Group) -> io::Result<()> {
        self.tell(&Entry::Born(*group))
    }

    /// Strikes a group out: nobody of it is left.
    pub fn gone(&self, group: &Group) -> io::Result<()> {
        self.tell(&Entry::Gone(group.leader()))
    }

    /// Writes a directory down, before it is made.
    pub fn directory(&self, path: &Path) -> io::Result<()> {
        self.tell(&Entry::Directory(path.to_owned()))
    }

    /// Strikes a directory out: it is removed.
    pub fn directory_gone(&self, path: &Path) -> io::Result<()> {
        self.tell(&Entry::DirectoryGone(path.to_owned()))
    }

    /// Writes a Docker container down, before it is made.
    pub fn container(&self, name: &str) -> io::Result<()> {
        self.tell(&Entry::Container(name.to_owned()))
    }

    /// Strikes a container out: it is removed.
    pub fn container_gone(&self, name: &str) -> io::Result<()> {
        self.tell(&Entry::ContainerGone(name.to_owned()))
    }

    /// Resolves when the warden has died though the lab still needs it.
    pub async fn died(&self) {
        let mut ended = self.ended.clone();
        // A closed channel is an end as well.
        drop(ended.wait_for(|ended| *ended).await);
        if self.released.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }

    /// Closes the pipe and waits until the warden has removed what is left. False if that took longer.
    pub async fn release(&self, deadline: Duration) -> bool {
        self.released.cancel();
        drop(self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut ended = self.ended.clone();
        tokio::time::timeout(deadline, ended.wait_for(|ended| *ended)).await.is_ok()
    }

    fn pipe(&self) -> io::Result<Arc<PipeWriter>> {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        pipe.clone().ok_or_else(|| io::Error::other("the lab is closed"))
    }

    /// One write a line: lines of several writers never mix.
    fn tell(&self, entry: &Entry) -> io::Result<()> {
        let line = entry.line()?;
        (&*self.pipe()?).write_all(&line)
    }
}
