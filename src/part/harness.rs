//! How an agent's load generator did, in a form that can be written down.

use hdrhistogram::Histogram;
use ledger::{Harness, micros_histogram};
use serde::{Deserialize, Serialize};

/// A [`Harness`] as it stands in the manifest. Its distributions are values with their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HarnessPart {
    /// [`Harness::publish_delay`]: values in microseconds, each with how often it was recorded.
    pub publish_delay: Vec<(u64, u64)>,
    /// [`Harness::loop_lag`], in the same way.
    pub loop_lag: Vec<(u64, u64)>,
    /// [`Harness::overruns`]
    pub overruns: u64,
    /// [`Harness::problems`]
    pub problems: Vec<String>,
    /// [`Harness::notes`]
    pub notes: Vec<String>,
    /// [`Harness::violations`]
    pub violations: Vec<String>,
    /// [`Harness::causes`]
    pub causes: Vec<String>,
    /// [`Harness::misread`]
    pub misread: bool,
}

impl From<&Harness> for HarnessPart {
    fn from(harness: &Harness) -> Self {
        Self {
            publish_delay: counted(&harness.publish_delay),
            loop_lag: counted(&harness.loop_lag),
            overruns: harness.overruns,
            problems: harness.problems.clone(),
            notes: harness.notes.clone(),
            violations: harness.violations.clone(),
            causes: harness.causes.clone(),
            misread: harness.misread,
        }
    }
}

impl From<&HarnessPart> for Harness {
    fn from(part: &HarnessPart) -> Self {
        Self {
            publish_delay: histogram(&part.publish_delay),
            loop_lag: histogram(&part.loop_lag),
            overruns: part.overruns,
            problems: part.problems.clone(),
            notes: part.notes.clone(),
            violations: part.violations.clone(),
            causes: part.causes.clone(),
            misread: part.misread,
        }
    }
}

fn counted(histogram: &Histogram<u64>) -> Vec<(u64, u64)> {
    histogram.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value())).collect()
}

fn histogram(counted: &[(u64, u64)]) -> Histogram<u64> {
    let mut histogram = micros_histogram();
    counted.iter().for_each(|(value, times)| histogram.saturating_record_n(*value, *times));
    histogram
}
