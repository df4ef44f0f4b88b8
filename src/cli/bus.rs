//! The flags by which a node is told how to reach the others, and the bus that they make.

use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::failure::{ENVIRONMENT, Failure, USAGE};
use bus::amqp::{AmqpBus, AmqpOptions, LiveQueue};
use bus::local::LocalBus;
use bus::redis::{RedisBus, RedisOptions, RedisSessions};
use bus::zeromq::{ZeromqBus, ZeromqOptions};
use bus::{Bus, BusError, SessionStore};
use lab::Product;
use node::Limits;
use scenario::Pattern;

/// Number of envelopes that may wait between a bus and its node.
const BUS_QUEUE: usize = 65_536;

/// How a node reaches the others.
#[derive(Debug, Args)]
pub struct BusArgs {
    /// redis, amqp: URL of the broker [default: redis://127.0.0.1:6379 or amqp://127.0.0.1:5672]
    #[arg(long, value_name = "URL", env = "PUBSUB_LAB_BROKER", hide_env_values = true)]
    broker: Option<String>,

    /// redis, amqp: prefix of every name on the broker, so that clusters on one broker do not hear each other
    #[arg(long, default_value = "pubsub-lab", value_name = "PREFIX")]
    namespace: String,

    /// redis: where a session is kept so that it can continue: in its signed token, or in Redis under
    /// PREFIX:session:ID, as in the classic set-up
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = SessionsArg::Token)]
    sessions: SessionsArg,

    /// zeromq: address at which this node listens to the others [default: tcp://127.0.0.1:9000]. It has no password:
    /// whoever reaches it can read and write every room, so it belongs on a trusted network
    #[arg(long, value_name = "ADDR")]
    sub: Option<String>,

    /// zeromq: address at which another node listens (repeatable, once for each other node)
    #[arg(long = "peer", value_name = "ADDR")]
    peers: Vec<String>,

    /// zeromq: frames that may wait for one peer; any more are dropped and counted
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    hwm: usize,

    /// amqp: URL of the history service, such as http://127.0.0.1:9100; without one, nothing is replayed
    #[arg(long, value_name = "URL", env = "PUBSUB_LAB_HISTORY")]
    history: Option<String>,

    /// amqp: messages that may wait for the broker to confirm them; any more are refused
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    outbox_messages: usize,

    /// amqp: how long a message may wait for the broker to confirm it
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = node::at_most_a_day)]
    outbox_age: Duration,

    /// amqp: the kind of queue that feeds this node
    #[arg(long, value_name = "KIND", value_enum, default_value_t = LiveQueueArg::Durable)]
    live_queue: LiveQueueArg,

    /// amqp: name the node's queue after its process id, for a lab that removes it when the node is killed
    #[arg(long, hide = true)]
    queue_by_process: bool,

    /// amqp: message ids that are remembered, to recognise and drop duplicates
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    dedup_ids: usize,

    /// amqp: how long a message id is remembered
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = node::at_most_a_day)]
    dedup_age: Duration,
}

/// The queue of a node's live feed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LiveQueueArg {
    /// Belongs to the node: it outlives a lost connection and a restart of the broker
    Durable,
    /// Belongs to the connection, and goes with it, as in the textbooks
    Exclusive,
}

/// Where sessions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SessionsArg {
    /// In the token that the client holds, signed with the cluster's secret; for every pattern
    Token,
    /// In Redis, with an expiry; a node's user then needs the rights to GET and SET there
    Redis,
}

impl BusArgs {
    /// Where the sessions of a node of this pattern are kept, if not in their tokens.
    pub fn sessions(&self, pattern: Pattern) -> Result<Option<Arc<dyn SessionStore>>, Failure> {
        match (self.sessions, pattern) {
            (SessionsArg::Token, _) => Ok(None),
            (SessionsArg::Redis, Pattern::Redis) => {
                let store = RedisSessions::start(&self.redis_options()).map_err(not_a_redis)?;
                Ok(Some(Arc::new(store)))
            }
            (SessionsArg::Redis, other) => {
                let why =
                    format!("`--sessions redis` is for the redis pattern, and this node is one of {other}");
                let hint = "leave it out: sessions are then kept in their signed tokens, and continue on every node \
                            with the same secret";
                Err(Failure::new(USAGE, why, hint))
            }
        }
    }

    /// Makes the bus of a pattern, for a node with these limits.
    pub async fn start(&self, pattern: Pattern, limits: &Limits) -> Result<Arc<dyn Bus>, Failure> {
        match pattern {
            Pattern::Local => Ok(Arc::new(LocalBus::new(BUS_QUEUE))),
            Pattern::Redis => self.redis(),
            Pattern::Zeromq => self.zeromq(limits).await,
            Pattern::Amqp => self.amqp(),
        }
    }

    /// The URL of the broker that was given, or of the one that a pattern finds where it usually is.
    fn broker_of(&self, pattern: Pattern) -> String {
        let usual = || Product::of_pattern(pattern).map(Product::usual_url).unwrap_or_default();
        self.broker.clone().unwrap_or_else(usual)
    }

    fn redis_options(&self) -> RedisOptions {
        RedisOptions {
            url: self.broker_of(Pattern::Redis),
            namespace: self.namespace.clone(),
            queue: BUS_QUEUE,
            ..Default::default()
        }
    }

    fn redis(&self) -> Result<Arc<dyn Bus>, Failure> {
        Ok(Arc::new(RedisBus::start(self.redis_options()).map_err(not_a_redis)?))
    }

    async fn zeromq(&self, limits: &Limits) -> Result<Arc<dyn Bus>, Failure> {
        let options = ZeromqOptions {
            sub: self.sub.clone().unwrap_or_else(|| "tcp://127.0.0.1:9000".into()),
            peers: self.peers.clone(),
            hwm: self.hwm,
            queue: BUS_QUEUE,
            longest: limits.longest_envelope(),
        };
        options.check().map_err(|error| {
            let hint = "give addresses like tcp://127.0.0.1:9000, and a `--hwm` of 1 or more";
            Failure::new(USAGE, error.to_string(), hint)
        })?;
        let bus = ZeromqBus::start(options).await.map_err(|error| {
            let hint = "choose another address with `--sub`, or stop what listens there";
            Failure::new(ENVIRONMENT, error.to_string(), hint)
        })?;
        Ok(Arc::new(bus))
    }

    fn amqp(&self) -> Result<Arc<dyn Bus>, Failure> {
        let options = AmqpOptions {
            url: self.broker_of(Pattern::Amqp),
            namespace: self.namespace.clone(),
            history: self.history.clone(),
            queue: BUS_QUEUE,
            outbox: self.outbox_messages,
            outbox_age: self.outbox_age,
            live_queue: match self.live_queue {
                LiveQueueArg::Durable => LiveQueue::Durable,
                LiveQueueArg::Exclusive => LiveQueue::Exclusive,
            },
            queue_name: self.queue_by_process.then(|| std::process::id().to_string()),
            dedup_ids: self.dedup_ids,
            dedup_age: self.dedup_age,
        };
        let bus = AmqpBus::start(options).map_err(|error| {
            Failure::new(USAGE, error.to_string(), "give a URL like amqp://127.0.0.1:5672")
        })?;
        Ok(Arc::new(bus))
    }
}

fn not_a_redis(error: BusError) -> Failure {
    Failure::new(USAGE, error.to_string(), "give a URL like redis://127.0.0.1:6379")
}
