//! Limit: on a link, a connection is closed after so many bytes.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Own, Read};
use crate::fault::place;
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::{fragment, target};
use crate::section::FileValue;
use crate::written::bytes;

/// A connection is closed after so many bytes, each way counted for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Bytes that still pass.
    pub bytes: u64,
}

/// What a limit may be.
const LIMITS: RangeInclusive<u64> = 0..=1 << 50;

impl FaultKind for Limit {
    const FORM: Form = Form {
        key: "limit",
        help: "On a link, a connection is closed after so many bytes.",
        example: place::A_LINK,
        value: target::link,
        own: &[Own {
            key: "bytes",
            needed: true,
            needs_for: false,
            help: "A connection is closed after so many, each way for itself.",
            example: "1000",
            value: || fragment::count(LIMITS),
        }],
        lasts: Lasts::AsTold,
    };

    fn read<'a>(reader: &Reader<'a>, _: FileValue<'a>) -> Read<Self> {
        let bytes = reader.count("bytes", LIMITS)?;
        Ok((Self { bytes }, Target::Link(reader.link(Self::FORM.key)?)))
    }
}

impl FaultWords for Limit {
    fn own(&self) -> Vec<(&'static str, Value)> {
        vec![("bytes", self.bytes.into())]
    }

    fn what(&self, key: &str, target: &Target) -> String {
        format!("{key} {target} to {} bytes", self.bytes)
    }

    fn meanwhile(&self, target: &Target) -> Option<String> {
        let (between, limit) = (place::between(target), bytes(self.bytes));
        Some(format!("while a connection {between} was closed after {limit}"))
    }

    fn onset(&self, target: &Target) -> String {
        format!("connections {} were limited to {}", place::between(target), bytes(self.bytes))
    }

    fn end(&self, _: &Target) -> String {
        place::RESTORED.into()
    }

    fn is_instant(&self) -> bool {
        true
    }
}
