//! SIGKILL: nothing is said, and the kernel closes the sockets.

use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Read};
use crate::fault::link::End;
use crate::fault::place;
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::target;
use crate::section::FileValue;

/// SIGKILL; healed by starting it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kill;

impl FaultKind for Kill {
    const FORM: Form = Form {
        key: "kill",
        help: "SIGKILL; healed by starting it again.",
        example: "\"broker\"",
        value: target::process,
        own: &[],
        lasts: Lasts::AsTold,
    };

    fn read<'a>(reader: &Reader<'a>, _: FileValue<'a>) -> Read<Self> {
        Ok((Self, reader.process(Self::FORM.key)?))
    }
}

impl FaultWords for Kill {
    fn meanwhile(&self, target: &Target) -> Option<String> {
        Some(format!("while {} away", place::process_was(target)))
    }

    fn onset(&self, target: &Target) -> String {
        format!("{} killed", place::process_was(target))
    }

    fn end(&self, target: &Target) -> String {
        place::restart(target)
    }

    fn participle(&self) -> &'static str {
        "killed"
    }

    fn is_of_process(&self) -> bool {
        true
    }

    fn stops(&self, target: &Target, _from: End, to: End) -> bool {
        // What it has sent by then has left it.
        target.strikes(to)
    }
}
