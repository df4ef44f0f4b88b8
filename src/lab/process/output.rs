//! What a process says on its standard output: into its log, and the first lines to whoever waits for them.

use std::fs::File;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdout;
use tokio::sync::mpsc;

/// So much is read and written at once.
const CHUNK: usize = 64 * 1024;
/// The longest line that is told; of a longer one the rest goes into the log only.
const LONGEST_LINE: usize = 8 * 1024;
/// So many bytes of it go into the log. What a process says without end must not fill the disk.
const MOST: u64 = 256 * 1024 * 1024;
/// What stands in the log where it ends.
const FULL: &[u8] =
    b"\n[pubsub-lab: the log is full; what this process says on stdout from here on is left out]\n";

/// Copies standard output into the log, and its lines to whoever waits for them. It never makes the process wait for
/// the disk's space, nor the runtime for the disk: the writing is done by threads that may block.
pub(super) async fn copy(mut out: ChildStdout, log: File, lines: mpsc::Sender<String>) {
    let mut log = Bounded { log: tokio::fs::File::from_std(log), room: MOST };
    let mut lines = Lines { pending: Vec::new(), lines };
    let mut chunk = vec![0; CHUNK];
    while let Ok(length @ 1..) = out.read(&mut chunk).await {
        // A full disk must not stop the process that is measured.
        log.write(&chunk[..length]).await.ok();
        lines.tell(&chunk[..length]);
    }
}

/// A log that takes no more than it has room for.
struct Bounded {
    log: tokio::fs::File,
    room: u64,
}

impl Bounded {
    /// Resolves when it is written: who is told of a line finds it in the log.
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.room == 0 {
            return Ok(());
        }
        let taken = bytes.len().min(usize::try_from(self.room).unwrap_or(usize::MAX));
        self.room -= taken as u64;
        self.log.write_all(&bytes[..taken]).await?;
        if self.room == 0 {
            self.log.write_all(FULL).await?;
        }
        self.log.flush().await
    }
}

/// The lines of a stream of bytes.
struct Lines {
    /// The begin of a line that has not ended.
    pending: Vec<u8>,
    lines: mpsc::Sender<String>,
}

impl Lines {
    fn tell(&mut self, bytes: &[u8]) {
        // Nobody listens any more: the log has it.
        if self.lines.is_closed() {
            return;
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST_LINE.saturating_sub(self.pending.len());
            self.pending.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                // Full: the log has it.
                self.lines.try_send(String::from_utf8_lossy(&self.pending).trim_end().to_owned()).ok();
                self.pending.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_whole_however_they_come_and_the_longest_are_cut() {
        let (lines, mut told) = mpsc::channel(4);
        let mut lines = Lines { pending: Vec::new(), lines };
        lines.tell(b"one\ntw");
        lines.tell(b"o\r\n");
        for _ in 0..100 {
            lines.tell(&[b'x'; 1_000]);
            assert!(lines.pending.len() <= LONGEST_LINE);
        }
        lines.tell(b"\nlast\nbeyond the queue\n");
        let told: Vec<_> = std::iter::from_fn(|| told.try_recv().ok()).collect();
        assert_eq!(told, ["one", "two", &"x".repeat(LONGEST_LINE), "last"]);
    }

    #[tokio::test]
    async fn a_log_that_is_full_says_so_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log = tokio::fs::File::from_std(File::create(&path).unwrap());
        let mut log = Bounded { log, room: 5 };
        for _ in 0..3 {
            log.write(b"abc").await.unwrap();
        }
        let written = std::fs::read(&path).unwrap();
        assert_eq!(written, [b"abcab", FULL].concat());
    }
}
