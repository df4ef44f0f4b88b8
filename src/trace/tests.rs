//! The format to the byte, the bound and the end.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::*;

fn line(step: Step) -> Line {
    let id: Arc<str> = "7f3a.12".into();
    Line { at_us: 1_700_000_000_000_001, ..Line::now(step, &id, "room-0") }
}

#[test]
fn a_line_is_one_object_with_what_is_known() {
    let json = |line: Line| serde_json::to_string(&line).unwrap();
    let head = r#"{"at_us":1700000000000001,"#;
    let id = r#""id":"7f3a.12","room":"room-0""#;
    assert_eq!(json(line(Step::In)), format!(r#"{head}"step":"in",{id}}}"#));
    let out = Line { until_us: Some(1_700_000_000_000_400), ..line(Step::Out).to_clients(3) };
    let until = r#""until_us":1700000000000400,"#;
    let why = r#""why":"dropped: outbox full""#;
    let expected = format!(r#"{head}{until}"step":"out",{id},"clients":3,{why}}}"#);
    assert_eq!(json(out.because("dropped: outbox full")), expected);
    let refused = Line { room: None, ..line(Step::BusRefused) }.because("bus_down");
    assert_eq!(json(refused), format!(r#"{head}"step":"bus_refused","id":"7f3a.12","why":"bus_down"}}"#));
}

#[test]
fn what_was_noted_is_in_the_file_and_an_end_says_what_was_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace");
    for _ in 0..2 {
        let file = TraceFile::open(&path).unwrap();
        file.trace().note(|| line(Step::In));
        file.close();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<_> = lines.iter().map(|line| line["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["in", "end", "in", "end"], "the second appends");
    assert_eq!(lines[1]["dropped"], 0);
}

#[test]
fn without_a_trace_no_line_is_made() {
    Trace::off().note(|| panic!("a line is made"));
    assert!(!Trace::off().is_on());
}

/// Takes a write only when it is let.
struct Gate {
    open: Receiver<()>,
    written: SyncSender<String>,
}

impl io::Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
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
    let ((let_in, open), (written, seen)) = (sync_channel(9), sync_channel(9));
    let file = TraceFile::start(Gate { open, written }, 2).unwrap();
    let trace = file.trace();
    // The first is taken by the thread, which then waits at the gate.
    trace.note(|| line(Step::In));
    while trace.0.as_ref().unwrap().queue.try_send(Item::Line(line(Step::BusOut))).is_ok() {
        thread::sleep(Duration::from_millis(3));
    }
    trace.note(|| line(Step::Out));
    assert_eq!(trace.0.as_ref().unwrap().tally.dropped(), 1);
    (0..4).for_each(|_| let_in.send(()).unwrap());
    file.close();
    let text: String = seen.iter().collect();
    assert!(text.contains("\"in\"") && !text.contains("\"out\""), "{text}");
    assert!(text.ends_with("\"step\":\"end\",\"dropped\":1}\n"), "{text}");
}

#[test]
fn a_file_that_takes_nothing_holds_up_no_end() {
    let (let_in, open) = sync_channel(1);
    let (written, _seen) = sync_channel(1);
    let file = TraceFile::start(Gate { open, written }, 1).unwrap();
    let trace = file.trace();
    (0..10).for_each(|_| trace.note(|| line(Step::In)));
    let began = Instant::now();
    file.close();
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(let_in);
}
