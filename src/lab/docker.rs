//! A managed broker in a Docker container, for a machine without its server.
//!
//! `make test-compose` tests it with an engine; the tests here see the command lines alone.

pub(super) mod removal;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::error::LabError;
use super::kind::Image;
use super::ports::{self, KeptPort};
use super::process::{Death, LAST_WORDS, Process, Spec, Supervision};
use super::product::Product;
use fault::Victim;
use removal::remove;

/// How long one `docker` command may take before the lab gives it up.
const COMMAND: Duration = Duration::from_secs(20);
/// How long the first start of a container may take: Docker may have to fetch the image.
const FETCH: Duration = Duration::from_secs(180);
/// How long the Docker engine may take to answer whether it runs.
const ENGINE: Duration = Duration::from_secs(3);
/// How long a broker in a container may take to be ready; RabbitMQ has to boot.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the lab asks a container whether its broker is ready.
const POLL: Duration = Duration::from_millis(10);

fn run(image: &Image, name: &str, port: u16) -> Vec<String> {
    let publish = format!("127.0.0.1:{port}:{}", image.port);
    let docker = ["run", "--detach", "--name", name, "--publish", &publish];
    [&docker, image.flags, &[image.name], image.command].concat().into_iter().map(str::to_owned).collect()
}

/// Whether a Docker engine runs.
pub async fn is_there() -> bool {
    engine().await.is_ok()
}

/// The version of the Docker engine that runs.
///
/// # Errors
/// When no engine answers.
pub async fn engine() -> Result<String, LabError> {
    let output = docker(&["version", "--format", "{{.Server.Version}}"], ENGINE).await?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A broker in a container.
#[derive(Debug)]
pub struct Container {
    product: Product,
    name: String,
    port: u16,
    /// Keeps the port from being given to anybody else while the container is down.
    _kept: KeptPort,
    dir: PathBuf,
    supervision: Supervision,
    /// Whether somebody asked the process that runs now to end. Each start makes a new flag.
    asked: Mutex<Arc<AtomicBool>>,
}

impl Container {
    /// Starts the container and waits until its broker serves. The output of `docker` goes into a log in `dir`.
    pub async fn start(product: Product, dir: &Path, supervision: &Supervision) -> Result<Self, LabError> {
        let image = &product.facts().image;
        let name = format!("pubsub-lab-{:08x}", rand::random::<u32>());
        let Some(port) = ports::free(1)?.pop() else {
            return Err(LabError::environment("no port was free for a container"));
        };
        // The container is registered before it is made, so that the warden removes it whatever happens.
        let registered = supervision.warden.container(&name);
        registered.map_err(|error| LabError::environment(format!("the warden is gone: {error}")))?;
        let container = Self {
            product,
            name,
            port,
            _kept: KeptPort::new(port),
            dir: dir.to_owned(),
            supervision: supervision.clone(),
            asked: Mutex::default(),
        };
        let (run, _) = container.supervised(run(image, &container.name, port))?;
        let status = tokio::time::timeout(FETCH, run.ended()).await;
        let called = format!("`docker run {}`", image.name);
        let status = status.map_err(|_| LabError::environment(format!("{called} took too long")))?;
        if !status.success() {
            let message = format!("{called} failed");
            return Err(LabError::environment(message).log(run.last_words()));
        }
        container.ready().await?;
        container.watch_over()?;
        Ok(container)
    }

    /// The loopback port that leads to the broker in the container.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops and removes the container.
    pub async fn stop(&self) {
        self.expect_end();
        // A container that cannot be removed here is left to the warden.
        if docker(&remove(&self.name), COMMAND).await.is_ok() {
            self.supervision.warden.container_gone(&self.name).ok();
        }
    }

    /// Starts a `docker` process that may run for long, under supervision so that it does not outlive the lab.
    fn supervised(&self, arguments: Vec<String>) -> Result<(Process, mpsc::Receiver<String>), LabError> {
        let spec = Spec {
            name: "docker".into(),
            program: "docker".into(),
            args: arguments.into_iter().map(OsString::from).collect(),
            env: Vec::new(),
            clean: false,
            dir: None,
            log: self.dir.join("docker.log"),
            leaves: false,
        };
        Process::start(&spec, &self.supervision)
    }

    async fn runs(&self) -> bool {
        let state = docker(&["inspect", "--format", "{{.State.Running}}", &self.name], COMMAND).await;
        state.is_ok_and(|output| output.stdout.starts_with(b"true"))
    }

    /// Records that the end of the container that comes now was asked for.
    fn expect_end(&self) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).store(true, Ordering::SeqCst);
    }

    /// Reports the end of the container as a death, unless somebody asked for that end.
    fn watch_over(&self) -> Result<(), LabError> {
        let asked = Arc::new(AtomicBool::new(false));
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&asked);
        let (wait, mut code) = self.supervised(vec!["wait".into(), self.name.clone()])?;
        let (product, name, shared) = (self.product, self.name.clone(), self.supervision.clone());
        self.supervision.tracker.spawn(async move {
            let code = code.recv().await;
            wait.ended().await;
            if asked.load(Ordering::SeqCst) || shared.cancel.is_cancelled() {
                return;
            }
            let log = docker(&["logs", "--tail", "10", &name], COMMAND).await;
            let log = log.map(|output| {
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                text.lines().take(LAST_WORDS).map(str::to_owned).collect()
            });
            let how = match code {
                Some(code) => format!("its container {name} ended with exit code {code}"),
                None => format!("its container {name} ended"),
            };
            let death = Death { name: product.word().into(), how, log: log.unwrap_or_default() };
            if let Err(error) = shared.deaths.try_send(death) {
                tracing::warn!(%error, "a death could not be told");
            }
        });
        Ok(())
    }
}

