//! The findings as tables for people.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, TableStyle};
use console::Style;

use super::tools::Tool;
use super::{Findings, OpenFiles};
use crate::color;

/// The greatest width of the text, in columns.
const WIDTH: u16 = 100;
const GOOD: &str = "✓";
const BAD: &str = "✗";
/// The mark of something optional that is missing.
const EVEN: &str = "-";

/// The findings as the whole text.
pub(super) fn text(findings: &Findings) -> String {
    let terminal = console::Term::stdout().size_checked().map(|(_, columns)| columns.clamp(60, WIDTH));
    let width = terminal.unwrap_or(WIDTH);
    let (host, tools) = (&findings.host, findings.tools.iter().map(tool).collect());
    let mut head =
        format!("pubsub-lab {} on {} {}, {} cores", findings.version, host.os, host.arch, host.cores);
    if let Some(mib) = host.memory_mib {
        head += &format!(", {mib} MiB of memory");
    }
    let parts = [
        head + "\n",
        section("Programs", tools, width),
        section("Patterns", patterns(findings), width),
        section("This machine", machine(findings), width),
    ];
    let mut text = parts.join("\n");
    for (i, hint) in findings.hints.iter().enumerate() {
        text += &format!("{}hint: {hint}\n", if i == 0 { "\n" } else { "" });
    }
    text
}

fn tool(tool: &Tool) -> Vec<String> {
    let place = match (&tool.path, &tool.install) {
        (Some(path), _) => path.display().to_string(),
        (None, Some(install)) => install.clone(),
        (None, None) => "not found".into(),
    };
    let place = match &tool.note {
        Some(note) => format!("{place} ({note})"),
        None => place,
    };
    let state = match (&tool.path, tool.optional) {
        (Some(_), _) => GOOD,
        (None, false) => BAD,
        (None, true) => EVEN,
    };
    let version = match (&tool.path, &tool.version) {
        (_, Some(version)) => version.clone(),
        (Some(_), None) => "?".into(),
        (None, None) => "missing".into(),
    };
    let purpose = format!("{}{}", tool.purpose, if tool.optional { ", optional" } else { "" });
    vec![state.into(), tool.name.into(), version, place, purpose]
}

fn patterns(findings: &Findings) -> Vec<Vec<String>> {
    let row = |it: &super::Runnable| {
        let how = match (&it.why, &it.broker) {
            (Some(why), _) => format!("no: {why}"),
            (None, Some(broker)) => format!("yes, by {broker}"),
            (None, None) => "yes, without a broker".into(),
        };
        vec![mark(it.runs), it.pattern.into(), how]
    };
    findings.patterns.iter().map(row).collect()
}

fn machine(findings: &Findings) -> Vec<Vec<String>> {
    let Findings { ports, clock, fit, .. } = findings;
    let row = |good: bool, what: &str, how: String| vec![mark(good), what.to_owned(), how];
    let taken = ports.taken();
    let run = match (&taken[..], &ports.run[..]) {
        ([], [first, .., last]) => format!("{} to {} are free", first.port, last.port),
        _ => format!("taken: {}", taken.join(", ")),
    };
    let (lab, ephemeral) = (ports.lab_range, ports.ephemeral_range);
    let chosen = format!(
        "{} of {} to {} are free; outgoing connections take {} to {}",
        ports.free, lab.0, lab.1, ephemeral.0, ephemeral.1
    );
    let mut rows =
        vec![row(taken.is_empty(), "ports of `run`", run), row(ports.free > 0, "ports of the lab", chosen)];
    if let Some(files) = &findings.descriptors {
        rows.push(row(files.clients >= (fit.publishers + fit.subscribers) as u64, "open files", open(files)));
    }
    let late = &clock.late_us;
    let timers = format!(
        "clock in steps of {} ns; a sleep of 1 ms is {} us late at the median, {} us at p99 ({} sleeps)",
        clock.resolution_ns, late.p50, late.p99, late.samples
    );
    rows.push(row(u128::from(late.p50) <= super::clock::LATE.as_micros(), "timers", timers));
    rows.push(row(clock.wall_is_sane, "wall clock", clock.wall.clone()));
    let size = format!(
        "{}: {} nodes, {} publishers, {} subscribers, {} messages/s",
        fit.scenario, fit.nodes, fit.publishers, fit.subscribers, fit.rate
    );
    let verdict = if fit.fits { "fits" } else { "does not fit" };
    rows.push(row(fit.fits, "usual bench", format!("{size} {verdict}: {}", fit.why.join("; "))));
    rows
}

fn open(files: &OpenFiles) -> String {
    let bound =
        |limit: u64| if limit > u64::from(u32::MAX) { "any number".into() } else { limit.to_string() };
    let usual = match (files.enough, files.raised_to > files.soft) {
        (false, _) => "too few for the usual bench".into(),
        (true, true) => format!("the lab raises that to {} for the usual bench", bound(files.raised_to)),
        (true, false) => "enough for the usual bench".into(),
    };
    format!(
        "{} allowed, up to {} on demand; {usual}; a bench can have {} clients",
        bound(files.soft),
        bound(files.hard),
        bound(files.clients)
    )
}

fn mark(good: bool) -> String {
    (if good { GOOD } else { BAD }).into()
}

/// A heading and its rows as text, each cell broken within its column.
fn section(heading: &str, rows: Vec<Vec<String>>, width: u16) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width).add_rows(rows);
    let columns = table.column_count();
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((u16::from(i > 0), 1));
        // Only the column that may be long is broken: of four columns or more the fourth, otherwise the last.
        if i != columns.min(4) - 1 {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let lines = table.lines().map(|line| coloured(line.trim_end()) + "\n");
    std::iter::once(format!("{}\n", style().bold().apply_to(heading))).chain(lines).collect()
}

/// The line with its mark in colour, where colours are wanted.
fn coloured(line: &str) -> String {
    let marks = [(GOOD, style().green()), (BAD, style().red().bold()), (EVEN, style().dim())];
    let marked =
        marks.into_iter().find_map(|(mark, style)| Some((style.apply_to(mark), line.strip_prefix(mark)?)));
    marked.map_or_else(|| line.to_owned(), |(mark, rest)| format!("{mark}{rest}"))
}

fn style() -> Style {
    Style::new().force_styling(color::on_stdout())
}
