//! `pubsub-lab bench`: runs a scenario over the patterns and prints what became of every message.

mod again;
mod blanks;
mod overrides;
mod subjects;
mod trace;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::failure::{Failure, USAGE};
use super::interrupt::Signals;
use super::live::Live;
use super::node_flags::NodeFlags;
use super::output::{Format, delivered, print};
use super::stderr::say;
use super::verbosity;
use again::Again;
use lab::{BenchOptions, LabError, Measured, Subject, bench, claim};
pub(super) use overrides::OverrideArgs;
use report::{HTML_FILE, REPORT_FILE, Report};
use scenario::{Scenario, ScenarioFile, listed};
use subjects::Chosen;
pub(super) use subjects::SubjectArgs;
use trace::TraceChoice;

/// Flags of `pubsub-lab bench`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pubsub-lab bench --scenario broker-down
  pubsub-lab bench --scenario steady --pattern redis --rate 500 --duration 10s
  pubsub-lab bench --scenario my.toml --format json
  pubsub-lab bench --scenario node-down --server 'node app.js {port}' --label mine --pattern redis
  pubsub-lab bench --scenario steady --runs 3
  pubsub-lab bench --repeat runs/latest

Ctrl-C stops the current run at once and prints what has been measured so far. A second Ctrl-C stops \
without a report.

Exit code: 0 if every run is as expected, 1 if one is violated, 2 for wrong usage, an invalid file, or if nothing \
could be run, 3 if the result is inconclusive, 4 if something is missing or the report could not be written (the \
result is printed all the same), 130 if interrupted.")]
pub struct BenchArgs {
    /// Name of a shipped scenario (see `pubsub-lab scenarios`), or a file
    #[arg(long, short, value_name = "NAME|FILE", required_unless_present = "repeat")]
    scenario: Option<String>,

    /// Run the scenario of a report again, with the same seed, patterns and server
    #[arg(long, value_name = "DIR", conflicts_with = "scenario")]
    repeat: Option<PathBuf>,

    #[command(flatten)]
    subjects: SubjectArgs,

    /// Number of times to make each run, always with the same schedule [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_RUNS))]
    runs: Option<u32>,

    /// Directory of the report and the logs [default: runs/<time>-<scenario>]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Replace the report and the logs that are in the directory of `--out`
    #[arg(long, requires = "out")]
    force: bool,

    /// Seed of every random choice: the same seed gives the same schedule and texts [default: 42]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// What to print on stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,

    /// Whether the lab's nodes record, beside their logs, where each message was and when [default: auto]
    #[arg(long, value_enum, value_name = "WHEN")]
    trace: Option<TraceChoice>,

    #[command(flatten)]
    node_flags: NodeFlags,

    #[command(flatten)]
    overrides: OverrideArgs,
}

/// The most repetitions: more of them are a mistake.
const MOST_RUNS: i64 = 1_000;
/// The seed where nobody gives one.
const SEED: u64 = 42;

