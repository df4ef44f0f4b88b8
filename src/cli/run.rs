//! `pubsub-lab run`: a cluster on this machine, until Ctrl-C.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use super::broker_variable;
use super::failure::{ENVIRONMENT, Failure};
use super::interrupt::Signals;
use super::node_flags::NodeFlags;
use super::output::announce;
use super::stderr::say;
use super::verbosity;
use lab::error::INTERRUPTED;
use lab::logging::VARIABLE;
use lab::{Cluster, ClusterOptions, Events, LabError, LabEvent, Product, Progress};
use scenario::{Held, Pattern};

/// How long a start is silent, and how often it says what it waits for after that.
const PATIENCE: Duration = Duration::from_secs(2);

/// Flags of `pubsub-lab run`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pubsub-lab run redis --nodes 3
  pubsub-lab run zeromq --nodes 2 --port 0
  pubsub-lab run amqp --broker amqp://guest:guest@127.0.0.1:5672
  pubsub-lab run local -v")]
pub struct RunArgs {
    /// How the nodes reach each other
    #[arg(value_parser = super::pattern::parser())]
    pattern: Pattern,
    /// Number of nodes
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=200))]
    nodes: u16,
    /// Port of the first node; the others follow. 0 picks free ports
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    port: u16,
    /// URL of your own broker; without one, the lab starts a broker [env: PUBSUB_LAB_BROKER]
    #[arg(long, value_name = "URL")]
    broker: Option<String>,
    #[command(flatten)]
    node_flags: NodeFlags,
}

/// Starts the cluster, says where it is, and stops it on Ctrl-C. Gives the exit code.
pub fn run(args: RunArgs) -> Result<u8, Failure> {
    super::runtime::start()?.block_on(serve(args))
}

async fn serve(args: RunArgs) -> Result<u8, Failure> {
    let pattern = args.pattern;
    let nodes = usize::from(args.nodes);
    let broker = match (args.broker, Product::of_pattern(pattern)) {
        (None, Some(product)) => broker_variable::brokers(&[product])?.pop(),
        (given, _) => given,
    };
    let options = ClusterOptions {
        nodes,
        port: args.port,
        broker,
        node_flags: args.node_flags.checked(&[], &[pattern])?,
        ..ClusterOptions::new(pattern)?
    };
    let mut signals = Signals::new()?;

    let Some(mut cluster) = start(&options, &mut signals).await? else {
        return Ok(0);
    };
    let processes: Vec<_> =
        cluster.process_ids().iter().map(|(name, id)| format!("{name} is {id}")).collect();
    tell(format_args!("processes, to kill one and watch: {}", processes.join(", ")));
    tell(format_args!("logs in {} until the end", cluster.directory().display()));
    if verbosity::get().shows_more() {
        tell(format_args!("nodes and history log {}", logged()));
    }
    if !pattern.crosses_nodes() && nodes > 1 {
        tell(format_args!(
            "{pattern} nodes do not hear each other: who writes on one is read on that one only"
        ));
    }
    tell("open a node in two browser windows; Ctrl-C stops everything");

    let outcome = match cluster.take_events() {
        Some(mut events) => watch(&mut events, &mut signals, pattern).await,
        None => 0,
    };
    tell("stopping; Ctrl-C again ends at once");
    tokio::select! {
        left = cluster.stop() => {
            if let Some(left) = left {
                tell(format_args!("note: {left}"));
            }
            Ok(outcome)
        }
        // Dropping the cluster kills everything, and the warden sees to what that forgets.
        () = signals.next() => Ok(INTERRUPTED),
    }
}

