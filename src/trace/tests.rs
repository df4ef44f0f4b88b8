//! The format of a line, byte by byte; and no line is made without a trace.

use std::sync::Arc;

use super::*;

pub(super) fn line(step: Step) -> TraceLine {
    let id: Arc<str> = "7f3a.12".into();
    TraceLine { at_us: 1_700_000_000_000_001, ..TraceLine::now(step, &id, "room-0") }
}

#[test]
fn a_line_is_one_object_with_what_is_known() {
    let json = |line: TraceLine| serde_json::to_string(&line).unwrap();
    let head = r#"{"at_us":1700000000000001,"#;
    let id = r#""id":"7f3a.12","room":"room-0""#;
    assert_eq!(json(line(Step::In)), format!(r#"{head}"step":"in",{id}}}"#));
    let out = TraceLine { until_us: Some(1_700_000_000_000_400), ..line(Step::Out).to_clients(3) };
    let until = r#""until_us":1700000000000400,"#;
    let why = r#""why":"dropped: outbox full""#;
    let expected = format!(r#"{head}{until}"step":"out",{id},"clients":3,{why}}}"#);
    assert_eq!(json(out.because("dropped: outbox full")), expected);
    let refused = TraceLine { room: None, ..line(Step::BusRefused) }.because("bus_down");
    assert_eq!(json(refused), format!(r#"{head}"step":"bus_refused","id":"7f3a.12","why":"bus_down"}}"#));
}

#[test]
fn without_a_trace_no_line_is_made() {
    Trace::off().record_step(|| panic!("a line is made"));
    assert!(!Trace::off().is_on());
}
