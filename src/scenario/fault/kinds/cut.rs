//! Cut: on a link, new connections are refused and old ones reset. Both ways always.

use serde_json::Value;

use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Read};
use crate::fault::link::End;
use crate::fault::place;
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::{fragment, words};
use crate::section::FileValue;

/// New connections are refused, old ones are reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut;

impl FaultKind for Cut {
    const FORM: Form = Form {
        key: "cut",
        help: "On a link, new connections are refused and old ones reset.",
        example: place::A_LINK,
        value: schema,
        own: &[],
        lasts: Lasts::AsTold,
    };

    fn read<'a>(reader: &Reader<'a>, _: FileValue<'a>) -> Read<Self> {
        let key = Self::FORM.key;
        let link = reader.link(key)?;
        if link.one_way {
            let (value, text) = reader.words(key)?;
            let error = value.error(format!("`{text}` cannot be cut one way: a reset ends both"));
            return Err(error.with_hint("write `<->`, or take `blackhole` for one way"));
        }
        Ok((Self, Target::Link(link)))
    }
}

fn schema() -> Value {
    fragment::text(&words::link(words::BOTH_WAYS), &["node 1 <-> broker", "node * <-> broker"])
}

impl FaultWords for Cut {
    fn meanwhile(&self, target: &Target) -> Option<String> {
        Some(format!("while {}", place::cut_off(target)))
    }

    fn onset(&self, target: &Target) -> String {
        place::cut_off(target)
    }

    fn end(&self, _: &Target) -> String {
        place::RESTORED.into()
    }

    fn is_instant(&self) -> bool {
        true
    }

    fn lies_between(&self, target: &Target, from: End, to: End) -> bool {
        // A connection that is reset carries nothing either way.
        target.lies_between(from, to) || target.lies_between(to, from)
    }

    fn stops(&self, target: &Target, from: End, to: End) -> bool {
        self.lies_between(target, from, to)
    }
}
