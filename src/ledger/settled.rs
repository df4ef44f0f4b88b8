//! Every figure of a run, typed.

use hdrhistogram::Histogram;

use super::before_load::BeforeLoad;
use super::counts::{Counts, Debts, Messages};
use super::disconnects::Disconnect;
use super::figure_value::{FigureValue, quantile_us};
use super::message::Contradictions;
use super::moments::Moments;
use super::path::Path;
use super::payers::Payer;
use super::phase::Interval;
use super::presence_figures::PresenceFigures;
use super::run_cost::RunCost;
use super::single_times::SingleTimes;
use super::source::FigureSource;
use super::stopped::StoppedPath;
use super::testimony::Testimonies;
use super::timeline::Slice;
use super::traffic::TrafficFigures;
use scenario::{Distribution, Figure, Quantile};

/// Every figure of one run. A figure that does not exist is `None` or an empty histogram, never 0.
#[derive(Debug, Clone)]
pub struct Settled {
    /// What became of the messages.
    pub messages: Messages,
    /// What became of the debts.
    pub debts: Debts,
    /// What was counted beside messages and debts.
    pub counts: Counts,
    /// What came before the measured load, and counts nowhere else.
    pub before: BeforeLoad,
    /// The answers that contradict each other.
    pub contradictions: Contradictions,
    /// Number of lost debts of acknowledged messages that a replay denied: it was to bring them, and said that it had
    /// brought everything.
    pub denied: u64,
    /// Paths that never worked while probing.
    pub unverified_paths: Vec<Path>,
    /// Whether the paths that never worked are all those between certain nodes: these nodes do not hear each other.
    pub nodes_apart: bool,
    /// Paths that stopped working and did not come back, in the order in which they stopped.
    pub stopped_paths: Vec<StoppedPath>,
    /// The subscribers that lost something or had it late, if they are few.
    pub payers: Vec<Payer>,
    /// First live receipt minus intended send time, in microseconds.
    pub latency: Histogram<u64>,
    /// First live receipt minus actual send time, in microseconds.
    pub service: Histogram<u64>,
    /// For debts that were received by replay only: first receipt minus intended send time, in microseconds.
    pub recovered: Histogram<u64>,
    /// For messages with at least two live recipients: the time from the first to the last of them, in microseconds.
    pub fan_out: Histogram<u64>,
    /// The latency once more, by time and phase: the intervals together hold the whole of it.
    pub intervals: Vec<Interval>,
    /// How long faults were felt.
    pub times: SingleTimes,
    /// What observers were told of the people in their rooms; `None` if nobody watched.
    pub presence: Option<PresenceFigures>,
    /// What passed between subscribers and nodes, for whoever has counted it; the ledger knows nothing of bytes.
    pub traffic: Option<TrafficFigures>,
    /// What the run took of its machine, for whoever has measured it; the ledger knows nothing of processes.
    pub cost: Option<RunCost>,
    /// Three messages of the run, as the clients saw them.
    pub testimonies: Testimonies,
    /// Connections that the server ended or broke and that no fault explains, by how they ended, the most frequent first.
    pub disconnects: Vec<Disconnect>,
    /// Number of connections that the server ended or broke before the measured load began.
    pub early_disconnects: u64,
    /// The run in slices of 100 ms.
    pub timeline: Vec<Slice>,
    /// Where in time each figure went wrong.
    pub(super) moments: Moments,
}

impl Settled {
    /// The value of the figure that has this name, with or without a unit. `None` for a name that no figure has, and for
    /// a figure that does not exist in this run or is of [the harness](super::Harness::quantile_us).
    pub fn figure(&self, name: &str) -> Option<FigureValue> {
        self.value(Figure::named(name)?.0)
    }

    /// The longest live latency, to the microsecond, where a histogram knows it to three digits. `None` if nothing was
    /// delivered live.
    pub fn longest_us(&self) -> Option<u64> {
        self.timeline.iter().filter_map(|slice| slice.max_us).max()
    }

    /// The longest time from the first to the last live recipient of a message, to the microsecond, where a histogram
    /// knows it to three digits. `None` if no message had two live recipients.
    pub fn widest_us(&self) -> Option<u64> {
        self.timeline.iter().filter_map(|slice| slice.spread_max_us).max()
    }
}

impl FigureSource for Settled {
    fn messages(&self) -> Option<&Messages> {
        Some(&self.messages)
    }

    fn debts(&self) -> Option<&Debts> {
        Some(&self.debts)
    }

    fn counts(&self) -> Counts<Option<u64>> {
        self.counts.into()
    }

    fn paths(&self) -> Option<(usize, usize)> {
        Some((self.unverified_paths.len(), self.stopped_paths.len()))
    }

    fn quantile_us(&self, of: Distribution, quantile: Quantile) -> Option<u64> {
        match of {
            Distribution::Latency => quantile_us(&self.latency, quantile, self.longest_us()),
            // The time from the actual sending is never longer than from the intended one, so the same largest value
            // holds.
            Distribution::Service => quantile_us(&self.service, quantile, self.longest_us()),
            Distribution::Recovered => quantile_us(&self.recovered, quantile, None),
            Distribution::FanOut => quantile_us(&self.fan_out, quantile, self.widest_us()),
            Distribution::PublishDelay | Distribution::LoopLag => None,
        }
    }

    fn times(&self) -> SingleTimes {
        self.times
    }

    fn presence(&self) -> Option<&PresenceFigures> {
        self.presence.as_ref()
    }

    fn traffic(&self) -> Option<&TrafficFigures> {
        self.traffic.as_ref()
    }

    fn cost(&self) -> Option<&RunCost> {
        self.cost.as_ref()
    }
}
