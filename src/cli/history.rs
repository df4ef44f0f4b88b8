//! `pubsub-lab history`: the history service in the foreground, which `run`, `bench` and compose start.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio_util::sync::CancellationToken;

use super::failure::{ENVIRONMENT, Failure, USAGE};
use super::listen::{HostArgs, listen};
use super::output::announce;
use super::trace::TraceArgs;
use super::{interrupt, limits};
use history::{History, HistoryError, HistoryOptions, Keep};
use scenario::Pattern;
use trace::{Outlet, Source, Trace};

/// The URL of the broker of a service that is given none.
const DEFAULT_BROKER: &str = "amqp://127.0.0.1:5672";
/// Number of nodes and people that may ask at once.
const CLIENTS: u64 = 1_024;

/// Flags of `pubsub-lab history`.
#[derive(Debug, Args)]
#[command(
    after_help = "The history takes every chat message from the durable queue PREFIX.history, stores it in an SQLite file, and only \
        then acknowledges it: it may be killed at any moment, and still loses nothing and stores nothing twice. Nodes \
        that know its address (--history) replay from it what their clients missed; people can read \
        /rooms/ROOM/messages.\n\n\
        Examples:\n  pubsub-lab history --db history.db\n  \
        pubsub-lab history --db history.db --broker amqp://127.0.0.1:5672 --keep 7d --keep 1000000"
)]
pub struct HistoryArgs {
    /// URL of the broker [default: amqp://127.0.0.1:5672]
    #[arg(long, value_name = "URL", env = "PUBSUB_LAB_BROKER", hide_env_values = true)]
    broker: Option<String>,

    /// Address of the HTTP API; port 0 picks a free port
    #[arg(long, default_value = "127.0.0.1:9100", value_name = "ADDR")]
    listen: SocketAddr,

    /// SQLite file; it and its directory are created if they do not exist
    #[arg(long, value_name = "FILE")]
    db: PathBuf,

    /// Prefix of every name on the broker; the nodes need the same
    #[arg(long, default_value = "pubsub-lab", value_name = "PREFIX")]
    namespace: String,

    /// How much to keep: a number of messages (1000000) or an age (7d). The oldest messages beyond that are deleted.
    /// If both are given, both bounds hold; an age alone sets no bound on the number
    #[arg(long, value_name = "BOUND", default_value = "1000000")]
    keep: Vec<Keep>,

    #[command(flatten)]
    hosts: HostArgs,

    #[command(flatten)]
    trace: TraceArgs,
}

/// Runs the service until SIGINT or SIGTERM.
pub fn run(args: HistoryArgs) -> Result<u8, Failure> {
    super::log::begin();
    if let Some(allowed) = limits::raise_descriptors(CLIENTS) {
        tracing::warn!("{allowed} file descriptors are allowed: too few for {CLIENTS} clients");
    }
    let runtime = super::runtime::start()?;
    let ended = runtime.block_on(serve(args));
    // A thread that hangs in a file system must not hold up the end.
    runtime.shutdown_background();
    ended
}

async fn serve(args: HistoryArgs) -> Result<u8, Failure> {
    let shutdown = CancellationToken::new();
    let signals = interrupt::cancel_on_signal(shutdown.clone())?;
    let metrics = PrometheusBuilder::new().install_recorder().map_err(|error| {
        Failure::new(ENVIRONMENT, format!("cannot collect metrics: {error}"), "report this")
    })?;
    let listener = listen(args.listen)?;
    let callers = args.hosts.callers(&listener, Vec::new());
    let address = listener.local_addr().unwrap_or(args.listen);
    let source = || Source { process: format!("history-{}", address.port()), system: Pattern::Amqp.name() };
    let outlets = args.trace.open(source)?;
    let options = HistoryOptions {
        url: args.broker.unwrap_or_else(|| DEFAULT_BROKER.into()),
        namespace: args.namespace,
        db: args.db,
        keep: args.keep,
        callers,
        metrics: Some(metrics),
        trace: Trace::to(&outlets),
    };
    let history = History::open(options).await.map_err(failure)?;
    tracing::info!(%address, "listening");
    // The lab waits for this line.
    announce(format_args!("listening http://{address}"));
    let served = tokio::select! {
        served = history.serve(listener, shutdown) => served,
        never = signals => match never {},
    };
    outlets.into_iter().for_each(Outlet::close);
    served.map_err(failure)?;
    tracing::info!("stopped");
    Ok(0)
}

fn failure(error: HistoryError) -> Failure {
    let (exit, hint) = match error {
        HistoryError::Broker(_) => (USAGE, "give a URL like amqp://127.0.0.1:5672"),
        HistoryError::Namespace(_) => {
            (USAGE, "give the `--namespace` that the nodes have: 1 to 200 bytes, such as pubsub-lab")
        }
        HistoryError::File(_) => (USAGE, "name another file with `--db`; one that is not there is made"),
        HistoryError::Writer => (1, "see its log"),
    };
    Failure::new(exit, error.to_string(), hint)
}
