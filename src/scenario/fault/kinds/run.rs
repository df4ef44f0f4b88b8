//! Run: a shell command of the user's, for what the lab cannot reach.

use serde_json::Value;

use crate::error::InputError;
use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Own, Read};
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::{fragment, words};
use crate::section::FileValue;

/// A shell command of the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What `sh -c` runs when the fault strikes.
    pub command: String,
    /// What `sh -c` runs when it is healed.
    pub heal: Option<String>,
}

impl FaultKind for Run {
    const FORM: Form = Form {
        key: "run",
        help: "A shell command of yours: docker, tc, kubectl, a script.",
        example: "\"docker pause my-broker\"",
        value: || fragment::text(words::COMMAND, &["docker pause my-broker"]),
        own: &[Own {
            key: "heal",
            needed: false,
            needs_for: true,
            help: "What `sh -c` runs when the fault is healed.",
            example: "\"docker unpause my-broker\"",
            value: || fragment::text(words::COMMAND, &[]),
        }],
        lasts: Lasts::AsTold,
    };

    fn read<'a>(reader: &Reader<'a>, _: FileValue<'a>) -> Read<Self> {
        let heal = line(reader, "heal")?;
        if heal.is_some() {
            reader.needs_for("heal", "for = \"5s\" says when the fault is healed")?;
        }
        let command = line(reader, Self::FORM.key)?.unwrap_or_default();
        Ok((Self { command, heal }, Target::Unknown))
    }
}

/// A command, where there is one.
fn line(reader: &Reader<'_>, key: &'static str) -> Result<Option<String>, InputError> {
    let Some((value, text)) = reader.section.text(key)? else { return Ok(None) };
    if text.trim().is_empty() || text.contains('\0') {
        let error = value.error(format!("`{key}` must be a shell command"));
        return Err(error.with_hint("run = \"docker pause my-broker\""));
    }
    Ok(Some(text.to_owned()))
}

impl FaultWords for Run {
    fn value(&self, _: &Target) -> Value {
        self.command.as_str().into()
    }

    fn own(&self) -> Vec<(&'static str, Value)> {
        self.heal.iter().map(|heal| ("heal", heal.as_str().into())).collect()
    }

    fn what(&self, key: &str, _: &Target) -> String {
        format!("{key} `{}`", self.command)
    }

    fn meanwhile(&self, _: &Target) -> Option<String> {
        Some(format!("during `{}`", self.command))
    }

    fn onset(&self, _: &Target) -> String {
        format!("`{}`", self.command)
    }

    fn end(&self, _: &Target) -> String {
        format!("the healing of `{}` began", self.command)
    }

    fn is_instant(&self) -> bool {
        true
    }
}
