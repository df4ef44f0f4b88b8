//! A process that serves on a port, and can be started again as it was: a node, a managed broker.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use super::error::LabError;
use super::ports::{self, KeptPort};
use super::probe;
use super::process::{Process, Spec, Supervision, unwritable};
use fault::Victim;

/// How often the lab asks a service whether it is ready.
const POLL: Duration = Duration::from_millis(10);
/// How long a healed service may take to be ready; a service that depends on another that is still down has to wait.
const HEAL: Duration = Duration::from_secs(60);
/// How long a service that was asked to end is waited for before it is started again.
const LAST_BREATH: Duration = Duration::from_secs(5);

/// The hint for a user whose server does not serve.
const SERVER_HINT: &str =
    "the server must take WebSockets at / on the port that `{port}` (or $PORT) gives it";

/// How the lab sees that a service serves.
#[derive(Debug, Clone, Copy)]
pub enum Readiness {
    /// The service listens on this address, prints `listening http://ADDRESS:PORT`, then `/readyz` answers 200.
    Node(IpAddr),
    /// The service takes a WebSocket at `/`.
    WebSocket,
    /// The service answers this question, as the process that the lab started.
    Asked(Question),
}

impl Readiness {
    /// The address on which the service listens.
    fn address(self, port: u16) -> SocketAddr {
        match self {
            Readiness::Node(listen) => SocketAddr::from((listen, port)),
            Readiness::WebSocket | Readiness::Asked(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        }
    }
}

/// Asks, in a server's own protocol, whether the server on this port is ready, and is the process with this id. An
/// error is a clause for people.
pub type Question = fn(port: u16, process: u32) -> BoxFuture<'static, Result<(), String>>;

/// A process with a port, and what it takes to start it again.
#[derive(Debug)]
pub struct Service {
    spec: Spec,
    port: u16,
    readiness: Readiness,
    supervision: Supervision,
    process: Mutex<Arc<Process>>,
    /// The id of `process`, for those that look at it from outside and outlive no service.
    id: Arc<AtomicU32>,
    /// Keeps the port for the service while it is down. `None` for a user's server, which may not allow the reuse of
    /// addresses.
    _kept: Option<KeptPort>,
    /// Allows one start at a time: two faults may be healed in the same moment.
    starts: Semaphore,
}

impl Service {
    /// Starts the service with an empty log. The service is not ready yet when this resolves.
    pub async fn launch(
        spec: Spec,
        port: u16,
        readiness: Readiness,
        supervision: &Supervision,
        patience: Duration,
    ) -> Result<Self, LabError> {
        // The log of an earlier run must not pass for this service's last words.
        File::create(&spec.log).map_err(|error| unwritable(&spec.log, &error.to_string()))?;
        let kept =
            (!matches!(readiness, Readiness::WebSocket)).then(|| KeptPort::at(readiness.address(port)));
        let process = launch(&spec, port, readiness, supervision, patience).await?;
        Ok(Self {
            spec,
            port,
            readiness,
            supervision: supervision.clone(),
            id: Arc::new(AtomicU32::new(process.id())),
            process: Mutex::new(Arc::new(process)),
            _kept: kept,
            starts: Semaphore::new(1),
        })
    }

    /// The port of the service, the same for all its life.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The name of the service for people.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The process id of the service at this moment.
    pub fn process_id(&self) -> u32 {
        self.process().id()
    }

    /// The process id of the service at every later moment.
    pub(crate) fn id(&self) -> Arc<AtomicU32> {
        Arc::clone(&self.id)
    }

    /// Whether the process of the service has not ended.
    pub fn is_running(&self) -> bool {
        self.process().is_running()
    }

    /// Whether somebody asked the process to end, so that it will not run much longer.
    pub fn was_asked_to_end(&self) -> bool {
        self.process().was_asked_to_end()
    }

    /// Whether the service serves at this moment.
    pub async fn serves(&self) -> bool {
        let process = self.process();
        process.is_running() && self.check_readiness(&process).await.is_ok()
    }

    /// Resolves when the process of the service has ended.
    pub async fn ended(&self) {
        self.process().ended().await;
    }

    /// Sends SIGTERM, and SIGKILL after the deadline.
    pub async fn stop(&self, deadline: Duration) {
        self.process().stop(deadline).await;
    }

