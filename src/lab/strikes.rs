//! The faults of one run, struck and healed at their moments.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep_until;

use super::cluster::Cluster;
use super::links::HeldCondition;
use super::observer::{Note, Observer, Stage};
use super::shell::{Shell, ShellCommand};
use ledger::FaultTimes;
use load::LoadGenerator;
use scenario::kinds::Run;
use scenario::{Action, Fault, Target};

/// What became of the faults of one run: their times, and the problems with them.
#[derive(Debug, Default)]
pub struct Strikes {
    /// When each fault began and was healed, in the order of the file; faults that never struck are left out.
    pub times: Vec<FaultTimes>,
    /// What went wrong while faults were struck and healed, one clause each. The run then lacks evidence.
    pub problems: Vec<String>,
}

/// How late a fault may strike, and how late its healing may begin. A timer of a busy machine is some milliseconds late,
/// seldom fifty; a fifth of a second is what a reader of the timeline sees.
const LATE: Duration = Duration::from_millis(200);
/// The least tolerance of a short fault, which otherwise tolerates half its length: a machine that others use as well
/// may be as late as this.
const LEAST_LATE: Duration = Duration::from_millis(100);

/// How long subscribers may take to leave, or to be subscribed when they join.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything that a fault can strike.
#[derive(Clone, Copy)]
pub struct Targets<'a> {
    /// The processes and links of the cluster; `None` for a server that is not the lab's.
    pub cluster: Option<&'a Cluster>,
    /// The generator whose clients a fault may strike.
    pub load: &'a LoadGenerator,
    /// The shell that runs the user's commands; `None` where the scenario has none.
    pub shell: Option<&'a Shell>,
    /// Whether another agent of the same load runs the user's commands. They are only waited for then.
    pub commands_elsewhere: bool,
}

/// Strikes and heals every fault; resolves when the last fault that is to be healed is healed. `record` holds at any
/// moment what happened so far.
pub async fn strike_all(
    targets: Targets<'_>,
    faults: &[Fault],
    load_began: Instant,
    observer: &dyn Observer,
    record: &Mutex<Strikes>,
) {
    let all = faults.iter().enumerate().map(|(number, fault)| async move {
        if targets.commands_elsewhere && matches!(fault.action, Action::Run(_)) {
            let end = fault.at + fault.duration.unwrap_or_default();
            return sleep_until((load_began + end).into()).await;
        }
        let name = name_of(faults, number);
        let strike = Strike { targets, number, fault, name, load_began, observer };
        if let Err(problem) = strike.run(record).await {
            record.lock().unwrap_or_else(PoisonError::into_inner).problems.push(problem);
        }
    });
    join_all(all).await;
    // Each fault was recorded when it had struck; the record is ordered by when the strikes began.
    let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
    record.times.sort_by_key(|times| times.begin);
}

struct Strike<'a> {
    targets: Targets<'a>,
    /// The place of this fault among the faults of the scenario.
    number: usize,
    fault: &'a Fault,
    /// What the fault is called where something went wrong with it.
    name: String,
    load_began: Instant,
    observer: &'a dyn Observer,
}

/// The words for the fault at this place: with its moment where another fault has the same words, so that nobody takes
/// one for the other.
fn name_of(faults: &[Fault], number: usize) -> String {
    let Some(fault) = faults.get(number) else { return String::new() };
    let words = fault.to_string();
    match faults.iter().filter(|other| other.to_string() == words).count() {
        0 | 1 => words,
        _ => format!("{words} at {}", humantime::format_duration(fault.at)),
    }
}

/// What a fault holds while it lasts, and gives back when it is healed.
enum FaultHold {
    Nothing,
    Condition(HeldCondition),
    Command(ShellCommand),
}