/// Runs the bench; the exit code is the report's.
pub fn run(mut args: BenchArgs) -> Result<u8, Failure> {
    let again = args.repeat.as_deref().map(Again::read).transpose()?;
    if let Some(again) = &again {
        again.complete(&mut args.subjects)?;
    }
    let mut node_flags = std::mem::take(&mut args.node_flags);
    if let Some(again) = again.as_ref().filter(|_| node_flags.is_empty()) {
        node_flags = again.node_flags();
    }
    let mut overrides = args.overrides.overrides();
    args.subjects.count_nodes(&mut overrides);
    let file = match (&again, &args.scenario) {
        (Some(again), _) => again.scenario()?,
        (None, Some(name)) => ScenarioFile::find(name)?,
        (None, None) => {
            return Err(Failure::new(USAGE, "there is no scenario", "name one with `--scenario`"));
        }
    };
    let by_urls = |error| args.subjects.by_urls(error);
    let scenario = file.scenario(&overrides).map_err(by_urls)?;
    let variations = file.variations(&overrides).map_err(by_urls)?;
    let runs = repetitions(args.runs.or(again.as_ref().and_then(Again::runs)), &scenario)?;
    let Chosen { subjects, brokers, dialect, template } = args.subjects.choose(&scenario)?;
    let patterns: Vec<_> = subjects.iter().filter_map(Subject::pattern).collect();
    let node_flags = node_flags.checked(&["--max-rate=0", "--max-clients=1", "--trace=f"], &patterns)?;
    let clients = |scenario: &Scenario| scenario.load.publishers + scenario.load.subscribers;
    let most = variations.iter().map(|variation| clients(&variation.scenario)).max().unwrap_or_default();
    // The proxy of a link has two ends for each connection, so a client may need three descriptors.
    super::limits::raise_descriptors(3 * most as u64);
    let out = match &args.out {
        Some(out) => out.clone(),
        None => default_directory(Path::new("runs"), &scenario.name),
    };
    // No other lab writes there until this one has printed its result.
    let _claim = claim(&out, args.force)?;
    let seed = args.seed.or(again.as_ref().map(Again::seed)).unwrap_or(SEED);
    let trace = args.trace.or(again.as_ref().and_then(Again::trace)).unwrap_or(TraceChoice::Auto);
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
        out,
    };
    let runtime = super::runtime::start()?;
    let measured = runtime.block_on(attended(&options));
    if args.out.is_none() {
        // The directory goes only if it is empty: the logs of what ran are kept.
        if measured.is_err() {
            let _ = std::fs::remove_dir(&options.out);
        }
        // The report is also there where an error came after some runs.
        if options.out.join(REPORT_FILE).exists() {
            link_latest(&options.out);
        }
    }
    let Measured { report, left_out, failure } = measured?;
    let elsewhere = match failure {
        None => "the report is on disk all the same",
        Some(_) => "the report could not be written to the disk either",
    };
    delivered(print(&report, args.format), elsewhere)?;
    if let Some(left_out) = left_out {
        say(left_out);
    }
    if let Some(failure) = failure {
        return Err(failure.into());
    }
    let verbosity = verbosity::get();
    if verbosity.shows_notes() {
        say(format_args!("report: {}", options.out.join(HTML_FILE).display()));
    }
    if verbosity.shows_more() {
        say(format_args!("logs of every process: {}", options.out.join("logs").display()));
    }
    match report.exit_code() {
        USAGE => Err(nothing_run(&report, &options.scenario)),
        code => Ok(code),
    }
}

/// The error of a bench whose faults strike nothing that the chosen patterns have, with the patterns that have it; or
/// of one with a server whose words could not be read.
fn nothing_run(report: &Report, scenario: &Scenario) -> Failure {
    if let Some(run) = report.runs.iter().find(|run| run.is_unmeasured()) {
        let why = run.why.first().map_or("what it says cannot be read", String::as_str);
        let dialect = run.dialect.as_deref().unwrap_or_default();
        let hint = format!(
            "it was read in the dialect `{dialect}`: give another with `--dialect`, or a file that says where the text \
             is; the README shows one"
        );
        return Failure::new(USAGE, format!("{} was not measured: {why}", run.label), hint);
    }
    let why = report.runs.iter().find_map(|run| run.why.first());
    let why = why.map_or("no pattern was chosen", String::as_str);
    let strikes: Vec<_> = scenario
        .patterns
        .iter()
        .filter(|pattern| pattern.is_built() && scenario.applies_to(**pattern).is_ok())
        .map(|pattern| pattern.name())
        .collect();
    let name = &scenario.name;
    let hint = match &strikes[..] {
        [] => format!("no pattern that {name} names has what its faults strike"),
        some => format!("{name} can strike {}: `--pattern {}`", listed(some), some.join(",")),
    };
    Failure::new(USAGE, format!("nothing was run: {why}"), hint)
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
async fn attended(options: &BenchOptions) -> Result<Measured, Failure> {
    let mut signals = Signals::new()?;
    let cancel = CancellationToken::new();
    let terminal = Live::new(&options.scenario.title, !verbosity::get().shows_notes());
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

/// Makes a new directory, named by the second. If it cannot be made, that shows when it is claimed.
fn default_directory(runs: &Path, scenario: &str) -> PathBuf {
    let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let time: String = time.chars().filter(|c| c.is_ascii_digit() || *c == 'T').collect();
    let first = runs.join(format!("{time}-{scenario}"));
    // Another run of the same second keeps its directory, whether it has ended or is under way.
    let next = (2_u32..).map(|n| runs.join(format!("{time}-{scenario}-{n}")));
    let there = std::fs::create_dir_all(runs).is_ok();
    let taken = |path: &PathBuf| {
        let made = std::fs::create_dir(path);
        there && made.is_err_and(|error| error.kind() == std::io::ErrorKind::AlreadyExists)
    };
    std::iter::once(first.clone()).chain(next).find(|path| !taken(path)).unwrap_or(first)
}

/// Makes `runs/latest` lead to the newest run.
fn link_latest(out: &Path) {
    let (Some(parent), Some(name)) = (out.parent(), out.file_name()) else { return };
    let link = parent.join("latest");
    // Only a link is ever replaced: a directory of that name stays, and the run is found without the link.
    if link.is_symlink() {
        let _ = std::fs::remove_file(&link);
    }
    let _ = std::os::unix::fs::symlink(name, &link);
}
