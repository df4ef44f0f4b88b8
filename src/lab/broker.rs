//! The broker of a cluster: the lab's own, or one that the user brings.

use std::path::{Path, PathBuf};

use super::docker::{self, Container};
use super::error::LabError;
use super::external;
use super::kind::BrokerSite;
use super::managed::Managed;
use super::process::Supervision;
use super::product::Product;
use super::service::Service;
use address::SafeUrl;
use fault::Victim;
use scenario::Pattern;

/// The broker at which the nodes of a cluster meet.
#[derive(Debug)]
pub struct Broker {
    product: Product,
    kind: BrokerOrigin,
    url: String,
    version: String,
}

#[derive(Debug)]
enum BrokerOrigin {
    Process(Box<Managed>),
    Container(Container),
    /// A broker of the user's, which the lab may not break.
    External,
}

impl Broker {
    /// Uses the broker at this URL, once it has answered what nodes with these flags ask.
    pub async fn external(product: Product, url: &str, node_flags: &[String]) -> Result<Self, LabError> {
        let version = external::version(product, url, node_flags).await?;
        Ok(Self { product, kind: BrokerOrigin::External, url: url.to_owned(), version })
    }

    /// Starts a broker for this cluster alone: from this machine's installation if there is one, else with Docker.
    pub async fn start(
        product: Product,
        dir: &Path,
        logs: &Path,
        supervision: &Supervision,
    ) -> Result<Self, LabError> {
        let (kind, port) = match source(product).await? {
            BrokerSource::Program(program) => {
                let managed = product.start(BrokerSite { program: &program, dir, logs, supervision }).await?;
                let port = managed.port();
                (BrokerOrigin::Process(Box::new(managed)), port)
            }
            BrokerSource::Docker => {
                let container = Container::start(product, logs, supervision).await?;
                let port = container.port();
                (BrokerOrigin::Container(container), port)
            }
        };
        let version = product.version_at(port).await.unwrap_or_else(|_| "unknown".into());
        Ok(Self { product, kind, url: product.url(port), version })
    }

    /// Whether there is a broker to be had for nodes with these flags, the user's or one of the lab's own: an error before
    /// anything is started is worth more than an error after half of the bench has run.
    pub async fn check(product: Product, url: Option<&str>, node_flags: &[String]) -> Result<(), LabError> {
        match url {
            Some(url) => external::version(product, url, node_flags).await.map(drop),
            None => source(product).await.map(drop),
        }
    }

    /// The product that this broker is.
    pub fn product(&self) -> Product {
        self.product
    }

    /// Whether the broker is the user's.
    pub fn is_external(&self) -> bool {
        matches!(self.kind, BrokerOrigin::External)
    }

    /// The URL at which the nodes find the broker. It may hold a password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The version of the broker, or `unknown`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The process id of the broker at this moment, if it is a process of the lab's.
    pub fn process_id(&self) -> Option<u32> {
        match &self.kind {
            BrokerOrigin::Process(managed) => Some(managed.process_id()),
            BrokerOrigin::Container(_) | BrokerOrigin::External => None,
        }
    }

    /// The processes of the broker that the lab has started; none if it runs in a container, or is the user's.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Service> {
        let managed = match &self.kind {
            BrokerOrigin::Process(managed) => Some(managed),
            BrokerOrigin::Container(_) | BrokerOrigin::External => None,
        };
        managed.into_iter().flat_map(|managed| managed.services())
    }

    /// What the broker is and where it is, for people.
    pub fn describe(&self) -> String {
        let (product, version) = (self.product, &self.version);
        let on = |port: u16| format!("{product} {version} on port {port}");
        match &self.kind {
            BrokerOrigin::Process(managed) => {
                format!("{}, process {}", on(managed.port()), managed.process_id())
            }
            BrokerOrigin::Container(container) => format!("{}, in Docker", on(container.port())),
            BrokerOrigin::External => {
                format!("{product} {version} at {}, not the lab's", SafeUrl::new(&self.url))
            }
        }
    }

    /// Ends the broker if it is the lab's; otherwise removes what this namespace has left there, and nodes with these
    /// process ids that were killed.
    ///
    /// # Errors
    /// When something is left; the error is a sentence for people.
    pub async fn stop(&self, namespace: &str, nodes: &[i32]) -> Result<(), String> {
        match &self.kind {
            BrokerOrigin::Process(managed) => managed.stop().await,
            BrokerOrigin::Container(container) => container.stop().await,
            BrokerOrigin::External => {
                return external::clean(self.product, &self.url, namespace, nodes).await;
            }
        }
        Ok(())
    }
}

/// Where a broker of the lab's own comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerSource {
    /// The program at this path of this machine.
    Program(PathBuf),
    /// A Docker container.
    Docker,
}

/// Where a broker of the lab's own would come from now.
///
/// # Errors
/// When no broker is to be had; the hint says how to get one.
pub async fn source(product: Product) -> Result<BrokerSource, LabError> {
    let facts = product.facts();
    let found = facts.program.find()?;
    let also_needed = facts.companion.map_or(Ok(()), |companion| (companion.find)().map(drop));
    let incomplete = match (found, also_needed) {
        (Some(program), Ok(())) => return Ok(BrokerSource::Program(program)),
        (Some(_), Err(error)) => Some(error),
        (None, _) => None,
    };
    if docker::is_there().await {
        return Ok(BrokerSource::Docker);
    }
    if let Some(error) = incomplete {
        return Err(error);
    }
    let pattern = product.patterns().map(Pattern::name).collect::<Vec<_>>().join(" or ");
    let program = facts.program.name;
    let message = format!(
        "the pattern {pattern} needs a {product} server, and there is neither `{program}` nor Docker"
    );
    let (install, scheme) = (facts.program.install_line(), product.scheme());
    let hint =
        format!("{install}, or start Docker, or name a running one with `--broker {scheme}://host:port`");
    Err(LabError::environment(message).hint(hint))
}

/// The error of a process fault that would strike the user's broker at this URL.
pub fn not_ours(url: &str) -> LabError {
    LabError::usage(format!(
        "the broker at {} is not the lab's, so the lab cannot break it",
        SafeUrl::new(url)
    ))
    .hint("leave out `--broker`; the fault `run = \"command\"` lets you break your own")
}

/// Hands each wound on to the process or container that the broker is.
macro_rules! wound {
    ($name:ident) => {
        async fn $name(&self) -> Result<(), LabError> {
            match &self.kind {
                BrokerOrigin::Process(managed) => managed.$name().await,
                BrokerOrigin::Container(container) => container.$name().await,
                BrokerOrigin::External => Err(not_ours(&self.url)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        assert!(!not_ours("redis://:s3cret@host").to_string().contains("s3cret"));
    }
}
