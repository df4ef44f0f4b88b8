//! SIGSTOP: the sockets stay open, and nobody answers.

use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Read};
use crate::fault::link::End;
use crate::fault::place;
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::target;
use crate::section::FileValue;

/// SIGSTOP; healed by SIGCONT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause;

impl FaultKind for Pause {
    const FORM: Form = Form {
        key: "pause",
        help: "SIGSTOP; healed by SIGCONT.",
        example: "\"broker\"",
        value: target::process,
        own: &[],
        lasts: Lasts::AsTold,
    };

    fn read<'a>(reader: &Reader<'a>, _: FileValue<'a>) -> Read<Self> {
        Ok((Self, reader.process(Self::FORM.key)?))
    }
}

impl FaultWords for Pause {
    fn meanwhile(&self, target: &Target) -> Option<String> {
        Some(format!("while {} paused", place::process_was(target)))
    }

    fn onset(&self, target: &Target) -> String {
        format!("{} paused", place::process_was(target))
    }

    fn end(&self, target: &Target) -> String {
        format!("{} resumed", place::process_was(target))
    }

    fn participle(&self) -> &'static str {
        "paused"
    }

    fn is_of_process(&self) -> bool {
        true
    }

    fn is_instant(&self) -> bool {
        true
    }

    fn stops(&self, target: &Target, from: End, to: End) -> bool {
        // What it has sent by then may be in it still.
        target.strikes(from) || target.strikes(to)
    }
}
