//! Says how each key of the file is written: the hint of an error that has no better one.

use super::expect::Whose;
use super::fault;
use super::fields::Field;
use super::figure::{FigureKind, figure_kind};

/// The hint `write it like ...`: a key with a value that it may have, or where the keys of a table stand.
pub(super) fn example(key: &str) -> String {
    if key.starts_with('[') {
        return format!("write {key} on a line of its own, and its keys below it");
    }
    if key == "fault" {
        return "write [[fault]] on a line of its own, once a fault, and its keys below it".into();
    }
    if Whose::named(key).is_some() {
        return format!("write [expect.{key}] on a line of its own, and its figures below it");
    }
    match value(key) {
        Some(value) => format!("write it like {key} = {value}"),
        None => "`pubsub-lab scenarios show node-down` prints a file that is right".into(),
    }
}

/// An example of a value that a key may have.
fn value(key: &str) -> Option<String> {
    let of_file = match key {
        "title" => "\"One node down\"",
        "watch" => "\"Watch for the clients of the dead node\"",
        "patterns" => "[\"local\", \"redis\"]",
        "until" => "\"violated\"",
        "at" | "for" | "every" => "\"5s\"",
        "between" => "[\"3s\", \"8s\"]",
        "times" => "3",
        _ => fault::example(key).unwrap_or_default(),
    };
    if !of_file.is_empty() {
        return Some(of_file.into());
    }
    if let Some(field) = Field::of(key) {
        let bare = field.default.parse::<f64>().is_ok() || field.default.parse::<bool>().is_ok();
        return Some(if bare { field.default.into() } else { format!("\"{}\"", field.default) });
    }
    figure_kind(key).map(|kind| match kind {
        FigureKind::Count => "0".into(),
        FigureKind::Share => "\">= 99%\"".into(),
        FigureKind::Amount => "\"<= 50\"".into(),
        FigureKind::Time | FigureKind::Millis | FigureKind::Micros => "\"< 20ms\"".into(),
    })
}

/// The hint `write it like ...` for a field of `[matrix]`.
pub(super) fn of_matrix(key: &str) -> String {
    let values = match key {
        "rate" => "[500, 1000, 2000]",
        "payload" => "[64, 1024]",
        "nodes" => "[2, 3, 5]",
        "rooms" => "[1, 2, 5]",
        _ => "[10, 20, 40]",
    };
    format!("write it like {key} = {values}")
}

const VALUE: &str = "a value stands behind the `=`: a number, \"text\" in quotes, true, false or a [list]";

/// The hint for text that is no TOML, from what the parser says about it.
pub(super) fn syntax_hint(message: &str) -> &'static str {
    let has = |part: &str| message.contains(part);
    if has("duplicate key") {
        "a key stands once in its table, and a [table] once in the file: remove one of the two"
    } else if has("must be quoted") {
        VALUE
    } else if has("basic string") || has("literal string") {
        "text stands in quotes that open and close on one line: \"text\""
    } else if has("key with no value") || has("expected `=`") {
        "a line is `key = value`, or a [table]"
    } else if has("unclosed") || has("`]`") {
        "a [table], a [[fault]] and a list end with as many `]` as they have `[`"
    } else if has("newline") {
        "each `key = value` stands on a line of its own"
    } else if has("value") {
        VALUE
    } else {
        "a file is lines of `key = value` below a [table], as TOML has them: https://toml.io"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{COMMON, KINDS};
    use crate::{ACTIONS, CLUSTER_FIELDS, LOAD_FIELDS, MATRIX_FIELDS, figure_names};

    #[test]
    fn every_key_has_an_example_that_is_toml() {
        let own = KINDS.iter().flat_map(|kind| kind.form.own).map(|own| own.key);
        let fields = CLUSTER_FIELDS.iter().chain(LOAD_FIELDS).map(|field| field.key);
        let keys =
            ["title", "watch", "until"].into_iter().chain(COMMON).chain(ACTIONS).chain(own).chain(fields);
        for key in keys.map(str::to_owned).chain(figure_names()) {
            let hint = example(&key);
            let line = hint.strip_prefix("write it like ").unwrap_or_else(|| panic!("{key}: {hint}"));
            assert!(toml::from_str::<toml::Table>(line).is_ok(), "{line}");
        }
        for key in MATRIX_FIELDS {
            let hint = of_matrix(key);
            let file = format!("[matrix]\n{}\n", hint.trim_start_matches("write it like "));
            crate::Scenario::parse("s.toml", &file, &crate::Overrides::new()).unwrap();
        }
        assert_eq!(example("[load]"), "write [load] on a line of its own, and its keys below it");
        assert!(example("redis").contains("[expect.redis]"));
    }

    #[test]
    fn a_value_stands_in_quotes_where_it_is_no_number_and_no_switch() {
        for (key, line) in [
            ("nodes", "nodes = 3"),
            ("resend", "resend = false"),
            ("warm_up", "warm_up = \"2s\""),
            ("kill", "kill = \"broker\""),
            ("lost", "lost = 0"),
            ("on_time", "on_time = \">= 99%\""),
            ("p99_us", "p99_us = \"< 20ms\""),
        ] {
            assert_eq!(example(key), format!("write it like {line}"));
        }
        assert_eq!(
            example("fault"),
            "write [[fault]] on a line of its own, once a fault, and its keys below it"
        );
        assert_eq!(example("colour"), "`pubsub-lab scenarios show node-down` prints a file that is right");
    }

    #[test]
    fn a_field_of_a_matrix_has_values_of_its_own() {
        for (key, values) in [
            ("rate", "[500, 1000, 2000]"),
            ("payload", "[64, 1024]"),
            ("nodes", "[2, 3, 5]"),
            ("rooms", "[1, 2, 5]"),
            ("subscribers", "[10, 20, 40]"),
        ] {
            assert_eq!(of_matrix(key), format!("write it like {key} = {values}"));
        }
    }

    #[test]
    fn a_hint_knows_each_of_the_words_of_the_parser() {
        for (message, part) in [
            ("invalid basic string", "in quotes that open and close"),
            ("invalid literal string", "in quotes that open and close"),
            ("key with no value", "a line is"),
            ("expected `=`", "a line is"),
            ("unclosed array", "as many `]`"),
            ("expected `]`", "as many `]`"),
            ("unexpected newline", "on a line of its own"),
            ("string values must be quoted", "behind the `=`"),
            ("invalid value", "behind the `=`"),
            ("something else", "https://toml.io"),
        ] {
            assert!(syntax_hint(message).contains(part), "{message}: {}", syntax_hint(message));
        }
    }

    #[test]
    fn each_mistake_of_syntax_gets_its_hint() {
        for (text, part) in [
            ("rate 100", "key = value"),
            ("title = \"x", "quotes"),
            ("title = x", "in quotes"),
            ("title = ", "behind the `=`"),
            ("[load", "`]`"),
            ("patterns = [\"redis\"", "`]`"),
            ("a = 1\na = 2", "once"),
            ("[load]\n[load]", "once"),
            ("a = 1 b = 2", "line of its own"),
        ] {
            let error = toml::de::DeTable::parse(text).unwrap_err();
            let hint = syntax_hint(error.message());
            assert!(hint.contains(part), "{text}: {}: {hint}", error.message());
        }
    }
}
