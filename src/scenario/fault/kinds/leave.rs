//! Leave: subscribers go offline on purpose.

use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Read};
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::target;
use crate::section::FileValue;

/// Subscribers go offline on purpose; healed by their coming back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leave;

impl FaultKind for Leave {
    const FORM: Form = Form {
        key: "leave",
        help: "A share of the subscribers goes offline on purpose; healed by their coming back.",
        example: "\"50%\"",
        value: target::share,
        own: &[],
        lasts: Lasts::AsTold,
    };

    fn read<'a>(reader: &Reader<'a>, _: FileValue<'a>) -> Read<Self> {
        Ok((Self, reader.share(Self::FORM.key)?))
    }
}

impl FaultWords for Leave {
    fn meanwhile(&self, _: &Target) -> Option<String> {
        None
    }

    fn onset(&self, _: &Target) -> String {
        "some left or joined".into()
    }

    fn end(&self, _: &Target) -> String {
        "they were back".into()
    }

    fn participle(&self) -> &'static str {
        "away"
    }

    fn is_deliberate(&self) -> bool {
        true
    }
}