impl Strike<'_> {
    async fn run(&self, record: &Mutex<Strikes>) -> Result<(), String> {
        let fault = self.fault;
        sleep_until((self.load_began + fault.at).into()).await;
        let begin = self.now();
        self.report_stage(Stage::Struck, begin, fault.to_string());
        let held =
            self.strike().await.map_err(|why| format!("the fault `{}` did not strike: {why}", self.name))?;
        let struck = self.now();
        self.judge(record, "struck", fault.at, if fault.action.is_instant() { struck } else { begin });
        let slot = {
            let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
            let (what, deliberate) = (fault.to_string(), fault.action.is_deliberate());
            // Clients that joined stay; clients that dropped in a storm began to come back at the moment of the drop.
            let (heal_begin, healed) = match fault.action {
                Action::Join => (None, Some(self.now())),
                Action::Storm => (Some(begin), Some(self.now())),
                _ => (None, None),
            };
            let planned = Some(fault.clone());
            record.times.push(FaultTimes { what, begin, heal_begin, healed, deliberate, planned });
            record.times.len() - 1
        };
        let Some(length) = fault.duration else { return self.last(held).await };
        sleep_until((self.load_began + fault.at + length).into()).await;
        let heal_begin = self.now();
        // A fault that takes long to strike is healed no sooner than it has struck.
        self.judge(record, "began to be healed", struck.max(fault.at + length), heal_begin);
        let (heals, healed) = match fault.action {
            Action::Leave => ("coming back", "back"),
            _ => ("healing", "healed"),
        };
        self.report_stage(Stage::Healing, heal_begin, format!("{heals}: {fault}"));
        record_times(record, slot, |times| times.heal_begin = Some(heal_begin));
        self.heal(held).await.map_err(|why| format!("the fault `{}` was not healed: {why}", self.name))?;
        let end = self.now();
        record_times(record, slot, |times| times.healed = Some(end));
        self.report_stage(Stage::Healed, end, format!("{healed}: {fault}"));
        Ok(())
    }

    async fn strike(&self) -> Result<FaultHold, String> {
        let (cluster, load) = (self.targets.cluster, self.targets.load);
        match (&self.fault.action, cluster) {
            (Action::Leave, _) => match load.leave(self.number, PATIENCE).await {
                true => Ok(FaultHold::Nothing),
                false => Err(too_long("left")),
            },
            (Action::Join, _) => self.come().await.map(|()| FaultHold::Nothing),
            (Action::Slow(_), _) => {
                load.slow(self.number);
                Ok(FaultHold::Nothing)
            }
            (Action::Storm, _) => {
                let node = match self.fault.target {
                    Target::Node(node) => Some(node),
                    _ => None,
                };
                match load.storm(node, PATIENCE).await || self.turned_away() {
                    true => Ok(FaultHold::Nothing),
                    false => Err(too_long("were back")),
                }
            }
            // The load's own schedule brings about the surge.
            (Action::Surge(_), _) => Ok(FaultHold::Nothing),
            (Action::Run(Run { command, heal }), _) => match self.targets.shell {
                Some(shell) => {
                    let command = shell.start(self.number, command)?;
                    if let Some(heal) = heal {
                        shell.owe(self.number, heal);
                    }
                    Ok(FaultHold::Command(command))
                }
                None => Err("there is no shell".into()),
            },
            (Action::Link(_) | Action::Partition, Some(cluster)) => {
                match cluster.links().strike(self.fault) {
                    Some(struck) => Ok(FaultHold::Condition(struck)),
                    None => Err("its link is not proxied".into()),
                }
            }
            (Action::Kill | Action::Stop | Action::Pause, Some(cluster)) => {
                cluster.apply(self.fault).await.map(|_| FaultHold::Nothing).map_err(|error| error.to_string())
            }
            (Action::Kill | Action::Stop | Action::Pause | Action::Link(_) | Action::Partition, None) => {
                Err(NOT_OURS.into())
            }
        }
    }

    async fn heal(&self, held: FaultHold) -> Result<(), String> {
        match (&self.fault.action, held, self.targets.cluster) {
            (Action::Leave | Action::Join, ..) => self.come().await,
            (Action::Slow(_), ..) => {
                self.targets.load.hurry(self.number);
                Ok(())
            }
            (Action::Surge(_) | Action::Storm, ..) => Ok(()),
            (Action::Run(Run { heal, .. }), FaultHold::Command(command), _) => {
                // Stopping and healing both have their say: what the command broke may be healed although the command
                // complained.
                let stopped = command.stop().await;
                if let (Some(heal), Some(shell)) = (heal, self.targets.shell) {
                    shell.heal(self.number, heal).await?;
                }
                stopped
            }
            (Action::Link(_) | Action::Partition, FaultHold::Condition(struck), Some(cluster)) => {
                struck.heal();
                cluster.serve_again(&self.fault.target).await;
                Ok(())
            }
            (Action::Kill | Action::Stop | Action::Pause, _, Some(cluster)) => {
                cluster.heal(self.fault).await.map(drop).map_err(|error| error.to_string())
            }
            (Action::Kill | Action::Stop | Action::Pause, ..)
            | (Action::Link(_) | Action::Partition | Action::Run(_), ..) => Err(NOT_OURS.into()),
        }
    }

    /// Waits for the end of a fault that is never healed. Only a user's command has an end of its own, and an error of
    /// that command is evidence.
    async fn last(&self, held: FaultHold) -> Result<(), String> {
        let FaultHold::Command(command) = held else {
            // A condition on a link that nobody takes away holds until the cluster ends.
            return Ok(());
        };
        tokio::select! {
            ended = command.ended() => {
                ended.map_err(|why| format!("the fault `{}` did not strike: {why}", self.name))?;
            }
            () = self.targets.load.schedule_ended() => return Ok(()),
        }
        // What the command has left in the background is the fault, and lasts as long as the load.
        self.targets.load.schedule_ended().await;
        Ok(())
    }

    async fn come(&self) -> Result<(), String> {
        match self.targets.load.come(self.number, PATIENCE).await || self.turned_away() {
            true => Ok(()),
            false => Err(too_long("were subscribed")),
        }
    }

    /// Whether the server is to blame that clients are not connected. The run goes on then, and names them in the end
    /// if they are still out.
    fn turned_away(&self) -> bool {
        let out = self.targets.load.locked_out();
        !out.is_empty() && out.iter().all(|client| !client.own)
    }

    /// Records a problem if something happened too late: the fault was then another one than the scenario's.
    fn judge(&self, record: &Mutex<Strikes>, what: &str, planned: Duration, happened: Duration) {
        if let Some(late) = too_late(self.fault.duration, planned, happened) {
            let problem = format!("the fault `{}` {what} {late:.1} s late", self.name);
            record.lock().unwrap_or_else(PoisonError::into_inner).problems.push(problem);
        }
    }

    fn now(&self) -> Duration {
        self.load_began.elapsed()
    }

    fn report_stage(&self, stage: Stage, at: Duration, what: String) {
        self.observer.note(Note::Fault { number: self.number, stage, at, what });
    }
}

