//! How numbers and durations are written: in the effective scenario, and in sentences.

use std::time::Duration;

use serde_json::{Value, json};

/// A duration as a file writes it: `1s 500ms`.
pub(crate) fn time(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// A number as JSON; a whole number has no `.0`.
pub(crate) fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
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

/// A number of bytes with its unit: `10,000 bytes`.
pub(crate) fn bytes(count: u64) -> String {
    format!("{} {}", grouped(count), if count == 1 { "byte" } else { "bytes" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_three_digits_have_a_comma_before_them() {
        let written = [0, 999, 1_000, 60_000, 1_234_567].map(grouped);
        assert_eq!(written, ["0", "999", "1,000", "60,000", "1,234,567"]);
        assert_eq!([0, 1, 2, 1_000].map(bytes), ["0 bytes", "1 byte", "2 bytes", "1,000 bytes"]);
    }

    #[test]
    fn a_whole_number_has_no_fraction() {
        assert_eq!([2.0, 0.5, 1e15].map(number), [json!(2), json!(0.5), json!(1e15)]);
        assert_eq!(time(Duration::from_millis(1_500)), "1s 500ms");
    }
}
