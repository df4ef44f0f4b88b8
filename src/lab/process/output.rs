//! Copies what a child prints into its log.
//!
//! Each stream is read by a thread of its own. A worker of the runtime that wrote for a child that prints without end
//! would have no time for the faults and the links: what is measured would be the child's chatter.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

/// The longest line that is kept, in bytes; the rest of the line is left out. No more than one such line of each stream
/// is ever held in memory.
const LINE: usize = 64 * 1024;
/// The bytes that stand in the log where a line was cut.
const CUT: &[u8] = b" [the rest of this line is left out]\n";
/// The longest log, in bytes: more than anybody reads, and too little to fill a disk.
pub(super) const LIMIT: u64 = 256 * 1024 * 1024;
/// The stack of a thread, in bytes: a thread that only copies needs no more.
const STACK: usize = 128 * 1024;

/// A log that one child is writing.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    limit: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The length of the file in bytes, including what was there before.
    length: u64,
    /// Number of bytes that were left out because the log had reached its limit.
    left_out: u64,
    /// The first error of writing to the file, in words.
    failure: Option<String>,
    full: bool,
    /// Number of streams that have not ended.
    open: usize,
    /// Resolved when the last stream has ended.
    ended: Option<oneshot::Sender<()>>,
}

impl Log {
    pub(super) fn new(file: File, limit: u64) -> io::Result<Self> {
        let state = State { length: file.metadata()?.len(), ..State::default() };
        Ok(Self { file, limit, state: Mutex::new(state) })
    }

    /// The first error of writing to the log, if there was one.
    pub(super) fn failure(&self) -> Option<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).failure.clone()
    }

    /// Appends whole lines, up to the limit of the log.
    fn append(&self, lines: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let room = usize::try_from(self.limit.saturating_sub(state.length)).unwrap_or(usize::MAX);
        if !state.full && lines.len() <= room {
            return self.write(&mut state, lines);
        }
        let fits = match state.full {
            true => 0,
            false => lines[..room].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1),
        };
        self.write(&mut state, &lines[..fits]);
        state.left_out += (lines.len() - fits) as u64;
        if !state.full {
            state.full = true;
            let line = format!("[pubsub-lab: the log ends here, at {} bytes]\n", self.limit);
            self.write(&mut state, line.as_bytes());
        }
    }

    /// Writes bytes and remembers a failure instead of returning it: a full disk must not stop the process that is
    /// measured.
    fn write(&self, state: &mut State, bytes: &[u8]) {
        match (&self.file).write_all(bytes) {
            Ok(()) => state.length += bytes.len() as u64,
            Err(error) => {
                state.left_out += bytes.len() as u64;
                state.failure.get_or_insert_with(|| error.to_string());
            }
        }
    }

    fn left_out(&self, bytes: usize) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).left_out += bytes as u64;
    }

    /// Records that one stream has ended.
    fn closed(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.open = state.open.saturating_sub(1);
        if state.open > 0 {
            return;
        }
        if state.left_out > 0 {
            let line = format!("[pubsub-lab: {} bytes of output are not in this log]\n", state.left_out);
            self.write(&mut state, line.as_bytes());
        }
        if let Some(ended) = state.ended.take() {
            ended.send(()).ok();
        }
    }
}

/// Copies two streams into the log, and the first lines of the first stream to whoever waits for them. Resolves when
/// both streams have ended: a grandchild may keep one open for longer than the child lives, and the stream is read for
/// as long.
pub(super) fn copy(
    streams: [io::PipeReader; 2],
    log: &Arc<Log>,
    lines: mpsc::Sender<String>,
) -> io::Result<oneshot::Receiver<()>> {
    let (tell, ended) = oneshot::channel();
    {
        let mut state = log.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.open, state.ended) = (streams.len(), Some(tell));
    }
    for (stream, lines) in streams.into_iter().zip([Some(lines), None]) {
        let log = Arc::clone(log);
        std::thread::Builder::new().name("output".into()).stack_size(STACK).spawn(move || {
            pour(stream, &log, lines);
            log.closed();
        })?;
    }
    Ok(ended)
}

