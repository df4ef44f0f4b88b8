//! RabbitMQ. A managed server runs from this machine's own installation with its own node name, ports, directories and
//! epmd. A RabbitMQ that is installed as a service is neither used nor touched.

mod epmd;
mod greeting;
mod name;
mod rights;
mod setting;
mod user;
mod version;
mod words;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::error::LabError;
use crate::kind::{BrokerKind, BrokerSite, Facts, Image, Program, VersionBy};
use crate::managed::Managed;
use crate::ports;
use crate::process::Spec;
use crate::refusal::BrokerRefusal;
use crate::service::{Readiness, Service};
use fault::Victim;
pub use greeting::{Greeting, amqp_greeting};
use setting::{Ports, environment, write_configuration};

/// How long a RabbitMQ may take to be ready; it takes 5 to 7 s of processor time, and a busy machine has less to give.
const PATIENCE: Duration = Duration::from_secs(60);
/// Number of times that a RabbitMQ is started on other ports; each port can be taken between the look and the start.
const TRIES: usize = 3;

/// The `rabbitmq-server` of this machine: the script that runs the server in the foreground and as whoever calls it.
pub static PROGRAM: Program = Program {
    name: "rabbitmq-server",
    formula: "rabbitmq",
    variable: "PUBSUB_LAB_RABBITMQ_SERVER",
    // The places of Debian, Red Hat and Homebrew.
    places: &[
        "/usr/lib/rabbitmq/bin/rabbitmq-server",
        "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
        "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
    ],
    is_usable: |file| !switches_user(file),
    version: VersionBy::InstallPath(version::version),
};

static FACTS: Facts = Facts {
    name: "RabbitMQ",
    word: "rabbitmq",
    schemes: &["amqp"],
    other_schemes: &["amqps"],
    port: 5672,
    url_form: "one of RabbitMQ reads amqp://[user:password@]host[:port][/vhost]",
    program: &PROGRAM,
    companion: Some(&epmd::COMPANION),
    image: Image {
        name: "rabbitmq:4-alpine",
        port: 5672,
        // The server's data belong to the name of its host, which would be random in a container.
        flags: &["--hostname", "lab"],
        command: &[],
    },
};

/// RabbitMQ, as a kind of broker.
#[derive(Debug)]
pub struct RabbitMq;

impl BrokerKind for RabbitMq {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn start<'a>(&self, site: BrokerSite<'a>) -> BoxFuture<'a, Result<Managed, LabError>> {
        Box::pin(start(site))
    }

    fn version_at(&self, port: u16) -> BoxFuture<'static, io::Result<String>> {
        Box::pin(async move { amqp_greeting(port).await.map(|greeting| greeting.version) })
    }

    fn version_of<'a>(
        &self,
        url: &'a str,
        _node_flags: &'a [String],
    ) -> BoxFuture<'a, Result<String, BrokerRefusal>> {
        Box::pin(user::version(url))
    }

    fn last_words(&self, log: &Path) -> Vec<String> {
        let whole = format!("the whole log is {}", log.display());
        words::why(log).map_or_else(Vec::new, |why| vec![whole, why])
    }

    fn clean<'a>(
        &self,
        url: &'a str,
        namespace: &'a str,
        nodes: &'a [i32],
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { user::clean(url, namespace, nodes).await.map_err(|error| error.to_string()) })
    }
}

/// Whether this is the distribution's wrapper, which runs the server as another user, with the environment of that user
/// and in the directory of the installed service.
fn switches_user(file: &Path) -> bool {
    std::fs::read(file).is_ok_and(|text| String::from_utf8_lossy(&text).contains("su rabbitmq"))
}

/// Starts a RabbitMQ on free ports and waits until it serves.
async fn start(site: BrokerSite<'_>) -> Result<Managed, LabError> {
    let epmd = epmd::find()?;
    let mut last = LabError::environment("no port was free for rabbitmq");
    for _ in 0..TRIES {
        let ports = Ports::free()?;
        let failed = match start_on(ports, site, epmd.clone()).await {
            Ok(rabbitmq) => return Ok(rabbitmq),
            Err(error) => error,
        };
        if ports.all().iter().all(|port| ports::check(*port).is_ok()) {
            return Err(failed);
        }
        // Another program took a port in between: the next try chooses other ports.
        last = failed;
    }
    Err(last)
}

async fn start_on(ports: Ports, site: BrokerSite<'_>, epmd: PathBuf) -> Result<Managed, LabError> {
    let home = site.dir.join(format!("rabbitmq-{}", ports.amqp));
    write_configuration(&home, ports).map_err(|error| {
        LabError::environment(format!("the configuration of RabbitMQ cannot be written: {error}"))
    })?;
    let epmd = epmd::start(epmd, ports.epmd, site.logs.join("epmd.log"), site.supervision).await?;
    let log = site.logs.join("rabbitmq.log");
    let spec = Spec {
        name: "rabbitmq".into(),
        program: site.program.to_owned(),
        args: Vec::new(),
        env: environment(&home, ports, std::env::var_os("PATH").as_deref()),
        clean: true,
        dir: Some(home),
        log: log.clone(),
        leaves: false,
    };
    let started = async {
        let readiness = Readiness::Asked(is_ours);
        let server = Service::launch(spec, ports.amqp, readiness, site.supervision, PATIENCE).await?;
        match server.ready_within(PATIENCE).await {
            Ok(()) => Ok(server),
            Err(error) => {
                server.kill().await?;
                Err(error)
            }
        }
    };
    match started.await {
        Ok(server) => Ok(Managed::with_companion(server, epmd)),
        Err(mut error) => {
            epmd.kill().await?;
            error.log = words::why(&log).into_iter().collect();
            Err(error)
        }
    }
}

/// Whether the server on this port answers the protocol header of AMQP, under the node name that the lab gave it.
fn is_ours(port: u16, _process: u32) -> BoxFuture<'static, Result<(), String>> {
    Box::pin(async move {
        match amqp_greeting(port).await {
            Ok(greeting) if name::is_ours(&greeting, port) => Ok(()),
            Ok(_) => Err("another AMQP server answers on its port".into()),
            Err(error) => Err(format!("the protocol header is not answered ({error})")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrapper_that_switches_the_user_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("rabbitmq-server");
        std::fs::write(&file, "#!/bin/sh\nsu rabbitmq -s /bin/sh -c /usr/lib/x\n").unwrap();
        assert!(switches_user(&file));
        std::fs::write(&file, "#!/bin/sh\n. \"$SCRIPTS_DIR/rabbitmq-env\"\n").unwrap();
        assert!(!switches_user(&file));
    }
}