/// Starts the cluster. `None` if it was interrupted, and then nothing is left.
async fn start(options: &ClusterOptions, signals: &mut Signals) -> Result<Option<Cluster>, LabError> {
    let cancel = CancellationToken::new();
    let waiting = Mutex::new(String::new());
    let progress = |progress| match progress {
        Progress::Waiting(what) => *waiting.lock().unwrap_or_else(PoisonError::into_inner) = what,
        Progress::Broker(what) => tell(what),
        Progress::History(url) => announce(format_args!("history  {url}")),
        Progress::Node { index, url } => announce(format_args!("node {index}  {url}")),
    };
    let begun = Instant::now();
    let mut silence = interval_at(begun + PATIENCE, PATIENCE);
    let starting = Cluster::start(options, &cancel, &progress);
    tokio::pin!(starting);
    loop {
        tokio::select! {
            started = &mut starting => return match started {
                Err(_) if cancel.is_cancelled() => Ok(None),
                started => started.map(Some),
            },
            () = signals.next() => cancel.cancel(),
            _ = silence.tick() => {
                let what = waiting.lock().unwrap_or_else(PoisonError::into_inner).clone();
                tell(format_args!("waiting for {what} ({} s)", begun.elapsed().as_secs()));
            }
        }
    }
}

/// Reports what happens until the end is asked for, or the warden dies. Gives the exit code.
async fn watch(events: &mut Events, signals: &mut Signals, pattern: Pattern) -> u8 {
    loop {
        let event = tokio::select! {
            () = signals.next() => return 0,
            event = events.next() => event,
        };
        match event {
            LabEvent::Died(death) => {
                say(format_args!("{death}{}", if death.log.is_empty() { "" } else { "; its last words:" }));
                for line in &death.log {
                    say(format_args!("  | {line}"));
                }
                tell(who_goes_on(&death.name, pattern));
            }
            LabEvent::WardenDied => {
                say("error: the warden died, so everything was stopped: nothing may run without it");
                say("hint: do not kill the process `pubsub-lab warden`; it ends by itself");
                return ENVIRONMENT;
            }
        }
    }
}

/// The sentence on what the death of one process means for the others.
fn who_goes_on(died: &str, pattern: Pattern) -> String {
    let broker = Product::of_pattern(pattern);
    let companion = broker.and_then(|broker| broker.facts().companion);
    match broker {
        _ if died == "history" => {
            "the chat goes on without history: nobody is told what they missed".to_owned()
        }
        Some(broker) if companion.is_some_and(|companion| companion.name == died) => {
            format!("{broker} goes on without it")
        }
        Some(broker) if broker.word() == died => {
            let nodes = if pattern.has_history() { "the nodes and the history" } else { "the nodes" };
            let meanwhile = match pattern.held() {
                Held::InQueues => "; what is said now waits for it for a while",
                _ => "",
            };
            format!("{nodes} keep running, without their broker{meanwhile}")
        }
        _ => {
            let others = match (pattern.has_history(), pattern.has_broker()) {
                (true, true) => "the other nodes, the history and the broker",
                (true, false) => "the other nodes and the history",
                (false, true) => "the other nodes and the broker",
                (false, false) => "the other nodes",
            };
            format!("{others} keep running")
        }
    }
}

/// The filter for what the services write into their logs.
fn logged() -> String {
    std::env::var(VARIABLE).unwrap_or_else(|_| verbosity::get().log_filter().into())
}

/// Says what a user should know beside the results, unless the user wants to know nothing.
fn tell(line: impl Display) {
    if verbosity::get().shows_notes() {
        say(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_left_is_told_of_everybody_who_may_die() {
        for (died, pattern, said) in [
            ("history", Pattern::Amqp, "the chat goes on without history: nobody is told what they missed"),
            ("epmd", Pattern::Amqp, "RabbitMQ goes on without it"),
            (
                "rabbitmq",
                Pattern::Amqp,
                "the nodes and the history keep running, without their broker; what is said now waits for it for a \
                 while",
            ),
            ("redis", Pattern::Redis, "the nodes keep running, without their broker"),
            ("node 0", Pattern::Amqp, "the other nodes, the history and the broker keep running"),
            ("node 0", Pattern::Redis, "the other nodes and the broker keep running"),
            ("node 0", Pattern::Zeromq, "the other nodes keep running"),
            ("node 0", Pattern::Local, "the other nodes keep running"),
        ] {
            assert_eq!(who_goes_on(died, pattern), said, "{died} {pattern}");
        }
    }
}
