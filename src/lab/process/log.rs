//! A process's log: where its output goes, and its last words.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// How much of the end of a log is read for its last lines, in bytes.
const END: u64 = 8 * 1024;
/// The longest line that is shown, in characters.
const WIDTH: usize = 300;

/// Opens a log for appending: a restarted process goes on in the same file.
pub(super) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// The last lines of a log, without control characters. Empty if there are none or the log cannot be read.
pub fn last_lines(path: &Path, count: usize) -> Vec<String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
        let mut end = Vec::new();
        file.take(END).read_to_end(&mut end)?;
        Ok(end)
    };
    let end = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&end);
    let shown = |line: &str| line.chars().filter(|c| !c.is_control()).take(WIDTH).collect::<String>();
    let mut lines: Vec<String> =
        text.lines().rev().map(shown).filter(|line| !line.trim().is_empty()).take(count).collect();
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_last_lines_come_oldest_first_and_harmless() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut file = open(&path).unwrap();
        for n in 0..5000 {
            writeln!(file, "line {n}").unwrap();
        }
        write!(file, "\n\x1b[31mred\n").unwrap();
        assert_eq!(last_lines(&path, 3), ["line 4998", "line 4999", "[31mred"]);
        assert!(last_lines(&dir.path().join("none"), 3).is_empty());
    }
}
