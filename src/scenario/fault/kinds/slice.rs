//! Slice: on a link, bytes pass in pieces with pauses between them.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Own, Read};
use crate::fault::place;
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::{fragment, target};
use crate::section::FileValue;
use crate::written::{bytes, time};

/// Bytes pass in pieces, with pauses between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// Bytes a piece, at most.
    pub bytes: u64,
    /// Between two pieces.
    pub pause: Duration,
}

/// What a piece may be.
const PIECES: RangeInclusive<u64> = 1..=1 << 20;

impl FaultKind for Slice {
    const FORM: Form = Form {
        key: "slice",
        help: "On a link, bytes pass in pieces with pauses between them.",
        example: place::A_LINK,
        value: target::link,
        own: &[
            Own {
                key: "bytes",
                needed: true,
                needs_for: false,
                help: "Bytes a piece, at most.",
                example: "1000",
                value: || fragment::count(PIECES),
            },
            Own {
                key: "gap",
                needed: true,
                needs_for: false,
                help: "The pause between two pieces.",
                example: "\"10ms\"",
                value: target::duration,
            },
        ],
        lasts: Lasts::AsTold,
    };

    fn read<'a>(reader: &Reader<'a>, _: FileValue<'a>) -> Read<Self> {
        let bytes = reader.count("bytes", PIECES)?;
        let pause = reader.time("gap")?.unwrap_or_default();
        Ok((Self { bytes, pause }, Target::Link(reader.link(Self::FORM.key)?)))
    }
}

impl FaultWords for Slice {
    fn own(&self) -> Vec<(&'static str, Value)> {
        vec![("bytes", self.bytes.into()), ("gap", time(self.pause).into())]
    }

    fn what(&self, key: &str, target: &Target) -> String {
        format!("{key} {target} into {} bytes with pauses of {}", self.bytes, time(self.pause))
    }

    fn meanwhile(&self, target: &Target) -> Option<String> {
        let (between, piece, pause) = (place::between(target), bytes(self.bytes), time(self.pause));
        Some(format!("while what passed {between} came in pieces of {piece} with pauses of {pause}"))
    }

    fn onset(&self, target: &Target) -> String {
        format!("what passed {} was cut into pieces of {}", place::between(target), bytes(self.bytes))
    }

    fn end(&self, _: &Target) -> String {
        place::RESTORED.into()
    }

    fn is_instant(&self) -> bool {
        true
    }
}
