//! The faults of one run, struck and healed at their moments.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep_until;

use super::cluster::Cluster;
use super::observer::{Note, Observer};
use crate::ledger::FaultTimes;
use crate::load::LoadGenerator;
use crate::scenario::{Action, Fault};

/// What became of the faults of one run.
#[derive(Debug, Default)]
pub struct Strikes {
    /// When each began and was healed, in the order of the file; those that never struck are left out.
    pub times: Vec<FaultTimes>,
    /// What went wrong, a clause each. Evidence is missing then.
    pub problems: Vec<String>,
}

/// How long subscribers may take to leave, or to be subscribed when they are to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What faults strike.
#[derive(Clone, Copy)]
pub struct Targets<'a> {
    /// Its processes; `None` for a server that is not the lab's.
    pub cluster: Option<&'a Cluster>,
    /// The subscribers.
    pub load: &'a LoadGenerator,
}

/// Strikes and heals every fault; resolves when the last that is to be healed is. `record` has what happened so
/// far at any moment.
pub async fn strike_all(
    targets: Targets<'_>,
    faults: &[Fault],
    load_began: Instant,
    observer: &dyn Observer,
    record: &Mutex<Strikes>,
) {
    let all = faults.iter().enumerate().map(|(number, fault)| async move {
        let strike = Strike { targets, number, fault, load_began, observer };
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
    targets: Targets<'a>,
    /// Its place among the faults.
    number: usize,
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
        self.strike().await.map_err(|why| format!("the fault `{fault}` did not strike: {why}"))?;
        let joined = (fault.action == Action::Join).then(|| self.now());
        let slot = {
            let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
            let (what, deliberate) = (fault.to_string(), fault.action.is_deliberate());
            record.times.push(FaultTimes { what, begin, heal_begin: None, healed: joined, deliberate });
            record.times.len() - 1
        };
        let Some(length) = fault.duration else { return Ok(()) };
        sleep_until((self.load_began + fault.at + length).into()).await;
        let heal_begin = self.now();
        let (heals, healed) = match fault.action {
            Action::Leave => ("coming back", "back"),
            _ => ("healing", "healed"),
        };
        self.tell(heal_begin, format!("{heals}: {fault}"));
        set(record, slot, |times| times.heal_begin = Some(heal_begin));
        self.heal().await.map_err(|why| format!("the fault `{fault}` was not healed: {why}"))?;
        let end = self.now();
        set(record, slot, |times| times.healed = Some(end));
        self.tell(end, format!("{healed}: {fault}"));
        Ok(())
    }

    async fn strike(&self) -> Result<(), String> {
        match (&self.fault.action, self.targets.cluster) {
            (Action::Leave, _) => match self.targets.load.leave(self.number, PATIENCE).await {
                true => Ok(()),
                false => Err(too_long("left")),
            },
            (Action::Join, _) => self.come().await,
            (_, Some(cluster)) => {
                cluster.apply(self.fault).await.map(drop).map_err(|error| error.to_string())
            }
            (_, None) => Err(NOT_OURS.into()),
        }
    }

    async fn heal(&self) -> Result<(), String> {
        match (&self.fault.action, self.targets.cluster) {
            (Action::Leave | Action::Join, _) => self.come().await,
            (_, Some(cluster)) => cluster.heal(self.fault).await.map(drop).map_err(|error| error.to_string()),
            (_, None) => Err(NOT_OURS.into()),
        }
    }

    async fn come(&self) -> Result<(), String> {
        match self.targets.load.come(self.number, PATIENCE).await {
            true => Ok(()),
            false => Err(too_long("were subscribed")),
        }
    }

    fn now(&self) -> Duration {
        self.load_began.elapsed()
    }

    fn tell(&self, at: Duration, what: String) {
        self.observer.note(Note::Fault { at, what });
    }
}

const NOT_OURS: &str = "the processes of the server are not the lab's";

fn too_long(what: &str) -> String {
    format!("not all of them {what} within {}", humantime::format_duration(PATIENCE))
}

fn set(record: &Mutex<Strikes>, slot: usize, change: impl FnOnce(&mut FaultTimes)) {
    let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(times) = record.times.get_mut(slot) {
        change(times);
    }
}
