//! The scenario file: cluster, load, faults and expectations. Typed, validated, defaulted; no I/O beyond
//! reading it.

mod figures;

pub use figures::FIGURES;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The choice a user makes: how the nodes reach each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pattern {
    /// One process; nothing crosses nodes.
    Local,
    /// A Redis broker, publish/subscribe.
    Redis,
    /// ZeroMQ peers, no broker.
    Zeromq,
    /// Durable AMQP: RabbitMQ and a history service.
    Amqp,
}

impl Pattern {
    /// Every pattern that has a name, in the order of tables.
    pub const ALL: [Pattern; 4] = [Pattern::Local, Pattern::Redis, Pattern::Zeromq, Pattern::Amqp];
    /// The patterns that this version can run.
    pub const BUILT: [Pattern; 2] = [Pattern::Local, Pattern::Redis];

    /// The word of the command line and of the scenario file.
    pub fn name(self) -> &'static str {
        match self {
            Pattern::Local => "local",
            Pattern::Redis => "redis",
            Pattern::Zeromq => "zeromq",
            Pattern::Amqp => "amqp",
        }
    }

    /// Whether it has a broker, a target for faults.
    pub fn has_broker(self) -> bool {
        matches!(self, Pattern::Redis | Pattern::Amqp)
    }

    /// Whether a message reaches the clients of other nodes.
    pub fn crosses_nodes(self) -> bool {
        self != Pattern::Local
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One scenario, validated, every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The name by which it was asked for: a shipped scenario's name, or a file's stem.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// The patterns that it runs without `--pattern`.
    pub patterns: Vec<Pattern>,
    /// What stands.
    pub cluster: Cluster,
    /// What is sent and who listens.
    pub load: Load,
    /// What breaks, and when; in the order of the file.
    pub faults: Vec<Fault>,
    /// What a run must show.
    pub expect: Vec<Expectation>,
}

/// What stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Chat servers.
    pub nodes: usize,
}

/// What is sent and who listens.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Clients that publish; publisher p starts on node `p mod nodes`.
    pub publishers: usize,
    /// Clients that listen; subscriber i starts on node `i mod nodes`.
    pub subscribers: usize,
    /// Messages a second, all publishers together, open loop.
    pub rate: f64,
    /// Bytes of text a message.
    pub payload: usize,
    /// Rooms; subscriber i is in room `floor(i / nodes) mod rooms`.
    pub rooms: usize,
    /// Whether a client sends unanswered and unknown messages again, under the same id.
    pub resend: bool,
    /// Load before the measurement.
    pub warm_up: Duration,
    /// The measured load.
    pub duration: Duration,
    /// How long late messages are waited for.
    pub drain: Duration,
    /// How long a client waits for a connection.
    pub connect_timeout: Duration,
    /// A client's first pause before it reconnects; it doubles, with jitter.
    pub reconnect_min: Duration,
    /// A client's longest pause before it reconnects.
    pub reconnect_max: Duration,
}

/// One fault: a condition applied at one moment and healed at another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Since the measured load began.
    pub at: Duration,
    /// Then healed; without it, for good.
    pub duration: Option<Duration>,
    /// What is done.
    pub action: Action,
    /// To what.
    pub target: Target,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.action, self.target)
    }
}

/// What a fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// SIGKILL; healed by starting it again.
    Kill,
    /// SIGTERM; healed by starting it again.
    Stop,
    /// SIGSTOP; healed by SIGCONT.
    Pause,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Kill => "kill",
            Action::Stop => "stop",
            Action::Pause => "pause",
        })
    }
}

/// What a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The third-party server that the pattern needs.
    Broker,
    /// One node, counted from 0.
    Node(usize),
    /// Every node.
    AllNodes,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Broker => f.write_str("broker"),
            Target::Node(n) => write!(f, "node {n}"),
            Target::AllNodes => f.write_str("node *"),
        }
    }
}

/// One bound on one figure of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// For one pattern, or for all.
    pub pattern: Option<Pattern>,
    /// The figure's name, as in `report.json` (`lost`, `duplicates`, `recovery_ms`, ...).
    pub figure: String,
    /// What it must be.
    pub bound: Bound,
}

/// What a figure must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Exactly this.
    Equal(f64),
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
    /// Less than this.
    Below(f64),
    /// More than this.
    Above(f64),
}

/// Values for a scenario's fields that a flag of the same name gave; an absent one leaves the file's value.
pub type Overrides = BTreeMap<&'static str, String>;
