//! The words of the file as regular expressions.

/// Matches one line that is not blank.
pub(crate) const TITLE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$";
/// Matches a text that is not blank, of one line or several.
pub(crate) const WATCH: &str = "^[^\\u0000-\\u0008\\u000e-\\u001f\\u007f-\\u0084\\u0086-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u0008\\u000e-\\u001f\\u007f-\\u0084\\u0086-\\u009f]*$";
/// Matches a shell command.
pub(crate) const COMMAND: &str = "^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$";
/// Matches a whole percentage from 1 to 100.
pub(crate) const SHARE: &str = "^\\s*0*(100|[1-9][0-9]?)\\s*%\\s*$";
/// Matches one subscriber.
pub(crate) const SUBSCRIBER: &str = "^\\s*subscriber\\s+(any|[0-9]+)\\s*$";
/// Matches a node, whichever.
pub(crate) const NODE: &str = "^\\s*node\\s+(any|\\*|[0-9]+)\\s*$";
/// Matches a process.
pub(crate) const PROCESS: &str = "^\\s*(broker|history|node\\s+(any|\\*|[0-9]+))\\s*$";
/// Matches a member of a partition's group.
pub(crate) const MEMBER: &str = "^\\s*(broker|history|node\\s+[0-9]+)\\s*$";
/// Matches any arrow of a link.
pub(crate) const ARROW: &str = "(<->|->|<-)";
/// Matches the arrow of a link that means both ways.
pub(crate) const BOTH_WAYS: &str = "<->";

/// The units of a duration, as the crate humantime has them.
const UNITS: &str = "(ns|nsec|nanos|us|µs|usec|ms|msec|millis|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?\
                     |d|days?|w|wks?|weeks?|M|months?|y|yrs?|years?)";
/// Matches a number without a unit.
const NUMBER: &str = "\\+?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?";

/// Matches numbers, each with its unit.
fn spans() -> String {
    format!("([0-9][0-9\\s]*(\\.\\s*[0-9][0-9\\s]*)?{UNITS}\\s*)+")
}

/// Matches a duration: `2s`, `1m 30s`.
pub(crate) fn duration() -> String {
    format!("^(0|\\s*{})$", spans())
}

/// Matches a link that a cluster may have, with such an arrow.
pub(crate) fn link(arrow: &str) -> String {
    let node = "node\\s+(any|\\*|[0-9]+)";
    let other = "(broker|history|clients?\\s+\\*)";
    let to = format!("\\s*{arrow}\\s*");
    format!("^\\s*({node}{to}({node}|{other})|{other}{to}{node}|broker{to}history|history{to}broker)\\s*$")
}

/// The form of the numbers in a bound.
#[derive(Clone, Copy)]
pub(crate) enum Numbers {
    Plain,
    /// Plain numbers, or numbers with a percent sign.
    Percent,
    /// Durations alone.
    Durations,
    /// Plain numbers, or durations.
    PlainOrDurations,
}

/// Matches a bound as text: a sign and a number, or a range.
pub(crate) fn bound(numbers: Numbers) -> String {
    let number = match numbers {
        Numbers::Plain => NUMBER.to_owned(),
        Numbers::Percent => format!("{NUMBER}\\s*%?"),
        Numbers::Durations => spans(),
        Numbers::PlainOrDurations => format!("({NUMBER}|{})", spans()),
    };
    format!("^\\s*((<=|>=|<|>|=)\\s*{number}|{number}\\s*\\.\\.\\s*{number})\\s*$")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPANS: &str = "([0-9][0-9\\s]*(\\.\\s*[0-9][0-9\\s]*)?\
        (ns|nsec|nanos|us|µs|usec|ms|msec|millis|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?|\
        M|months?|y|yrs?|years?)\\s*)+";
    const NUMBER: &str = "\\+?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?";

    #[test]
    fn a_duration_is_numbers_each_with_its_unit_or_0() {
        assert_eq!(duration(), format!("^(0|\\s*{SPANS})$"));
    }

    #[test]
    fn a_link_has_a_node_or_is_between_broker_and_history() {
        assert_eq!(
            link("<->"),
            "^\\s*(node\\s+(any|\\*|[0-9]+)\\s*<->\\s*(node\\s+(any|\\*|[0-9]+)|(broker|history|clients?\\s+\\*))\
             |(broker|history|clients?\\s+\\*)\\s*<->\\s*node\\s+(any|\\*|[0-9]+)\
             |broker\\s*<->\\s*history|history\\s*<->\\s*broker)\\s*$"
        );
    }

    #[test]
    fn a_bound_is_a_sign_and_a_number_or_a_range() {
        for (numbers, number) in [
            (Numbers::Plain, NUMBER.to_owned()),
            (Numbers::Percent, format!("{NUMBER}\\s*%?")),
            (Numbers::Durations, SPANS.to_owned()),
            (Numbers::PlainOrDurations, format!("({NUMBER}|{SPANS})")),
        ] {
            let expected = format!("^\\s*((<=|>=|<|>|=)\\s*{number}|{number}\\s*\\.\\.\\s*{number})\\s*$");
            assert_eq!(bound(numbers), expected);
        }
    }
}
