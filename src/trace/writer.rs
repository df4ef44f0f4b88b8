//! The thread that writes a trace: in batches, each given to the kernel at once.

use std::io::Write;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use super::line::unix_us;
use super::{DroppedLines, Item};

/// How long lines are gathered after the first: each wake-up of this thread takes processor time from what is traced.
const GATHER: Duration = Duration::from_millis(1);
/// Largest number of lines in one write.
const BATCH: usize = 4_096;

/// What the writing thread owns.
pub(super) struct TraceWriter<W> {
    file: W,
    lines: Receiver<Item>,
    tally: DroppedLines,
    /// Whether the log already says that the file takes nothing, so that it says so once.
    complained: bool,
}

impl<W: Write> TraceWriter<W> {
    pub(super) fn new(file: W, lines: Receiver<Item>, tally: DroppedLines) -> Self {
        Self { file, lines, tally, complained: false }
    }

    /// Writes until it reads [`Item::End`], or until no handle is left that could send a line.
    pub(super) fn run(mut self) {
        let mut batch = Vec::new();
        let mut over = false;
        while !over {
            let Ok(first) = self.lines.recv() else { break };
            thread::sleep(GATHER);
            let mut count = 0;
            for item in std::iter::once(first).chain(self.lines.try_iter()) {
                let Item::Line(line) = item else {
                    over = true;
                    break;
                };
                if serde_json::to_writer(&mut batch, &line).is_ok() {
                    batch.push(b'\n');
                    count += 1;
                }
                if count >= BATCH as u64 {
                    break;
                }
            }
            self.write(&batch, count);
            batch.clear();
        }
        let end =
            format!("{{\"at_us\":{},\"step\":\"end\",\"dropped\":{}}}\n", unix_us(), self.tally.dropped());
        self.write(end.as_bytes(), 0);
    }

    fn write(&mut self, batch: &[u8], lines: u64) {
        let written = self.file.write_all(batch).and_then(|()| self.file.flush());
        if let Err(error) = written {
            self.tally.drop_lines(lines);
            if !std::mem::replace(&mut self.complained, true) {
                tracing::warn!("lines of the trace are dropped, its file takes none: {error}");
            }
        }
    }
}
