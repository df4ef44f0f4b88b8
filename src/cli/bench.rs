//! `pubsub-lab bench`: runs a scenario over the patterns and prints what became of every message.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{Args, ValueEnum};
use tokio_util::sync::CancellationToken;

use super::failure::{ENVIRONMENT, Failure, USAGE};
use super::interrupt::Signals;
use super::node_flags::NodeFlags;
use super::progress::Terminal;
use crate::lab::{BenchOptions, LabError, Subject, bench, create};
use crate::report::{self, Report};
use crate::scenario::{Overrides, Pattern, Scenario};

/// Columns of a table that nobody looks at on a terminal.
const WIDTH: usize = 160;

/// Flags of `pubsub-lab bench`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pubsub-lab bench --scenario broker-down
  pubsub-lab bench --scenario steady --pattern redis --rate 500 --duration 10s
  pubsub-lab bench --scenario my.toml --format json

Exit code: 0 every expectation met, 1 one violated, 2 wrong usage or file, 3 inconclusive, 4 something is missing.")]
pub struct BenchArgs {
    /// A shipped scenario's name (see `pubsub-lab scenarios`), or a file
    #[arg(long, short, value_name = "NAME|FILE")]
    scenario: String,

    /// Patterns, separated by commas, or `all` [default: those that the scenario names]
    #[arg(long, short, value_name = "P,P", value_delimiter = ',', conflicts_with = "urls")]
    pattern: Vec<String>,

    /// Measure nodes that already run (repeatable; pubsub-lab.v1), instead of starting some
    #[arg(long = "url", value_name = "ws://HOST:PORT", conflicts_with_all = ["brokers", "nodes", "flags"])]
    urls: Vec<String>,

    /// A broker of yours, instead of one that the lab starts and may kill (once redis://, once amqp://)
    #[arg(long = "broker", value_name = "URL")]
    brokers: Vec<String>,

    /// Directory of the report and the logs [default: runs/<time>-<scenario>]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Reaches every random choice: the same seed, the same schedule and texts
    #[arg(long, default_value_t = 42, value_name = "N")]
    seed: u64,

    /// What goes to stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    node_flags: NodeFlags,

    #[command(flatten)]
    overrides: OverrideArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table and a sentence a pattern
    Text,
    /// The report alone
    Json,
}

/// Flags that stand for a scenario's fields.
#[derive(Debug, Args)]
#[command(next_help_heading = "Instead of the scenario's own values")]
struct OverrideArgs {
    /// Chat servers
    #[arg(long, value_name = "N")]
    nodes: Option<String>,
    /// Clients that publish
    #[arg(long, value_name = "N")]
    publishers: Option<String>,
    /// Clients that listen
    #[arg(long, value_name = "N")]
    subscribers: Option<String>,
    /// Messages a second, all publishers together
    #[arg(long, value_name = "N")]
    rate: Option<String>,
    /// Bytes of text a message
    #[arg(long, value_name = "BYTES")]
    payload: Option<String>,
    /// Rooms that the clients spread over
    #[arg(long, value_name = "N")]
    rooms: Option<String>,
    /// Send unanswered messages again, under the same id
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    resend: Option<String>,
    /// Load before the measurement
    #[arg(long, value_name = "TIME")]
    warm_up: Option<String>,
    /// The measured load
    #[arg(long, value_name = "TIME")]
    duration: Option<String>,
    /// How long late messages are waited for
    #[arg(long, value_name = "TIME")]
    drain: Option<String>,
    /// How long a client waits for a connection
    #[arg(long, value_name = "TIME")]
    connect_timeout: Option<String>,
    /// A client's first pause before it reconnects
    #[arg(long, value_name = "TIME")]
    reconnect_min: Option<String>,
    /// A client's longest pause before it reconnects
    #[arg(long, value_name = "TIME")]
    reconnect_max: Option<String>,
}

impl OverrideArgs {
    fn overrides(&self) -> Overrides {
        let fields = [
            ("nodes", &self.nodes),
            ("publishers", &self.publishers),
            ("subscribers", &self.subscribers),
            ("rate", &self.rate),
            ("payload", &self.payload),
            ("rooms", &self.rooms),
            ("resend", &self.resend),
            ("warm_up", &self.warm_up),
            ("duration", &self.duration),
            ("drain", &self.drain),
            ("connect_timeout", &self.connect_timeout),
            ("reconnect_min", &self.reconnect_min),
            ("reconnect_max", &self.reconnect_max),
        ];
        fields.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))).collect()
    }
}

