//! Numbers in the form in which people read them.

use ledger::grouped;

/// Milliseconds with sensible digits, no unit: `0.35`, `1.2`, `12`, `5,012`. From ten up they are whole.
pub(super) fn millis(us: u64) -> String {
    match us {
        0..995 => format!("{:.2}", us as f64 / 1_000.0),
        995..9_950 => format!("{:.1}", us as f64 / 1_000.0),
        _ => grouped(us.saturating_add(500) / 1_000),
    }
}

/// An amount with sensible digits, no unit: `0.35`, `8.4`, `212`, `5,012`. From a hundred up it is whole.
pub(super) fn amount(amount: f64) -> String {
    match amount {
        ..0.995 => format!("{amount:.2}"),
        0.995..99.95 => format!("{amount:.1}"),
        _ => grouped(amount.round() as u64),
    }
}

/// A share as a percentage, rounded down so that a share that is not the whole does not look like it: `74.8%`, `100%`.
pub(super) fn percent(share: f64) -> String {
    let tenths = (share * 1_000.0 + 1e-9).floor();
    if tenths == 1_000.0 { "100%".into() } else { format!("{:.1}%", tenths / 10.0) }
}

/// A part of a whole in sentences: `25.6%`, rounded to the nearest tenth. What is not nothing and not the whole does not
/// look like it.
pub(super) fn share(part: u64, whole: u64) -> String {
    let tenths = (part as f64 / whole.max(1) as f64 * 1_000.0).round() as u64;
    match tenths {
        0 if part > 0 => "less than 0.1%".into(),
        1_000.. if part < whole => "99.9%".into(),
        tenths if tenths.is_multiple_of(10) && tenths != 0 => format!("{}%", tenths / 10),
        tenths => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}

/// A span in words: `0.35 ms`, `212 ms`, `5.0 s`, `130 s`.
pub(super) fn span(us: u64) -> String {
    match us {
        0..999_500 => format!("{} ms", millis(us)),
        999_500..99_950_000 => format!("{:.1} s", us as f64 / 1_000_000.0),
        _ => format!("{} s", grouped(us.saturating_add(500_000) / 1_000_000)),
    }
}

/// A count with its noun in the right number: `1 message`, `2,000 messages`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_sensible_digits() {
        let all = [0, 4, 350, 994, 995, 1_234, 9_949, 9_950, 12_345, 999_499, 5_012_000].map(millis);
        assert_eq!(all, ["0.00", "0.00", "0.35", "0.99", "1.0", "1.2", "9.9", "10", "12", "999", "5,012"]);
    }

    #[test]
    fn an_amount_has_sensible_digits() {
        let all = [0.0, 0.354, 0.994, 0.995, 8.43, 99.94, 99.95, 5_012.4].map(amount);
        assert_eq!(all, ["0.00", "0.35", "0.99", "1.0", "8.4", "99.9", "100", "5,012"]);
    }

    #[test]
    fn a_share_is_rounded_down() {
        let all = [0.0, 0.7485, 0.999_99, 1.0, 0.333_333, 0.29].map(percent);
        assert_eq!(all, ["0.0%", "74.8%", "99.9%", "100%", "33.3%", "29.0%"]);
    }

    #[test]
    fn a_part_of_a_whole_is_neither_nothing_nor_all_unless_it_is() {
        let all = [(0, 9), (1, 60_000), (15_370, 60_000), (1, 2), (59_999, 60_000), (7, 7), (0, 0)]
            .map(|(part, whole)| share(part, whole));
        let expected = ["0.0%", "less than 0.1%", "25.6%", "50%", "99.9%", "100%", "0.0%"];
        assert_eq!(all, expected);
    }

    #[test]
    fn a_span_changes_its_unit_at_a_second() {
        let all = [350, 212_000, 999_499, 999_500, 5_012_000, 99_949_999, 130_400_000].map(span);
        assert_eq!(all, ["0.35 ms", "212 ms", "999 ms", "1.0 s", "5.0 s", "99.9 s", "130 s"]);
    }

    #[test]
    fn nouns_follow_their_number() {
        let all = [0, 1, 2_000].map(|count| counted(count, "message", "messages"));
        assert_eq!(all, ["0 messages", "1 message", "2,000 messages"]);
    }
}
