//! A trace as a file: one JSON line for each step, in batches, each given to the kernel at once, so that a SIGKILL loses
//! only the lines of the last milliseconds. The last line of a process that ends in good order says what was dropped.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use super::line::{TraceLine, unix_us};
use super::outlet::{Outlet, Sink};

/// What the writing thread owns.
#[derive(Debug)]
pub(super) struct FileSink<W> {
    file: W,
    batch: Vec<u8>,
    /// Whether the log already says that the file takes nothing, so that it says so once.
    complained: bool,
}

impl Outlet {
    /// Opens the file for appending and starts the thread that writes to it.
    ///
    /// # Errors
    /// When the file cannot be opened for writing, or the thread cannot be started.
    pub fn file(path: &Path) -> io::Result<Self> {
        Self::start(FileSink::new(std::fs::OpenOptions::new().create(true).append(true).open(path)?))
    }
}

impl<W: Write> FileSink<W> {
    pub(super) fn new(file: W) -> Self {
        Self { file, batch: Vec::new(), complained: false }
    }

    fn write(&mut self) -> bool {
        let written = self.file.write_all(&self.batch).and_then(|()| self.file.flush());
        self.batch.clear();
        if let Err(error) = &written
            && !std::mem::replace(&mut self.complained, true)
        {
            tracing::warn!("lines of the trace are dropped, its file takes none: {error}");
        }
        written.is_ok()
    }
}

impl<W: Write> Sink for FileSink<W> {
    const GATHER: Duration = Duration::from_millis(1);
    const DROPPED: &'static str = "pubsub_lab_trace_dropped_lines_total";
    const DROPPED_MEANS: &'static str = "Lines of the trace that were dropped because its file was too slow.";

    fn take(&mut self, lines: &[TraceLine]) -> u64 {
        for line in lines {
            if serde_json::to_writer(&mut self.batch, line).is_ok() {
                self.batch.push(b'\n');
            }
        }
        if self.write() { 0 } else { lines.len() as u64 }
    }

    fn end(&mut self, dropped: u64) {
        self.batch =
            format!("{{\"at_us\":{},\"step\":\"end\",\"dropped\":{dropped}}}\n", unix_us()).into_bytes();
        self.write();
    }
}