/// Runs the bench; the exit code is the report's.
pub fn run(mut args: BenchArgs) -> Result<u8, Failure> {
    let node_flags = std::mem::take(&mut args.node_flags).checked(&["--max-rate=0", "--max-clients=1"])?;
    let mut overrides = args.overrides.overrides();
    if !args.urls.is_empty() {
        // One URL, one node: faults and paths are counted by them.
        overrides.insert("nodes", args.urls.len().to_string());
    }
    let scenario = Scenario::load(&args.scenario, &overrides)?;
    let subjects = subjects(&args, &scenario)?;
    super::limits::raise_descriptors((scenario.load.publishers + scenario.load.subscribers) as u64);
    let out = match &args.out {
        Some(out) => out.clone(),
        None => default_directory(Path::new("runs"), &scenario.name),
    };
    create(&out)?;
    let brokers = args.brokers.clone();
    let options = BenchOptions { scenario, subjects, seed: args.seed, brokers, node_flags, out };
    let runtime = super::runtime()?;
    let report = runtime.block_on(attended(&options)).inspect_err(|_| {
        if args.out.is_none() {
            // It goes only if it is empty: the logs of what ran are kept.
            let _ = std::fs::remove_dir(&options.out);
        }
    })?;
    if args.out.is_none() {
        link_latest(&options.out);
    }
    print(&report, args.format).map_err(|error| {
        Failure::new(
            ENVIRONMENT,
            format!("cannot write to stdout: {error}"),
            "the report is on disk all the same",
        )
    })?;
    eprintln!("report: {}", options.out.join("report.json").display());
    Ok(report.exit_code())
}

/// Runs the bench under the eyes of the user: the first Ctrl-C stops it in good order, the second at once.
async fn attended(options: &BenchOptions) -> Result<Report, Failure> {
    let mut signals = Signals::new()?;
    let cancel = CancellationToken::new();
    let terminal = Terminal::new(&options.scenario);
    let work = bench(options, &cancel, &terminal);
    tokio::pin!(work);
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            () = signals.next() => {
                // What is dropped here is killed, and the warden sees to what that forgets.
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

fn subjects(args: &BenchArgs, scenario: &Scenario) -> Result<Vec<Subject>, Failure> {
    if !args.urls.is_empty() {
        return Ok(vec![Subject::Attached(args.urls.clone())]);
    }
    let patterns = if args.pattern.is_empty() {
        scenario.patterns.clone()
    } else if args.pattern.iter().any(|word| word == "all") {
        Pattern::BUILT.to_vec()
    } else {
        let mut patterns = Vec::new();
        for word in &args.pattern {
            let pattern = super::pattern(word).map_err(|why| {
                let hint = "give patterns separated by commas, or `all`";
                Failure::new(USAGE, format!("--pattern {word}: no such pattern; {why}"), hint)
            })?;
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
        patterns
    };
    if patterns.is_empty() {
        let message = format!("the scenario {} names no pattern that this version runs", scenario.name);
        return Err(Failure::new(USAGE, message, "name one with `--pattern local` or `--pattern redis`"));
    }
    Ok(patterns.into_iter().map(Subject::Pattern).collect())
}

fn print(report: &Report, format: Format) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match format {
        Format::Json => write!(stdout, "{}", report.to_json()?),
        Format::Text => {
            let terminal = stdout.is_terminal();
            let width = if terminal { console::Term::stdout().size().1.into() } else { WIDTH };
            writeln!(stdout, "{}\n", report::table(report, width).trim_end())?;
            for sentence in report::sentences(report) {
                // A program that reads them wants a line each.
                writeln!(stdout, "{}", if terminal { wrapped(&sentence, width) } else { sentence })?;
            }
            Ok(())
        }
    }
}

/// A new directory's path, named by the second.
/// The text in lines of at most so many characters, broken between words.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width.max(40) {
            lines.push('\n');
            column = 0;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines
}

fn default_directory(runs: &Path, scenario: &str) -> PathBuf {
    let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let time: String = time.chars().filter(|c| c.is_ascii_digit() || *c == 'T').collect();
    let first = runs.join(format!("{time}-{scenario}"));
    // Another run of this second keeps its report.
    let next = (2_u32..).map(|n| runs.join(format!("{time}-{scenario}-{n}")));
    std::iter::once(first.clone()).chain(next).find(|path| !path.exists()).unwrap_or(first)
}

/// `runs/latest` leads to the newest run.
fn link_latest(out: &Path) {
    let (Some(parent), Some(name)) = (out.parent(), out.file_name()) else { return };
    let link = parent.join("latest");
    // Only ever a link of ours: a directory of that name stays, and the run is found without it.
    if link.is_symlink() {
        let _ = std::fs::remove_file(&link);
    }
    let _ = std::os::unix::fs::symlink(name, &link);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_break_between_words() {
        let text = "aaaa ".repeat(20);
        let lines = wrapped(text.trim_end(), 40);
        assert!(lines.lines().all(|line| line.len() <= 40 && !line.ends_with(' ')), "{lines}");
        assert_eq!(lines.replace('\n', " "), text.trim_end());
    }
}
