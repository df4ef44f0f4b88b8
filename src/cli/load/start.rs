//! The flags that say how agents find each other, and when they begin.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;

use super::wrong;
use crate::failure::Failure;
use lab::{Meeting, Start};

/// Flags that say how agents find each other, and when they begin.
#[derive(Debug, Args)]
pub(super) struct StartArgs {
    /// Begin the measured load at this moment of the machine's clock: seconds since 1970, or as 2026-12-24T18:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with_all = ["barrier", "serve_barrier"])]
    start_at: Option<String>,

    /// Meet the other agents at this barrier, which one of them serves
    #[arg(long, value_name = "HOST:PORT")]
    barrier: Option<String>,

    /// Serve the barrier; with `--barrier` too, agent 1 serves it and the others call it
    #[arg(long, value_name = "IP:PORT")]
    serve_barrier: Option<SocketAddr>,

    /// How long to wait at the barrier for agents that do not come
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    barrier_wait: Duration,

    /// How far the clock of an agent may be off from that of the agent that serves the barrier
    #[arg(long, value_name = "TIME", default_value = "250ms", value_parser = humantime::parse_duration)]
    clock_limit: Duration,
}

impl StartArgs {
    /// How this agent begins.
    pub(super) fn chosen(&self) -> Result<Start, Failure> {
        if let Some(at) = &self.start_at {
            return Ok(Start::At(moment(at)?));
        }
        if self.barrier.is_none() && self.serve_barrier.is_none() {
            return Err(wrong(
                "it is not said when the agents begin",
                "give all of them `--start-at TIME`, or one `--serve-barrier 0.0.0.0:7300` and the others \
                 `--barrier HOST:7300`",
            ));
        }
        let at = self.barrier.as_deref().map(place).transpose()?;
        let (serves, wait, clock_limit) = (self.serve_barrier, self.barrier_wait, self.clock_limit);
        Ok(Start::Barrier(Meeting { serves, at, wait, clock_limit }))
    }
}

/// The host and the port of a barrier, with or without a scheme.
fn place(url: &str) -> Result<String, Failure> {
    let place = url.strip_prefix("tcp://").unwrap_or(url).trim_end_matches('/');
    let port = place.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains('/'));
    match port.and_then(|(_, port)| port.parse::<u16>().ok()) {
        Some(_) => Ok(place.to_owned()),
        None => {
            Err(wrong(format!("--barrier {url}: this is not a host and a port"), "give it as in first:7300"))
        }
    }
}

/// A moment of the wall clock.
fn moment(text: &str) -> Result<SystemTime, Failure> {
    let unix = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match unix {
        Some(unix) => UNIX_EPOCH.checked_add(unix),
        None => humantime::parse_rfc3339_weak(text).ok(),
    }
    .ok_or_else(|| {
        let hint =
            "give seconds since 1970, as `date +%s` prints them, or a time such as 2026-12-24T18:00:00Z";
        wrong(format!("--start-at {text}: this is not a moment"), hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_places() {
        let unix =
            |text: &str| moment(text).map(|at| at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
        assert_eq!(unix("1800000000"), unix("2027-01-15T08:00:00Z"));
        assert!(unix("tomorrow").is_err() && unix("-1").is_err());
        assert_eq!(place("tcp://first:7300/").ok().as_deref(), Some("first:7300"));
        for wrong in ["first", ":1", "http://first:1", "first:x"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
