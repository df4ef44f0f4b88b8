//! What every kind of fault says of itself. A kind is one type in one file of `kinds`.

use serde_json::Value;

use super::link::End;
use super::reader::Reader;
use super::target::Target;
use crate::error::InputError;
use crate::section::FileValue;

/// What the file may say of a kind of fault.
pub(crate) struct Form {
    /// The key that names it.
    pub(crate) key: &'static str,
    /// What it does, in one sentence.
    pub(crate) help: &'static str,
    /// A value that its key may have, as the file writes it.
    pub(crate) example: &'static str,
    /// The schema of what stands behind its key.
    pub(crate) value: fn() -> Value,
    /// The keys that it has beside those of every fault.
    pub(crate) own: &'static [Own],
    /// What becomes of `for`.
    pub(crate) lasts: Lasts,
}

/// A key that belongs to some kinds of faults alone.
pub(crate) struct Own {
    /// The key.
    pub(crate) key: &'static str,
    /// Whether the fault cannot do without it.
    pub(crate) needed: bool,
    /// Whether it means something only beside `for`.
    pub(crate) needs_for: bool,
    /// What it says, in one sentence.
    pub(crate) help: &'static str,
    /// A value that it may have, as the file writes it.
    pub(crate) example: &'static str,
    /// The schema of its value.
    pub(crate) value: fn() -> Value,
}

/// How long a kind of fault may last.
pub(crate) enum Lasts {
    /// As long as `for` says, and for good without it.
    AsTold,
    /// As long as `for` says, which it needs.
    Needed {
        /// What to write.
        hint: &'static str,
    },
    /// It is over at once, and takes no `for`.
    AtOnce {
        /// Why it takes none.
        why: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
}

/// A kind of fault, and its target, as they were read.
pub(crate) type Read<K> = Result<(K, Target), InputError>;

/// A kind of fault as the file knows it.
pub(crate) trait FaultKind: FaultWords + Sized {
    /// Its keys, and what may stand behind them.
    const FORM: Form;

    /// Reads it from one `[[fault]]`; `value` stands behind its key.
    fn read<'a>(reader: &Reader<'a>, value: FileValue<'a>) -> Read<Self>;
}

/// What a fault of this kind is, in words and otherwise. A file of a kind says what is not as it mostly is.
pub(crate) trait FaultWords {
    /// What stands behind its key in the effective scenario.
    fn value(&self, target: &Target) -> Value {
        target.to_json()
    }

    /// Its keys of its own in the effective scenario, each with its value.
    fn own(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// How the report calls it; `key` is its key.
    fn what(&self, key: &str, target: &Target) -> String {
        format!("{key} {target}")
    }

    /// The time of it, as a clause: `while the broker was away`. `None` for what is over at once.
    fn meanwhile(&self, target: &Target) -> Option<String>;

    /// How it began, in the past: a clause after `after`.
    fn onset(&self, target: &Target) -> String;

    /// The moment when its healing began, as a clause.
    fn end(&self, target: &Target) -> String;

    /// What a process that it strikes is meanwhile.
    fn participle(&self) -> &'static str {
        "struck"
    }

    /// Whether it befalls a process.
    fn is_of_process(&self) -> bool {
        false
    }

    /// Whether only clients feel it, and nothing between servers.
    fn is_of_clients(&self) -> bool {
        false
    }

    /// Whether it befalls subscribers, who do it on purpose: nothing breaks, so that its end heals nothing.
    fn is_deliberate(&self) -> bool {
        false
    }

    /// Whether it breaks something by itself, so that one can speak of its healing.
    fn breaks(&self) -> bool {
        !self.is_deliberate()
    }

    /// Whether it holds in the very moment in which it strikes. A process takes its time to end, and clients to leave.
    fn is_instant(&self) -> bool {
        false
    }

    /// Whether it silently keeps nodes from the broker or from each other: nobody is told that nothing passes.
    fn is_silent_split(&self, _target: &Target) -> bool {
        false
    }

    /// Whether it lies on the way from the one to the other.
    fn lies_between(&self, target: &Target, from: End, to: End) -> bool {
        target.lies_between(from, to)
    }

    /// Whether nothing passes from the one to the other while it holds.
    fn stops(&self, _target: &Target, _from: End, _to: End) -> bool {
        false
    }
}
