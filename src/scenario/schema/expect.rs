//! The schema of `[expect]`: bounds on every figure of the report.

use serde_json::{Map, Value, json};

use super::super::{FIGURES, FigureKind, Pattern, Whose, figure_base, figure_kind};
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
    let kinds =
        [FigureKind::Count, FigureKind::Share, FigureKind::Time, FigureKind::Millis, FigureKind::Micros];
    let kinds = kinds.map(|kind| (name(kind).to_owned(), bounds(kind)));
    [("figures".to_owned(), figures)].into_iter().chain(kinds).collect()
}

fn figures() -> Map<String, Value> {
    let figure = |figure: &&str| {
        let kind = figure_kind(figure).unwrap_or(FigureKind::Count);
        ((*figure).to_owned(), described(reference(name(kind)), &help(figure, kind)))
    };
    FIGURES.iter().map(figure).collect()
}

/// The name of the definition of a bound on a figure of this kind.
fn name(kind: FigureKind) -> &'static str {
    match kind {
        FigureKind::Count => "count",
        FigureKind::Share => "share",
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

/// The description of a figure: what it is, and in which unit.
fn help(figure: &str, kind: FigureKind) -> String {
    let unit = match kind {
        FigureKind::Count => "",
        FigureKind::Share => " A share of 1, or with a percent sign.",
        FigureKind::Time => " A bound names its unit.",
        FigureKind::Millis => " In milliseconds.",
        FigureKind::Micros => " In microseconds.",
    };
    format!("{}{unit}", meaning(figure_base(figure)))
}

/// The description of what a figure counts; empty for a figure that this table lacks.
fn meaning(base: &str) -> String {
    let words = match base {
        "due" => "Messages that the schedule asked for.",
        "sent" => "Messages handed over for writing.",
        "unsent" => "Messages never sent: no connection until the end.",
        "acked" => "Messages that were acknowledged.",
        "refused" => "Messages certainly not sent on.",
        "unknown" => "Messages perhaps sent on, or never answered.",
        "owed" => "Debts: one for each message sent and each subscriber of its room.",
        "delivered" => "Debts received live.",
        "recovered" => "Debts received only by replay.",
        "lost" => "Debts never received; those of unsent messages count as lost.",
        "lost_confirmed" => "Lost though the pattern confirmed the message: a broken promise.",
        "lost_handed" => "Lost after the message was handed over, which promises nothing.",
        "lost_refused" => "Lost, and the publisher was told.",
        "lost_unknown" => "Lost, and the publisher knows that it does not know.",
        "lost_no_path" => "Lost over a path that the pattern does not have; a part of lost_handed.",
        "lost_online" => "Lost though the subscriber was online.",
        "lost_offline" => "Lost while the subscriber was offline.",
        "unsent_debts" => "Debts that the unsent messages would have made.",
        "duplicates" => "Further copies: again live, or again within one replay.",
        "reordered" => "Debts overtaken by a later message of the same publisher and room.",
        "replay_reordered" => "The same within a replay.",
        "refused_but_delivered" => "Debts received though their message was refused.",
        "unexpected" => "Receipts of something never sent, or not of the room.",
        "corrupted" => "Receipts with a wrong checksum.",
        "foreign" => "Receipts of another run's texts.",
        "unverified_paths" => "Paths from a publisher to a subscriber that never worked.",
        "stopped_paths" => "Paths that worked, and then worked no more.",
        "on_time" => "Debts received live within a second of the intended send time.",
        "lost_share" => "Debts never received.",
        "impact" => "From the first harmed message to the end of the last harm.",
        "recovery" => "From the last begin of healing to the end of the last harm.",
        "ready" => "How long the target of the last healing took to be ready.",
        quantile => return quantile_of(quantile),
    };
    words.to_owned()
}

/// The description of a quantile: `p99`, `service_p50`.
fn quantile_of(name: &str) -> String {
    let (of, quantile) = name.rsplit_once('_').unwrap_or(("", name));
    let of = match of {
        "" => "the latency of debts delivered live, from the intended send time",
        "service" => "the same latency from the actual send",
        "recovered" => "the latency of debts received by replay",
        "fan_out" => "the time from a message's first live recipient to its last",
        "publish_delay" => "how late the load generator published",
        "loop_lag" => "how late the load generator received",
        _ => return String::new(),
    };
    let quantile = match quantile {
        "p50" => "The median",
        "p90" => "The 90th percentile",
        "p99" => "The 99th percentile",
        "p999" => "The 99.9th percentile",
        "max" => "The largest",
        _ => return String::new(),
    };
    format!("{quantile} of {of}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_says_what_it_is() {
        for figure in FIGURES {
            assert!(!meaning(figure_base(figure)).is_empty(), "{figure}");
        }
        assert_eq!(meaning("colour"), "");
    }
}
