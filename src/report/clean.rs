//! Takes from strings that somebody else wrote what would act on a terminal instead of being shown.

use std::borrow::Cow;

use serde_json::Value;

use super::Report;

/// What stands for a character that is not shown.
const INSTEAD: char = '\u{fffd}';

/// The text with control characters, and those that turn the direction of a line, replaced. Line breaks and tabs stay.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if acts(c) { INSTEAD } else { c }).collect::<String>().into()
}

/// Whether a character does something to what is around it, and is no sign of its own.
fn acts(c: char) -> bool {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(c, '\u{2028}' | '\u{2029}');
    turns || breaks || (c.is_control() && c != '\n' && c != '\t')
}

impl Report {
    /// The report with all its strings cleaned. Names of servers, their reasons and their last words come from others,
    /// and a report may as a whole.
    pub fn cleaned(self) -> Self {
        let Ok(text) = self.to_json() else { return self };
        if !may_act(&text) {
            return self;
        }
        let mut json: Value = match serde_json::from_str(&text) {
            Ok(json) => json,
            Err(_) => return self,
        };
        clean_json(&mut json);
        serde_json::from_value(json).unwrap_or(self)
    }
}

/// Whether a JSON text may hold a character that acts: most hold none, and need not be taken apart.
fn may_act(text: &str) -> bool {
    text.chars().any(acts) || ["\\u", "\\b", "\\f", "\\r"].iter().any(|escape| text.contains(escape))
}

fn clean_json(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(cleaned) = clean(text) {
                *text = cleaned;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(clean_json),
        Value::Object(fields) => {
            let all = std::mem::take(fields);
            fields.extend(all.into_iter().map(|(name, mut value)| {
                clean_json(&mut value);
                (clean(&name).into_owned(), value)
            }));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{redis, report};
    use super::*;

    #[test]
    fn what_acts_is_replaced_and_signs_stay() {
        assert_eq!(
            clean("a\u{1b}[2Jb\u{7}c\u{9b}d\u{202e}e\rf"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f"
        );
        let plain = "two lines\n\tNa\u{ef}ve \u{4f60}\u{597d} \u{1f600}";
        assert!(matches!(clean(plain), Cow::Borrowed(text) if text == plain));
    }

    #[test]
    fn every_string_of_a_report_is_cleaned() {
        let mut run = redis();
        run.label = "re\u{1b}]0;dis\u{7}".into();
        run.why = vec!["\u{202e}why".into()];
        let mut foreign = report(vec![run]);
        foreign.versions.insert("a\u{1b}".into(), "1\u{9b}2".into());
        let cleaned = foreign.cleaned();
        assert_eq!(cleaned.runs[0].label, "re\u{fffd}]0;dis\u{fffd}");
        assert_eq!(cleaned.runs[0].why, ["\u{fffd}why"]);
        assert_eq!(cleaned.versions["a\u{fffd}"], "1\u{fffd}2");
        assert_eq!(report(vec![redis()]).cleaned(), report(vec![redis()]));
    }
}
