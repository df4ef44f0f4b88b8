//! Redis. A managed server runs from this machine's own binary with its own port and directory, and keeps nothing on
//! disk.

mod info;
mod refused;
mod tongue;
mod user;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::error::LabError;
use crate::kind::{BrokerKind, BrokerSite, Facts, Image, Program, VersionBy};
use crate::managed::Managed;
use crate::ports;
use crate::process::Spec;
use crate::refusal::BrokerRefusal;
use crate::service::{Readiness, Service};
pub use info::{RedisInfo, info};

/// How long a Redis may take to be ready; it mostly takes 20 ms.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a Redis may take to end when asked to.
const STOP: Duration = Duration::from_millis(500);
/// Number of ports on which a start is tried; each can be taken between the look and the start.
const TRIES: usize = 5;

/// The `redis-server` of this machine.
pub static PROGRAM: Program = Program {
    name: "redis-server",
    formula: "redis",
    variable: "PUBSUB_LAB_REDIS_SERVER",
    places: &[],
    is_usable: |_| true,
    version: VersionBy::Flag("--version"),
};

static FACTS: Facts = Facts {
    name: "Redis",
    word: "redis",
    schemes: &["redis", "valkey"],
    other_schemes: &["rediss", "valkeys", "unix", "redis+unix", "valkey+unix"],
    port: 6379,
    url_form: "one of Redis reads redis://[user:password@]host[:port][/database], or rediss:// for TLS",
    program: &PROGRAM,
    companion: None,
    image: Image {
        name: "redis:7-alpine",
        port: 6379,
        flags: &[],
        // The official image turns protected mode off by itself, others do not; only loopback leads to the container.
        command: &["redis-server", "--save", "", "--appendonly", "no", "--protected-mode", "no"],
    },
};

/// Redis, as a kind of broker. Its channels are gone when nobody listens to them any more, so there is nothing to
/// clean. The keys of nodes that keep their sessions in it (`--sessions redis`) end by their expiry.
#[derive(Debug)]
pub struct Redis;

impl BrokerKind for Redis {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn start<'a>(&self, site: BrokerSite<'a>) -> BoxFuture<'a, Result<Managed, LabError>> {
        Box::pin(start(site))
    }

    fn version_at(&self, port: u16) -> BoxFuture<'static, io::Result<String>> {
        Box::pin(async move { info(port).await.map(|info| info.version) })
    }

    fn version_of<'a>(
        &self,
        url: &'a str,
        node_flags: &'a [String],
    ) -> BoxFuture<'a, Result<String, BrokerRefusal>> {
        Box::pin(user::version(url, keep_sessions(node_flags)))
    }
}

/// Whether nodes with these flags keep their sessions in Redis. A flag and its value are one word or two.
fn keep_sessions(node_flags: &[String]) -> bool {
    let mut words = node_flags.iter().flat_map(|flag| flag.split('='));
    words.any(|word| word == "--sessions") && words.next().is_some_and(|place| place == "redis")
}

/// Starts a Redis on a free port and waits until it serves.
async fn start(site: BrokerSite<'_>) -> Result<Managed, LabError> {
    let mut last = LabError::environment("no port was free for redis");
    for port in ports::free(TRIES)? {
        let spec = Spec {
            name: "redis".into(),
            program: site.program.to_owned(),
            args: arguments(port, site.dir),
            env: Vec::new(),
            clean: false,
            dir: Some(site.dir.to_owned()),
            log: site.logs.join("redis.log"),
            leaves: false,
        };
        let redis =
            Service::launch(spec, port, Readiness::Asked(is_ours), site.supervision, PATIENCE).await?;
        match redis.ready_within(PATIENCE).await {
            Ok(()) => return Ok(Managed::alone(redis, STOP)),
            Err(error) => {
                redis.stop(Duration::ZERO).await;
                if ports::check(port).is_ok() {
                    return Err(error);
                }
                // Another program took the port in between: the next try chooses another port.
                last = error;
            }
        }
    }
    Err(last)
}

/// Whether the server on this port answers PING and INFO, under the process id of our child.
fn is_ours(port: u16, process: u32) -> BoxFuture<'static, Result<(), String>> {
    Box::pin(async move {
        match info(port).await {
            Ok(info) if info.process == process => Ok(()),
            Ok(_) => Err("another Redis answers on its port".into()),
            Err(error) => Err(format!("PING is not answered ({error})")),
        }
    })
}

fn arguments(port: u16, dir: &Path) -> Vec<OsString> {
    let port = port.to_string();
    let fixed =
        ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"];
    let dir = ["--dir".into(), dir.as_os_str().to_owned()];
    fixed.into_iter().map(OsString::from).chain(dir).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_keep_their_sessions_in_redis_if_a_flag_says_so() {
        let keep =
            |flags: &[&str]| keep_sessions(&flags.iter().map(|flag| (*flag).into()).collect::<Vec<_>>());
        for flags in [&["--sessions=redis"][..], &["--max-rate", "0", "--sessions", "redis"]] {
            assert!(keep(flags), "{flags:?}");
        }
        for flags in [&["--sessions=token"][..], &["--session-lifetime=1h"], &["--sessions"], &[]] {
            assert!(!keep(flags), "{flags:?}");
        }
    }
}
