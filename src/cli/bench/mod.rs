//! `pubsub-lab bench`: runs a scenario over the patterns and prints what became of every message.
//!
//! | file | what it is |
//! |---|---|
//! | `order` | what is measured and how, ready to be carried out |
//! | `subjects`, `blanks`, `overrides`, `trace` | the flags that say so |
//! | `again` | what a report keeps so that its bench can be run again |

mod again;
mod blanks;
mod order;
mod overrides;
mod subjects;
mod trace;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;

use super::failure::{Failure, USAGE};
use super::output::{Format, delivered, print};
use super::stderr::say;
use super::suite;
use super::verbosity;
use again::Again;
use lab::Measured;
use report::{HTML_FILE, Report};
use scenario::{Overrides, ScenarioFile, listed};

pub(super) use order::{How, Made, Order};
pub(super) use overrides::OverrideArgs;
pub(super) use subjects::SubjectArgs;

/// Flags of `pubsub-lab bench`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pubsub-lab bench --scenario broker-down
  pubsub-lab bench --scenario steady --pattern redis --rate 500 --duration 10s
  pubsub-lab bench --scenario my.toml --format json
  pubsub-lab bench --scenario node-down --server 'node app.js {port}' --label mine --pattern redis
  pubsub-lab bench --scenario steady --runs 3
  pubsub-lab bench -s node-down,broker-down           several, and one grid of all of them
  pubsub-lab bench --repeat runs/latest

Ctrl-C stops the current run at once and prints what has been measured so far. A second Ctrl-C stops \
without a report.

Exit code: 0 if every run is as expected, 1 if one is violated, 2 for wrong usage, an invalid file, or if nothing \
could be run, 3 if the result is inconclusive, 4 if something is missing or the report could not be written (the \
result is printed all the same), 130 if interrupted.")]
pub struct BenchArgs {
    /// Name of a shipped scenario (see `pubsub-lab scenarios`), or a file; several, separated by commas, or `all`, are a
    /// suite (see `pubsub-lab suite --help`)
    #[arg(long, short, value_name = "NAME|FILE", required_unless_present = "repeat")]
    scenario: Option<String>,

    /// Run the scenario of a report again, with the same seed, patterns and server
    #[arg(long, value_name = "DIR", conflicts_with = "scenario")]
    repeat: Option<PathBuf>,

    /// Directory of the report and the logs [default: runs/<time>-<scenario>]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Replace the report and the logs that are in the directory of `--out`
    #[arg(long, requires = "out")]
    force: bool,

    /// What to print on stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    how: How,
}

/// Runs the bench; the exit code is the report's.
pub fn run(args: BenchArgs) -> Result<u8, Failure> {
    let BenchArgs { scenario, repeat, out, force, format, how } = args;
    let again = repeat.as_deref().map(Again::read).transpose()?;
    let file = match (&again, &scenario) {
        (Some(again), _) => again.scenario()?,
        (None, Some(words)) => match suite::words(words) {
            Some(names) => return suite::of_words(names, out, force, format, how),
            None => ScenarioFile::find(words)?,
        },
        (None, None) => {
            return Err(Failure::new(USAGE, "there is no scenario", "name one with `--scenario`"));
        }
    };
    let order = Order::new(&how, &file, again.as_ref())?;
    let named = out.is_some();
    let out = out.unwrap_or_else(|| default_directory(Path::new("runs"), &order.scenario().name));
    let Made { measured, out } = order.measure(out, force, !named, None)?;
    let Measured { report, left_out, failure } = measured;
    let elsewhere = match failure {
        None => "the report is on disk all the same",
        Some(_) => "the report could not be written to the disk either",
    };
    delivered(print(&report, format), elsewhere)?;
    if let Some(left_out) = left_out {
        say(left_out);
    }
    if let Some(failure) = failure {
        return Err(failure.into());
    }
    let verbosity = verbosity::get();
    if verbosity.shows_notes() {
        say(format_args!("report: {}", out.join(HTML_FILE).display()));
    }
    if verbosity.shows_more() {
        say(format_args!("logs of every process: {}", out.join("logs").display()));
    }
    match report.exit_code() {
        USAGE => Err(nothing_run(&report)),
        code => Ok(code),
    }
}

/// The error of a bench whose faults strike nothing that the chosen patterns have, with the patterns that have it; or
/// of one with a server whose words could not be read.
fn nothing_run(report: &Report) -> Failure {
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
    // The report's own scenario is the one that was tried.
    let file = ScenarioFile::of_report(&report.scenario);
    let Some(scenario) = file.ok().and_then(|file| file.scenario(&Overrides::new()).ok()) else {
        return Failure::new(USAGE, format!("nothing was run: {why}"), "choose another with `--scenario`");
    };
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

/// Makes a new directory, named by the second. If it cannot be made, that shows when it is claimed.
pub(super) fn default_directory(runs: &Path, scenario: &str) -> PathBuf {
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
pub(super) fn link_latest(out: &Path) {
    let (Some(parent), Some(name)) = (out.parent(), out.file_name()) else { return };
    let link = parent.join("latest");
    // Only a link is ever replaced: a directory of that name stays, and the run is found without the link.
    if link.is_symlink() {
        let _ = std::fs::remove_file(&link);
    }
    let _ = std::os::unix::fs::symlink(name, &link);
}
