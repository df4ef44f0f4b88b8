//! A bound on a figure, as numbers and as text.

use std::time::Duration;

use humantime::format_duration;

use crate::figure::FigureKind;
use crate::section::parse_duration;
use crate::words::list;

/// A bound on a figure. A share is a number from 0 to 1; a time is in the unit of the figure's name, and in
/// milliseconds if the name has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// The figure must be this number.
    Equal(f64),
    /// The figure must be this number or less.
    AtMost(f64),
    /// The figure must be this number or more.
    AtLeast(f64),
    /// The figure must be less than this number.
    Below(f64),
    /// The figure must be more than this number.
    Above(f64),
    /// The figure must lie between these numbers, both included.
    Between(f64, f64),
}

/// The signs of bounds. A longer sign stands before every sign with which it begins.
type Sign = (&'static str, fn(f64) -> Bound);
const SIGNS: [Sign; 5] = [
    ("<=", Bound::AtMost),
    (">=", Bound::AtLeast),
    ("<", Bound::Below),
    (">", Bound::Above),
    ("=", Bound::Equal),
];

impl Bound {
    /// Whether a figure keeps the bound.
    pub fn holds(self, figure: f64) -> bool {
        match self {
            Bound::Equal(n) => figure == n,
            Bound::AtMost(n) => figure <= n,
            Bound::AtLeast(n) => figure >= n,
            Bound::Below(n) => figure < n,
            Bound::Above(n) => figure > n,
            Bound::Between(low, high) => (low..=high).contains(&figure),
        }
    }

    /// The bound on a time with its numbers in milliseconds; the bound on any other kind of figure as it is.
    pub fn in_millis(self, kind: FigureKind) -> Bound {
        let ms = |n: f64| if kind == FigureKind::Micros { n / 1e3 } else { n };
        match self {
            Bound::Equal(n) => Bound::Equal(ms(n)),
            Bound::AtMost(n) => Bound::AtMost(ms(n)),
            Bound::AtLeast(n) => Bound::AtLeast(ms(n)),
            Bound::Below(n) => Bound::Below(ms(n)),
            Bound::Above(n) => Bound::Above(ms(n)),
            Bound::Between(low, high) => Bound::Between(ms(low), ms(high)),
        }
    }

    /// Whether a figure that does not keep the bound is too large, and not too small.
    pub fn is_exceeded_by(self, figure: f64) -> bool {
        match self {
            Bound::AtLeast(_) | Bound::Above(_) => false,
            Bound::Below(n) => figure >= n,
            Bound::Equal(n) | Bound::AtMost(n) | Bound::Between(_, n) => figure > n,
        }
    }

    /// The least and the greatest number in the bound.
    pub(super) fn numbers(self) -> (f64, f64) {
        match self {
            Bound::Equal(n) | Bound::AtMost(n) | Bound::AtLeast(n) | Bound::Below(n) | Bound::Above(n) => {
                (n, n)
            }
            Bound::Between(low, high) => (low, high),
        }
    }

    /// The bound as the file writes it for a figure of this kind: `<= 5`, `< 20ms`, `10 .. 20`.
    pub fn text(self, kind: FigureKind) -> String {
        let number = |n| number_text(n, kind);
        let sign = match self {
            Bound::Equal(_) => "=",
            Bound::AtMost(_) => "<=",
            Bound::AtLeast(_) => ">=",
            Bound::Below(_) => "<",
            Bound::Above(_) => ">",
            Bound::Between(low, high) => return format!("{} .. {}", number(low), number(high)),
        };
        format!("{sign} {}", number(self.numbers().0))
    }

    /// Reads a sign and a number, or a range. The error is a hint.
    pub(super) fn parse(text: &str, kind: FigureKind) -> Result<Bound, String> {
        let text = text.trim();
        if let Some((sign, rest)) =
            SIGNS.iter().find_map(|(sign, bound)| Some((bound, text.strip_prefix(sign)?)))
        {
            return parse_number(rest.trim(), kind).map(sign);
        }
        match text.split_once("..").map(|(low, high)| (low.trim(), high.trim())) {
            None if kind.is_time() && parse_number(text, kind).is_ok() => {
                Err(format!("write a sign before it, such as \"< {text}\""))
            }
            None => Err(format!("the signs are {}", list(SIGNS.map(|(sign, _)| sign)))),
            Some((low, high)) if low.is_empty() || high.is_empty() => {
                Err("a range has two ends; for one, write a sign such as `<=`".into())
            }
            Some((low, high)) => match (parse_number(low, kind)?, parse_number(high, kind)?) {
                (low, high) if low > high => Err("a range goes from the smaller to the greater".into()),
                (low, high) => Ok(Bound::Between(low, high)),
            },
        }
    }
}

fn number_text(number: f64, kind: FigureKind) -> String {
    match kind {
        FigureKind::Time => format_duration(Duration::from_nanos((number * 1e6).round() as u64)).to_string(),
        _ => number.to_string(),
    }
}

/// Reads the number in a bound, with its unit where the kind has units.
fn parse_number(text: &str, kind: FigureKind) -> Result<f64, String> {
    let per_ms = match kind {
        FigureKind::Time | FigureKind::Millis => 1.0,
        FigureKind::Micros => 1e3,
        FigureKind::Share if text.ends_with('%') => {
            let percent = text.trim_end_matches('%').trim_end();
            let number: f64 = percent.parse().map_err(|_| format!("`{text}` is no percentage"))?;
            // The decimal point moves in the text: 99.9 / 100 is not the number nearest to 0.999. What is no number or has
            // no end, which the text cannot express, stays so.
            return Ok(format!("{number}e-2").parse().unwrap_or(number));
        }
        FigureKind::Count | FigureKind::Share | FigureKind::Amount => {
            return text.parse().map_err(|_| format!("`{text}` is no number"));
        }
    };
    match text.parse() {
        Ok(_) if kind == FigureKind::Time => Err(format!("write its unit, such as \"{text}ms\"")),
        Ok(number) => Ok(number),
        Err(_) => parse_duration(text).map(|time| time.as_nanos() as f64 * per_ms / 1e6),
    }
}
