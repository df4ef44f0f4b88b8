//! `pubsub-lab doctor`: says what is here, what is missing and how to get it, and what this machine can do.
//!
//! Everything is looked up or measured now: by the lab's own search for programs and ports, by asking each program, by
//! sleeping and looking at the clock.

mod ask;
mod clock;
mod fit;
mod optional;
mod patterns;
mod ports;
mod show;
mod tools;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::failure::{ENVIRONMENT, Failure};
use super::limits::Descriptors;
use super::output::deliver;
use clock::Clock;
use fit::Fit;
use patterns::Runnable;
use ports::Ports;
use report::Host;
use tools::Tool;

/// Arguments of `pubsub-lab doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pubsub-lab doctor
  pubsub-lab doctor --format json
  PUBSUB_LAB_REDIS_SERVER= pubsub-lab doctor    as if redis-server were not installed

Exit code: 0 if every pattern can run, 4 if the broker of a pattern is missing.")]
pub struct DoctorArgs {
    /// What to print on stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables for people
    Text,
    /// JSON for programs
    Json,
}

/// The findings of the doctor.
#[derive(Debug, Serialize)]
struct Findings {
    schema: u32,
    version: &'static str,
    host: Host,
    tools: Vec<Tool>,
    patterns: Vec<Runnable>,
    ports: Ports,
    /// The limit on open files; `null` where the system does not tell.
    descriptors: Option<OpenFiles>,
    clock: Clock,
    fit: Fit,
    /// Hints on what to do about what is wrong, the most important first.
    hints: Vec<String>,
}

/// The limit on open files.
#[derive(Debug, Serialize)]
struct OpenFiles {
    soft: u64,
    hard: u64,
    /// The value to which a bench of the usual size raises the soft limit.
    raised_to: u64,
    /// Whether the raised limit is enough for such a bench.
    enough: bool,
    /// The most clients that a bench can have; a client takes three descriptors where a link's proxy is between.
    clients: u64,
}

/// Looks at the machine, prints the findings, and gives the exit code.
pub fn run(args: &DoctorArgs) -> Result<u8, Failure> {
    let (tools, patterns, ports) = super::runtime::start()?.block_on(async {
        tokio::join!(tools::all(), patterns::all(), tokio::task::spawn_blocking(Ports::look))
    });
    let ports = ports.map_err(|error| {
        Failure::new(ENVIRONMENT, format!("the ports cannot be looked at: {error}"), "report this")
    })?;
    // The clock is measured when everything else is over, because that would make timers late.
    let clock = Clock::measure();
    let (host, limits) = (Host::here(), Descriptors::here());
    let fit = Fit::judge(&host, &ports, limits, &clock)?;
    let sockets = 3 * (fit.publishers + fit.subscribers) as u64;
    let descriptors = limits.map(|limits| OpenFiles {
        soft: limits.soft,
        hard: limits.hard,
        raised_to: limits.raised_for(sockets),
        enough: limits.suffice_for(sockets),
        clients: limits.clients() / 3,
    });
    let hints = hints(&patterns, &ports, &fit, descriptors.as_ref(), &clock);
    let version = env!("CARGO_PKG_VERSION");
    let findings =
        Findings { schema: 1, version, host, tools, patterns, ports, descriptors, clock, fit, hints };
    let text = match args.format {
        Format::Text => show::text(&findings),
        Format::Json => serde_json::to_string_pretty(&findings).map(|text| text + "\n").map_err(|error| {
            Failure::new(ENVIRONMENT, format!("cannot write the findings: {error}"), "free some memory")
        })?,
    };
    deliver(&text)?;
    let all_run = findings.patterns.iter().all(|pattern| pattern.runs);
    Ok(if all_run { 0 } else { ENVIRONMENT })
}

fn hints(
    patterns: &[Runnable],
    ports: &Ports,
    fit: &Fit,
    files: Option<&OpenFiles>,
    clock: &Clock,
) -> Vec<String> {
    let mut hints: Vec<String> =
        patterns.iter().filter_map(|it| Some(format!("{}: {}", it.pattern, it.hint.as_ref()?))).collect();
    if let taken @ [_, ..] = &ports.taken()[..] {
        let taken = taken.join(", ");
        hints.push(format!(
            "port {taken} is taken: choose others with `run --port 9000`, or free ones with `--port 0`"
        ));
    }
    if !clock.wall_is_sane {
        hints.push("set the clock; the times of messages and reports are wrong otherwise".into());
    }
    if files.is_some_and(|files| !files.enough) {
        hints.push("allow more open files: `ulimit -n 65536`, as root beyond the hard limit".into());
    } else if !fit.fits {
        hints.push("end what else runs here, or take fewer `--subscribers` or a lower `--rate`".into());
    }
    hints
}
