//! The programs of other people: which are here, where, and how to get the rest.

use std::future::{Future, ready};
use std::path::{Path, PathBuf};
use std::pin::Pin;

use futures_util::future::join_all;
use serde::Serialize;

use super::ask;
use super::optional::OPTIONAL;
use lab::{LabError, docker, epmd, program, rabbitmq, redis};

/// A program of other people.
#[derive(Debug, Serialize)]
pub(super) struct Tool {
    /// Its name.
    pub(super) name: &'static str,
    /// What it is for.
    pub(super) purpose: &'static str,
    /// Whether all patterns run without it.
    pub(super) optional: bool,
    /// Where it is, if it is here.
    pub(super) path: Option<PathBuf>,
    /// Its version, if it says one.
    pub(super) version: Option<String>,
    /// What is wrong with it, or why it is not used.
    pub(super) note: Option<String>,
    /// How to get it, if it is not here.
    pub(super) install: Option<String>,
}

impl Tool {
    pub(super) fn new(name: &'static str, purpose: &'static str, optional: bool) -> Self {
        Self { name, purpose, optional, path: None, version: None, note: None, install: None }
    }
}

type Looking = Pin<Box<dyn Future<Output = Tool>>>;

/// All of them, asked at once.
pub(super) async fn all() -> Vec<Tool> {
    let brokers: [Looking; 4] = [
        Box::pin(redis_server()),
        Box::pin(ready(rabbitmq_server())),
        Box::pin(ready(epmd())),
        Box::pin(docker()),
    ];
    let others = OPTIONAL.iter().map(|wanted| Box::pin(wanted.look()) as Looking);
    join_all(brokers.into_iter().chain(others)).await
}

async fn redis_server() -> Tool {
    let tool = Tool::new("redis-server", "pattern redis", false);
    let mut tool = located(tool, redis::find(), redis::PROGRAM_VARIABLE, ("redis-server", "redis"));
    if let Some(path) = &tool.path {
        tool.version = ask::version(path, &["--version"]).await;
    }
    unanswered(tool)
}

fn rabbitmq_server() -> Tool {
    let tool = Tool::new("rabbitmq-server", "pattern amqp", false);
    let names = ("rabbitmq-server", "rabbitmq");
    let mut tool = located(tool, rabbitmq::find(), rabbitmq::PROGRAM_VARIABLE, names);
    if let Some(path) = &tool.path {
        tool.version = rabbitmq::version(path);
    }
    unanswered(tool)
}

/// Puts down where a server is that the lab looks for, by the lab's own search.
fn located(
    mut tool: Tool,
    found: Result<Option<PathBuf>, LabError>,
    variable: &str,
    (package, formula): (&str, &str),
) -> Tool {
    match found {
        Ok(Some(path)) => tool.path = Some(path),
        Ok(None) => {
            tool.install = Some(program::install_line(package, formula));
            if std::env::var_os(variable).is_some() {
                tool.note = Some(format!("{variable} is empty, which means: use none"));
            }
        }
        Err(error) => {
            tool.note = Some(error.message);
            tool.install = error.hint;
        }
    }
    tool
}

fn unanswered(mut tool: Tool) -> Tool {
    if tool.path.is_some() && tool.version.is_none() {
        tool.note = Some("it does not say its version".into());
    }
    tool
}

/// It has no flag for its version; the directory of its installation is named after that of Erlang's runtime.
fn epmd() -> Tool {
    let mut tool = Tool::new("epmd", "RabbitMQ (Erlang)", false);
    match epmd::find() {
        Ok(path) => {
            tool.version = std::fs::canonicalize(&path).ok().and_then(|path| erlang(&path));
            tool.path = Some(path);
        }
        Err(_) => tool.install = Some(program::install_line("erlang-base", "erlang")),
    }
    tool
}

fn erlang(epmd: &Path) -> Option<String> {
    let mut names = epmd.iter().map(|name| name.to_string_lossy());
    names.find_map(|name| name.strip_prefix("erts-").map(|version| format!("erts {version}")))
}

async fn docker() -> Tool {
    let mut tool = Tool::new("docker", "other brokers", true);
    tool.path = program::find("docker");
    match &tool.path {
        Some(path) => {
            let (version, engine) = tokio::join!(ask::version(path, &["--version"]), docker::engine());
            tool.version = version;
            if engine.is_err() {
                tool.note = Some("its daemon does not answer".into());
            }
        }
        None => tool.install = Some(program::install_line("docker.io", "--cask docker")),
    }
    tool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_erlang_is_in_the_path() {
        let path = Path::new("/usr/lib/erlang/erts-13.1.5/bin/epmd");
        assert_eq!(erlang(path).as_deref(), Some("erts 13.1.5"));
        assert_eq!(erlang(Path::new("/usr/bin/epmd")), None);
    }
}
