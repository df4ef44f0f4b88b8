//! The schema of `[expect]`: bounds on every figure of the report.

use serde_json::{Map, Value, json};

use super::super::{Figure, FigureKind, Pattern, Whose, figure_names};
use super::fragment::{described, reference};
use super::words::{self, Numbers};

/// The schema of `[expect]`, with the tables of the patterns and of somebody else's server in it.
pub(super) fn tables() -> Value {
    let mut properties = figures();
    for pattern in Pattern::ALL {
        let help = format!("Of {pattern} alone; replaces what is said of all, figure by figure.");
        properties.insert(pattern.name().into(), described(reference("figures"), &help));
    }
    let help = "Of a server that is none of ours; replaces what is said of all, figure by figure.";
    properties.insert(Whose::SERVER.into(), described(reference("figures"), help));
    json!({
        "description": "What every run must show.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

/// The definitions of bounds on all figures, and of bounds on one figure of each kind.
pub(super) fn definitions() -> Map<String, Value> {
    let figures = json!({ "type": "object", "properties": figures(), "additionalProperties": false });
    let kinds = [
        FigureKind::Count,
        FigureKind::Share,
        FigureKind::Amount,
        FigureKind::Time,
        FigureKind::Millis,
        FigureKind::Micros,
    ];
    let kinds = kinds.map(|kind| (definition(kind).to_owned(), bounds(kind)));
    [("figures".to_owned(), figures)].into_iter().chain(kinds).collect()
}

fn figures() -> Map<String, Value> {
    let bound = |name: String| {
        let (figure, kind) = Figure::named(&name)?;
        Some((name, described(reference(definition(kind)), &help(figure, kind))))
    };
    figure_names().filter_map(bound).collect()
}

/// The name of the definition of a bound on a figure of this kind.
fn definition(kind: FigureKind) -> &'static str {
    match kind {
        FigureKind::Count => "count",
        FigureKind::Share => "share",
        FigureKind::Amount => "amount",
        FigureKind::Time => "time",
        FigureKind::Millis => "millis",
        FigureKind::Micros => "micros",
    }
}

/// The schema of a bound, or of a list of bounds that must all hold.
fn bounds(kind: FigureKind) -> Value {
    let bare = json!({ "type": "number", "minimum": 0 });
    let (bare, numbers, examples) = match kind {
        FigureKind::Count => (Some(bare), Numbers::Plain, ["<= 5", "10 .. 20"]),
        FigureKind::Share => (
            Some(json!({ "type": "number", "minimum": 0, "maximum": 1 })),
            Numbers::Percent,
            [">= 99%", ">= 0.99"],
        ),
        FigureKind::Amount => (Some(bare), Numbers::Plain, ["<= 50", "10 .. 20.5"]),
        FigureKind::Time => (None, Numbers::Durations, ["< 20ms", "5ms .. 2s"]),
        FigureKind::Millis | FigureKind::Micros => {
            (Some(bare), Numbers::PlainOrDurations, ["< 20ms", "<= 20"])
        }
    };
    let text = json!({ "type": "string", "pattern": words::bound(numbers), "examples": examples });
    let one: Vec<_> = bare.into_iter().chain([text]).collect();
    let list = json!({ "type": "array", "items": { "anyOf": &one }, "minItems": 1 });
    json!({ "anyOf": one.into_iter().chain([list]).collect::<Vec<_>>() })
}

/// The description of a bound on a figure: what the figure is, what counts as lost, and in which unit the bound is.
fn help(figure: Figure, kind: FigureKind) -> String {
    let unsent = if figure.counts_unsent() { " Debts of unsent messages count as lost." } else { "" };
    let unit = match kind {
        FigureKind::Count | FigureKind::Amount => "",
        FigureKind::Share => " A share of 1, or with a percent sign.",
        FigureKind::Time => " A bound names its unit.",
        FigureKind::Millis => " In milliseconds.",
        FigureKind::Micros => " In microseconds.",
    };
    figure.meaning() + unsent + unit
}
