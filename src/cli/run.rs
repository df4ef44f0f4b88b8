//! `pubsub-lab run`: a cluster on this machine, until Ctrl-C. On a terminal it takes orders at a prompt.
//!
//! | file | what it is |
//! |---|---|
//! | `prompt`, `completion` | the line at which somebody orders, on a terminal |
//! | `order` | what is ordered |
//! | `console` | who carries it out |
//! | `words`, `help` | what is said |
//! | `network` | a cluster that others in the network may join |

mod completion;
mod console;
mod help;
mod network;
mod order;
mod prompt;
mod words;

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use super::broker_variable;
use super::failure::{ENVIRONMENT, Failure};
use super::interrupt::{Asked, Signals};
use super::node_flags::NodeFlags;
use super::output::{announce, wrapped};
use super::stderr::say;
use super::verbosity;
use completion::Vocabulary;
use console::{Answer, Console};
use lab::error::INTERRUPTED;
use lab::logging::VARIABLE;
use lab::{Cluster, ClusterOptions, Events, LabError, LabEvent, Product, Progress, Standing};
use prompt::{Entered, Prompt};
use scenario::Pattern;
use words::who_goes_on;

/// How long a start is silent, and how often it says what it waits for after that.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most links between nodes that have a proxy each: more would take more ports than there are.
const LINKS: usize = 400;

/// Flags of `pubsub-lab run`.
#[derive(Debug, Args)]
#[command(
    after_help = "On a terminal, `run` takes orders: `kill broker`, `start broker`, `pause node 1`, `cont node 1`,
`cut node 1 <-> broker`, `heal`, `status`, `quit`; `help` lists them all. Every link between the
processes passes through a proxy then, which makes it a little slower. With `< /dev/null` it
takes no orders, and has no proxies.

Examples:
  pubsub-lab run redis --nodes 3
  pubsub-lab run redis --listen 0.0.0.0
  pubsub-lab run zeromq --nodes 2 --port 0
  pubsub-lab run amqp --broker amqp://guest:guest@127.0.0.1:5672
  pubsub-lab run local -v"
)]
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
    /// Address on which the nodes listen, such as 0.0.0.0 for every address of this machine, so that phones can join:
    /// whoever is in the network can then read and write, without encryption
    #[arg(long, value_name = "ADDR", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_parser = network::listen_address)]
    listen: IpAddr,
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
    let listen = args.listen;
    let mut node_flags = args.node_flags.checked(&[], &[pattern])?;
    if !listen.is_loopback() {
        node_flags.extend(network::node_flags());
    }
    let takes_orders = prompt::somebody_sits_here();
    let options = ClusterOptions {
        nodes,
        port: args.port,
        broker,
        node_flags,
        listen,
        every_link: takes_orders && (!pattern.links_nodes() || nodes * (nodes - 1) <= LINKS),
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
    if !listen.is_loopback() {
        tell_the_network(&cluster, listen, pattern);
    }
    let prompt = if takes_orders { Prompt::open(Vocabulary::new(pattern, nodes)) } else { None };
    tell("open a node in two browser windows; Ctrl-C stops everything");
    if prompt.is_some() {
        let strikable = pattern.has_broker() && options.broker.is_none();
        let example = if strikable { "kill broker" } else { "kill node 0" };
        tell(format_args!("break something: `{example}`, say; `help` lists what can be said here"));
    }

    let outcome = match cluster.take_events() {
        Some(events) => attend(&cluster, pattern, prompt, events, &mut signals).await,
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

/// Says where others in the network find the nodes, and what that means.
fn tell_the_network(cluster: &Cluster, listen: IpAddr, pattern: Pattern) {
    let addresses = network::addresses(listen);
    for address in &addresses {
        let urls: Vec<String> = cluster.node_urls_at(*address).collect();
        announce(format_args!("phone  {}", urls.join("  ")));
    }
    if addresses.is_empty() {
        tell("this machine has no address in a network, so nobody else can join");
    }
    tell(network::meaning(pattern));
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

/// Takes orders and reports what happens until the end is asked for, or the warden dies. Gives the exit code.
async fn attend(
    cluster: &Cluster,
    pattern: Pattern,
    mut prompt: Option<Prompt>,
    mut events: Events,
    signals: &mut Signals,
) -> u8 {
    let mut console = Console { cluster, pattern, standing: Standing::default() };
    let outcome = loop {
        let line = tokio::select! {
            biased;
            entered = entered(&mut prompt) => entered,
            () = signals.next() => break 0,
            event = events.next() => match report(&event, pattern, prompt.as_ref()) {
                Some(end) => break end,
                None => continue,
            },
        };
        let Entered::Line(line) = line else { break 0 };
        let impatience = console.standing.begin();
        let obeying = console.obey(&line);
        tokio::pin!(obeying);
        let begun = Instant::now();
        let mut silence = interval_at(begun + PATIENCE, PATIENCE);
        let answer = loop {
            tokio::select! {
                answer = &mut obeying => break Ok(answer),
                _ = silence.tick() => {
                    let (order, seconds) = (line.trim(), begun.elapsed().as_secs());
                    tell(format_args!("waiting for `{order}` ({seconds} s); Ctrl-C stops the waiting"));
                }
                // Somebody is tired of waiting, and not of the class.
                asked = signals.asked() => match asked {
                    Asked::Interrupt if !impatience.is_cancelled() => {
                        impatience.cancel();
                        tell("\nnot waiting any longer; Ctrl-C again ends everything");
                    }
                    _ => break Err(0),
                },
                event = events.next() => if let Some(end) = report(&event, pattern, prompt.as_ref()) {
                    break Err(end);
                },
            }
        };
        match answer {
            Ok(Answer::Said(said)) if said.is_empty() => {}
            Ok(Answer::Said(said)) => say(fitting(&said)),
            Ok(Answer::Quit) => break 0,
            Err(end) => break end,
        }
    };
    if let Some(prompt) = prompt {
        prompt.close();
    }
    outcome
}

/// The lines of an answer, broken between words where the terminal ends. A row of a table stays as it is.
fn fitting(said: &str) -> String {
    let columns = help::columns();
    let line = |line: &str| match line.starts_with("  ") {
        true => line.to_owned(),
        false => wrapped(line, columns),
    };
    said.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What somebody does at the prompt; waits for ever where there is none.
async fn entered(prompt: &mut Option<Prompt>) -> Entered {
    match prompt {
        Some(prompt) => prompt.next().await,
        None => std::future::pending().await,
    }
}

/// Reports an event. Gives the exit code if it is the end.
fn report(event: &LabEvent, pattern: Pattern, prompt: Option<&Prompt>) -> Option<u8> {
    let say = |text: &str| match prompt {
        Some(prompt) => prompt.say(text),
        None => say(text),
    };
    match event {
        LabEvent::Died(death) => {
            let mut text = format!("{death}{}", if death.log.is_empty() { "" } else { "; its last words:" });
            text.extend(death.log.iter().map(|line| format!("\n  | {line}")));
            if verbosity::get().shows_notes() {
                text += &format!("\n{}", who_goes_on(&death.name, pattern));
            }
            say(&text);
            None
        }
        LabEvent::WardenDied => {
            say("error: the warden died, so everything was stopped: nothing may run without it\n\
                 hint: do not kill the process `pubsub-lab warden`; it ends by itself");
            Some(ENVIRONMENT)
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
