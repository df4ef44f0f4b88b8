//! The mark of everything that a lab starts: a word in its environment, which children inherit.
//!
//! A group is known by its number, and a process that makes a session of its own has left its group. The word stays,
//! unless a program clears the environment of its children. Only Linux shows the environment of a process; elsewhere a
//! process that left its group outlives the lab.

use std::process::Command;

use nix::unistd::Pid;

/// The environment variable that holds the word.
const VARIABLE: &str = "PUBSUB_LAB_WARDEN";
/// Number of digits of the word.
const DIGITS: usize = 32;

/// A word that no other lab has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag(String);

impl Tag {
    /// A new random word.
    pub(super) fn new() -> Self {
        Self(format!("{:0DIGITS$x}", rand::random::<u128>()))
    }

    /// Reads a word that was written down. A word that is too short could be anybody's.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then(|| Self(text.to_owned()))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Marks everything that this command starts.
    pub(super) fn mark(&self, command: &mut Command) {
        command.env(VARIABLE, &self.0);
    }

    /// The processes of this user that bear the word.
    #[cfg(target_os = "linux")]
    pub(super) fn bearers(&self) -> Vec<Pid> {
        use std::os::unix::fs::MetadataExt;

        let owner = |path: &std::path::Path| std::fs::metadata(path).map(|data| data.uid()).ok();
        let (here, mark) = (owner("/proc/self".as_ref()), format!("{VARIABLE}={}", self.0));
        let bears = |entry: std::fs::DirEntry| -> Option<Pid> {
            let id: i32 = entry.file_name().to_str()?.parse().ok()?;
            if owner(&entry.path()) != here || id == std::process::id() as i32 {
                return None;
            }
            // The environment of a zombie is empty.
            let environment = std::fs::read(entry.path().join("environ")).ok()?;
            let mut words = environment.split(|byte| *byte == 0);
            words.any(|word| word == mark.as_bytes()).then(|| Pid::from_raw(id))
        };
        let processes = std::fs::read_dir("/proc").into_iter().flatten();
        processes.filter_map(Result::ok).filter_map(bears).collect()
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn bearers(&self) -> Vec<Pid> {
        Vec::new()
    }
}

/// Removes the word from a warden's environment: the warden of a lab that runs inside another lab must outlive its own
/// lab.
pub(super) fn unmark(command: &mut Command) {
    command.env_remove(VARIABLE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_tag_is_one() {
        let tag = Tag::new();
        assert_eq!(Tag::parse(tag.text()), Some(tag.clone()));
        assert_ne!(tag, Tag::new());
        for wrong in ["", "1", &tag.text()[1..], &format!("{}0", tag.text()), &"g".repeat(DIGITS)] {
            assert_eq!(Tag::parse(wrong), None, "{wrong}");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests_of_the_machine {
    use super::*;

    #[test]
    fn who_bears_it_is_found_and_nobody_else() {
        let (tag, other) = (Tag::new(), Tag::new());
        let mut command = Command::new("sleep");
        command.arg("60");
        tag.mark(&mut command);
        let mut child = command.spawn().unwrap();
        assert_eq!(tag.bearers(), [Pid::from_raw(child.id() as i32)]);
        assert_eq!(other.bearers(), []);
        unmark(&mut command);
        let mut unmarked = command.spawn().unwrap();
        assert_eq!(tag.bearers().len(), 1);
        for child in [&mut child, &mut unmarked] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
