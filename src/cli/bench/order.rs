//! What is measured and how, ready to be carried out.

use std::path::PathBuf;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::again::{self, Again};
use super::link_latest;
use super::overrides::OverrideArgs;
use super::subjects::{Chosen, SubjectArgs};
use super::trace::TraceChoice;
use crate::failure::{Failure, USAGE};
use crate::interrupt::Signals;
use crate::live::Live;
use crate::node_flags::NodeFlags;
use crate::verbosity;
use lab::{BenchOptions, LabError, Measured, Subject, bench, claim};
use report::REPORT_FILE;
use scenario::{Scenario, ScenarioFile, Variation};

/// The most repetitions: more of them are a mistake.
const MOST_RUNS: i64 = 1_000;
/// The seed where nobody gives one.
const SEED: u64 = 42;

/// Flags that say what is measured and how, whatever the scenario.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct How {
    #[command(flatten)]
    pub(crate) subjects: SubjectArgs,

    /// Shorten the scenario: shorter faults, and less time before and after them. For a first look; the figures are not
    /// those of the whole scenario
    #[arg(long)]
    pub(crate) quick: bool,

    /// Number of times to make each run, always with the same schedule [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_RUNS))]
    pub(crate) runs: Option<u32>,

    /// Seed of every random choice: the same seed gives the same schedule and texts [default: 42]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Whether the lab's nodes record, beside their logs, where each message was and when [default: auto]
    #[arg(long, value_enum, value_name = "WHEN")]
    trace: Option<TraceChoice>,

    #[command(flatten)]
    node_flags: NodeFlags,

    #[command(flatten)]
    overrides: OverrideArgs,
}

impl How {
    /// Whether flags of the nodes, or ones that stand for fields of a scenario, were given.
    pub(crate) fn changes_more(&self) -> bool {
        !self.node_flags.is_empty() || !self.overrides.overrides().is_empty() || self.trace.is_some()
    }
}

/// A bench that can be carried out: everything about it that can be wrong in itself was looked at.
pub(crate) struct Order {
    options: BenchOptions,
}

/// A bench that was carried out.
pub(crate) struct Made {
    pub(crate) measured: Measured,
    /// The directory of its report.
    pub(crate) out: PathBuf,
}

impl Order {
    /// The order for this scenario; `again` is the report that is repeated, if one is.
    pub(crate) fn new(how: &How, file: &ScenarioFile, again: Option<&Again>) -> Result<Self, Failure> {
        let mut how = how.clone();
        if let Some(again) = again {
            again.complete(&mut how.subjects)?;
        }
        let mut node_flags = how.node_flags;
        if let Some(again) = again.filter(|_| node_flags.is_empty()) {
            node_flags = again.node_flags();
        }
        let mut overrides = how.overrides.overrides();
        how.subjects.count_nodes(&mut overrides);
        let by_urls = |error| how.subjects.by_urls(error);
        let shortened = |scenario: Scenario| if how.quick { scenario.quick() } else { scenario };
        let scenario = shortened(file.scenario(&overrides).map_err(by_urls)?);
        let variations = file.variations(&overrides).map_err(by_urls)?.into_iter();
        let variations: Vec<_> = variations
            .map(|Variation { params, scenario }| Variation { params, scenario: shortened(scenario) })
            .collect();
        let runs = repetitions(how.runs.or(again.and_then(Again::runs)), &scenario)?;
        let Chosen { subjects, brokers, dialect, template } = how.subjects.choose(&scenario)?;
        let patterns: Vec<_> = subjects.iter().filter_map(Subject::pattern).collect();
        let node_flags = node_flags.checked(&["--max-rate=0", "--max-clients=1", "--trace=f"], &patterns)?;
        let clients = |scenario: &Scenario| scenario.load.publishers + scenario.load.subscribers;
        let most = variations.iter().map(|variation| clients(&variation.scenario)).max().unwrap_or_default();
        // The proxy of a link has two ends for each connection, so a client may need three descriptors.
        crate::limits::raise_descriptors(3 * most as u64);
        let seed = how.seed.or(again.map(Again::seed)).unwrap_or(SEED);
        let trace = how.trace.or(again.and_then(Again::trace)).unwrap_or(TraceChoice::Auto);
        let again = again::keep(&subjects, &node_flags, dialect.as_ref(), template.as_deref(), runs, trace);
        let options = BenchOptions {
            scenario,
            variations,
            subjects,
            runs,
            seed,
            brokers,
            node_flags,
            tracing: trace.into(),
            dialect,
            again,
            out: PathBuf::new(),
        };
        Ok(Self { options })
    }

    /// The scenario, overrides included.
    pub(crate) fn scenario(&self) -> &Scenario {
        &self.options.scenario
    }

    /// The options of the bench, to see what it will take.
    pub(crate) fn options(&self) -> &BenchOptions {
        &self.options
    }

    /// Carries the order out under the eyes of the user, with the report in `out`. A directory that was `made` for it goes
    /// again if nothing came of it; otherwise `runs/latest` leads there. `before` is said before anything else.
    pub(crate) fn measure(
        mut self,
        out: PathBuf,
        force: bool,
        made: bool,
        before: Option<&str>,
    ) -> Result<Made, Failure> {
        // No other lab writes there until this one has printed its result.
        let _claim = claim(&out, force)?;
        self.options.out = out;
        let runtime = crate::runtime::start()?;
        let measured = runtime.block_on(attended(&self.options, before));
        let out = self.options.out;
        if made {
            // The directory goes only if it is empty: the logs of what ran are kept.
            if measured.is_err() {
                let _ = std::fs::remove_dir(&out);
            }
            // The report is also there where an error came after some runs.
            if out.join(REPORT_FILE).exists() {
                link_latest(&out);
            }
        }
        Ok(Made { measured: measured?, out })
    }
}

/// Number of times that each run is made. A search ends with its first failure, so that each of several searches would
/// end elsewhere.
fn repetitions(runs: Option<u32>, scenario: &Scenario) -> Result<u32, Failure> {
    let runs = runs.unwrap_or(1);
    if runs > 1 && scenario.matrix.until_violated {
        let message =
            format!("--runs {runs}: the scenario {} is a search, and that is made once", scenario.name);
        let hint = "leave out `--runs`, or `until = \"violated\"` in the scenario's [matrix]";
        return Err(Failure::new(USAGE, message, hint));
    }
    Ok(runs)
}

/// Runs the bench under the eyes of the user: the first Ctrl-C ends it with what was found out, the second ends it at
/// once.
async fn attended(options: &BenchOptions, before: Option<&str>) -> Result<Measured, Failure> {
    let mut signals = Signals::new()?;
    let cancel = CancellationToken::new();
    let terminal = Live::new(&options.scenario, !verbosity::get().shows_notes());
    if let Some(before) = before {
        terminal.say(before);
    }
    let work = bench(options, &cancel, &terminal);
    tokio::pin!(work);
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            () = signals.next() => {
                // Whatever is dropped here is killed, and the warden sees to what that forgets.
                if cancel.is_cancelled() {
                    break Err(LabError::interrupted());
                }
                terminal.say("stopping; Ctrl-C again ends at once");
                cancel.cancel();
            }
        }
    };
    terminal.finish();
    Ok(result?)
}
