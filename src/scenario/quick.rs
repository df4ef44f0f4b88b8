//! A shortened scenario, for a first look: the same faults in the same order, with less time before, in and after them.

use std::time::Duration;

use super::{Action, FaultPlan, Moment, Scenario, Target};

/// The longest that a fault lasts in a shortened scenario. If one lasts longer, all times between the faults shrink with
/// it, so that what overlapped still does.
const LONGEST: Duration = Duration::from_secs(3);
/// The time before the first fault.
const LEAD: Duration = Duration::from_secs(1);
/// The time after the last fault.
const TAIL: Duration = Duration::from_millis(2_500);
/// The time after the last fault where a broker starts again: RabbitMQ takes seconds to boot.
const TAIL_OF_BROKER: Duration = Duration::from_secs(10);
/// The load where nothing breaks.
const CALM: Duration = Duration::from_secs(4);
/// The longest warm-up and drain.
const WARM_UP: Duration = Duration::from_secs(1);
const DRAIN: Duration = Duration::from_secs(3);
/// How often a fault that repeats strikes.
const TIMES: usize = 2;

impl Scenario {
    /// The scenario, shortened. Its title says so, for its own may name the length of a fault. Figures of a shortened
    /// scenario are not those of the whole one.
    #[must_use]
    pub fn quick(mut self) -> Self {
        let longest = self.faults.iter().filter_map(|plan| plan.duration).max().unwrap_or_default();
        let shrunk = if longest > LONGEST { LONGEST.as_secs_f64() / longest.as_secs_f64() } else { 1.0 };
        let first = self.faults.iter().map(|plan| plan.moment.earliest()).min().unwrap_or_default();
        let lead = first.min(LEAD);
        let moved = |at: Duration| lead + at.saturating_sub(first).mul_f64(shrunk);
        let tail = self.load.duration.saturating_sub(end(&self.faults));
        for plan in &mut self.faults {
            plan.moment = match plan.moment {
                Moment::At(at) => Moment::At(moved(at)),
                Moment::Between(from, to) => Moment::Between(moved(from), moved(to)),
            };
            plan.duration = plan.duration.map(|lasts| lasts.mul_f64(shrunk));
            plan.every = plan.every.map(|every| every.mul_f64(shrunk));
            plan.times = plan.times.min(TIMES);
        }
        let restarts = |plan: &FaultPlan| {
            plan.target == Target::Broker && matches!(plan.action, Action::Kill | Action::Stop)
        };
        let enough = if self.faults.iter().any(restarts) { TAIL_OF_BROKER } else { TAIL };
        let load = &mut self.load;
        load.duration = match self.faults.is_empty() {
            true => load.duration.min(CALM),
            false => end(&self.faults) + tail.min(enough),
        };
        load.warm_up = load.warm_up.min(WARM_UP);
        load.drain = load.drain.min(DRAIN);
        self.title += " (shortened)";
        self
    }
}

/// When the last fault is healed, or has struck if it is never healed.
fn end(faults: &[FaultPlan]) -> Duration {
    let ends = faults.iter().map(|plan| {
        let again = plan.every.unwrap_or_default() * u32::try_from(plan.times.saturating_sub(1)).unwrap_or(0);
        plan.moment.latest() + again + plan.duration.unwrap_or_default()
    });
    ends.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::{Overrides, ScenarioFile, Shipped};
    use super::*;

    #[test]
    fn a_shortened_scenario_is_valid_shorter_and_breaks_the_same_things_in_the_same_order() {
        for shipped in Shipped::all() {
            let name = shipped.name;
            let whole = Scenario::load(&name, &Overrides::new()).unwrap();
            let quick = whole.clone().quick();
            assert!(quick.load.duration <= whole.load.duration, "{name}");
            assert!(quick.load.duration > end(&quick.faults), "{name}");
            let what = |scenario: &Scenario| -> Vec<String> {
                let mut plans: Vec<_> = scenario.faults.iter().collect();
                plans.sort_by_key(|plan| plan.moment.earliest());
                plans.iter().map(|plan| plan.what()).collect()
            };
            assert_eq!(what(&quick), what(&whole), "{name}");
            assert_eq!(quick.expect, whole.expect, "{name}");
            // It is repeated from a report, where it stands as a file.
            let file = ScenarioFile::of_report(&quick.to_json()).unwrap();
            assert_eq!(file.scenario(&Overrides::new()).unwrap().to_json(), quick.to_json(), "{name}");
        }
    }

    #[test]
    fn what_overlaps_still_does() {
        let quick = Scenario::load("history-down", &Overrides::new()).unwrap().quick();
        let [leave, kill] = &quick.faults[..] else { panic!("{:?}", quick.faults) };
        let (left, back) = (leave.moment.earliest(), leave.moment.earliest() + leave.duration.unwrap());
        let (dead, alive) = (kill.moment.earliest(), kill.moment.earliest() + kill.duration.unwrap());
        assert!(left < dead && dead < alive && alive < back, "{left:?} {dead:?} {alive:?} {back:?}");
    }
}
