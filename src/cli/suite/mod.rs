//! `pubsub-lab suite`: many scenarios over many patterns, one after the other, and one grid of all of them.
//!
//! | file | what it is |
//! |---|---|
//! | `list` | which scenarios |
//! | `pace` | how long it will take |
//! | `kept` | what a suite keeps so that it can be resumed |

mod kept;
mod list;
mod pace;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::bench::{How, Made, default_directory, link_latest};
use super::failure::{Failure, USAGE};
use super::output::{Format, delivered};
use super::report::overview;
use super::stderr::say;
use super::verbosity;
use kept::Kept;
use list::Entry;
use pace::Pace;
use report::Report;

/// The exit code of a suite that was interrupted, as shells count SIGINT.
const INTERRUPTED: u8 = 130;
/// The list where nobody names one.
const LIST: &str = "decide";

/// Flags of `pubsub-lab suite`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pubsub-lab suite                                    which pattern loses, delays or doubles what, under which fault
  pubsub-lab suite decide --quick                     the same with shortened scenarios, for a first look
  pubsub-lab suite full --out runs/full               every shipped scenario over every pattern that it names
  pubsub-lab suite mine.toml                          your own list: scenarios = [\"steady\", \"mine/outage.toml\"]
  pubsub-lab suite --server 'node app.js {port}' --pattern redis
  pubsub-lab suite --resume runs/full                 go on where Ctrl-C ended it

Each scenario has a report of its own in the directory, and overview.html leads to all of them. Ctrl-C ends the \
scenario that is under way; what is complete is kept, and --resume makes the others.

Exit code: 0 if every run is as expected, 1 if one is violated, 2 for wrong usage or an invalid file, or if nothing \
could be run, 3 if one is inconclusive, 4 if something is missing, 130 if interrupted.")]
pub struct SuiteArgs {
    /// `decide`, `full`, or a file with a list of scenarios [default: decide]
    #[arg(value_name = "decide|full|FILE", conflicts_with = "resume")]
    list: Option<String>,

    /// Go on with the suite in this directory: what is complete there is not made again
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "force"])]
    resume: Option<PathBuf>,

    /// Directory of the reports and the grid [default: runs/<time>-<list>]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Replace the suite that is in the directory of `--out`
    #[arg(long, requires = "out")]
    force: bool,

    /// What to print on stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    how: How,
}

/// Runs the suite; the exit code is the worst of its reports.
pub fn run(args: SuiteArgs) -> Result<u8, Failure> {
    let SuiteArgs { list, resume, out, force, format, how } = args;
    if let Some(dir) = resume {
        let kept = Kept::read(&dir)?;
        let how = kept.completed(how)?;
        return made(list::entries(&kept.scenarios, &how)?, dir, true, format);
    }
    let list = list.unwrap_or_else(|| LIST.into());
    let (name, scenarios, patterns) = list::named(&list)?;
    let mut how = how;
    if how.subjects.pattern.is_empty() && how.subjects.server.is_none() && how.subjects.urls.is_empty() {
        how.subjects.pattern = patterns;
    }
    begun(Kept::new(&name, scenarios, &how), out, force, format, &how)
}

