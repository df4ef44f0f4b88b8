//! Join: subscribers come for the first time.

use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Read};
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::target;
use crate::section::FileValue;

/// Subscribers come for the first time; they are absent until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Join;

impl FaultKind for Join {
    const FORM: Form = Form {
        key: "join",
        help: "A share of the subscribers comes for the first time; absent until then.",
        example: "\"50%\"",
        value: target::share,
        own: &[],
        lasts: Lasts::AtOnce {
            why: "who has joined stays",
            hint: "use `leave` for subscribers that go away and come back",
        },
    };

    fn read<'a>(reader: &Reader<'a>, _: FileValue<'a>) -> Read<Self> {
        Ok((Self, reader.share(Self::FORM.key)?))
    }
}

impl FaultWords for Join {
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
        "joining"
    }

    fn is_deliberate(&self) -> bool {
        true
    }
}
