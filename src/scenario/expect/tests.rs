//! Bounds of every kind, what is refused, and that the JSON says what the file says.

use serde_json::Value;

use super::*;
use crate::FigureKind::{Amount, Count, Micros, Millis, Share, Time};
use crate::{Overrides, Pattern, Scenario, figure_kind, figure_names};

fn scenario(text: &str) -> Scenario {
    Scenario::parse("s.toml", text, &Overrides::new()).unwrap()
}

/// The error of a file that has only this line in its `[expect]`, without its place, and the hint.
fn wrong(line: &str) -> (String, String) {
    let error = Scenario::parse("s.toml", &format!("[expect]\n{line}\n"), &Overrides::new()).unwrap_err();
    let message = error.to_string();
    let what = message.strip_prefix("s.toml:2:").and_then(|rest| rest.split_once(": ")).unwrap().1.to_owned();
    (what, error.hint().to_owned())
}

#[test]
fn every_sign_and_unit() {
    let cases = [
        ("<= 5", Count, Bound::AtMost(5.0)),
        ("<5", Count, Bound::Below(5.0)),
        (" = 0", Count, Bound::Equal(0.0)),
        ("10 .. 20", Count, Bound::Between(10.0, 20.0)),
        ("10..20", Count, Bound::Between(10.0, 20.0)),
        (">= 0.5", Share, Bound::AtLeast(0.5)),
        (">= 99%", Share, Bound::AtLeast(0.99)),
        (">= 99.9%", Share, Bound::AtLeast(0.999)),
        ("< 1e1%", Share, Bound::Below(0.1)),
        ("99.5 % .. 100%", Share, Bound::Between(0.995, 1.0)),
        ("< 2s", Millis, Bound::Below(2_000.0)),
        ("< 2", Millis, Bound::Below(2.0)),
        ("> 20ms", Micros, Bound::Above(20_000.0)),
        ("> 20", Micros, Bound::Above(20.0)),
        ("< 20ms", Time, Bound::Below(20.0)),
        ("= 250us", Time, Bound::Equal(0.25)),
        ("<= 12.5", Amount, Bound::AtMost(12.5)),
        ("10 .. 20.5", Amount, Bound::Between(10.0, 20.5)),
        ("5ms .. 1m 20s", Time, Bound::Between(5.0, 80_000.0)),
    ];
    for (text, kind, bound) in cases {
        assert_eq!(Bound::parse(text, kind), Ok(bound), "{text}");
        assert_eq!(Bound::parse(&bound.text(kind), kind), Ok(bound), "{text}");
    }
    for (text, kind) in [
        ("5", Count),
        ("< 2s", Count),
        ("<", Count),
        ("< 5%", Count),
        ("< 5ms", Amount),
        ("< 5MiB", Amount),
        ("< %", Share),
        ("< 2 parsecs", Millis),
        ("20ms", Time),
        ("< 20", Time),
        ("5 .. 20ms", Time),
        ("10 ..", Count),
        (".. 10", Count),
        ("20 .. 10", Count),
        ("<= 10 .. 20", Count),
    ] {
        assert!(Bound::parse(text, kind).is_err(), "{text}");
    }
}

#[test]
fn bounds_hold_or_not() {
    assert!(Bound::Equal(1.0).holds(1.0) && !Bound::Equal(1.0).holds(2.0));
    assert!(Bound::AtMost(1.0).holds(1.0) && !Bound::AtMost(1.0).holds(1.1));
    assert!(Bound::AtLeast(1.0).holds(1.0) && !Bound::AtLeast(1.0).holds(0.9));
    assert!(Bound::Below(1.0).holds(0.9) && !Bound::Below(1.0).holds(1.0));
    assert!(Bound::Above(1.0).holds(1.1) && !Bound::Above(1.0).holds(1.0));
    let range = |n| Bound::Between(1.0, 2.0).holds(n);
    assert_eq!([0.9, 1.0, 1.5, 2.0, 2.1].map(range), [false, true, true, true, false]);
}

#[test]
fn a_range_may_be_one_number() {
    assert_eq!(Bound::parse("5 .. 5", Count), Ok(Bound::Between(5.0, 5.0)));
}

#[test]
fn bounds_on_a_time_compare_in_milliseconds() {
    let all = [
        (Bound::Equal(2_500.0), Bound::Equal(2.5)),
        (Bound::AtMost(2_500.0), Bound::AtMost(2.5)),
        (Bound::AtLeast(2_500.0), Bound::AtLeast(2.5)),
        (Bound::Below(2_500.0), Bound::Below(2.5)),
        (Bound::Above(2_500.0), Bound::Above(2.5)),
        (Bound::Between(2_500.0, 4_000.0), Bound::Between(2.5, 4.0)),
    ];
    for (bound, millis) in all {
        assert_eq!(bound.in_millis(Micros), millis);
        assert_eq!([Time, Millis, Count].map(|kind| bound.in_millis(kind)), [bound; 3]);
    }
}

#[test]
fn a_figure_is_too_much_or_too_little() {
    let exceeded = |bound: Bound| [0.9, 1.0, 1.1, 2.0, 2.1].map(|figure| bound.is_exceeded_by(figure));
    assert_eq!(exceeded(Bound::Equal(1.0)), [false, false, true, true, true]);
    assert_eq!(exceeded(Bound::AtMost(1.0)), [false, false, true, true, true]);
    assert_eq!(exceeded(Bound::Below(1.0)), [false, true, true, true, true]);
    assert_eq!(exceeded(Bound::Between(1.0, 2.0)), [false, false, false, false, true]);
    assert_eq!(exceeded(Bound::AtLeast(1.0)), [false; 5]);
    assert_eq!(exceeded(Bound::Above(1.0)), [false; 5]);
}

