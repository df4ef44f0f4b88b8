//! The programs of other people: which of them are here, where, and how to get the rest.

use std::borrow::Cow;
use std::future::{Future, ready};
use std::path::PathBuf;
use std::pin::Pin;

use futures_util::future::join_all;
use serde::Serialize;

use super::ask;
use super::optional::OPTIONAL;
use lab::kind::{Companion, Program, VersionBy};
use lab::{Product, docker, program};
use scenario::Pattern;

/// A program of other people.
#[derive(Debug, Serialize)]
pub(super) struct Tool {
    /// The name of the program.
    pub(super) name: &'static str,
    /// The purpose of the program, in words.
    pub(super) purpose: Cow<'static, str>,
    /// Whether all patterns run without it.
    pub(super) optional: bool,
    /// The path of the program, if it is here.
    pub(super) path: Option<PathBuf>,
    /// The version of the program, if it tells one.
    pub(super) version: Option<String>,
    /// A note on what is wrong with the program, or why it is not used.
    pub(super) note: Option<String>,
    /// How to get the program, if it is not here.
    pub(super) install: Option<String>,
}

impl Tool {
    pub(super) fn new(name: &'static str, purpose: impl Into<Cow<'static, str>>, optional: bool) -> Self {
        let purpose = purpose.into();
        Self { name, purpose, optional, path: None, version: None, note: None, install: None }
    }
}

type Looking = Pin<Box<dyn Future<Output = Tool>>>;

/// Every program of other people. All are asked at once.
pub(super) async fn all() -> Vec<Tool> {
    let brokers = Product::ALL.into_iter().flat_map(|product| {
        let companion = product.facts().companion;
        let companion = companion.map(|companion| Box::pin(ready(beside(product, companion))) as Looking);
        std::iter::once(Box::pin(server(product)) as Looking).chain(companion)
    });
    let docker = std::iter::once(Box::pin(docker()) as Looking);
    let others = OPTIONAL.iter().map(|wanted| Box::pin(wanted.look()) as Looking);
    join_all(brokers.chain(docker).chain(others)).await
}

async fn server(product: Product) -> Tool {
    let program = product.facts().program;
    let patterns = product.patterns().map(Pattern::name).collect::<Vec<_>>().join(", ");
    let mut tool = located(Tool::new(program.name, format!("pattern {patterns}"), false), program);
    if let Some(path) = &tool.path {
        tool.version = match program.version {
            VersionBy::Flag(flag) => ask::version(path, &[flag]).await,
            VersionBy::InstallPath(version) => version(path),
        };
    }
    unanswered(tool)
}

/// Completes a tool with the place where a server that the lab looks for is, by the lab's own search.
fn located(mut tool: Tool, program: &Program) -> Tool {
    match program.find() {
        Ok(Some(path)) => tool.path = Some(path),
        Ok(None) => {
            tool.install = Some(program.install_line());
            let variable = program.variable;
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

/// The tool that a server needs beside it.
fn beside(product: Product, companion: &Companion) -> Tool {
    let purpose = format!("{product} ({})", companion.part_of);
    let mut tool = Tool::new(companion.name, purpose, false);
    match (companion.find)() {
        Ok(path) => {
            tool.version = (companion.version)(&path);
            tool.path = Some(path);
        }
        Err(_) => tool.install = Some(program::install_line(companion.package, companion.formula)),
    }
    tool
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
