//! `pubsub-lab scenarios`: lists what is shipped, shows one of the scenarios verbatim, or judges a file.

use std::fmt::Write as _;

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::output::deliver;
use scenario::{self, InputError, Overrides, Pattern, Scenario, ScenarioFile, Shipped, Variation};

const EXAMPLES: &str = "\
Examples:
  pubsub-lab scenarios
  pubsub-lab scenarios show broker-down > my.toml
  pubsub-lab scenarios check my.toml";

/// Arguments of `pubsub-lab scenarios`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ScenariosArgs {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the shipped scenarios (the default)
    #[command(after_help = "Examples:\n  pubsub-lab scenarios list")]
    List,
    /// Print the file of a shipped scenario, to read it or to start your own from it
    #[command(after_help = "Examples:\n  pubsub-lab scenarios show broker-down > my.toml")]
    Show {
        /// Name of a shipped scenario
        name: String,
    },
    /// Check whether a file is a valid scenario, and say what it does
    #[command(after_help = "Examples:\n  pubsub-lab scenarios check my.toml")]
    Check {
        /// File, or name of a shipped scenario
        file: String,
    },
}

/// Runs the subcommand and gives the exit code. An unknown name or an invalid file is wrong usage.
pub fn run(args: &ScenariosArgs) -> Result<u8, Failure> {
    let text = match &args.action {
        None | Some(Action::List) => list(),
        Some(Action::Show { name }) => Shipped::find(name).map(|shipped| shipped.text),
        Some(Action::Check { file }) => check(file),
    };
    deliver(&text?)?;
    Ok(0)
}

fn list() -> Result<String, InputError> {
    let mut rows = vec![("SCENARIO".to_owned(), "PATTERNS".to_owned(), "WHAT HAPPENS".to_owned())];
    for shipped in Shipped::all() {
        let scenario = Scenario::load(&shipped.name, &Overrides::new())?;
        let runs: Vec<_> = runs(&scenario).collect();
        let left: Vec<_> = Pattern::ALL.into_iter().filter(|pattern| !runs.contains(pattern)).collect();
        let patterns = match left[..] {
            [] => "all".into(),
            [one] => format!("all but {one}"),
            // The table is for a terminal of 80 columns, however many patterns there are.
            _ if runs.len() > 2 => format!("{} of {}", runs.len(), Pattern::ALL.len()),
            _ => names(runs),
        };
        rows.push((shipped.name, patterns, scenario.title));
    }
    let widest = |cell: fn(&(String, String, String)) -> &String| {
        rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0)
    };
    let (first, second) = (widest(|row| &row.0), widest(|row| &row.1));
    let mut text = String::new();
    for (name, patterns, title) in &rows {
        let _ = writeln!(text, "{name:first$}  {patterns:second$}  {title}");
    }
    let _ = writeln!(text, "\nThis version runs {}.", names(Pattern::BUILT));
    let _ = writeln!(text, "Run one: pubsub-lab bench --scenario NAME");
    Ok(text)
}

/// The patterns that this version runs the scenario over.
fn runs(scenario: &Scenario) -> impl Iterator<Item = Pattern> {
    scenario
        .patterns
        .iter()
        .copied()
        .filter(|pattern| pattern.is_built() && scenario.applies_to(*pattern).is_ok())
}

fn names(patterns: impl IntoIterator<Item = Pattern>) -> String {
    patterns.into_iter().map(Pattern::name).collect::<Vec<_>>().join(", ")
}

fn check(file: &str) -> Result<String, InputError> {
    // Every variation of the scenario's matrix is judged.
    let variations = ScenarioFile::find(file)?.variations(&Overrides::new())?;
    let Some(Variation { scenario, .. }) = variations.into_iter().next() else { return Ok(String::new()) };
    let mut text = format!("{file}: valid\n");
    let mut row = |key: &str, value: &str| {
        let _ = writeln!(text, "  {key:<9} {value}");
    };
    row("title", &scenario.title);
    if let Some(watch) = &scenario.watch {
        row("watch", watch);
    }
    for pattern in &scenario.patterns {
        let note = match scenario.applies_to(*pattern) {
            Err(why) => format!("{pattern} (not run: {why})"),
            Ok(()) if !pattern.is_built() => format!("{pattern} (not in this version)"),
            Ok(()) => pattern.to_string(),
        };
        row("pattern", &note);
    }
    row("cluster", &count(scenario.cluster.nodes, "node"));
    row("load", &load(&scenario));
    if scenario.load.transports != [scenario::Transport::Ws] {
        row("transport", &transports(&scenario.load));
    }
    for (field, values) in &scenario.matrix.fields {
        let values = values.iter().map(|value| value.to_string()).collect::<Vec<_>>().join(", ");
        let until = if scenario.matrix.until_violated { " (until an expectation is violated)" } else { "" };
        row("matrix", &format!("{field} = {values}{until}"));
    }
    for fault in &scenario.faults {
        let when = moment(fault);
        let healed = match fault.duration {
            Some(duration) => format!(" for {}", humantime::format_duration(duration)),
            None if matches!(fault.action, scenario::Action::Join | scenario::Action::Storm) => String::new(),
            None => " for good".into(),
        };
        let who = match fault.target {
            scenario::Target::Subscribers(percent) => {
                format!(" ({})", scenario::share_of(percent, scenario.load.subscribers))
            }
            _ => String::new(),
        };
        row("fault", &format!("{fault}{who} {when}{healed}"));
    }
    for expect in &scenario.expect {
        let whose = expect.whose.name().map_or(String::new(), |name| format!(" ({name})"));
        row("expect", &format!("{expect}{whose}"));
    }
    Ok(text)
}

/// How subscribers hear, in the order of the runs: `ws, poll (every 2s)`.
fn transports(load: &scenario::Load) -> String {
    let words = load.transports.iter().map(|transport| match transport {
        scenario::Transport::Poll => format!("poll (every {})", humantime::format_duration(load.poll_every)),
        other => other.to_string(),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn moment(plan: &scenario::FaultPlan) -> String {
    let first = match plan.moment {
        scenario::Moment::At(at) => format!("at {}", humantime::format_duration(at)),
        scenario::Moment::Between(from, to) => {
            format!("between {} and {}", humantime::format_duration(from), humantime::format_duration(to))
        }
    };
    match plan.every {
        Some(every) => format!("{first}, {} times every {}", plan.times, humantime::format_duration(every)),
        None => first,
    }
}

fn load(scenario: &Scenario) -> String {
    let load = &scenario.load;
    format!(
        "{} to {} in {}, {} messages/s of {} bytes for {}",
        count(load.publishers, "publisher"),
        count(load.subscribers, "subscriber"),
        count(load.rooms, "room"),
        load.rate,
        load.payload,
        humantime::format_duration(load.duration),
    )
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
