//! A managed RabbitMQ from this machine's own installation: its own node name, ports, directories and epmd.
//! What is installed as a service is neither used nor touched.

pub(super) mod name;
mod setting;
mod version;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::epmd;
use super::error::LabError;
use super::ports;
use super::process::{LAST_WORDS, Spec, Supervision};
use super::program;
use super::service::{Readiness, Service};
use fault::Victim;
use setting::{Ports, environment, write_configuration};
pub use version::version;

/// The environment variable that names another start script; empty means: none, use Docker.
pub const PROGRAM_VARIABLE: &str = "PUBSUB_LAB_RABBITMQ_SERVER";
/// How long it may take to be ready; it takes 5 to 7 s of processor time, and a busy machine has less of that.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many times other ports are tried; each can be taken between the look and the start.
const TRIES: usize = 3;
/// The longest line of a log that is shown, in characters.
const WIDTH: usize = 300;
/// Where the script is that runs the server in the foreground and as whoever calls it: Debian, Red Hat, Homebrew.
const SCRIPT_PLACES: [&str; 3] = [
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
];

/// The `rabbitmq-server` of this machine, if it has one that the lab can use.
pub fn find() -> Result<Option<PathBuf>, LabError> {
    program::chosen(PROGRAM_VARIABLE, || {
        let known = SCRIPT_PLACES.iter().map(PathBuf::from).find(|file| program::is_program(file));
        known.or_else(|| program::find("rabbitmq-server").filter(|file| !switches_user(file)))
    })
}

/// Whether this is the distribution's wrapper, which runs the server as another user, with that one's
/// environment and in the directory of the installed service.
fn switches_user(file: &Path) -> bool {
    std::fs::read(file).is_ok_and(|text| String::from_utf8_lossy(&text).contains("su rabbitmq"))
}

/// A RabbitMQ of the lab's, with the epmd that it needs.
#[derive(Debug)]
pub struct RabbitMq {
    server: Service,
    epmd: Service,
}

impl RabbitMq {
    /// Starts it on free ports and waits until it serves.
    pub async fn start(
        program: &Path,
        dir: &Path,
        logs: &Path,
        supervision: &Supervision,
    ) -> Result<Self, LabError> {
        let epmd = epmd::find()?;
        let mut last = LabError::environment("no port was free for rabbitmq");
        for _ in 0..TRIES {
            let ports = Ports::free()?;
            let home = dir.join(format!("rabbitmq-{}", ports.amqp));
            let failed = match Self::on(ports, program, &home, epmd.clone(), logs, supervision).await {
                Ok(rabbitmq) => return Ok(rabbitmq),
                Err(error) => error,
            };
            if ports.all().iter().all(|port| ports::check(*port).is_ok()) {
                return Err(failed);
            }
            // Somebody took one in between: others.
            last = failed;
        }
        Err(last)
    }

    async fn on(
        ports: Ports,
        program: &Path,
        home: &Path,
        epmd: PathBuf,
        logs: &Path,
        supervision: &Supervision,
    ) -> Result<Self, LabError> {
        write_configuration(home, ports).map_err(|error| {
            LabError::environment(format!("the configuration of RabbitMQ cannot be written: {error}"))
        })?;
        let epmd = epmd::start(epmd, ports.epmd, logs.join("epmd.log"), supervision).await?;
        let log = logs.join("rabbitmq.log");
        let spec = Spec {
            name: "rabbitmq".into(),
            program: program.to_owned(),
            args: Vec::new(),
            env: environment(home, ports, std::env::var_os("PATH").as_deref()),
            clean: true,
            dir: Some(home.to_owned()),
            log: log.clone(),
        };
        let started = async {
            let server =
                Service::launch(spec, ports.amqp, Readiness::RabbitMq, supervision, PATIENCE).await?;
            match server.ready_within(PATIENCE).await {
                Ok(()) => Ok(server),
                Err(error) => {
                    server.kill().await?;
                    Err(error)
                }
            }
        };
        match started.await {
            Ok(server) => Ok(Self { server, epmd }),
            Err(mut error) => {
                epmd.kill().await?;
                let causes = first_errors(&log);
                if !causes.is_empty() {
                    error.log = causes;
                }
                Err(error)
            }
        }
    }

    /// Its loopback port, the same for all its life.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Its process id at this moment: that of the Erlang machine.
    pub fn process_id(&self) -> u32 {
        self.server.process_id()
    }

    /// Ends it at once: its data end with it, so there is nothing to put in order.
    pub async fn stop(&self) {
        self.server.stop(Duration::ZERO).await;
        self.epmd.stop(Duration::ZERO).await;
    }
}

impl Victim for RabbitMq {
    type Error = LabError;

    async fn kill(&self) -> Result<(), LabError> {
        self.server.kill().await
    }

    async fn terminate(&self) -> Result<(), LabError> {
        self.server.terminate().await
    }

    async fn freeze(&self) -> Result<(), LabError> {
        self.server.freeze().await
    }

    async fn thaw(&self) -> Result<(), LabError> {
        self.server.thaw().await
    }

    async fn revive(&self) -> Result<(), LabError> {
        // Somebody may have killed this one too, and without it no RabbitMQ starts.
        self.epmd.revive().await?;
        self.epmd.ready().await?;
        self.server.revive().await
    }

    async fn ready(&self) -> Result<(), LabError> {
        self.server.ready().await
    }
}

/// The lines of a failed start that say why: the first errors. After them RabbitMQ goes on for pages, so that the
/// last lines of its log say nothing.
fn first_errors(log: &Path) -> Vec<String> {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    // Time, level, Erlang process, text; a line of a list may have no text.
    let errors = text.lines().filter_map(|line| Some(line.split_once("[error] <")?.1.split_once("> ")?.1));
    let shown = errors.map(|line| line.chars().filter(|c| !c.is_control()).take(WIDTH).collect::<String>());
    shown.filter(|line| !line.trim().is_empty()).take(LAST_WORDS / 2).collect()
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

    #[test]
    fn the_first_errors_say_why() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let line = |text: &str| format!("2026-11-21 09:56:46.8 [error] <0.132.0> {text}\n");
        let head = "2026-11-21 09:56:46.1 [info] <0.1.0> all is well\n".to_owned();
        let pages: String = (0..50).map(|n| line(&format!("  page {n}"))).collect();
        std::fs::write(log.path(), head + &line("port in use") + &line(" ") + &pages).unwrap();
        let shown = first_errors(log.path());
        assert_eq!(shown.len(), 5);
        assert_eq!(shown[..2], ["port in use", "  page 0"]);
    }
}
