//! Reads one `[[fault]]` of the file.

mod moments;
mod spoken;

pub use spoken::{SPOKEN, spoken_example, spoken_fault, spoken_keys, spoken_link, spoken_process};

use std::ops::Range;
use std::time::Duration;

use super::kind::Form;
use super::kinds::{ACTIONS, KINDS, Listed};
use super::plan::FaultPlan;
use super::reader::Reader;
use crate::error::InputError;
use crate::example::example;
use crate::section::FileValue;
use crate::words::list;
use crate::{Cluster, Pattern, patterns};

/// A plan, and where its parts stand in the file.
pub(crate) struct Placed {
    pub(crate) plan: FaultPlan,
    pub(crate) at: Range<usize>,
    /// The place of the value of `for`, or of `at` where there is none.
    pub(crate) end: Range<usize>,
    /// The place of the value that says how often the fault strikes, or of `at` where there is none.
    pub(crate) times: Range<usize>,
    pub(crate) target: Range<usize>,
    /// The place of the fault's own `patterns`, where it has some.
    pub(crate) patterns: Option<Range<usize>>,
}

/// The keys that every fault may have.
pub(crate) const COMMON: [&str; 6] = ["at", "between", "for", "every", "times", "patterns"];

/// Reads one `[[fault]]` of a load of this length.
pub(crate) fn read(value: FileValue<'_>, cluster: &Cluster, length: Duration) -> Result<Placed, InputError> {
    let mut known: Vec<&str> = COMMON.into_iter().chain(ACTIONS).collect();
    for own in KINDS.iter().flat_map(|kind| kind.form.own) {
        if !known.contains(&own.key) {
            known.push(own.key);
        }
    }
    let reader = Reader { section: value.table("[[fault]]", &known)?, cluster };
    let (kind, target_value) = reader.only_action()?;
    reader.own_keys(&kind.form)?;
    let (action, target) = (kind.read)(&reader, target_value)?;
    let (moment, at) = reader.moment()?;
    let (every, times, times_span) = reader.repetition(moment, at, length)?;
    let duration = reader.duration(&kind.form)?;
    Ok(Placed {
        end: reader.section.get("for").unwrap_or(at).span(),
        times: times_span.unwrap_or_else(|| at.span()),
        at: at.span(),
        target: target_value.span(),
        patterns: reader.section.get("patterns").map(|value| value.span()),
        plan: FaultPlan { moment, every, times, duration, action, target, patterns: reader.patterns()? },
    })
}

impl<'a> Reader<'a> {
    /// The only action of a fault, and the value of its key.
    fn only_action(&self) -> Result<(&'static Listed, FileValue<'a>), InputError> {
        let mut given: Vec<_> =
            KINDS.iter().filter_map(|kind| Some((kind, self.section.get(kind.form.key)?))).collect();
        given.sort_by_key(|(_, value)| value.span().start);
        match given[..] {
            [one] => Ok(one),
            [] => {
                let error = self.section.error("a [[fault]] needs an action");
                Err(error.with_hint(format!("the actions are {}, such as kill = \"broker\"", list(ACTIONS))))
            }
            [(first, _), (second, _), ..] => {
                let (first, second) = (first.form.key, second.form.key);
                let what = format!("one [[fault]] cannot `{first}` and `{second}`");
                let error = self.section.error_at_key(second, what);
                Err(error.with_hint("give each action a [[fault]] of its own; they may overlap"))
            }
        }
    }

    /// Checks the keys of an action: none that belongs to another action is there, and none that this action needs is
    /// missing.
    fn own_keys(&self, form: &Form) -> Result<(), InputError> {
        let action = form.key;
        let has = |form: &Form, key: &str| form.own.iter().any(|own| own.key == key);
        let mut all = KINDS.iter().flat_map(|kind| kind.form.own).map(|own| own.key);
        if let Some(key) = all.find(|key| self.section.get(key).is_some() && !has(form, key)) {
            let of = KINDS.iter().filter(|kind| has(&kind.form, key)).map(|kind| kind.form.key);
            let error = self.section.error_at_key(key, format!("`{action}` takes no `{key}`"));
            return Err(error.with_hint(format!("`{key}` belongs to {}", list(of))));
        }
        match form.own.iter().find(|own| own.needed && self.section.get(own.key).is_none()) {
            None => Ok(()),
            Some(own) => {
                let what = format!("`{action}` needs `{}`", own.key);
                let error = self.section.error_at_key(action, what);
                Err(error.with_hint(example(own.key)))
            }
        }
    }

    fn patterns(&self) -> Result<Option<Vec<Pattern>>, InputError> {
        self.section.get("patterns").map(patterns::read).transpose()
    }
}