impl Victim for Container {
    type Error = LabError;

    async fn kill(&self) -> Result<(), LabError> {
        self.expect_end();
        docker(&["kill", &self.name], COMMAND).await.map(drop)
    }

    async fn terminate(&self) -> Result<(), LabError> {
        self.expect_end();
        docker(&["kill", "--signal", "TERM", &self.name], COMMAND).await.map(drop)
    }

    async fn freeze(&self) -> Result<(), LabError> {
        docker(&["pause", &self.name], COMMAND).await.map(drop)
    }

    async fn thaw(&self) -> Result<(), LabError> {
        docker(&["unpause", &self.name], COMMAND).await.map(drop)
    }

    async fn revive(&self) -> Result<(), LabError> {
        if !self.asked.lock().unwrap_or_else(PoisonError::into_inner).load(Ordering::SeqCst)
            && self.runs().await
        {
            return Ok(());
        }
        // `docker stop` waits for a container that still ends after a SIGTERM; a container that has ended is stopped
        // already.
        docker(&["stop", "--time", "5", &self.name], COMMAND).await?;
        docker(&["start", &self.name], COMMAND).await?;
        self.watch_over()
    }

    async fn ready(&self) -> Result<(), LabError> {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = self.product.version_at(self.port).await {
            if Instant::now() >= deadline {
                let message =
                    format!("{} in the container {} is not ready: {error}", self.product, self.name);
                return Err(LabError::environment(message));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn docker(arguments: &[&str], patience: Duration) -> Result<Output, LabError> {
    let called = format!("docker {}", arguments.join(" "));
    let failed = |why: &str| LabError::environment(format!("`{called}` failed: {}", why.trim()));
    match tokio::time::timeout(patience, command(arguments).output()).await {
        Err(_) => Err(failed("it took too long")),
        Ok(Err(error)) => Err(failed(&error.to_string())),
        Ok(Ok(output)) if !output.status.success() => Err(failed(&String::from_utf8_lossy(&output.stderr))),
        Ok(Ok(output)) => Ok(output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_listens_on_loopback_only_and_keeps_nothing() {
        let image = |word| &Product::named(word).unwrap().facts().image;
        let line = run(image("redis"), "pubsub-lab-1", 20123).join(" ");
        assert_eq!(
            line,
            "run --detach --name pubsub-lab-1 --publish 127.0.0.1:20123:6379 redis:7-alpine \
             redis-server --save  --appendonly no --protected-mode no"
        );
        assert_eq!(
            run(image("rabbitmq"), "pubsub-lab-2", 20124).join(" "),
            "run --detach --name pubsub-lab-2 --publish 127.0.0.1:20124:5672 --hostname lab rabbitmq:4-alpine"
        );
        assert_eq!(remove("pubsub-lab-1").join(" "), "rm --force --volumes pubsub-lab-1");
    }
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::*;

    #[tokio::test]
    async fn a_failed_command_is_named() {
        // The command fails with an engine, without an engine, and without the `docker` program as well.
        let error = docker(&["no-such-subcommand"], ENGINE).await.unwrap_err();
        assert!(error.message.starts_with("`docker no-such-subcommand` failed: "), "{error}");
    }
}
