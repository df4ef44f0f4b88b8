//! `pubsub-lab report`: prints a report again, compares several, merges them, or makes one grid of them.

mod browse;
mod charts;
mod compare;
mod join;
mod merge;
pub(super) mod overview;
mod places;
mod unprinted;

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::{ENVIRONMENT, Failure, USAGE};
use super::output::{Format, print};
use super::stderr::say;
use unprinted::said;

const AFTER_HELP: &str = "\
Examples:
  pubsub-lab report                              the last run again
  pubsub-lab report runs/latest --format md      for a pull request
  pubsub-lab report --charts pictures            the charts as files
  pubsub-lab report before after                 what changed, and in which direction
  pubsub-lab report before1,before2 after        a side may be several directories
  pubsub-lab report --join part1 part2 --out all one report of the parts that several agents have played
  pubsub-lab report --merge one two --out both   repetitions pooled into one
  pubsub-lab report --overview runs --out grid   all scenarios and patterns in one table

A comparison matches runs by label and parameters; the first side is the baseline. Several runs of a side are \
pooled: their latencies are read off the sum of their histograms, the share on time is that of all their debts, and \
every other figure is the median. `better` and `worse` say which way a figure went, however little; of single runs it \
is said only that they differ.

A `*` marks a difference that is more than noise: by the exact two-sided Mann-Whitney U test over the single runs of \
both sides, chance alone would show such a difference in at most 1 of 100 cases. That takes 5 runs on each side \
(bench --runs 5) that do not overlap; with fewer, nothing is marked. About thirty figures are tested, so now and then \
one is marked by chance. The test knows only the spread within a side: run both sides on an equally busy machine.

Exit code: 0 if the report was printed, whatever it says, 2 if there is no valid report, 4 if something is missing (a \
browser, space on the disk).";

/// Flags of `pubsub-lab report`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct ReportArgs {
    /// Directories of reports [default: runs/latest]; if there are several, they are compared with the first
    #[arg(value_name = "DIR")]
    dirs: Vec<PathBuf>,

    /// What to print on stdout; for several reports: text, json or md
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,

    /// Open report.html in the browser as well
    #[arg(long, conflicts_with = "merge")]
    open: bool,

    /// Write the files beside report.json again
    #[arg(long, conflicts_with = "merge")]
    write: bool,

    /// Write each chart of the page into this directory, as an SVG file for slides
    #[arg(long, value_name = "DIR", conflicts_with = "merge")]
    charts: Option<PathBuf>,

    #[command(flatten)]
    look: charts::Look,

    /// Pool the reports into one: counts are summed, histograms are added exactly
    #[arg(long, requires = "dirs")]
    merge: bool,

    /// Make one grid of the reports: a row for each scenario, a column for each pattern or server. A directory that holds
    /// directories of reports stands for them
    #[arg(long, requires = "dirs", conflicts_with_all = ["merge", "join", "open", "write", "charts"])]
    overview: bool,

    /// Join the parts of one run, which agents of `pubsub-lab load` have written, into one report
    #[arg(long, requires = "dirs", conflicts_with_all = ["merge", "open", "write", "charts"])]
    join: bool,

    /// Directory into which `--join` writes the report, `--merge` merged.json and merged.hlog, and `--overview`
    /// overview.html, .json, .md, .csv and .svg
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Let `--write`, `--charts`, `--join`, `--merge` and `--overview` replace files that are there and may be somebody
    /// else's
    #[arg(long)]
    force: bool,
}

/// Prints the reports; the exit code says only whether that worked.
pub fn run(args: &ReportArgs) -> Result<u8, Failure> {
    if args.join {
        return join::run(&args.dirs, args.format, args.out.as_deref(), args.force);
    }
    if args.out.is_some() && !args.merge && !args.overview {
        let message = "--out is for `--join`, `--merge` and `--overview`";
        return Err(Failure::new(USAGE, message, "give one of them, or leave out `--out`"));
    }
    if args.overview {
        return overview::run(&args.dirs, args.format, args.out.as_deref(), args.force);
    }
    if args.merge {
        join::refuse_parts(&args.dirs)?;
        return merge::run(&args.dirs, args.format, args.out.as_deref(), args.force);
    }
    if args.write {
        for place in places::all(&args.dirs)? {
            let dir = places::directory(&place);
            places::is_of_report(&place, &dir, args.force)?;
            places::read(&place)?.write_derived(&dir).map_err(|error| {
                let message = format!("the files in {} cannot be written: {error}", dir.display());
                Failure::new(ENVIRONMENT, message, "copy report.json to a directory that can be written")
            })?;
            say(format_args!("written anew: the files of {}", place.display()));
        }
    }
    if let Some(charts) = &args.charts {
        charts::write(&places::all(&args.dirs)?, charts, &args.look, args.force)?;
    }
    match &args.dirs[..] {
        [] | [_] => one(args)?,
        several => compare::run(several, args.format)?,
    }
    if args.open {
        for dir in places::all(&args.dirs)? {
            browse::open(&places::directory(&dir))?;
        }
    }
    Ok(0)
}

fn one(args: &ReportArgs) -> Result<(), Failure> {
    let dir = match args.dirs.first() {
        Some(dir) => dir.clone(),
        None => places::latest(Path::new(places::LATEST))?,
    };
    // One word may name several directories, which together are a side of a comparison.
    match &places::side(&dir)[..] {
        [only] => said(print(&places::read(only)?, args.format)),
        _ => compare::run(std::slice::from_ref(&dir), args.format),
    }
}