/// Copies a stream line by line, but writes all complete lines of one read at once.
fn pour(mut stream: impl Read, log: &Log, mut lines: Option<mpsc::Sender<String>>) {
    let mut buffer = vec![0; LINE];
    // Number of bytes at the beginning of the buffer that belong to a line which has not ended yet.
    let mut held = 0;
    // Whether the next bytes belong to a line that was cut.
    let mut cut = false;
    loop {
        let end = match stream.read(&mut buffer[held..]) {
            Ok(0) => break,
            Ok(read) => held + read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let mut start = 0;
        if cut {
            let rest = buffer[..end].iter().position(|byte| *byte == b'\n');
            start = rest.map_or(end, |rest| rest + 1);
            cut = rest.is_none();
            log.left_out(start);
        }
        // The held bytes are known to have no end of line in them.
        let new = start.max(held);
        let whole = buffer[new..end].iter().rposition(|byte| *byte == b'\n').map(|at| new + at + 1);
        if let Some(whole) = whole {
            pass_lines(&mut lines, &buffer[start..whole]);
            log.append(&buffer[start..whole]);
            start = whole;
        }
        held = end - start;
        if held == buffer.len() {
            log.append(&[&buffer[..], CUT].concat());
            (held, cut) = (0, true);
        } else {
            buffer.copy_within(start..end, 0);
        }
    }
    if held > 0 {
        buffer.truncate(held);
        buffer.push(b'\n');
        pass_lines(&mut lines, &buffer);
        log.append(&buffer);
    }
}

/// Passes lines to their reader. If the channel is full, or nobody listens, the lines are in the log all the same.
fn pass_lines(lines: &mut Option<mpsc::Sender<String>>, text: &[u8]) {
    if lines.as_ref().is_some_and(mpsc::Sender::is_closed) {
        *lines = None;
    }
    let Some(to) = lines else { return };
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match to.try_reserve() {
            Ok(place) => place.send(String::from_utf8_lossy(line).trim_end().to_owned()),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Pours the input into an empty log with this limit, and gives what is then in the log.
    fn poured(input: impl Read, limit: u64, lines: Option<mpsc::Sender<String>>) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log = Log::new(super::super::log::open(&path).unwrap(), limit).unwrap();
        pour(input, &log, lines);
        log.closed();
        String::from_utf8(std::fs::read(path).unwrap()).unwrap()
    }

    /// A stream that gives a few bytes at a time.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let some = buffer.len().min(3).min(self.0.len());
            let (now, later) = self.0.split_at(some);
            buffer[..some].copy_from_slice(now);
            self.0 = later;
            Ok(some)
        }
    }

    #[test]
    fn lines_come_whole_however_they_were_written() {
        let text = "one\ntwo\n\nthree and more\nfour";
        let (tell, mut lines) = mpsc::channel(4);
        assert_eq!(poured(Drops(text.as_bytes()), LIMIT, Some(tell)), format!("{text}\n"));
        let seen: Vec<_> = std::iter::from_fn(|| lines.try_recv().ok()).collect();
        assert_eq!(seen, ["one", "two", "", "three and more"], "as many as there is room for");
    }

    #[test]
    fn a_line_without_an_end_is_cut() {
        let endless = io::repeat(b'x').take(1_000_000);
        let log = poured(endless.chain(&b"\nnext\n"[..]), LIMIT, None);
        let lines: Vec<_> = log.lines().collect();
        assert_eq!(lines[0], format!("{}{}", "x".repeat(LINE), String::from_utf8_lossy(CUT).trim_end()));
        let left_out = 1_000_000 - LINE + 1;
        let said = format!("[pubsub-lab: {left_out} bytes of output are not in this log]");
        assert_eq!(lines[1..], ["next", &*said]);
    }

    #[test]
    fn a_log_has_an_end_and_says_so() {
        let log = poured(&b"one\ntwo\nthree\nfour\n"[..], 10, None);
        let expected = "one\ntwo\n[pubsub-lab: the log ends here, at 10 bytes]\n\
                        [pubsub-lab: 11 bytes of output are not in this log]\n";
        assert_eq!(log, expected);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_stops_nothing_and_is_known() {
        let log = Log::new(super::super::log::open(Path::new("/dev/full")).unwrap(), LIMIT).unwrap();
        pour(&b"one\ntwo\n"[..], &log, None);
        let failure = log.failure().unwrap();
        assert!(failure.contains("No space left"), "{failure}");
    }
}
