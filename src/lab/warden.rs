//! The warden: whatever happens to the lab, nothing that it started outlives it.
//!
//! The lab starts `pubsub-lab warden`, a process in a session of its own, and holds the writing end of a pipe
//! to it. Each process group, each private directory and a broker of the user's is written into that pipe. When the
//! pipe closes, the lab has ended, be it by SIGKILL: the warden kills what is still written down and removes it.
//!
//! There is no race. A child writes itself down after the fork and before it becomes the program
//! ([`enlist`](self::enlist)), and it holds the pipe open until then: the warden reads the end of the pipe
//! only after the last registration.
//!
//! A process that leaves its group is known by a mark that everything of the lab bears in its environment
//! ([`tag`](self::tag)).

mod broker;
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
use super::group::ProcessGroup;
use super::product::Product;
use broker::Guest;
use tag::Tag;
use watch::Entry;

/// The warden as the lab sees it: the writing end of the pipe.
#[derive(Debug)]
pub struct Warden {
    /// The writing end; `None` once the lab has let go of it.
    pipe: Mutex<Option<Arc<PipeWriter>>>,
    /// The mark of everything that the lab starts.
    tag: Tag,
    /// The process id of everything that was started: the queue of a killed node has its number.
    started: Mutex<Vec<i32>>,
    ended: state::Receiver<bool>,
    /// Set when the lab lets go, so that the warden's end is then expected.
    released: CancellationToken,
}

impl Warden {
    /// Starts the warden; `program` is the path of this binary.
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
            // A failure to wait for the warden is as bad as its end: nobody watches any more.
            drop(child.wait().await);
            tell.send_replace(true);
        });
        let (pipe, released) = (Mutex::new(Some(Arc::new(writer))), CancellationToken::new());
        let warden = Self { pipe, tag: Tag::new(), started: Mutex::default(), ended, released };
        warden.write_entry(&Entry::Tag(warden.tag.clone())).map_err(failed)?;
        Ok(warden)
    }

    /// Makes a command's child the leader of a new process group that registers itself before the child becomes the
    /// program. The spawn fails if the group cannot be registered.
    pub fn enlist(&self, command: &mut Command) -> io::Result<()> {
        self.tag.mark(command);
        enlist::enlist(command, self.pipe()?);
        Ok(())
    }

    /// Adds to the record when an enlisted child was born, so that its number is not mistaken later.
    pub fn born(&self, group: &ProcessGroup) -> io::Result<()> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner).push(group.leader());
        self.write_entry(&Entry::Born(*group))
    }

    /// Strikes a group out of the record: none of its processes is left.
    pub fn gone(&self, group: &ProcessGroup) -> io::Result<()> {
        self.write_entry(&Entry::Gone(group.leader()))
    }

    /// Writes a directory into the record, before it is made.
    pub fn directory(&self, path: &Path) -> io::Result<()> {
        self.write_entry(&Entry::Directory(path.to_owned()))
    }

    /// Strikes a directory out of the record: it is removed.
    pub fn directory_gone(&self, path: &Path) -> io::Result<()> {
        self.write_entry(&Entry::DirectoryGone(path.to_owned()))
    }

    /// Writes a Docker container into the record, before it is made.
    pub fn container(&self, name: &str) -> io::Result<()> {
        self.write_entry(&Entry::Container(name.to_owned()))
    }

    /// Strikes a container out of the record: it is removed.
    pub fn container_gone(&self, name: &str) -> io::Result<()> {
        self.write_entry(&Entry::ContainerGone(name.to_owned()))
    }

    /// Writes the user's broker into the record, before anything is made there. `url` may hold a password.
    pub fn guest(&self, product: Product, namespace: &str, url: &str) -> io::Result<()> {
        self.write_entry(&Entry::Guest(Guest { product, namespace: namespace.into(), url: url.into() }))
    }

    /// Strikes the user's broker out of the record: nothing of the lab's is left there.
    pub fn guest_gone(&self) -> io::Result<()> {
        self.write_entry(&Entry::GuestGone)
    }

    /// The process id of everything that was started.
    pub fn started(&self) -> Vec<i32> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Resolves when the warden has died although the lab still needs it.
    pub async fn died(&self) {
        let mut ended = self.ended.clone();
        // A closed channel means the warden's end as well.
        drop(ended.wait_for(|ended| *ended).await);
        if self.released.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }

    /// Closes the pipe and waits until the warden has removed what is left. False if the warden takes longer than the
    /// deadline.
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

    /// Writes an entry with one write per line, so that lines of several writers never mix.
    fn write_entry(&self, entry: &Entry) -> io::Result<()> {
        let line = entry.line()?;
        (&*self.pipe()?).write_all(&line)
    }
}
