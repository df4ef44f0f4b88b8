//! The warden's own side: it reads what is written down until the pipe closes, then ends all of it.
//!
//! It uses no async runtime and hardly allocates until the pipe closes: this process must outlive everything and cost
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, BufRead};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal, kill};

use super::broker::Guest;
use super::tag::Tag;
use crate::docker::removal::remove;
use crate::group::ProcessGroup;

/// How long the warden goes on trying; the lab promises five seconds in all.
const DEADLINE: Duration = Duration::from_millis(4500);
/// How often the warden looks whether the killed processes are gone.
const LOOK: Duration = Duration::from_millis(5);

/// One line of the pipe, by which the lab tells its warden what to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// The mark that everything of the lab bears in its environment.
    Tag(Tag),
    /// A child is about to become a program; it leads a group of its own.
    Group(i32),
    /// The group of a child, with the time at which the child was born.
    Born(ProcessGroup),
    /// No process of the group with this number is left.
    Gone(i32),
    /// A private directory is about to be made.
    Directory(PathBuf),
    /// The private directory is removed.
    DirectoryGone(PathBuf),
    /// A Docker container is about to be made.
    Container(String),
    /// The Docker container is removed.
    ContainerGone(String),
    /// Queues and exchanges are about to be made at a broker of the user's.
    Guest(Guest),
    /// Nothing of the lab's is left at the user's broker.
    GuestGone,
}

impl Entry {
    /// The line, with its end. An error for a line that is too long or has a line break inside, because the warden
    /// could not tell it from others.
    pub(super) fn line(&self) -> io::Result<Vec<u8>> {
        let mut line = match self {
            Entry::Tag(tag) => format!("tag {}", tag.text()).into_bytes(),
            Entry::Group(leader) => format!("group {leader}").into_bytes(),
            Entry::Born(group) => match group.born() {
                Some(born) => format!("born {} {born}", group.leader()).into_bytes(),
                None => format!("group {}", group.leader()).into_bytes(),
            },
            Entry::Gone(leader) => format!("gone {leader}").into_bytes(),
            Entry::Directory(path) => [b"directory ", path.as_os_str().as_bytes()].concat(),
            Entry::DirectoryGone(path) => [b"directory-gone ", path.as_os_str().as_bytes()].concat(),
            Entry::Container(name) => format!("container {name}").into_bytes(),
            Entry::ContainerGone(name) => format!("container-gone {name}").into_bytes(),
            Entry::Guest(guest) => format!("guest {}", guest.text()).into_bytes(),
            Entry::GuestGone => b"guest-gone ".to_vec(),
        };
        // POSIX promises that writes of up to 512 bytes are whole.
        if line.contains(&b'\n') || line.len() >= 512 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "too long a name, or a line break in it",
            ));
        }
        line.push(b'\n');
        Ok(line)
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let space = line.iter().position(|byte| *byte == b' ')?;
        let (word, rest) = (line.get(..space)?, line.get(space + 1..)?);
        let text = || std::str::from_utf8(rest).ok();
        let path = || PathBuf::from(OsStr::from_bytes(rest));
        Some(match word {
            b"tag" => Entry::Tag(Tag::parse(text()?)?),
            b"group" => Entry::Group(text()?.parse().ok()?),
            b"born" => {
                let (leader, born) = text()?.split_once(' ')?;
                Entry::Born(ProcessGroup::recorded(leader.parse().ok()?, Some(born.parse().ok()?)))
            }
            b"gone" => Entry::Gone(text()?.parse().ok()?),
            b"directory" => Entry::Directory(path()),
            b"directory-gone" => Entry::DirectoryGone(path()),
            b"container" => Entry::Container(text()?.to_owned()),
            b"container-gone" => Entry::ContainerGone(text()?.to_owned()),
            b"guest" => Entry::Guest(Guest::parse(text()?)?),
            b"guest-gone" => Entry::GuestGone,
            _ => return None,
        })
    }
}

/// Everything that the warden has to end when the pipe closes.
#[derive(Debug, Default)]
struct Registered {
    tag: Option<Tag>,
    groups: BTreeMap<i32, ProcessGroup>,
    directories: BTreeSet<PathBuf>,
    containers: BTreeSet<String>,
    guest: Option<Guest>,
    /// The process id of everything that was ever started: the queue of a killed node has its number.
    leaders: BTreeSet<i32>,
}

impl Registered {
    fn record_entry(&mut self, entry: Entry) {
        match &entry {
            Entry::Group(leader) => _ = self.leaders.insert(*leader),
            Entry::Born(group) => _ = self.leaders.insert(group.leader()),
            _ => {}
        }
        match entry {
            Entry::Tag(tag) => self.tag = Some(tag),
            Entry::Group(leader) => {
                // The group is gone already: its program could not be started, and its number may soon be somebody
                // else's.
                let group = ProcessGroup::of_child(leader);
                if group.is_alive() {
                    self.groups.insert(leader, group);
                }
            }
            Entry::Born(group) => drop(self.groups.insert(group.leader(), group)),
            Entry::Gone(leader) => drop(self.groups.remove(&leader)),
            Entry::Directory(path) => drop(self.directories.insert(path)),
            Entry::DirectoryGone(path) => drop(self.directories.remove(&path)),
            Entry::Container(name) => drop(self.containers.insert(name)),
            Entry::ContainerGone(name) => drop(self.containers.remove(&name)),
            Entry::Guest(guest) => self.guest = Some(guest),
            Entry::GuestGone => self.guest = None,
        }
    }

