//! Reads when a fault strikes, how often, and for how long.

use std::ops::Range;
use std::time::Duration;

use super::Reader;
use crate::error::InputError;
use crate::example::example;
use crate::fault::Moment;
use crate::fault::kind::{Form, Lasts};
use crate::section::FileValue;

/// The time from one strike to the next, the number of strikes, and the place in the file that says so.
type Repetition = (Option<Duration>, usize, Option<Range<usize>>);

impl<'a> Reader<'a> {
    pub(super) fn moment(&self) -> Result<(Moment, FileValue<'a>), InputError> {
        match (self.section.get("at"), self.section.get("between")) {
            (Some(at), None) => Ok((Moment::At(at.duration()?), at)),
            (None, Some(between)) => {
                let form = "two durations such as [\"3s\", \"8s\"]";
                let ends = between.list(form)?;
                let wrong = || {
                    let what = "`between` must be two durations, the earlier first";
                    between.error(what).with_hint(format!("write {form}"))
                };
                let [from, to] = ends[..] else { return Err(wrong()) };
                let (from, to) = (from.bounded_duration()?, to.bounded_duration()?);
                if from >= to {
                    return Err(wrong());
                }
                Ok((Moment::Between(from, to), between))
            }
            (Some(_), Some(_)) => {
                let what = "one [[fault]] cannot have `at` and `between`";
                let error = self.section.error_at_key("between", what);
                Err(error.with_hint("`at` is a moment, `between` lets the seed choose one"))
            }
            (None, None) => {
                let error = self.section.error("a [[fault]] needs `at`");
                Err(error.with_hint("at = \"5s\" is five seconds after the measured load began"))
            }
        }
    }

    /// Reads `every` and `times`: the time from one strike to the next, and the number of strikes. Without `times` the
    /// fault strikes for as long as the load lasts.
    pub(super) fn repetition(
        &self,
        moment: Moment,
        at: FileValue<'_>,
        length: Duration,
    ) -> Result<Repetition, InputError> {
        const MOST: u64 = 10_000;
        let times = self.section.get("times");
        let Some(every) = self.section.get("every") else {
            return match times {
                None => Ok((None, 1, None)),
                Some(_) => {
                    let error = self.section.error_at_key("times", "`times` needs `every`");
                    Err(error.with_hint("every = \"5s\" is the time from one strike to the next"))
                }
            };
        };
        let span = times.unwrap_or(every).span();
        let pause = every.bounded_duration()?;
        if pause < Duration::from_millis(1) {
            return Err(every.error("`every` must be at least 1ms").with_hint(example("every")));
        }
        if times.is_some() {
            let times = self.count("times", 1..=MOST)?;
            return Ok((Some(pause), times as usize, Some(span)));
        }
        let duration = self.section.get("for").map(FileValue::duration).transpose()?;
        // Each strike begins before the very end of the load, and is healed by then.
        let fit = match (length.checked_sub(moment.latest()), duration) {
            (Some(room), None) => room.as_nanos().div_ceil(pause.as_nanos()),
            (Some(room), Some(duration)) => {
                room.checked_sub(duration).map_or(0, |room| room.as_nanos() / pause.as_nanos() + 1)
            }
            (None, _) => 0,
        };
        // A fault that does not fit into the load at all is refused by a later check.
        let fit = fit.max(1);
        if fit > u128::from(MOST) {
            let error = at.error(format!("the fault would strike {fit} times"));
            return Err(error.with_hint(format!("at most {MOST}: lengthen `every`")));
        }
        Ok((Some(pause), fit as usize, Some(span)))
    }

    pub(super) fn duration(&self, form: &Form) -> Result<Option<Duration>, InputError> {
        if let Lasts::Needed { hint } = form.lasts {
            self.needs_for(form.key, hint)?;
        }
        let Some(value) = self.section.get("for") else { return Ok(None) };
        if let Lasts::AtOnce { why, hint } = form.lasts {
            let what = format!("`{}` takes no `for`: {why}", form.key);
            return Err(self.section.error_at_key("for", what).with_hint(hint));
        }
        match value.duration()? {
            Duration::ZERO => {
                let error = value.error("`for` must be more than 0");
                Err(error.with_hint("leave `for` out for a fault that is never healed"))
            }
            duration => Ok(Some(duration)),
        }
    }
}
