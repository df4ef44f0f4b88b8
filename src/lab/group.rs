//! A process group that the lab started, and how to be sure that its number still means the same one.
//!
//! Numbers of dead processes are given out again. While a group has a living member its number is taken, so the only
//! danger is a *leader* that was born later under the same number: its start time tells.

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// A process group, named by its leader and the leader's birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessGroup {
    leader: i32,
    born: Option<u64>,
}

impl ProcessGroup {
    /// The group of a child that is not reaped yet, so that the number certainly belongs to it.
    pub fn of_child(leader: i32) -> Self {
        Self { leader, born: birth(leader) }
    }

    /// A group as it was written down; `born` is `None` where the system does not tell when a process started.
    pub fn recorded(leader: i32, born: Option<u64>) -> Self {
        Self { leader, born }
    }

    /// The process id of its leader, which is the group's number.
    pub fn leader(&self) -> i32 {
        self.leader
    }

    /// When the group's leader started, in clock ticks of the system.
    pub fn born(&self) -> Option<u64> {
        self.born
    }

    /// Whether the group's number has gone to another process.
    pub fn is_recycled(&self) -> bool {
        match (self.born, birth(self.leader)) {
            (Some(then), Some(now)) => then != now,
            // The leader is gone, or the system does not tell its birth: the processes with this number are the group's
            // own.
            _ => false,
        }
    }

    /// Sends a signal to every member; an empty or recycled group gets none. True if any process got it.
    pub fn signal(&self, signal: Signal) -> bool {
        // The numbers 0 and 1 would mean the lab's own group and every process.
        self.leader > 1 && !self.is_recycled() && killpg(Pid::from_raw(self.leader), signal).is_ok()
    }

    /// Whether the group has a member left that is not a zombie, as far as the system tells.
    pub fn is_alive(&self) -> bool {
        if self.leader <= 1 || self.is_recycled() {
            return false;
        }
        match killpg(Pid::from_raw(self.leader), None) {
            Err(Errno::ESRCH) => false,
            // A dead leader that nobody has reaped answers a signal too.
            _ => state(self.leader) != Some('Z'),
        }
    }
}

/// When a process started, in clock ticks since the machine booted.
#[cfg(target_os = "linux")]
fn birth(pid: i32) -> Option<u64> {
    stat(pid)?.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(target_os = "linux")]
fn state(pid: i32) -> Option<char> {
    stat(pid)?.chars().next()
}

/// The fields of `/proc/PID/stat` from the third on.
#[cfg(target_os = "linux")]
pub(super) fn stat(pid: i32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    behind_name(&stat).map(str::to_owned)
}

/// The fields of a process from the third on: the second is the program's name, which may hold anything.
#[cfg(target_os = "linux")]
pub(super) fn behind_name(stat: &str) -> Option<&str> {
    stat.rsplit_once(") ").map(|(_, rest)| rest)
}

#[cfg(not(target_os = "linux"))]
fn birth(_pid: i32) -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn state(_pid: i32) -> Option<char> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_everybody() {
        assert!(!ProcessGroup::recorded(0, None).signal(Signal::SIGCONT));
        assert!(!ProcessGroup::recorded(1, None).signal(Signal::SIGCONT));
    }
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    fn sleeper() -> (Child, ProcessGroup) {
        let child = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        let group = ProcessGroup::of_child(child.id() as i32);
        (child, group)
    }

    #[test]
    fn a_group_dies_by_its_own_number() {
        let (mut child, group) = sleeper();
        assert!(group.is_alive());
        assert!(group.signal(Signal::SIGKILL));
        child.wait().unwrap();
        assert!(!group.is_alive());
        assert!(!group.signal(Signal::SIGKILL));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_recycled_number_is_left_alone() {
        let (mut child, group) = sleeper();
        let before = ProcessGroup::recorded(group.leader(), group.born().map(|born| born - 1));
        assert!(before.is_recycled());
        assert!(!before.signal(Signal::SIGKILL));
        assert!(!before.is_alive());
        assert!(child.try_wait().unwrap().is_none(), "the stranger lives");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
