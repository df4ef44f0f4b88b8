//! What a run must show: bounds on figures of the report.

use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ScenarioError, Source, list, suggestion};
use super::section::{Value, parse_duration, wrong_type};
use super::{FIGURES, Pattern};

/// One bound on one figure of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// For one pattern, or for all.
    pub pattern: Option<Pattern>,
    /// The figure's name, as in `report.json` (`lost`, `duplicates`, `recovery_ms`, ...).
    pub figure: String,
    /// What it must be.
    pub bound: Bound,
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.figure, self.bound)
    }
}

/// What a figure must be. Times are in the figure's own unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Exactly this.
    Equal(f64),
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
    /// Less than this.
    Below(f64),
    /// More than this.
    Above(f64),
}

/// The signs of bounds. Longer ones stand before those that they begin with.
type Sign = (&'static str, fn(f64) -> Bound);
const SIGNS: [Sign; 5] = [
    ("<=", Bound::AtMost),
    (">=", Bound::AtLeast),
    ("<", Bound::Below),
    (">", Bound::Above),
    ("=", Bound::Equal),
];

impl Bound {
    /// The number in it.
    pub fn number(self) -> f64 {
        match self {
            Bound::Equal(n) | Bound::AtMost(n) | Bound::AtLeast(n) | Bound::Below(n) | Bound::Above(n) => n,
        }
    }

    /// Whether a figure keeps it.
    pub fn holds(self, figure: f64) -> bool {
        match self {
            Bound::Equal(n) => figure == n,
            Bound::AtMost(n) => figure <= n,
            Bound::AtLeast(n) => figure >= n,
            Bound::Below(n) => figure < n,
            Bound::Above(n) => figure > n,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self {
            Bound::Equal(_) => "=",
            Bound::AtMost(_) => "<=",
            Bound::AtLeast(_) => ">=",
            Bound::Below(_) => "<",
            Bound::Above(_) => ">",
        };
        write!(f, "{sign} {}", self.number())
    }
}

/// Reads `[expect]` and the tables of patterns in it, in the order of the file.
pub(super) fn read(source: &Source<'_>, value: Value<'_>) -> Result<Vec<Expectation>, ScenarioError> {
    let DeValue::Table(table) = value.get_ref() else {
        return Err(wrong_type(source, value, "[expect]", "a table"));
    };
    let mut expectations = Vec::new();
    for (key, value) in in_order(table) {
        match (Pattern::named(key.get_ref()), value.get_ref()) {
            (Some(pattern), DeValue::Table(table)) => {
                for (key, value) in in_order(table) {
                    expectations.push(one(source, Some(pattern), key, value)?);
                }
            }
            (Some(_), _) => return Err(wrong_type(source, value, key.get_ref(), "a table of figures")),
            (None, DeValue::Table(_)) => return Err(unknown_pattern(source, key)),
            (None, _) => expectations.push(one(source, None, key, value)?),
        }
    }
    Ok(expectations)
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;

fn in_order<'a>(table: &'a DeTable<'a>) -> Vec<(&'a Key<'a>, Value<'a>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// An error about a pattern's name.
pub(super) fn unknown_pattern(source: &Source<'_>, name: &Spanned<impl AsRef<str>>) -> ScenarioError {
    let word = name.get_ref().as_ref();
    let error = source.error(&name.span(), format!("no pattern is called `{word}`"));
    error.with_hint(suggestion(word, Pattern::ALL.map(Pattern::name)))
}

fn one(
    source: &Source<'_>,
    pattern: Option<Pattern>,
    key: &Key<'_>,
    value: Value<'_>,
) -> Result<Expectation, ScenarioError> {
    let figure = key.get_ref().as_ref();
    if !FIGURES.contains(&figure) {
        let error = source.error(&key.span(), format!("the report has no figure `{figure}`"));
        return Err(error.with_hint(suggestion(figure, FIGURES.iter().copied())));
    }
    let wrong = |what: String| source.error(&value.span(), format!("`{figure}` {what}"));
    let bound = match value.get_ref() {
        DeValue::Integer(n) => {
            i64::from_str_radix(n.as_str(), n.radix()).ok().map(|n| Bound::Equal(n as f64)).ok_or("".into())
        }
        DeValue::Float(n) => n.as_str().parse().map(Bound::Equal).map_err(|_| String::new()),
        DeValue::String(text) => parse(figure, text),
        _ => return Err(wrong_type(source, value, figure, "a number, or text such as \"<= 5\"")),
    };
    let bound = bound.map_err(|hint| {
        let error = wrong("must be a number, or a sign and a number such as \"<= 5\"".into());
        if hint.is_empty() { error } else { error.with_hint(hint) }
    })?;
    let number = bound.number();
    if !number.is_finite() || number < 0.0 || matches!(bound, Bound::Below(0.0)) {
        return Err(wrong("can be no figure below 0".into()));
    }
    if figure == "on_time" && number > 1.0 {
        return Err(
            wrong("is a share of 1".into()).with_hint(format!("write {} for {number} %", number / 100.0))
        );
    }
    Ok(Expectation { pattern, figure: figure.to_owned(), bound })
}

/// Reads a sign and a number, or a duration where the figure is a time. Else a hint.
fn parse(figure: &str, text: &str) -> Result<Bound, String> {
    let text = text.trim();
    let Some((sign, rest)) = SIGNS.iter().find_map(|(sign, bound)| Some((bound, text.strip_prefix(sign)?)))
    else {
        return Err(format!("the signs are {}", list(SIGNS.map(|(sign, _)| sign))));
    };
    let rest = rest.trim_start();
    if let Ok(number) = rest.parse() {
        return Ok(sign(number));
    }
    let seconds_to_unit = match () {
        () if figure.ends_with("_ms") => 1e3,
        () if figure.ends_with("_us") => 1e6,
        () => return Err(format!("`{rest}` is no number")),
    };
    parse_duration(rest).map(|time| sign(time.as_secs_f64() * seconds_to_unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        assert_eq!(parse("lost", "<= 5"), Ok(Bound::AtMost(5.0)));
        assert_eq!(parse("lost", "<5"), Ok(Bound::Below(5.0)));
        assert_eq!(parse("lost", " = 0"), Ok(Bound::Equal(0.0)));
        assert_eq!(parse("on_time", ">= 0.5"), Ok(Bound::AtLeast(0.5)));
        assert_eq!(parse("recovery_ms", "< 2s"), Ok(Bound::Below(2_000.0)));
        assert_eq!(parse("p99_us", "> 20ms"), Ok(Bound::Above(20_000.0)));
        assert_eq!(parse("p99_us", "> 20"), Ok(Bound::Above(20.0)));
        for (figure, wrong) in [("lost", "5"), ("lost", "< 2s"), ("lost", "<"), ("impact_ms", "< 2 parsecs")]
        {
            assert!(parse(figure, wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn bounds_hold_or_not() {
        assert!(Bound::Equal(1.0).holds(1.0) && !Bound::Equal(1.0).holds(2.0));
        assert!(Bound::AtMost(1.0).holds(1.0) && !Bound::AtMost(1.0).holds(1.1));
        assert!(Bound::AtLeast(1.0).holds(1.0) && !Bound::AtLeast(1.0).holds(0.9));
        assert!(Bound::Below(1.0).holds(0.9) && !Bound::Below(1.0).holds(1.0));
        assert!(Bound::Above(1.0).holds(1.1) && !Bound::Above(1.0).holds(1.0));
    }
}
