//! `pubsub-lab node`: one chat node in the foreground, which `run`, `bench` and compose start.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use nix::unistd::gethostname;
use tokio_util::sync::CancellationToken;

use super::bus::BusArgs;
use super::failure::{ENVIRONMENT, Failure};
use super::interrupt::Signals;
use super::limits;
use super::listen::{HostArgs, listen};
use super::output::announce;
use super::policy::NodePolicy;
use super::trace::TraceArgs;
use node::{self, DELIVERY_BUCKETS, DELIVERY_SECONDS, Hooks, Limits, NodeOptions, Publisher, Secret};
use scenario::Pattern;
use trace::{Outlet, Source, Trace};

/// Flags of `pubsub-lab node`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  pubsub-lab node local
  pubsub-lab node redis --listen 127.0.0.1:8080 --broker redis://127.0.0.1:6379
  pubsub-lab node zeromq --listen 127.0.0.1:8081 --sub tcp://127.0.0.1:9001 --peer tcp://127.0.0.1:9000")]
pub struct NodeArgs {
    /// How the nodes reach each other
    #[arg(value_parser = super::pattern::parser())]
    pattern: Pattern,

    /// Address for clients; port 0 picks a free port
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,

    /// Name of this node [default: the pattern and the port; with `--listen 0.0.0.0`, the pattern and the name of this
    /// machine or container]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    #[command(flatten)]
    bus: BusArgs,

    /// Secret that the nodes of one cluster share, so that a session can continue on any of them; best set in the
    /// environment, where `ps` does not show it [default: a random one]
    #[arg(long, value_name = "TEXT", env = "PUBSUB_LAB_SECRET", hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
    secret: Option<String>,

    /// Token with which a server may publish over HTTP (`POST /api/rooms/{room}/messages`); best set in the environment,
    /// where `ps` does not show it [default: nobody may]
    #[arg(long, value_name = "TEXT", env = "PUBSUB_LAB_API_TOKEN", hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
    api_token: Option<String>,

    /// Origin of pages that may connect, besides the node's own (repeatable; `*` allows any)
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    allowed_origins: Vec<String>,

    /// File that says who may come in, read and write, and how much; read again on SIGHUP (see `pubsub-lab policy`)
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    #[command(flatten)]
    hosts: HostArgs,

    #[command(flatten)]
    trace: TraceArgs,

    #[command(flatten)]
    limits: Limits,
}

/// Runs a node until SIGINT or SIGTERM.
pub fn run(args: NodeArgs) -> Result<u8, Failure> {
    super::log::begin();
    let clients = args.limits.max_clients;
    if let Some(allowed) = limits::raise_descriptors(clients as u64) {
        tracing::warn!("{allowed} file descriptors are allowed: too few for {clients} clients");
    }
    super::runtime::start()?.block_on(serve(args))
}

async fn serve(args: NodeArgs) -> Result<u8, Failure> {
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(DELIVERY_SECONDS.into()), &DELIVERY_BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| {
            Failure::new(ENVIRONMENT, format!("cannot collect metrics: {error}"), "report this")
        })?;
    let policy = args.policy.map(NodePolicy::open).transpose()?;
    let hooks = policy.as_ref().map(NodePolicy::hooks).unwrap_or_default();
    let store = args.bus.sessions(args.pattern)?;
    let listener = listen(args.listen)?;
    let callers = args.hosts.callers(&listener, args.allowed_origins);
    let address = listener.local_addr().unwrap_or(args.listen);
    let name = args.name.unwrap_or_else(|| usual_name(args.pattern, address));
    let source = || Source { process: name.clone(), system: args.pattern.name() };
    let outlets = args.trace.open(source)?;
    let bus = args.bus.start(args.pattern, &args.limits).await?;
    let shutdown = CancellationToken::new();
    let mut signals = Signals::new()?;
    if policy.is_some() {
        signals.spare_hangup();
    }
    let signals = signals.cancel(shutdown.clone());
    let read_again = read_again(policy, hooks.clone());
    let options = NodeOptions {
        name,
        pattern: args.pattern.name(),
        limits: args.limits,
        secret: args.secret.as_deref().map_or_else(Secret::random, Secret::new),
        store,
        hooks,
        publisher: args.api_token.as_deref().map(Publisher::new),
        callers,
        metrics: Some(metrics),
        trace: Trace::to(&outlets),
    };
    tracing::info!(node = %options.name, pattern = %args.pattern, %address, "listening");
    // The lab waits for this line.
    announce(format_args!("listening http://{address}"));
    let served = tokio::select! {
        served = node::serve(listener, bus, options, shutdown) => served,
        never = signals => match never {},
        never = read_again => match never {},
    };
    outlets.into_iter().for_each(Outlet::close);
    served.map_err(|error| Failure::new(1, format!("the node failed: {error}"), "see its log"))?;
    tracing::info!("stopped");
    Ok(0)
}

/// The name of a node that was given none. Nodes of one machine differ by their ports. Those that listen on every
/// interface run on several machines, or in several containers, and mostly on the same port.
fn usual_name(pattern: Pattern, address: SocketAddr) -> String {
    let host = gethostname().ok().and_then(|name| name.into_string().ok()).filter(|name| !name.is_empty());
    match host {
        Some(host) if address.ip().is_unspecified() => format!("{pattern}-{host}"),
        _ => format!("{pattern}-{}", address.port()),
    }
}

/// Reads the policy again whenever that is asked for. The future never resolves.
async fn read_again(policy: Option<NodePolicy>, hooks: Hooks) -> Infallible {
    match policy {
        Some(policy) => policy.read_again(hooks).await,
        None => std::future::pending().await,
    }
}
