//! The faults: what each does to its target, and how it is healed. This room knows processes and signals, but not chat.
//! Each fault has one file; to add a fault, add its file and a line in [`strike`] and [`heal`].
//!
//! | file | what it is |
//! |---|---|
//! | `kill`, `stop`, `pause` | the faults of processes |
//! | `victim` | a process group that a fault may strike |
//! | `link` | a proxy on a connection, and the conditions that it puts on what passes |

mod kill;
pub mod link;
mod pause;
mod stop;
mod victim;

pub use victim::Victim;

use scenario::Action;

/// Matches the actions that strike no process. Each is named, so that a new action is not forgotten here.
macro_rules! not_of_a_process {
    () => {
        Action::Leave
            | Action::Join
            | Action::Link(_)
            | Action::Partition
            | Action::Slow(_)
            | Action::Storm
            | Action::Surge(_)
            | Action::Run(_)
    };
}

/// Applies a fault. Resolves when its condition holds; for a stop, when the target was asked to end.
pub async fn strike<V: Victim>(action: &Action, victim: &V) -> Result<(), V::Error> {
    match action {
        Action::Kill => kill::strike(victim).await,
        Action::Stop => stop::strike(victim).await,
        Action::Pause => pause::strike(victim).await,
        not_of_a_process!() => Ok(()),
    }
}

/// Ends a fault. Resolves when the target serves again.
pub async fn heal<V: Victim>(action: &Action, victim: &V) -> Result<(), V::Error> {
    match action {
        Action::Kill => kill::heal(victim).await,
        Action::Stop => stop::heal(victim).await,
        Action::Pause => pause::heal(victim).await,
        not_of_a_process!() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// A target that records what was done to it, and can refuse to come back.
    #[derive(Default)]
    struct Patient {
        done: Mutex<Vec<&'static str>>,
        lost_for_good: bool,
    }

    impl Patient {
        fn record_call(&self, what: &'static str) -> Result<(), String> {
            self.done.lock().unwrap().push(what);
            Ok(())
        }
    }

    impl Victim for Patient {
        type Error = String;
        async fn kill(&self) -> Result<(), String> {
            self.record_call("kill")
        }
        async fn terminate(&self) -> Result<(), String> {
            self.record_call("terminate")
        }
        async fn freeze(&self) -> Result<(), String> {
            self.record_call("freeze")
        }
        async fn thaw(&self) -> Result<(), String> {
            self.record_call("thaw")
        }
        async fn revive(&self) -> Result<(), String> {
            if self.lost_for_good { Err("no such program".into()) } else { self.record_call("revive") }
        }
        async fn ready(&self) -> Result<(), String> {
            self.record_call("ready")
        }
    }

    #[tokio::test]
    async fn each_fault_is_healed_by_its_opposite_and_waits_for_ready() {
        for (action, expected) in [
            (Action::Kill, ["kill", "revive", "ready"]),
            (Action::Stop, ["terminate", "revive", "ready"]),
            (Action::Pause, ["freeze", "thaw", "ready"]),
        ] {
            let patient = Patient::default();
            strike(&action, &patient).await.unwrap();
            heal(&action, &patient).await.unwrap();
            assert_eq!(*patient.done.lock().unwrap(), expected, "{action}");
        }
    }

    #[tokio::test]
    async fn one_that_does_not_come_back_is_not_ready() {
        let patient = Patient { lost_for_good: true, ..Patient::default() };
        strike(&Action::Kill, &patient).await.unwrap();
        assert_eq!(heal(&Action::Kill, &patient).await, Err("no such program".into()));
        assert_eq!(*patient.done.lock().unwrap(), ["kill"]);
    }
}
