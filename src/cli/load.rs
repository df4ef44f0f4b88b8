//! `pubsub-lab load`: plays one part of a load that several machines make together, and writes down what was seen.

mod start;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::bench::{OverrideArgs, SubjectArgs};
use super::failure::{Failure, USAGE};
use super::interrupt::Signals;
use super::stderr::say;
use super::verbosity;
use lab::{AgentOptions, LabError, Note, Observer, Played, Stage, play};
use part::Share;
use scenario::ScenarioFile;
use start::StartArgs;

/// Flags of `pubsub-lab load`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pubsub-lab load --share 1/2 --scenario steady --url ws://chat:8080 --serve-barrier 0.0.0.0:7300 --out part1
  pubsub-lab load --share 2/2 --scenario steady --url ws://chat:8080 --barrier first:7300 --out part2
  pubsub-lab load --share 2/4 --scenario steady --url ws://chat:8080 --start-at 2026-12-24T18:00:00Z --out part2
  pubsub-lab load --share job/4 --scenario steady --url ws://chat:8080 --barrier load-0.load:7300 \
--serve-barrier 0.0.0.0:7300 --out /parts/mine

Every agent gets the same scenario, seed and URLs. Publisher p and subscriber s are played by agent p mod N + 1 and \
s mod N + 1. `pubsub-lab report --join part1 part2` makes one report of all parts.

Ctrl-C ends the load at once and keeps what was seen so far. A second Ctrl-C keeps nothing.

Exit code: 0 if the part is whole, 2 for wrong usage or an invalid file, 4 if something is missing (a server, the \
barrier, disk space) or a clock is wrong, 130 if interrupted.")]
pub struct LoadArgs {
    /// Name of a shipped scenario (see `pubsub-lab scenarios`), or a file
    #[arg(long, short, value_name = "NAME|FILE")]
    scenario: String,

    /// Which of N agents this is, counted from 1: `2/4`; `job/4` takes the number from JOB_COMPLETION_INDEX, which an
    /// Indexed Job of Kubernetes sets
    #[arg(long, value_name = "I/N")]
    share: ShareWord,

    /// A node that is under load, such as ws://chat:8080 (repeatable, or separated by commas); all agents name the same ones in the same order
    #[arg(long = "url", value_name = "URL", required = true, value_delimiter = ',')]
    urls: Vec<String>,

    /// Name of the server in tables [default: attached]
    #[arg(long, value_name = "NAME")]
    label: Option<String>,

    /// How to talk to the server: `plain` (a frame is a text), `v1` (pubsub-lab.v1), or a template file
    /// [default: v1 if the server accepts it, else plain]
    #[arg(long, value_name = "plain|v1|FILE")]
    dialect: Option<String>,

    #[command(flatten)]
    start: StartArgs,

    /// Addresses of this machine from which clients connect, in turn, separated by commas: each has some 28,000 ports
    /// for connections to one server
    #[arg(long, value_name = "IP,IP", value_delimiter = ',')]
    bind: Vec<IpAddr>,

    /// Directory of the part; it must not be there yet
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,

    /// Seed of every random choice: all agents have the same
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,

    #[command(flatten)]
    overrides: OverrideArgs,
}

/// Which of how many agents.
#[derive(Debug, Clone, Copy)]
struct ShareWord(Share);

/// The variable by which Kubernetes tells a pod of an Indexed Job which one it is, counted from 0.
const INDEX: &str = "JOB_COMPLETION_INDEX";

impl FromStr for ShareWord {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let form = || "a share is the agent's number and the number of agents, as in 2/4".to_owned();
        let (agent, of) = word.split_once('/').ok_or_else(form)?;
        let of: u32 = of.parse().ok().filter(|of| *of > 0).ok_or_else(form)?;
        let agent = match agent {
            "job" => {
                let index = std::env::var(INDEX).map_err(|_| format!("{INDEX} is not set"))?;
                let index: u32 =
                    index.trim().parse().map_err(|_| format!("{INDEX} is {index:?}, which is no number"))?;
                index.saturating_add(1)
            }
            number => number.parse().map_err(|_| form())?,
        };
        match agent {
            0 => Err("agents count from 1".to_owned()),
            agent if agent > of => Err(format!("there is no agent {agent} of {of}")),
            agent => Ok(Self(Share { agent, of })),
        }
    }
}

