//! Judges whether a bench of the usual size fits this machine, and why.

use serde::Serialize;

use super::clock::{Clock, LATE};
use super::ports::Ports;
use crate::limits::Descriptors;
use report::Host;
use scenario::{InputError, Overrides, Scenario};

/// The scenario of the bench that is judged.
const SCENARIO: &str = "broker-down";
/// Number of deliveries a second that one core carries beside nodes and broker: the README's figures are at 7,500.
const DELIVERIES_PER_CORE: f64 = 7_500.0;
/// The memory that the bench needs, in MiB: three nodes, a RabbitMQ with its Erlang, a history and the ledger stay
/// below this.
const MEMORY_MIB: u64 = 1_024;
/// Number of ports of a broker and a history, beside those of the nodes and their links.
const OTHER_PORTS: usize = 10;

/// The bench that is judged, and whether it fits.
#[derive(Debug, Serialize)]
pub(super) struct Fit {
    pub(super) scenario: &'static str,
    pub(super) nodes: usize,
    pub(super) publishers: usize,
    pub(super) subscribers: usize,
    pub(super) rate: f64,
    pub(super) deliveries_per_second: f64,
    pub(super) fits: bool,
    /// The reasons why the bench does not fit; where there is none, what there is enough of.
    pub(super) why: Vec<String>,
}

impl Fit {
    /// Judges the bench by what was found and measured.
    pub(super) fn judge(
        host: &Host,
        ports: &Ports,
        descriptors: Option<Descriptors>,
        clock: &Clock,
    ) -> Result<Self, InputError> {
        let Scenario { cluster, load, .. } = Scenario::load(SCENARIO, &Overrides::new())?;
        let deliveries = load.rate * load.subscribers as f64 / load.rooms as f64;
        let clients = (load.publishers + load.subscribers) as u64;
        let mut against = Vec::new();
        let mut wants = |enough: bool, why: String| {
            if !enough {
                against.push(why);
            }
        };
        let cores = host.cores;
        wants(
            deliveries <= DELIVERIES_PER_CORE * cores as f64,
            format!("{deliveries:.0} deliveries/s are much for {cores} cores"),
        );
        wants(
            host.memory_mib.is_none_or(|mib| mib >= MEMORY_MIB),
            format!("{} MiB of memory are less than {MEMORY_MIB}", host.memory_mib.unwrap_or_default()),
        );
        let needed = 3 * clients;
        wants(
            descriptors.is_none_or(|limits| limits.suffice_for(needed)),
            format!("the limit on open files does not allow {clients} clients"),
        );
        // Each node may have a link to its clients, to each of its peers and to its broker, and each link needs a port.
        let ports_needed = cluster.nodes * (cluster.nodes + 2) + OTHER_PORTS;
        wants(
            ports.free >= ports_needed,
            format!("{} ports are free, fewer than {ports_needed}", ports.free),
        );
        let late = u128::from(clock.late_us.p50);
        wants(
            late <= LATE.as_micros(),
            format!(
                "timers are {late} us late at the median, so that latency will be marked as limited by the harness"
            ),
        );
        wants(clock.wall_is_sane, "the wall clock is not set, or jumps".into());
        let fits = against.is_empty();
        let why = if fits {
            vec![format!(
                "{deliveries:.0} deliveries/s on {cores} cores, timers {late} us late at the median"
            )]
        } else {
            against
        };
        Ok(Self {
            scenario: SCENARIO,
            nodes: cluster.nodes,
            publishers: load.publishers,
            subscribers: load.subscribers,
            rate: load.rate,
            deliveries_per_second: deliveries,
            fits,
            why,
        })
    }
}
