//! Slow: a subscriber reads so many bytes a second.

use serde_json::{Value, json};

use super::throttle::{RATE, RATES};
use crate::error::InputError;
use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Read};
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::words;
use crate::section::FileValue;
use crate::written::bytes;

/// A subscriber reads so many bytes a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slow {
    /// Bytes a second, of what its node sends it.
    pub bytes_per_second: u64,
}

impl FaultKind for Slow {
    const FORM: Form = Form {
        key: "slow",
        help: "A subscriber, or a share of them, reads so many bytes a second.",
        example: "\"subscriber 3\"",
        value: schema,
        own: &[RATE],
        lasts: Lasts::AsTold,
    };

    fn read<'a>(reader: &Reader<'a>, _: FileValue<'a>) -> Read<Self> {
        let bytes_per_second = reader.count(RATE.key, RATES)?;
        Ok((Self { bytes_per_second }, subscriber(reader, Self::FORM.key)?))
    }
}

fn schema() -> Value {
    json!({
        "type": "string",
        "anyOf": [{ "pattern": words::SUBSCRIBER }, { "pattern": words::SHARE }],
        "examples": ["subscriber 3", "subscriber any", "10%"],
    })
}

fn subscriber(reader: &Reader<'_>, key: &'static str) -> Result<Target, InputError> {
    let (value, text) = reader.words(key)?;
    if text.contains('%') {
        return reader.share(key);
    }
    Target::parse_subscriber(text).ok_or_else(|| {
        let error = value.error(format!("`{text}` is no subscriber"));
        error.with_hint("\"subscriber 3\", \"subscriber any\" and \"10%\" are subscribers")
    })
}

impl FaultWords for Slow {
    fn own(&self) -> Vec<(&'static str, Value)> {
        vec![(RATE.key, self.bytes_per_second.into())]
    }

    fn what(&self, key: &str, target: &Target) -> String {
        format!("{key} {target} to {} bytes/s", self.bytes_per_second)
    }

    fn meanwhile(&self, target: &Target) -> Option<String> {
        Some(format!("while {target} read only {} a second", bytes(self.bytes_per_second)))
    }

    fn onset(&self, target: &Target) -> String {
        format!("{target} began to read only {} a second", bytes(self.bytes_per_second))
    }

    fn end(&self, target: &Target) -> String {
        format!("{target} read at full speed again")
    }

    fn breaks(&self) -> bool {
        // A slow reader only asks more of what is whole.
        false
    }

    fn is_instant(&self) -> bool {
        true
    }
}
