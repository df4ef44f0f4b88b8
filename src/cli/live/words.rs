//! The words for an event: a line, or several, that stay.

use std::time::Duration;

use lab::Note;

/// The words for an event; `None` for a note that is no event, but says how things stand.
pub(super) fn of(note: &Note<'_>) -> Option<String> {
    Some(match note {
        Note::Run { label, index, of } => format!("[{index}/{of}] {label}"),
        Note::LeftOut { label, why } => format!("{label}: not applicable, {why}"),
        Note::Fault { at, what, .. } => timed(*at, what),
        Note::Died { text, .. } => (*text).to_owned(),
        Note::Left(what) => format!("note: {what}"),
        Note::Kept(out) => format!("the finished runs are in {}", out.join("report.json").display()),
        Note::Planned(_)
        | Note::Waiting(_)
        | Note::Members(_)
        | Note::Phase { .. }
        | Note::Progress { .. }
        | Note::Over => return None,
    })
}

/// The words for something that happened, with its time since the load began.
pub(super) fn timed(at: Duration, what: &str) -> String {
    format!("  {:5.1} s  {what}", at.as_secs_f64())
}
