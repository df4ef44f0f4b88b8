//! What a fault does, and what a link does to the bytes on it meanwhile.

use std::fmt;
use std::time::Duration;

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// SIGKILL; healed by starting it again.
    Kill,
    /// SIGTERM; healed by starting it again.
    Stop,
    /// SIGSTOP; healed by SIGCONT.
    Pause,
    /// Subscribers go offline on purpose; healed by their coming back.
    Leave,
    /// Subscribers come for the first time; they are absent until then.
    Join,
    /// A condition on a link; healed by taking it away.
    Link(Condition),
    /// Nothing passes between groups of nodes, and nobody is told: a blackhole on every link between them.
    Partition,
    /// A subscriber reads so many bytes a second.
    Slow {
        /// Bytes a second, of what its node sends it.
        bytes_per_second: u64,
    },
    /// All clients of a node drop their connections and reconnect at once.
    Storm,
    /// The rate of the load, times this.
    Surge {
        /// More than 1 is more load, less is less.
        factor: f64,
    },
    /// A shell command of the user's.
    Run {
        /// What `sh -c` runs when the fault strikes.
        command: String,
        /// What `sh -c` runs when it is healed.
        heal: Option<String>,
    },
}

/// What a link does to the bytes on it. Where several hold at once, each holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// New connections are refused, old ones are reset.
    Cut,
    /// Connections stay, and no byte passes: the half-open case.
    Blackhole,
    /// Every chunk leaves so long after its arrival, in order.
    Delay {
        /// How long.
        by: Duration,
        /// Drawn anew for each chunk, up to so much more or less.
        jitter: Duration,
    },
    /// All connections of the link together pass so many bytes a second, each way.
    Throttle {
        /// Bytes a second.
        bytes_per_second: u64,
    },
    /// Bytes pass in pieces, with pauses between them.
    Slice {
        /// Bytes a piece, at most.
        bytes: u64,
        /// Between two pieces.
        pause: Duration,
    },
    /// A connection is closed after so many bytes, each way counted for itself.
    Limit {
        /// Bytes that still pass.
        bytes: u64,
    },
}

impl Condition {
    /// The key of the file.
    pub fn name(self) -> &'static str {
        match self {
            Condition::Cut => "cut",
            Condition::Blackhole => "blackhole",
            Condition::Delay { .. } => "delay",
            Condition::Throttle { .. } => "throttle",
            Condition::Slice { .. } => "slice",
            Condition::Limit { .. } => "limit",
        }
    }
}

/// The keys of the file that name an action, in the order of help texts.
pub const ACTIONS: [&str; 16] = [
    "kill",
    "stop",
    "pause",
    "leave",
    "join",
    "cut",
    "blackhole",
    "delay",
    "throttle",
    "slice",
    "limit",
    "partition",
    "slow",
    "storm",
    "surge",
    "run",
];

impl Action {
    /// Whether it befalls subscribers, who do it on purpose: nothing breaks, so that its end heals nothing.
    pub fn is_deliberate(&self) -> bool {
        matches!(self, Action::Leave | Action::Join)
    }

    /// Whether it befalls a process.
    pub fn is_of_process(&self) -> bool {
        matches!(self, Action::Kill | Action::Stop | Action::Pause)
    }

    /// The key of the file.
    pub fn name(&self) -> &'static str {
        match self {
            Action::Kill => "kill",
            Action::Stop => "stop",
            Action::Pause => "pause",
            Action::Leave => "leave",
            Action::Join => "join",
            Action::Link(condition) => condition.name(),
            Action::Partition => "partition",
            Action::Slow { .. } => "slow",
            Action::Storm => "storm",
            Action::Surge { .. } => "surge",
            Action::Run { .. } => "run",
        }
    }

    /// What the target of a process fault is meanwhile.
    pub(crate) fn participle(&self) -> &'static str {
        match self {
            Action::Kill => "killed",
            Action::Stop => "stopped",
            Action::Pause => "paused",
            Action::Leave => "away",
            Action::Join => "joining",
            _ => "struck",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_the_name_of_its_key() {
        let link = Action::Link;
        let by = Duration::ZERO;
        let all = [
            Action::Kill,
            Action::Stop,
            Action::Pause,
            Action::Leave,
            Action::Join,
            link(Condition::Cut),
            link(Condition::Blackhole),
            link(Condition::Delay { by, jitter: by }),
            link(Condition::Throttle { bytes_per_second: 1 }),
            link(Condition::Slice { bytes: 1, pause: by }),
            link(Condition::Limit { bytes: 1 }),
            Action::Partition,
            Action::Slow { bytes_per_second: 1 },
            Action::Storm,
            Action::Surge { factor: 1.0 },
            Action::Run { command: String::new(), heal: None },
        ];
        assert_eq!(all.clone().map(|action| action.name()), ACTIONS);
        assert_eq!(all.clone().map(|action| action.to_string()), ACTIONS);
        let named = |is: fn(&Action) -> bool| -> Vec<_> {
            all.iter().filter(|action| is(action)).map(Action::name).collect()
        };
        assert_eq!(named(Action::is_of_process), ["kill", "stop", "pause"]);
        assert_eq!(named(Action::is_deliberate), ["leave", "join"]);
    }

    #[test]
    fn what_a_target_is_meanwhile() {
        let all = [Action::Kill, Action::Stop, Action::Pause, Action::Leave, Action::Join, Action::Storm];
        let expected = ["killed", "stopped", "paused", "away", "joining", "struck"];
        assert_eq!(all.map(|action| action.participle()), expected);
    }
}