    /// Resolves when the service serves; from then on an end that nobody asked for is reported.
    pub async fn ready_within(&self, patience: Duration) -> Result<(), LabError> {
        let process = self.process();
        let deadline = Instant::now() + patience;
        loop {
            let why = match self.check_readiness(&process).await {
                Ok(()) if process.announce() => return Ok(()),
                // Somebody else answers on the port of this service.
                Ok(()) => return Err(process.early_end(process.ended().await)),
                Err(why) => why,
            };
            tokio::select! {
                status = process.ended() => return Err(process.early_end(status)),
                () = tokio::time::sleep(POLL) => {}
            }
            if Instant::now() >= deadline {
                let (name, port, seconds) = (self.name(), self.port, patience.as_secs());
                let message = format!("{name} on port {port} is not ready after {seconds} s: {why}");
                let error = LabError::environment(message).log(process.last_words());
                return Err(match self.readiness {
                    Readiness::WebSocket => error.hint(SERVER_HINT),
                    _ => error,
                });
            }
        }
    }

    async fn check_readiness(&self, process: &Process) -> Result<(), String> {
        match self.readiness {
            Readiness::Node(_) => {
                match probe::http_status_at(ports::reached(self.address()), "/readyz").await {
                    Ok(200) => Ok(()),
                    Ok(status) => Err(format!("/readyz answers {status}")),
                    Err(error) => Err(format!("/readyz does not answer ({error})")),
                }
            }
            Readiness::WebSocket => match probe::websocket_status(self.port).await {
                Ok(101) => Ok(()),
                Ok(status) => Err(format!("a WebSocket at / is answered with {status}")),
                Err(error) => Err(format!("it takes no WebSocket ({error})")),
            },
            Readiness::Asked(question) => question(self.port, process.id()).await,
        }
    }

    /// Explains why the service does not come back: perhaps another program listens on its port by now.
    fn robbed(&self, error: LabError) -> LabError {
        if self.is_running() || ports::check_at(self.address()).is_ok() {
            return error;
        }
        let message =
            format!("{} cannot come back: another program listens on its port {}", self.name(), self.port);
        LabError { message, ..error }
    }

    fn address(&self) -> SocketAddr {
        self.readiness.address(self.port)
    }

    fn process(&self) -> Arc<Process> {
        Arc::clone(&self.process.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Victim for Service {
    type Error = LabError;

    async fn kill(&self) -> Result<(), LabError> {
        self.process().kill().await;
        Ok(())
    }

    async fn terminate(&self) -> Result<(), LabError> {
        self.process().terminate().await;
        Ok(())
    }

    async fn freeze(&self) -> Result<(), LabError> {
        self.process().pause().await;
        Ok(())
    }

    async fn thaw(&self) -> Result<(), LabError> {
        self.process().resume().await;
        Ok(())
    }

    async fn revive(&self) -> Result<(), LabError> {
        // The semaphore is never closed, so this cannot fail.
        let _one = self.starts.acquire().await;
        let old = self.process();
        if old.is_running() {
            if !old.was_asked_to_end() {
                return Ok(());
            }
            old.stop(LAST_BREATH).await;
        }
        let new = launch(&self.spec, self.port, self.readiness, &self.supervision, HEAL).await;
        let new = new.map_err(|error| self.robbed(error))?;
        self.id.store(new.id(), Ordering::Relaxed);
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(())
    }

    async fn ready(&self) -> Result<(), LabError> {
        self.ready_within(HEAL).await.map_err(|error| self.robbed(error))
    }
}

/// Starts the process, and waits for the line that says that it listens, where there is one.
async fn launch(
    spec: &Spec,
    port: u16,
    readiness: Readiness,
    supervision: &Supervision,
    patience: Duration,
) -> Result<Process, LabError> {
    let (process, lines) = Process::start(spec, supervision)?;
    if matches!(readiness, Readiness::Node(_)) {
        let expected = format!("listening http://{}", readiness.address(port));
        tokio::select! {
            // The line may be there although the process has just ended: the end is looked at first.
            biased;
            status = process.ended() => return Err(process.early_end(status)),
            () = said(lines, &expected) => {}
            () = tokio::time::sleep(patience) => {
                let message = format!("{} does not listen on port {port} after {} s", spec.name, patience.as_secs());
                return Err(LabError::environment(message).log(process.last_words()));
            }
        }
    }
    Ok(process)
}

/// Resolves when this line comes; never if the output ends without it.
async fn said(mut lines: mpsc::Receiver<String>, expected: &str) {
    while let Some(line) = lines.recv().await {
        if line == expected {
            return;
        }
    }
    std::future::pending().await
}
