//! Faults in plain words: `kill broker` is "while the broker was away". A fault whose kind is not known, because it
//! comes from another version, is quoted as the report calls it.

use super::FaultReport;
use super::numbers::span;
use scenario::{Action, Fault};

/// Whether subscribers left or joined on purpose, so that nothing broke.
pub(super) fn is_deliberate(fault: &FaultReport) -> bool {
    fault.planned.as_ref().is_some_and(|fault| fault.action.is_deliberate())
}

/// Whether the fault breaks something by itself, so that one can speak of its healing. More load and a slow reader only
/// ask more of what is whole.
pub(super) fn breaks(fault: &FaultReport) -> bool {
    fault.planned.as_ref().is_none_or(Fault::breaks)
}

/// Whether healing the fault starts a process again, whose boot takes its time.
pub(super) fn starts_again(fault: &FaultReport) -> bool {
    fault.planned.as_ref().is_some_and(|fault| matches!(fault.action, Action::Kill | Action::Stop))
}

/// Whether the fault silently keeps nodes from the broker or from each other: nobody is told that nothing passes.
pub(super) fn is_silent_split(fault: &FaultReport) -> bool {
    fault.planned.as_ref().is_some_and(Fault::is_silent_split)
}

/// The time of the faults, in words: `while the broker was away (5.0 s)`. `None` without any fault.
pub(super) fn meanwhile(faults: &[&FaultReport]) -> Option<String> {
    let [fault] = faults else {
        return (!faults.is_empty()).then(|| format!("during the {} faults", faults.len()));
    };
    let lasted = fault.healed_ms.or(fault.heal_begin_ms).map(|end| end.saturating_sub(fault.begin_ms));
    let lasted = lasted.map(|ms| span(ms.saturating_mul(1_000)));
    let (meanwhile, onset) = match &fault.planned {
        Some(planned) => (planned.meanwhile(), planned.onset()),
        None => (Some(format!("during `{}`", fault.what)), format!("`{}`", fault.what)),
    };
    Some(match (meanwhile, lasted) {
        (Some(meanwhile), Some(lasted)) => format!("{meanwhile} ({lasted})"),
        _ => format!("after {onset}"),
    })
}

/// The moment when a fault's healing began, as a clause: `the broker's restart began`.
pub(super) fn end_of(fault: &FaultReport) -> String {
    match &fault.planned {
        Some(planned) => planned.end(),
        None => format!("the healing of `{}` began", fault.what),
    }
}

#[cfg(test)]
#[path = "fault_words_tests.rs"]
mod tests;