impl fmt::Display for ShareWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "agent {} of {}", self.0.agent, self.0.of)
    }
}

/// Plays the part; the exit code is 0 for one that is whole.
pub fn run(args: LoadArgs) -> Result<u8, Failure> {
    let start = args.start.chosen()?;
    let subject = SubjectArgs {
        urls: args.urls.clone(),
        label: args.label.clone(),
        dialect: args.dialect.clone(),
        ..SubjectArgs::default()
    };
    let mut overrides = args.overrides.overrides();
    subject.count_nodes(&mut overrides);
    let by_urls = |error| subject.by_urls(error);
    let file = ScenarioFile::find(&args.scenario)?;
    let scenario = file.scenario(&overrides).map_err(by_urls)?;
    let chosen = subject.choose(&scenario)?;
    let label = chosen.subjects.first().map(|subject| subject.label().to_owned()).unwrap_or_default();
    let clients = (scenario.load.publishers + scenario.load.subscribers) as u64;
    super::limits::raise_descriptors(clients / u64::from(args.share.0.of) + 64);
    let options = AgentOptions {
        scenario,
        name: args.scenario,
        seed: args.seed,
        share: args.share.0,
        label,
        urls: args.urls,
        dialect: chosen.dialect,
        start,
        binds: args.bind,
        out: args.out,
    };
    let runtime = super::runtime::start()?;
    let Played { absent, events, partial } = runtime.block_on(attended(&options, args.share))?;
    for agent in absent {
        say(format_args!("absent: agent {agent} of {} did not come", options.share.of));
    }
    if verbosity::get().shows_notes() {
        let (partial, out) = (if partial { "partial " } else { "" }, options.out.display());
        say(format_args!("{partial}part: {out}, {} events", ledger::grouped(events)));
    }
    Ok(if partial { lab::error::INTERRUPTED } else { 0 })
}

/// Plays under the eyes of the user: the first Ctrl-C ends it with what was seen, the second ends it at once.
async fn attended(options: &AgentOptions, who: ShareWord) -> Result<Played, Failure> {
    let mut signals = Signals::new()?;
    let cancel = CancellationToken::new();
    let told = Told { who, quiet: !verbosity::get().shows_notes() };
    let work = play(options, &told, &cancel);
    tokio::pin!(work);
    loop {
        tokio::select! {
            played = &mut work => return Ok(played?),
            () = signals.next() => {
                if cancel.is_cancelled() {
                    return Err(LabError::interrupted().into());
                }
                say("stopping; Ctrl-C again ends at once");
                cancel.cancel();
            }
        }
    }
}

/// Tells on stderr how the agent gets on.
struct Told {
    who: ShareWord,
    quiet: bool,
}

impl Observer for Told {
    fn note(&self, note: Note<'_>) {
        if self.quiet {
            return;
        }
        let who = self.who;
        match note {
            Note::Phase { name, length: Some(length) } => {
                say(format_args!("{who}: {name}, {} at most", humantime::format_duration(length)));
            }
            Note::Phase { name, length: None } => say(format_args!("{who}: {name}")),
            Note::Fault { stage: Stage::Struck, at, what, .. } => {
                say(format_args!("{who}: {what} at {:.1} s", at.as_secs_f64()));
            }
            Note::Left(what) => say(format_args!("{who}: {what}")),
            _ => {}
        }
    }
}

/// The error of a flag's value.
fn wrong(message: impl Into<String>, hint: &str) -> Failure {
    Failure::new(USAGE, message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        let share = |word: &str| word.parse::<ShareWord>().map(|share| (share.0.agent, share.0.of));
        assert_eq!((share("1/1"), share("2/4")), (Ok((1, 1)), Ok((2, 4))));
        for (word, why) in
            [("5/4", "no agent 5 of 4"), ("0/4", "from 1"), ("2", "2/4"), ("1/0", "2/4"), ("x/2", "2/4")]
        {
            let said = share(word).unwrap_err();
            assert!(said.contains(why), "{word}: {said}");
        }
    }
}
