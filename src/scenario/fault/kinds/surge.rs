//! Surge: the rate of the load, times a factor.

use serde_json::{Value, json};

use crate::error::InputError;
use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Read};
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::section::FileValue;
use crate::written::{grouped, number};

/// The rate of the load, times this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surge {
    /// More than 1 is more load, less is less.
    pub factor: f64,
}

impl FaultKind for Surge {
    const FORM: Form = Form {
        key: "surge",
        help: "The rate of the load, times this.",
        example: "10",
        value: schema,
        own: &[],
        lasts: Lasts::Needed { hint: "for = \"2s\" is how long the rate is another" },
    };

    fn read<'a>(_: &Reader<'a>, value: FileValue<'a>) -> Read<Self> {
        Ok((Self { factor: factor(value)? }, Target::Load))
    }
}

fn schema() -> Value {
    json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 10_000, "examples": [10] })
}

fn factor(value: FileValue<'_>) -> Result<f64, InputError> {
    let number = value.number("a number: the rate, times this")?.and_then(|number| number.as_f64());
    number.filter(|factor| *factor > 0.0 && *factor <= 10_000.0).ok_or_else(|| {
        let error = value.error("`surge` must be more than 0 and at most 10000");
        error.with_hint("surge = 10 is ten times the rate")
    })
}

impl FaultWords for Surge {
    fn value(&self, _: &Target) -> Value {
        number(self.factor)
    }

    fn what(&self, key: &str, _: &Target) -> String {
        format!("{key} x {}", self.factor)
    }

    fn meanwhile(&self, _: &Target) -> Option<String> {
        Some(format!("while the load was {} as high", times(self.factor)))
    }

    fn onset(&self, _: &Target) -> String {
        format!("the load became {} as high", times(self.factor))
    }

    fn end(&self, _: &Target) -> String {
        "the load was as before".into()
    }

    fn breaks(&self) -> bool {
        // More load only asks more of what is whole.
        false
    }
}

/// `ten times`.
fn times(factor: f64) -> String {
    const WORDS: [&str; 9] = ["three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"];
    if factor.fract() != 0.0 {
        return format!("{factor} times");
    }
    match factor as usize {
        2 => "twice".into(),
        n if n > 2 && n - 3 < WORDS.len() => format!("{} times", WORDS[n - 3]),
        n => format!("{} times", grouped(n as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_factors_are_words() {
        let factor = [2.0, 3.0, 11.0, 12.0, 1_000.0, 2.5, 0.5].map(times);
        let expected =
            ["twice", "three times", "eleven times", "12 times", "1,000 times", "2.5 times", "0.5 times"];
        assert_eq!(factor, expected);
    }
}
