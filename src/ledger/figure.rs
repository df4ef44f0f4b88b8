//! One figure of a run, by its name.

use std::fmt;

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// So many.
    Count(u64),
    /// A share of the whole, 0 to 1.
    Share(f64),
    /// Milliseconds.
    Millis(f64),
}

impl Figure {
    /// The bare number, for comparing with a bound.
    pub fn value(self) -> f64 {
        match self {
            Figure::Count(count) => count as f64,
            Figure::Share(value) | Figure::Millis(value) => value,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Figure::Count(count) => f.write_str(&grouped(*count)),
            // Rounded down: what is not the whole must not look like it.
            Figure::Share(share) => write!(f, "{}", (share * 10_000.0).floor() / 10_000.0),
            Figure::Millis(ms) => write!(f, "{ms}"),
        }
    }
}

/// A number with a comma before each three digits: `60,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        let all = [0, 12, 999, 1_000, 60_000, 1_234_567].map(grouped);
        assert_eq!(all, ["0", "12", "999", "1,000", "60,000", "1,234,567"]);
    }

    #[test]
    fn a_share_that_is_not_the_whole_does_not_look_like_it() {
        assert_eq!(Figure::Share(0.999_99).to_string(), "0.9999");
        assert_eq!(Figure::Share(1.0).to_string(), "1");
    }
}
