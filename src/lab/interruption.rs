//! A run that is ended before its time: how it ends, and what the report says about it.

use std::sync::PoisonError;
use std::time::Duration;

use super::drain::drain;
use load::LoadGenerator;

/// Why a run without a load gives no row: what came before the load counts nowhere, so there is nothing to report.
pub(super) const BEFORE_THE_LOAD: &str = "interrupted before its load began";

/// How long messages under way may still arrive. Whoever pressed Ctrl-C does not wait for a whole drain.
const MOMENT: Duration = Duration::from_millis(300);

/// Where a run was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RunCut {
    /// When the run was cut, since the run's zero.
    pub(super) at: Duration,
    /// When the run was cut, since the measured load began.
    pub(super) loaded: Duration,
    /// Number of debts that were not yet a second old and not paid. The ledger has no third word beside paid and lost,
    /// and its sums have to hold, so these debts stand among the lost; nobody knows whether they would have been paid.
    /// That is why the run is judged by no expectation, and why their number is reported.
    pub(super) young: u64,
}

impl RunCut {
    /// Ends the load now, and waits a moment for messages under way. `None` if the load has not begun.
    pub(super) async fn now(generator: &LoadGenerator) -> Option<Self> {
        let begin = generator.begin();
        if generator.now() < begin {
            return None;
        }
        let at = generator.halt().await;
        drain(generator, MOMENT).await;
        let ledger = generator.ledger();
        let ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let young = ledger.outstanding().saturating_sub(ledger.progress(at).missing);
        Some(Self { at, loaded: at.saturating_sub(begin), young })
    }

    /// The reasons why a cut run proves nothing, one clause each.
    pub(super) fn why(self, duration: Duration) -> Vec<String> {
        let whole = format!("{} s", duration.as_secs_f64());
        let cut = if self.loaded < duration {
            format!("interrupted after {:.1} s of {whole}", self.loaded.as_secs_f64())
        } else {
            format!("interrupted after its load of {whole}, before every debt was waited for")
        };
        let young = match self.young {
            0 => None,
            1 => Some(
                "one of the lost debts was younger than a second: it may have been on its way".to_owned(),
            ),
            more => {
                let more = ledger::grouped(more);
                Some(format!(
                    "{more} of the lost debts were younger than a second: some may have been on their way"
                ))
            }
        };
        std::iter::once(cut).chain(young).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_how_far_a_run_came() {
        let whole = Duration::from_secs(20);
        let why = |ms, young| {
            let loaded = Duration::from_millis(ms);
            RunCut { at: loaded * 2, loaded, young }.why(whole)
        };
        assert_eq!(why(7_312, 0), ["interrupted after 7.3 s of 20 s"]);
        assert_eq!(why(20_500, 0), ["interrupted after its load of 20 s, before every debt was waited for"]);
        assert_eq!(
            why(0, 1_200),
            [
                "interrupted after 0.0 s of 20 s",
                "1,200 of the lost debts were younger than a second: some may have been on their way"
            ]
        );
    }
}