    /// Kills the processes, waits for their ends, and removes the directories and what is left at the user's broker.
    /// True when nothing is left.
    fn end(&self) -> bool {
        let ended = self.end_here();
        // The processes are gone by now: a node would declare again what is deleted under it.
        ended & self.guest.as_ref().is_none_or(|guest| guest.remove(&self.leaders))
    }

    /// Ends what is on this machine. True when nothing is left.
    fn end_here(&self) -> bool {
        let deadline = Instant::now() + DEADLINE;
        // The groups are killed before anything slow is done.
        for group in self.groups.values() {
            group.signal(Signal::SIGKILL);
            group.signal(Signal::SIGCONT);
        }
        let mut removals: Vec<Child> =
            self.containers.iter().filter_map(|name| remove_container(name).ok()).collect();
        loop {
            // The kill is repeated in each round: a member may have forked in between.
            let alive = self.groups.values().filter(|group| group.is_alive()).inspect(|group| {
                group.signal(Signal::SIGKILL);
            });
            let mut left = alive.count();
            // Processes that have left their group are killed too. Every round looks anew: a process that was forked in
            // between bears the mark.
            let bearers = self.tag.as_ref().map(Tag::bearers).unwrap_or_default();
            left += bearers.iter().filter(|bearer| kill(**bearer, Signal::SIGKILL).is_ok()).count();
            removals.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
            left += removals.len();
            // Directories are removed last: while their users live, they fill again.
            if left == 0 {
                left += self.directories.iter().filter(|path| !remove_directory(path)).count();
            }
            if left == 0 {
                return true;
            }
            if Instant::now() >= deadline {
                for path in &self.directories {
                    remove_directory(path);
                }
                return false;
            }
            std::thread::sleep(LOOK);
        }
    }
}

fn remove_directory(path: &Path) -> bool {
    match std::fs::remove_dir_all(path) {
        Ok(()) => true,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn remove_container(name: &str) -> io::Result<Child> {
    Command::new("docker")
        .args(remove(name))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// The signals that must not end a warden: those that a terminal, a logout or a stopping service sends to everybody.
pub(super) fn deaf_to() -> SigSet {
    let mut set = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGTSTP] {
        set.add(signal);
    }
    set
}

/// Reads lines until the writers are gone, then ends everything that is still written down. Gives the exit code: 0 when
/// nothing is left.
pub fn keep_watch(input: impl BufRead) -> u8 {
    // The lab has blocked these signals for its warden already; a warden started by hand blocks them here.
    deaf_to().thread_block().ok();
    let mut kept = Registered::default();
    // A pipe that cannot be read counts as closed.
    for line in input.split(b'\n').map_while(Result::ok) {
        if let Some(entry) = Entry::parse(&line) {
            kept.record_entry(entry);
        }
    }
    u8::from(!kept.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_written() {
        let group = ProcessGroup::recorded(42, Some(7));
        let tag = Tag::parse("0123456789abcdef0123456789abcdef").unwrap();
        let guest = Guest::parse("redis pubsub-lab-1 redis://host").unwrap();
        let cases: [(Entry, &[u8]); 10] = [
            (Entry::Tag(tag), b"tag 0123456789abcdef0123456789abcdef\n"),
            (Entry::Group(42), b"group 42\n"),
            (Entry::Born(group), b"born 42 7\n"),
            (Entry::Gone(42), b"gone 42\n"),
            (Entry::Directory("/tmp/a b".into()), b"directory /tmp/a b\n"),
            (Entry::DirectoryGone("/tmp/a b".into()), b"directory-gone /tmp/a b\n"),
            (Entry::Container("c".into()), b"container c\n"),
            (Entry::ContainerGone("c".into()), b"container-gone c\n"),
            (Entry::Guest(guest), b"guest redis pubsub-lab-1 redis://host\n"),
            (Entry::GuestGone, b"guest-gone \n"),
        ];
        for (entry, line) in cases {
            assert_eq!(entry.line().unwrap(), line);
            assert_eq!(Entry::parse(&line[..line.len() - 1]), Some(entry));
        }
    }

    #[test]
    fn a_line_that_could_split_is_refused() {
        assert!(Entry::Directory("/tmp/a\nb".into()).line().is_err());
        assert!(Entry::Directory("x".repeat(600).into()).line().is_err());
    }

    #[test]
    fn rubbish_is_no_entry() {
        for line in ["", "group", "group x", "born 1", "directories /", "gone 1 2", "tag 1"] {
            assert_eq!(Entry::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn what_is_struck_out_stays() {
        let kept_dir = tempfile::tempdir().unwrap();
        let gone_dir = tempfile::tempdir().unwrap();
        let lines = format!(
            "directory {k}\ndirectory {g}\ndirectory-gone {k}\n",
            k = kept_dir.path().display(),
            g = gone_dir.path().display()
        );
        // The watch runs in a thread of its own, so that the signal mask of this thread stays as it is.
        let code = std::thread::spawn(move || keep_watch(lines.as_bytes())).join().unwrap();
        assert_eq!(code, 0);
        assert!(kept_dir.path().exists());
        assert!(!gone_dir.path().exists());
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests_of_the_machine {
    use super::*;

    #[test]
    fn who_has_left_its_group_is_found() {
        use std::os::unix::process::ExitStatusExt;

        let tag = Tag::new();
        let mut command = Command::new("sleep");
        command.arg("60");
        tag.mark(&mut command);
        let mut child = command.spawn().unwrap();
        let lines = format!("tag {}\n", tag.text());
        let code = std::thread::spawn(move || keep_watch(lines.as_bytes())).join().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGKILL as i32));
        assert_eq!(code, 0);
    }
}