#[test]
fn a_bound_that_cannot_be_read_gets_a_hint_of_its_kind() {
    let time = "must be a sign and a duration such as \"< 20ms\"";
    let number = "must be a number, or a sign and a number such as \"<= 5\"";
    let cases = [
        ("p99 = 20", format!("`p99` {time}"), "write a sign and its unit, such as \"< 20ms\""),
        ("p99 = \"< 20\"", format!("`p99` {time}"), "write its unit, such as \"20ms\""),
        (
            "p99 = true",
            "`p99` must be text such as \"< 20ms\", not true or false".into(),
            "write it like p99 = \"< 20ms\"",
        ),
        ("lost = \"20 .. 10\"", format!("`lost` {number}"), "a range goes from the smaller to the greater"),
        (
            "lost = \"10 ..\"",
            format!("`lost` {number}"),
            "a range has two ends; for one, write a sign such as `<=`",
        ),
        ("rss_mib = \"< 50ms\"", format!("`rss_mib` {number}"), "`50ms` is no number"),
        ("rss_mib = []", "`rss_mib` has an empty list of bounds".into(), "write it like rss_mib = \"<= 50\""),
        ("lost = []", "`lost` has an empty list of bounds".into(), "write it like lost = 0"),
        (
            "lost = [[0]]",
            "`lost` must be a number, or text such as \"<= 5\", not a list".into(),
            "write it like lost = 0",
        ),
        ("on_time = \">= 101%\"", "`on_time` is a share of 1".into(), "the whole is 100%"),
        ("lost_share = \"1 .. 20\"", "`lost_share` is a share of 1".into(), "write 0.2 for 20%"),
        ("max = \"< 0s\"", "`max` can be no figure below 0".into(), "write it like max = \"< 20ms\""),
        ("p95 = \"< 2s\"", "the report has no figure `p95`".into(), "did you mean `p90`?"),
        ("service_p95 = 1", "the report has no figure `service_p95`".into(), "did you mean `service_p90`?"),
        ("servre.lost = 1", "no pattern is called `servre`".into(), "did you mean `server`?"),
    ];
    for (line, what, hint) in cases {
        assert_eq!(wrong(line), (what, hint.to_owned()), "{line}");
    }
    let (_, hint) = wrong("colour = 1");
    assert!(
        hint.starts_with("known are `due`, `sent`")
            && hint.ends_with("`cpu_us_per_delivery`, `nodes_cpu_us_per_delivery` and `rss_mib`"),
        "{hint}"
    );
}

#[test]
fn what_is_expected_of_a_server_or_in_another_unit_replaces_what_is_expected_of_all() {
    let scenario = scenario(
        "[expect]\nlost = 0\np99 = [\"> 1ms\", \"< 20ms\"]\n[expect.redis]\np99_us = \"< 9000\"\n\
         [expect.server]\nlost = \"0 .. 5\"\n",
    );
    let of = |pattern| -> Vec<String> {
        scenario.expectations_for(pattern).iter().map(ToString::to_string).collect()
    };
    assert_eq!(of(Some(Pattern::Local)), ["lost = 0", "p99 > 1ms", "p99 < 20ms"]);
    assert_eq!(of(Some(Pattern::Redis)), ["lost = 0", "p99_us < 9000"]);
    assert_eq!(of(None), ["p99 > 1ms", "p99 < 20ms", "lost = 0 .. 5"]);
}

/// A JSON value, written as a value of a scenario file.
fn toml(value: &Value) -> String {
    let all = |all: Vec<String>| all.join(", ");
    match value {
        Value::Array(items) => format!("[{}]", all(items.iter().map(toml).collect())),
        Value::Object(table) => {
            let pair = |(key, value): (&String, &Value)| format!("{key} = {}", toml(value));
            format!("{{ {} }}", all(table.iter().map(pair).collect()))
        }
        other => other.to_string(),
    }
}

#[test]
fn the_json_of_a_scenario_reads_as_a_scenario_with_the_same_expectations() {
    let mut text = "[expect]\n".to_owned();
    for (i, figure) in figure_names().enumerate() {
        let bounds = match figure_kind(&figure).unwrap() {
            Count => ["0", "\"<= 5\"", "[\"> 1\", \"10 .. 20\", 15]"],
            Share => ["1", "\">= 99.7%\"", "[\"> 0.125\", \"10% .. 20%\"]"],
            Time => ["\"= 20ms\"", "\"< 1ms 500us\"", "[\"> 1us\", \"5ms .. 2s\"]"],
            Amount => ["12.5", "\"<= 50\"", "[\"> 1\", \"10 .. 20.5\"]"],
            Millis | Micros => ["12.5", "\"< 20ms\"", "[\"> 1\", \"5us .. 2s\"]"],
        };
        text += &format!("{figure} = {}\n", bounds[i % 3]);
    }
    text += "[expect.redis]\nlost = \"< 100\"\np99 = \"= 0s\"\n[expect.server]\nrecovery = \"<= 3s\"\n";
    let before = scenario(&text);
    let json = before.to_json();
    // The name of a scenario is the name of its file, and does not stand in the file.
    let lines = json.as_object().unwrap().iter().filter(|(key, _)| *key != "name");
    let again: String = lines.map(|(key, value)| format!("{key} = {}\n", toml(value))).collect();
    let after = scenario(&again);
    let sorted = |scenario: &Scenario| {
        let mut all = scenario.expect.clone();
        // The JSON does not keep the order of the file; it keeps the order of the bounds on one figure.
        all.sort_by(|a, b| (a.whose, &a.figure).cmp(&(b.whose, &b.figure)));
        all
    };
    assert_eq!(sorted(&after), sorted(&before));
    assert!(before.expect.len() > figure_names().count());
    assert_eq!(after.to_json(), json);
}
