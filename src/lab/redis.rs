//! A managed Redis from this machine's own binary: its own port, its own directory, nothing kept.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::LabError;
use super::ports;
use super::process::{Spec, Supervision};
use super::program;
use super::service::{Readiness, Service};

/// The environment variable that names another binary; empty means: none, use Docker.
pub const PROGRAM_VARIABLE: &str = "PUBSUB_LAB_REDIS_SERVER";
/// How long a Redis may take to be ready; it mostly takes a fiftieth of a second.
const PATIENCE: Duration = Duration::from_secs(15);
/// How many ports are tried; each can be taken between the look and the start.
const TRIES: usize = 5;

/// The `redis-server` of this machine, if it has one.
pub fn find() -> Result<Option<PathBuf>, LabError> {
    program::chosen(PROGRAM_VARIABLE, || program::find("redis-server"))
}

/// Starts it on a free port and waits until it serves.
pub async fn start(
    program: &Path,
    dir: &Path,
    log: &Path,
    supervision: &Supervision,
) -> Result<Service, LabError> {
    let mut last = LabError::environment("no port was free for redis");
    for port in ports::free(TRIES)? {
        let spec = Spec {
            name: "redis".into(),
            program: program.to_owned(),
            args: arguments(port, dir),
            env: Vec::new(),
            clean: false,
            dir: Some(dir.to_owned()),
            log: log.to_owned(),
        };
        let redis = Service::launch(spec, port, Readiness::Redis, supervision, PATIENCE).await?;
        match redis.ready_within(PATIENCE).await {
            Ok(()) => return Ok(redis),
            Err(error) => {
                redis.stop(Duration::ZERO).await;
                if ports::check(port).is_ok() {
                    return Err(error);
                }
                // Somebody took the port in between: another one.
                last = error;
            }
        }
    }
    Err(last)
}

fn arguments(port: u16, dir: &Path) -> Vec<OsString> {
    let port = port.to_string();
    let fixed =
        ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"];
    let dir = ["--dir".into(), dir.as_os_str().to_owned()];
    fixed.into_iter().map(OsString::from).chain(dir).collect()
}
