//! Delay: on a link, every chunk leaves late, in order.

use std::time::Duration;

use serde_json::Value;

use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Own, Read};
use crate::fault::place;
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::target;
use crate::section::FileValue;
use crate::written::time;

/// Every chunk leaves so long after its arrival, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// How long.
    pub by: Duration,
    /// Drawn anew for each chunk, up to so much more or less.
    pub jitter: Duration,
}

impl FaultKind for Delay {
    const FORM: Form = Form {
        key: "delay",
        help: "On a link, every chunk leaves late, in order.",
        example: place::A_LINK,
        value: target::link,
        own: &[
            Own {
                key: "by",
                needed: true,
                needs_for: false,
                help: "Each chunk leaves so long after it came, in order.",
                example: "\"100ms\"",
                value: target::duration,
            },
            Own {
                key: "jitter",
                needed: false,
                needs_for: false,
                help: "Up to so much more or less, drawn anew for each chunk.",
                example: "\"10ms\"",
                value: target::duration,
            },
        ],
        lasts: Lasts::AsTold,
    };

    fn read<'a>(reader: &Reader<'a>, _: FileValue<'a>) -> Read<Self> {
        let by = reader.time("by")?.unwrap_or_default();
        let jitter = reader.time("jitter")?.unwrap_or_default();
        if let Some(value) = reader.section.get("jitter").filter(|_| jitter > by) {
            let error = value.error("`jitter` is more than `by`");
            return Err(error.with_hint("no chunk leaves before it came: lower `jitter`"));
        }
        Ok((Self { by, jitter }, Target::Link(reader.link(Self::FORM.key)?)))
    }
}

impl FaultWords for Delay {
    fn own(&self) -> Vec<(&'static str, Value)> {
        vec![("by", time(self.by).into()), ("jitter", time(self.jitter).into())]
    }

    fn what(&self, key: &str, target: &Target) -> String {
        let by = format!("{key} {target} by {}", time(self.by));
        match self.jitter {
            Duration::ZERO => by,
            jitter => format!("{by} +- {}", time(jitter)),
        }
    }

    fn meanwhile(&self, target: &Target) -> Option<String> {
        let slower = format!("while the link {} was {} slower", place::between(target), time(self.by));
        Some(match self.jitter {
            Duration::ZERO => slower,
            jitter => format!("{slower}, give or take {}", time(jitter)),
        })
    }

    fn onset(&self, target: &Target) -> String {
        format!("the link {} became {} slower", place::between(target), time(self.by))
    }

    fn end(&self, _: &Target) -> String {
        place::RESTORED.into()
    }

    fn is_instant(&self) -> bool {
        true
    }
}
