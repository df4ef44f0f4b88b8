//! A real `redis-server` for one test, with a port and a directory of its own that are gone with the test.

#![allow(dead_code, reason = "each test binary uses its own part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::ports::Port;
use super::process::assert_stopped;

/// Number of ports on which a start is tried: a program that is no test can take one between the look and the start.
const TRIES: usize = 20;
const READY_WITHIN: Duration = Duration::from_secs(10);

/// A Redis on loopback, which runs, is killed or is paused. Dropping it kills it.
pub struct RedisServer {
    child: Option<Child>,
    dir: TempDir,
    port: Port,
    tls: bool,
    arguments: Vec<String>,
}

/// The options of a server that is not started yet.
#[derive(Default)]
pub struct Builder {
    arguments: Vec<String>,
    tls: bool,
}

impl Builder {
    /// Adds a line of `redis.conf`.
    pub fn directive(mut self, name: &str, values: &[&str]) -> Self {
        self.arguments.push(format!("--{name}"));
        self.arguments.extend(values.iter().map(|value| value.to_string()));
        self
    }

    /// Sets the password of the default user.
    pub fn password(self, password: &str) -> Self {
        self.directive("requirepass", &[password])
    }

    /// Makes the server take TLS only, with a certificate for `localhost` and 127.0.0.1 by a private authority.
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Starts the server and waits until it is ready.
    pub fn start(self) -> RedisServer {
        let dir = tempfile::tempdir().unwrap();
        if self.tls {
            make_certificates(dir.path());
        }
        let (port, tls, arguments) = (Port::free(), self.tls, self.arguments);
        let mut server = RedisServer { child: None, dir, port, tls, arguments };
        for _ in 0..TRIES {
            if server.try_start() {
                return server;
            }
            server.port = Port::free();
        }
        panic!("redis-server found no free port in {TRIES} tries");
    }
}

impl RedisServer {
    /// Starts a server without options.
    pub fn start() -> Self {
        Builder::default().start()
    }

    /// The builder of a server with options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The port of the server, kept through restarts.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The URL of the server: `redis://127.0.0.1:port` or `rediss://...`.
    pub fn url(&self) -> String {
        format!("redis{}://127.0.0.1:{}", if self.tls { "s" } else { "" }, self.port())
    }

    /// The path of the certificate of the authority that signed the server's.
    pub fn ca(&self) -> PathBuf {
        self.dir.path().join("ca.crt")
    }

    /// Sends SIGKILL, and waits until the server is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts the server again on the same port and waits until it is ready.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.try_start(), "port {} was taken while redis-server was down", self.port());
    }

    /// Sends SIGSTOP, and waits until the server does nothing more.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
        assert_stopped(self.child.as_ref().expect("a running redis-server").id());
    }

    /// Sends SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// A connection of the test's own, without TLS and password.
    pub async fn client(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("a running redis-server");
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
    }

    /// Starts the server; false if another program has taken the port.
    fn try_start(&mut self) -> bool {
        let dir = self.dir.path();
        let log = dir.join("log");
        let _ = fs::remove_file(&log);
        let port = self.port().to_string();
        let mut command = Command::new("redis-server");
        let (plain, tls) = if self.tls { ("0", &*port) } else { (&*port, "0") };
        command.args(["--bind", "127.0.0.1", "--port", plain, "--save", "", "--appendonly", "no"]);
        command.arg("--dir").arg(dir).arg("--logfile").arg(&log);
        if self.tls {
            command.args(["--tls-port", tls, "--tls-auth-clients", "no"]);
            for (option, file) in [
                ("--tls-cert-file", "server.crt"),
                ("--tls-key-file", "server.key"),
                ("--tls-ca-cert-file", "ca.crt"),
            ] {
                command.arg(option).arg(dir.join(file));
            }
        }
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("these tests need redis-server; see `make setup`");
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let text = fs::read_to_string(&log).unwrap_or_default();
            if text.contains("Ready to accept connections") {
                self.child = Some(child);
                return true;
            }
            if let Some(status) = child.try_wait().unwrap() {
                assert!(text.contains("in use"), "redis-server ended with {status}:\n{text}");
                return false;
            }
            if Instant::now() > deadline {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("redis-server is not ready after {READY_WITHIN:?}:\n{text}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn make_certificates(dir: &Path) {
    let openssl = |arguments: &str| {
        let done = Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output().unwrap();
        assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=test-authority"));
    openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"));
    fs::write(dir.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").unwrap();
    openssl(
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
    );
}
