//! Blackhole: on a link, connections stay and no byte passes.

use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Read};
use crate::fault::link::End;
use crate::fault::place;
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::target;
use crate::section::FileValue;

/// Connections stay, and no byte passes: the half-open case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blackhole;

impl FaultKind for Blackhole {
    const FORM: Form = Form {
        key: "blackhole",
        help: "On a link, connections stay and no byte passes: the half-open case.",
        example: place::A_LINK,
        value: target::link,
        own: &[],
        lasts: Lasts::AsTold,
    };

    fn read<'a>(reader: &Reader<'a>, _: FileValue<'a>) -> Read<Self> {
        Ok((Self, Target::Link(reader.link(Self::FORM.key)?)))
    }
}

impl FaultWords for Blackhole {
    fn meanwhile(&self, target: &Target) -> Option<String> {
        Some(format!("while no byte passed {}", place::between(target)))
    }

    fn onset(&self, target: &Target) -> String {
        format!("bytes no longer passed {}", place::between(target))
    }

    fn end(&self, _: &Target) -> String {
        place::RESTORED.into()
    }

    fn is_instant(&self) -> bool {
        true
    }

    fn is_silent_split(&self, target: &Target) -> bool {
        let Target::Link(link) = target else { return false };
        let is_within = |end: End| end.is_node() || end == End::Broker;
        is_within(link.from) && is_within(link.to)
    }

    fn stops(&self, target: &Target, from: End, to: End) -> bool {
        self.lies_between(target, from, to)
    }
}
