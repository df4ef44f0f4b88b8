//! A node as a process of its own, seen from outside: its address, its HTTP answers, its memory, its end.
#![allow(dead_code, reason = "every test target uses its own part")]

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here takes, even on a busy machine; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A node; killed when it is dropped.
pub struct Node {
    process: Process,
    /// Where it listens.
    pub address: SocketAddr,
}

/// The process of a node, whether it serves or not; killed when it is dropped.
pub struct Process {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl std::ops::Deref for Node {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl std::ops::DerefMut for Node {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

/// The binary under test, ready for more arguments.
pub fn pubsub_lab() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pubsub-lab"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PUBSUB_LAB_") {
            command.env_remove(name);
        }
    }
    command
}

impl Node {
    /// A local node on a free port with these flags.
    pub fn start(flags: &[&str]) -> Self {
        Self::start_with(flags, &[])
    }

    /// The same with environment variables.
    pub fn start_with(flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let flags: Vec<_> = ["local", "--listen", "127.0.0.1:0"].iter().chain(flags).copied().collect();
        Self::try_start(&flags, environment)
            .unwrap_or_else(|process| panic!("the node did not start\n{}", process.log()))
    }

    /// A node with exactly these arguments; the process if it does not say that it listens.
    pub fn try_start(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Self, Process> {
        let mut child = pubsub_lab()
            .arg("node")
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (mut stderr, kept) = (child.stderr.take().unwrap(), log.clone());
        std::thread::spawn(move || {
            let mut chunk = [0; 1024];
            while let Ok(bytes @ 1..) = stderr.read(&mut chunk) {
                let text = String::from_utf8_lossy(&chunk[..bytes]);
                kept.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
            }
        });
        let (stdout, (sender, line)) = (child.stdout.take().unwrap(), mpsc::channel());
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            let _ = sender.send(line);
        });
        let process = Process { child, log };
        let line = line.recv_timeout(PATIENCE).unwrap_or_default();
        match line.trim().strip_prefix("listening http://").and_then(|address| address.parse().ok()) {
            Some(address) => Ok(Self { process, address }),
            None => Err(process),
        }
    }

    /// The answer to a GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.request(&format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address))
            .await
    }

    /// The answer to a request that asks to close the connection.
    pub async fn request(&self, request: &str) -> Answer {
        let mut tcp = TcpStream::connect(self.address).await.unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        // A connection that is reset after its answer has answered all the same.
        let _ = timeout(PATIENCE, tcp.read_to_end(&mut bytes)).await.expect("an answer and then the end");
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// The sum of a metric over its labels; 0 if it is not there.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await.body;
        let values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            rest.starts_with([' ', '{']).then(|| rest.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
        });
        values.sum()
    }

    /// Waits until a metric has this value.
    pub async fn metric_is(&self, name: &str, wanted: f64) {
        let start = Instant::now();
        loop {
            let value = self.metric(name).await;
            if value == wanted {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{name} is {value}, not {wanted}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Process {
    /// Its id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to stderr so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Waits for its end; gives the status and how long it took.
    pub async fn ended(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, start.elapsed());
            }
            assert!(start.elapsed() < PATIENCE, "the node does not end\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Its resident memory in bytes.
    #[cfg(target_os = "linux")]
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// How many file descriptors it has open.
    #[cfg(target_os = "linux")]
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the node ---\n{}", self.log());
        }
    }
}