/// The scenarios that several words of `bench --scenario` name; `None` if they name one.
pub(super) fn words(words: &str) -> Option<Vec<String>> {
    // A file may have a comma in its name.
    if words == "all" {
        return Some(list::every());
    }
    let several = words.contains(',') && !Path::new(words).exists();
    several
        .then(|| words.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

/// Runs the scenarios that `bench --scenario` names as a suite.
pub(super) fn of_words(
    scenarios: Vec<String>,
    out: Option<PathBuf>,
    force: bool,
    format: Format,
    how: How,
) -> Result<u8, Failure> {
    begun(Kept::new("suite", scenarios, &how), out, force, format, &how)
}

fn begun(kept: Kept, out: Option<PathBuf>, force: bool, format: Format, how: &How) -> Result<u8, Failure> {
    // Everything that can be wrong in a scenario or a flag shows before the first run, and before anything is written.
    let entries = list::entries(&kept.scenarios, how)?;
    let named = out.is_some();
    let out = out.unwrap_or_else(|| default_directory(Path::new("runs"), &kept.name));
    if let Some(file) = kept::in_the_way(&out).filter(|_| !force) {
        let message = format!("{} is there already", file.display());
        let hint = "`--resume DIR` goes on with a suite; `--force` replaces it; or choose another `--out`";
        return Err(Failure::new(USAGE, message, hint));
    }
    if force {
        kept::forget(&out)?;
    }
    kept.write(&out)?;
    if !named {
        link_latest(&out);
    }
    made(entries, out, false, format)
}

/// Makes what is not complete, then the grid of all.
fn made(entries: Vec<Entry>, out: PathBuf, resumed: bool, format: Format) -> Result<u8, Failure> {
    let mut pace = Pace::new(entries.iter().map(|entry| pace::expected(entry.order.options())).collect());
    let of = entries.len();
    let (mut sources, mut interrupted) = (Vec::new(), false);
    for (place, Entry { name, order }) in entries.into_iter().enumerate() {
        let dir = out.join(&name);
        if let Some(report) = complete(&dir) {
            pace.skipped(place);
            sources.push(overview::source(report, &dir, &out));
            continue;
        }
        let (before, began) = (pace.line(place, of), Instant::now());
        // What an interrupted suite left of this scenario is no result.
        let Made { measured, out: dir } = order
            .measure(dir, resumed, false, Some(&before))
            .map_err(|failure| stopped(failure, &name, &out, sources.is_empty()))?;
        pace.took(place, began.elapsed());
        if let Some(failure) = measured.failure {
            return Err(failure.into());
        }
        interrupted = measured.report.interrupted;
        sources.push(overview::source(measured.report, &dir, &out));
        if interrupted {
            break;
        }
    }
    let grid = report::overview(&sources);
    overview::write(&grid, &out, true)?;
    delivered(overview::print(&grid, format)?, "the grid is on disk all the same")?;
    if interrupted {
        if verbosity::get().shows_notes() {
            say(format_args!("go on with it: pubsub-lab suite --resume {}", out.display()));
        }
        return Ok(INTERRUPTED);
    }
    let codes: Vec<u8> = sources.iter().map(|source| source.report.exit_code()).collect();
    Ok(worst(&codes))
}

/// The report in a directory, if there is one that was not cut short.
fn complete(dir: &Path) -> Option<Report> {
    Report::read(dir).ok().filter(|report| !report.interrupted)
}

/// The worst of some exit codes, in the order in which a bench ranks them. That a scenario strikes nothing that the chosen
/// patterns have is no failure, unless it is so with all of them.
fn worst(codes: &[u8]) -> u8 {
    match [1, 3].into_iter().find(|code| codes.contains(code)) {
        Some(code) => code,
        None if codes.contains(&0) => 0,
        None => USAGE,
    }
}

/// The error of a scenario, with what is to be done about the suite.
fn stopped(failure: Failure, name: &str, out: &Path, nothing_yet: bool) -> Failure {
    let Failure { exit, message, hint } = failure;
    let hint = match nothing_yet {
        true => hint,
        false => format!(
            "{hint}; what is complete is kept, and `pubsub-lab suite --resume {}` makes the rest",
            out.display()
        ),
    };
    Failure::new(exit, format!("{name}: {message}"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_is_worse_than_doubt_and_what_was_not_run_is_neither() {
        let codes = [worst(&[0, 3, 1]), worst(&[0, 3]), worst(&[0, 2]), worst(&[2, 2]), worst(&[])];
        assert_eq!(codes, [1, 3, 0, 2, 2]);
    }

    #[test]
    fn several_words_are_a_suite_and_one_is_a_scenario() {
        assert_eq!(words("steady"), None);
        assert_eq!(words("steady, broker-down,").unwrap(), ["steady", "broker-down"]);
        assert!(words("all").unwrap().contains(&"surge".to_owned()));
    }
}
