//! A trace with its thread: the content of the file, the bound of the queue and the orderly end.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::file::FileSink;
use super::tests::line;
use super::*;

#[test]
fn what_was_noted_is_in_the_file_and_an_end_says_what_was_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace");
    for _ in 0..2 {
        let file = [Outlet::file(&path).unwrap()];
        Trace::to(&file).record_step(|| line(Step::In));
        file.into_iter().for_each(Outlet::close);
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<_> = lines.iter().map(|line| line["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["in", "end", "in", "end"], "the second appends");
    assert_eq!(lines[1]["dropped"], 0);
}

#[test]
fn a_step_goes_to_every_outlet() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["a", "b"].map(|name| directory.path().join(name));
    let outlets = paths.each_ref().map(|path| Outlet::file(path).unwrap());
    Trace::to(&outlets).record_step(|| line(Step::Out));
    outlets.into_iter().for_each(Outlet::close);
    for path in paths {
        assert!(std::fs::read_to_string(&path).unwrap().contains("\"out\""), "{}", path.display());
    }
}

/// A writer that takes a write only when the test lets it, and tells the test when a write has begun.
struct Gate {
    come: SyncSender<()>,
    open: Receiver<()>,
    written: SyncSender<String>,
}

impl io::Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.come.send(()).map_err(io::Error::other)?;
        self.open.recv().map_err(io::Error::other)?;
        self.written.send(String::from_utf8_lossy(bytes).into_owned()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_slow_file_drops_the_newest_and_they_are_counted() {
    let ((come, at_gate), (let_in, open), (written, seen)) =
        (sync_channel(9), sync_channel(9), sync_channel(9));
    let file = [Outlet::start_with(FileSink::new(Gate { come, open, written }), 2).unwrap()];
    let trace = Trace::to(&file);
    // The thread takes the first line and then waits at the gate, so the queue has room for two more.
    trace.record_step(|| line(Step::In));
    at_gate.recv().unwrap();
    file[0].queue().fill(&line(Step::BusOut));
    trace.record_step(|| line(Step::Out));
    assert_eq!(file[0].dropped(), 1);
    (0..4).for_each(|_| let_in.send(()).unwrap());
    file.into_iter().for_each(Outlet::close);
    let text: String = seen.iter().collect();
    assert!(text.contains("\"in\"") && !text.contains("\"out\""), "{text}");
    assert!(text.ends_with("\"step\":\"end\",\"dropped\":1}\n"), "{text}");
}

#[test]
fn a_file_that_takes_nothing_holds_up_no_end() {
    let ((come, _at_gate), (let_in, open), (written, _seen)) =
        (sync_channel(1), sync_channel(1), sync_channel(1));
    let file = [Outlet::start_with(FileSink::new(Gate { come, open, written }), 1).unwrap()];
    let trace = Trace::to(&file);
    (0..10).for_each(|_| trace.record_step(|| line(Step::In)));
    let began = Instant::now();
    file.into_iter().for_each(Outlet::close);
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(let_in);
}
