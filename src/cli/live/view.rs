//! The scene in lines. Each field has its columns, so that nothing moves but what changes.

use std::time::{Duration, Instant};

use super::scene::{Phase, Scene};
use super::styled_line::{StyledLine, Tone};
use super::{faults, members, sparkline};
use lab::Counts;
use ledger::grouped;

/// The greatest width of the bar, in columns.
const BAR: usize = 30;
/// The most bars of latency, each for a tenth of a second.
const SPARKS: usize = 40;

/// The lines of the scene, none of them longer than `columns` columns once it is cut.
pub(super) fn lines(scene: &Scene, now: Instant, columns: usize) -> Vec<StyledLine> {
    let mut lines = head(scene, now, columns);
    lines.push(latency(scene, columns));
    lines.extend(counts(&scene.counts, columns));
    lines.push(members::line(scene, columns));
    lines.extend(faults::line(scene, scene.loaded(now)).wrapped(columns));
    lines
}

/// The line on the run and its phase: `[1/4] redis  load   ███████░░░░░░░░   7.3 s of 20.0 s`.
///
/// Where the name and the time have no room in one line, the name has a line of its own.
fn head(scene: &Scene, now: Instant, columns: usize) -> Vec<StyledLine> {
    let name = || StyledLine::new().then(Tone::Plain, scene.run.clone());
    let Some(phase) = &scene.phase else { return vec![name()] };
    // The load has a clock of its own: its first message is due a moment after the phase begins.
    let began = if phase.name == "load" { scene.load_began.unwrap_or(now) } else { phase.began };
    let lasted = now.saturating_duration_since(began);
    let time = time(phase, lasted);
    let others = "  warm-up    ".len() + time.chars().count();
    let alone = name().width() + others > columns;
    let mut line = if alone { StyledLine::new() } else { name().then(Tone::Plain, "  ") };
    line.push(Tone::Plain, format!("{:<7}  ", phase.name));
    let room = columns.saturating_sub(line.width() + 2 + time.chars().count()).min(BAR);
    match phase.length.filter(|_| is_certain(phase)) {
        Some(length) => {
            let share = (lasted.as_secs_f64() / length.as_secs_f64().max(0.001)).min(1.0);
            let done = (share * room as f64) as usize;
            line.push(Tone::Good, "█".repeat(done));
            line.push(Tone::Faint, "░".repeat(room - done));
        }
        None => {
            let waiting = match phase.waiting.as_str() {
                "" => String::new(),
                what => format!("waits for {what}"),
            };
            line.push(Tone::Faint, format!("{waiting:<room$.room$}"));
        }
    }
    line.push(Tone::Plain, format!("  {time}"));
    if alone { vec![name(), line] } else { vec![line] }
}

/// Whether a phase lasts as long as it says. The other phases end when they are done.
fn is_certain(phase: &Phase) -> bool {
    matches!(phase.name, "warm-up" | "load")
}

fn time(phase: &Phase, lasted: Duration) -> String {
    let lasted = lasted.as_secs_f64();
    match phase.length {
        Some(length) if is_certain(phase) => {
            let length = length.as_secs_f64();
            format!("{:>5.1} s of {length:.1} s", lasted.min(length))
        }
        Some(length) => format!("{lasted:>5.1} s of at most {:.1} s", length.as_secs_f64()),
        None => format!("{lasted:>5.1} s"),
    }
}

/// The line on latency: `p99 latency  ▁▁▁▂█▃▁  4.12 ms  scale to 5.00 ms`.
fn latency(scene: &Scene, columns: usize) -> StyledLine {
    let line = StyledLine::new().then(Tone::Plain, "p99 latency  ");
    // The bars leave room for what stands behind them.
    let room = columns.saturating_sub(line.width() + 27).clamp(8, SPARKS);
    let shown = &scene.latency_us[scene.latency_us.len().saturating_sub(room)..];
    let scale = sparkline::scale(shown);
    // The newest latency that is known is shown: what was sent a moment ago may still be on its way.
    let newest = shown.iter().rev().take(3).flatten().next();
    let newest = newest.map_or_else(|| "-".to_owned(), |us| sparkline::span(*us));
    let line = line
        .then(Tone::Good, sparkline::bars(shown, scale, room))
        .then(Tone::Plain, format!("  {newest:>7}"));
    // A scale without its end says nothing, so that it is whole or not there.
    let scale = format!("  scale to {}", sparkline::span(scale));
    if line.width() + scale.len() <= columns { line.then(Tone::Faint, scale) } else { line }
}

/// The headings and the figures below them; where there is no room for all side by side, the others stand further
/// below.
fn counts(counts: &Counts, columns: usize) -> Vec<StyledLine> {
    let Counts { sent, acked, refused, unknown, delivered, missing } = *counts;
    let warning = |count: u64, tone| if count > 0 { tone } else { Tone::Plain };
    let fields = [
        ("sent", 9, sent, Tone::Plain),
        ("acked", 10, acked, Tone::Plain),
        ("refused", 10, refused, warning(refused, Tone::Doubtful)),
        ("unknown", 10, unknown, warning(unknown, Tone::Doubtful)),
        ("delivered", 13, delivered, Tone::Plain),
        ("lost so far", 14, missing, warning(missing, Tone::Bad)),
    ];
    let mut lines: Vec<StyledLine> = Vec::new();
    let mut taken = 0;
    for (name, width, count, tone) in fields {
        if lines.is_empty() || taken + width > columns {
            lines.extend([StyledLine::new(), StyledLine::new()]);
            taken = 0;
        }
        taken += width;
        if let [.., headings, figures] = &mut lines[..] {
            headings.push(Tone::Faint, format!("{name:>width$}"));
            figures.push(tone, format!("{:>width$}", grouped(count)));
        }
    }
    lines
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
