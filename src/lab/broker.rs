//! The broker of a cluster: the lab's own, or one that the user brings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use redis::AsyncConnectionConfig;

use super::docker::{self, Container};
use super::error::LabError;
use super::process::Supervision;
use super::program;
use super::redis as managed;
use super::service::Service;
use crate::fault::Victim;

/// How long a user's broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a managed one may take to end when asked to.
const STOP: Duration = Duration::from_millis(500);

/// What the nodes meet at.
#[derive(Debug)]
pub struct Broker {
    kind: Kind,
    url: String,
    version: String,
}

#[derive(Debug)]
enum Kind {
    Process(Box<Service>),
    Container(Container),
    /// Not ours to break.
    External,
}

impl Broker {
    /// Uses the broker at this URL, once it answers.
    pub async fn external(url: &str) -> Result<Self, LabError> {
        let shown = redact(url);
        let wrong = |error: redis::RedisError| {
            LabError::usage(format!("the broker URL {shown} is not one that Redis understands: {error}"))
                .hint("it reads redis://[user:password@]host[:port][/database], or rediss:// for TLS")
        };
        // The redis crate brings none for `rediss://`. Already installed is as good.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = redis::Client::open(url).map_err(wrong)?;
        let talk = async {
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(PATIENCE))
                .set_response_timeout(Some(PATIENCE));
            let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
            redis::cmd("PING").query_async::<()>(&mut connection).await?;
            // A user without the right to ask is no reason to stop.
            let info = redis::cmd("INFO").arg("server").query_async::<String>(&mut connection).await;
            let info = info.unwrap_or_default();
            let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
            Ok::<_, redis::RedisError>(version.unwrap_or("unknown").trim().to_owned())
        };
        let reached = tokio::time::timeout(2 * PATIENCE, talk).await;
        let why = match reached {
            Ok(Ok(version)) => return Ok(Self { kind: Kind::External, url: url.to_owned(), version }),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not answer".to_owned(),
        };
        Err(LabError::environment(format!("the broker at {shown} cannot be used: {why}"))
            .hint("start it, or leave out `--broker` and the lab starts its own"))
    }

    /// Starts a Redis for this cluster alone: from this machine's binary, else with Docker.
    pub async fn redis(dir: &Path, logs: &Path, supervision: &Supervision) -> Result<Self, LabError> {
        let (kind, port, version) = match redis_source().await? {
            Source::Binary(program) => {
                let log = logs.join("redis.log");
                let (redis, version) = managed::start(&program, dir, &log, supervision).await?;
                let port = redis.port();
                (Kind::Process(Box::new(redis)), port, version)
            }
            Source::Docker => {
                let (redis, version) = Container::start(logs, supervision).await?;
                let port = redis.port();
                (Kind::Container(redis), port, version)
            }
        };
        Ok(Self { kind, url: format!("redis://127.0.0.1:{port}"), version })
    }

    /// Whether there is a broker to be had, the user's or one of the lab's own: an error before anything is
    /// started is worth more than one after half of it has run.
    pub async fn check(url: Option<&str>) -> Result<(), LabError> {
        match url {
            Some(url) => Self::external(url).await.map(drop),
            None => redis_source().await.map(drop),
        }
    }

    /// Where the nodes find it. It may hold a password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its version, or `unknown`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it is and where, for people.
    pub fn describe(&self) -> String {
        let version = &self.version;
        match &self.kind {
            Kind::Process(redis) => {
                format!("Redis {version} on port {}, process {}", redis.port(), redis.process_id())
            }
            Kind::Container(redis) => format!("Redis {version} on port {}, in Docker", redis.port()),
            Kind::External => format!("Redis {version} at {}, not the lab's", redact(&self.url)),
        }
    }

    /// Ends it, if it is the lab's.
    pub async fn stop(&self) {
        match &self.kind {
            Kind::Process(redis) => redis.stop(STOP).await,
            Kind::Container(redis) => redis.stop().await,
            Kind::External => {}
        }
    }
}

/// Where a managed Redis comes from.
enum Source {
    Binary(PathBuf),
    Docker,
}

async fn redis_source() -> Result<Source, LabError> {
    if let Some(program) = managed::find()? {
        return Ok(Source::Binary(program));
    }
    if docker::is_there().await {
        return Ok(Source::Docker);
    }
    let message = "the pattern redis needs a Redis server, and there is neither `redis-server` nor Docker";
    let install = program::install_hint("redis-server", "redis");
    let hint = format!("{install}, or name a running one with `--broker redis://host:port`");
    Err(LabError::environment(message).hint(hint))
}

/// The error for a process fault on a broker at this URL.
pub fn not_ours(url: &str) -> LabError {
    LabError::usage(format!("the broker at {} is not the lab's, so the lab cannot break it", redact(url)))
        .hint("leave out `--broker`; a later version's fault `run = \"command\"` lets you break your own")
}

/// Hands each wound to what the broker is.
macro_rules! wound {
    ($name:ident) => {
        async fn $name(&self) -> Result<(), LabError> {
            match &self.kind {
                Kind::Process(redis) => redis.$name().await,
                Kind::Container(redis) => redis.$name().await,
                Kind::External => Err(not_ours(&self.url)),
            }
        }
    };
}

impl Victim for Broker {
    type Error = LabError;
    wound!(kill);
    wound!(terminate);
    wound!(freeze);
    wound!(thaw);
    wound!(revive);
    wound!(ready);
}

/// A URL without user, password and parameters, for one of those may be a password too.
pub fn redact(url: &str) -> String {
    let shown = match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        (_, None) => url.to_owned(),
    };
    match shown.split_once('?') {
        Some((path, _)) => format!("{path}?***"),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(redact("redis://me:s3cret@host:6379/2"), "redis://host:6379/2");
        assert_eq!(redact("rediss://:s3@cr/et@host"), "rediss://host");
        assert_eq!(redact("me:s3cret@host"), "host");
        assert_eq!(redact("redis://host:6379"), "redis://host:6379");
        assert_eq!(redact("unix:///run/redis?db=1&pass=s3cret"), "unix:///run/redis?***");
        assert!(!not_ours("redis://:s3cret@host").to_string().contains("s3cret"));
    }

    #[tokio::test]
    async fn a_broker_that_is_not_there_is_named_without_its_password() {
        let port = crate::lab::ports::free(1).unwrap()[0];
        let error = Broker::external(&format!("redis://:s3cret@127.0.0.1:{port}")).await.unwrap_err();
        assert_eq!(error.exit, 4);
        assert!(error.message.contains(&format!("redis://127.0.0.1:{port} cannot be used")), "{error}");
        assert!(!error.to_string().contains("s3cret"));
    }

    #[tokio::test]
    async fn a_url_that_is_none_is_wrong_usage() {
        let error = Broker::external("http://me:s3cret@host").await.unwrap_err();
        assert_eq!(error.exit, 2);
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