const NOT_OURS: &str = "the processes of the server are not the lab's";

fn too_long(what: &str) -> String {
    format!("not all of them {what} within {}", humantime::format_duration(PATIENCE))
}

/// How many seconds late something happened, if that is more than a fault of this length tolerates.
fn too_late(length: Option<Duration>, planned: Duration, happened: Duration) -> Option<f64> {
    let bears = length.map_or(LATE, |length| (length / 2).clamp(LEAST_LATE, LATE));
    let late = happened.saturating_sub(planned);
    (late > bears).then_some(late.as_secs_f64())
}

fn record_times(record: &Mutex<Strikes>, slot: usize, change: impl FnOnce(&mut FaultTimes)) {
    let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(times) = record.times.get_mut(slot) {
        change(times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_faults_each_is_named_with_its_moment() {
        let text = "[[fault]]\nat = \"1s\"\nfor = \"1s\"\nrun = \"x\"\n[[fault]]\nat = \"3s\"\nrun = \"x\"\n\
                    [[fault]]\nat = \"4s\"\nrun = \"y\"\n";
        let scenario = scenario::Scenario::parse("s.toml", text, &scenario::Overrides::new()).unwrap();
        let faults = scenario.schedule(None, 1);
        let names: Vec<_> = (0..3).map(|number| name_of(&faults, number)).collect();
        assert_eq!(names, ["run `x` at 1s", "run `x` at 3s", "run `y`"]);
    }

    #[test]
    fn a_short_fault_bears_less() {
        let ms = Duration::from_millis;
        let late =
            |length: Option<u64>, by: u64| too_late(length.map(ms), ms(1_000), ms(1_000 + by)).is_some();
        for (length, bears) in [(None, 200), (Some(10_000), 200), (Some(300), 150), (Some(50), 100)] {
            assert!(!late(length, 0) && !late(length, bears), "{length:?}");
            assert!(late(length, bears + 1), "{length:?}");
        }
        assert_eq!(too_late(None, ms(1_000), ms(400)), None, "a clock that is asked early");
        assert_eq!(too_late(None, ms(1_000), ms(2_385)), Some(1.385));
    }
}
