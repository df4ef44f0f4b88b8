//! The faults of one run, struck and healed at their moments.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep_until;

use super::cluster::Cluster;
use super::observer::{Note, Observer};
use crate::ledger::FaultTimes;
use crate::scenario::Fault;

/// What became of the faults of one run.
#[derive(Debug, Default)]
pub struct Strikes {
    /// When each began and was healed, in the order of the file; those that never struck are left out.
    pub times: Vec<FaultTimes>,
    /// What went wrong, a clause each. Evidence is missing then.
    pub problems: Vec<String>,
}

/// Strikes and heals every fault; resolves when the last that is to be healed is. `record` has what happened so
/// far at any moment.
pub async fn strike_all(
    cluster: &Cluster,
    faults: &[Fault],
    load_began: Instant,
    observer: &dyn Observer,
    record: &Mutex<Strikes>,
) {
    let all = faults.iter().map(|fault| async move {
        let strike = Strike { cluster, fault, load_began, observer };
        if let Err(problem) = strike.run(record).await {
            record.lock().unwrap_or_else(PoisonError::into_inner).problems.push(problem);
        }
    });
    join_all(all).await;
    // They were recorded as they struck.
    let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
    record.times.sort_by_key(|times| times.begin);
}

struct Strike<'a> {
    cluster: &'a Cluster,
    fault: &'a Fault,
    load_began: Instant,
    observer: &'a dyn Observer,
}

impl Strike<'_> {
    async fn run(&self, record: &Mutex<Strikes>) -> Result<(), String> {
        let fault = self.fault;
        sleep_until((self.load_began + fault.at).into()).await;
        let begin = self.now();
        self.tell(begin, fault.to_string());
        self.cluster
            .apply(fault)
            .await
            .map_err(|error| format!("the fault `{fault}` did not strike: {error}"))?;
        let slot = {
            let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
            record.times.push(FaultTimes { what: fault.to_string(), begin, heal_begin: None, healed: None });
            record.times.len() - 1
        };
        let Some(length) = fault.duration else { return Ok(()) };
        sleep_until((self.load_began + fault.at + length).into()).await;
        let heal_begin = self.now();
        self.tell(heal_begin, format!("healing: {fault}"));
        set(record, slot, |times| times.heal_begin = Some(heal_begin));
        self.cluster
            .heal(fault)
            .await
            .map_err(|error| format!("the fault `{fault}` was not healed: {error}"))?;
        let healed = self.now();
        set(record, slot, |times| times.healed = Some(healed));
        self.tell(healed, format!("healed: {fault}"));
        Ok(())
    }

    fn now(&self) -> Duration {
        self.load_began.elapsed()
    }

    fn tell(&self, at: Duration, what: String) {
        self.observer.note(Note::Fault { at, what });
    }
}

fn set(record: &Mutex<Strikes>, slot: usize, change: impl FnOnce(&mut FaultTimes)) {
    let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(times) = record.times.get_mut(slot) {
        change(times);
    }
}
