//! Throttle: on a link, so many bytes a second pass, each way.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Own, Read};
use crate::fault::place;
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::{fragment, target};
use crate::section::FileValue;
use crate::written::bytes;

/// All connections of the link together pass so many bytes a second, each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// Bytes a second.
    pub bytes_per_second: u64,
}

/// The key of a rate.
pub(super) const RATE: Own = Own {
    key: "bytes_per_second",
    needed: true,
    needs_for: false,
    help: "So many bytes pass in a second.",
    example: "10000",
    value: || fragment::count(RATES),
};
/// What a rate may be.
pub(super) const RATES: RangeInclusive<u64> = 1..=1 << 40;

impl FaultKind for Throttle {
    const FORM: Form = Form {
        key: "throttle",
        help: "On a link, so many bytes a second pass, each way.",
        example: place::A_LINK,
        value: target::link,
        own: &[RATE],
        lasts: Lasts::AsTold,
    };

    fn read<'a>(reader: &Reader<'a>, _: FileValue<'a>) -> Read<Self> {
        let bytes_per_second = reader.count(RATE.key, RATES)?;
        Ok((Self { bytes_per_second }, Target::Link(reader.link(Self::FORM.key)?)))
    }
}

impl FaultWords for Throttle {
    fn own(&self) -> Vec<(&'static str, Value)> {
        vec![(RATE.key, self.bytes_per_second.into())]
    }

    fn what(&self, key: &str, target: &Target) -> String {
        format!("{key} {target} to {} bytes/s", self.bytes_per_second)
    }

    fn meanwhile(&self, target: &Target) -> Option<String> {
        let (between, rate) = (place::between(target), bytes(self.bytes_per_second));
        Some(format!("while the link {between} passed only {rate} a second"))
    }

    fn onset(&self, target: &Target) -> String {
        let (between, rate) = (place::between(target), bytes(self.bytes_per_second));
        format!("the link {between} was throttled to {rate} a second")
    }

    fn end(&self, _: &Target) -> String {
        place::RESTORED.into()
    }

    fn is_instant(&self) -> bool {
        true
    }
}
