//! A real RabbitMQ for tests, with an epmd, ports and a directory of its own.

#![allow(dead_code, reason = "each test binary uses its own part of it")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::ports::Port;
use super::process::assert_stopped;

/// How long a RabbitMQ may take to be ready; it takes 5 to 7 s on a quiet machine.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Number of times that a start is tried: a program that is no test can take one of the ports between the look and the
/// start.
const TRIES: usize = 4;
/// The shell script of a guard: it runs a command, says its process id, and ends it when our end of the pipe closes,
/// however this process ends.
const GUARD: &str =
    r#"exec 3<&0; "$@" </dev/null 3<&- & echo $!; read _ <&3; kill -9 $! 2>/dev/null; wait $!"#;
/// The places where distributions and Homebrew keep the script that runs the server in the foreground.
const SERVERS: [&str; 4] = [
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/sbin/rabbitmq-server",
];

/// A process that ends together with this one.
struct Guarded {
    shell: Child,
    id: i32,
}

impl Guarded {
    fn start(command: &mut Vec<String>, env: &[(&str, String)], log: &Path) -> Self {
        let log = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", GUARD, "guard"]).args(command).env_clear();
        shell.envs(env.iter().map(|(name, value)| (name, value)));
        shell.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut shell = shell.spawn().expect("a shell");
        let mut line = String::new();
        let mut out = BufReader::new(shell.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        // Nobody wants the further output of the server, but a full pipe would stop it.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        Self { id: line.trim().parse().unwrap(), shell }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id), signal).unwrap();
    }

    fn end(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().unwrap();
    }
}

/// A RabbitMQ on loopback, which runs, is killed or is paused. Dropping it kills it.
pub struct RabbitMq {
    server: Option<Guarded>,
    epmd: Guarded,
    dir: PathBuf,
    port: Port,
    dist_port: Port,
    epmd_port: Port,
}

impl RabbitMq {
    /// Starts a RabbitMQ, and waits until it answers.
    pub fn start() -> Self {
        for _ in 0..TRIES {
            // A `TempDir` would not be removed, because the shared server is never dropped; so the guard of its epmd
            // removes the directory.
            let dir = tempfile::Builder::new().prefix("rabbitmq-").tempdir().unwrap().keep();
            let [port, dist_port, epmd_port] = [(); 3].map(|()| Port::free());
            let Some(epmd) = epmd(epmd_port.number(), &dir) else { continue };
            let mut rabbit = Self { server: None, epmd, dir, port, dist_port, epmd_port };
            if rabbit.try_launch() {
                return rabbit;
            }
        }
        panic!("RabbitMQ found no free ports in {TRIES} tries");
    }

    /// The RabbitMQ that all tests of this process share. It must not be killed; take a namespace of your own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<RabbitMq> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The URL at which clients find the server.
    pub fn url(&self) -> String {
        format!("amqp://127.0.0.1:{}", self.port())
    }

    /// The port of the server, kept through restarts.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Sends SIGKILL, and waits until the server is gone.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.signal(Signal::SIGKILL);
            server.end();
        }
    }

    /// Starts the server again with its data on the same port, and waits until it answers.
    pub fn restart(&mut self) {
        for _ in 0..TRIES {
            self.kill();
            if self.try_launch() {
                return;
            }
            // Clients of the server know only the other port.
            self.dist_port = Port::free();
        }
        panic!("a port of RabbitMQ's was taken while it was down: {}", self.port());
    }

    /// Sends SIGSTOP, and waits until the server does nothing more.
    pub fn pause(&self) {
        let server = self.server.as_ref().expect("a running RabbitMQ");
        server.signal(Signal::SIGSTOP);
        assert_stopped(server.id as u32);
    }

    /// Sends SIGCONT.
    pub fn resume(&self) {
        self.server.as_ref().expect("a running RabbitMQ").signal(Signal::SIGCONT);
    }

    /// The environment of the server and of its tools.
    fn env(&self) -> [(&'static str, String); 16] {
        let path = |name: &str| self.dir.join(name).display().to_string();
        [
            ("HOME", self.dir.display().to_string()),
            ("LANG", "C.UTF-8".into()),
            ("RABBITMQ_CONF_ENV_FILE", "/dev/null".into()),
            ("RUNNING_UNDER_SYSTEMD", "true".into()),
            ("RABBITMQ_NODENAME", format!("test{}@localhost", self.port())),
            ("RABBITMQ_NODE_PORT", self.port().to_string()),
            ("RABBITMQ_DIST_PORT", self.dist_port.number().to_string()),
            ("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins")),
            ("RABBITMQ_MNESIA_BASE", path("mnesia")),
            ("RABBITMQ_LOG_BASE", path("log")),
            ("RABBITMQ_PID_FILE", path("pid")),
            ("RABBITMQ_LOGS", "-".into()),
            ("ERL_EPMD_PORT", self.epmd_port.number().to_string()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
            ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}".into()),
        ]
    }

    /// Runs a command of `rabbitmqctl`, which takes some seconds.
    pub fn control(&self, args: &[&str]) -> String {
        let server = SERVERS.iter().map(Path::new).find(|program| program.exists());
        let program =
            server.expect("these tests need RabbitMQ; see `make setup`").with_file_name("rabbitmqctl");
        let mut command = Command::new(program);
        command.args(args).env_clear().envs(self.env());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let output = command.output().unwrap();
        assert!(output.status.success(), "rabbitmqctl {args:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The names of all queues and exchanges. It takes some seconds.
    pub fn names(&self) -> Vec<String> {
        let lists = ["list_queues", "list_exchanges"].map(|list| self.control(&["--quiet", list, "name"]));
        lists.iter().flat_map(|list| list.lines()).map(str::to_owned).collect()
    }

    /// Starts the server and waits until it answers; false if another program had one of its ports.
    fn try_launch(&mut self) -> bool {
        fs::write(
            self.dir.join("rabbitmq.conf"),
            format!(
                "listeners.tcp.1 = 127.0.0.1:{}\nlog.console = true\nlog.console.level = warning\n",
                self.port()
            ),
        )
        .unwrap();
        fs::write(self.dir.join("enabled_plugins"), "[].\n").unwrap();
        let env = self.env();
        let program = SERVERS.iter().find(|program| Path::new(program).exists());
        let program = program.expect("these tests need RabbitMQ; see `make setup`");
        let log = self.dir.join("log.txt");
        let _ = fs::remove_file(&log);
        self.server = Some(Guarded::start(&mut vec![(*program).into()], &env, &log));
        let deadline = Instant::now() + READY_WITHIN;
        while !answers(self.port()) {
            let text = fs::read_to_string(&log).unwrap_or_default();
            if ["eaddrinuse", "dist_port_already_used"].iter().any(|taken| text.contains(taken)) {
                return false;
            }
            assert!(Instant::now() < deadline, "RabbitMQ is not ready after {READY_WITHIN:?}:\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        self.kill();
        self.epmd.end();
    }
}

/// Starts the port mapper of this RabbitMQ alone; `None` if another program has its port.
fn epmd(port: u16, dir: &Path) -> Option<Guarded> {
    // The epmd is the first to start and the last to end, so its guard removes the directory.
    let script = format!("trap 'rm -rf {}' EXIT; {GUARD}", dir.display());
    let log = fs::File::create(dir.join("epmd.txt")).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, "guard", "epmd", "-port", &port.to_string(), "-address", "127.0.0.1"]);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
    let mut shell = shell.spawn().expect("a shell");
    let mut line = String::new();
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let guarded = Guarded { id: line.trim().parse().unwrap(), shell };
    let deadline = Instant::now() + Duration::from_secs(5);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let text = fs::read_to_string(dir.join("epmd.txt")).unwrap_or_default();
        if text.contains("ddress already in use") {
            return None;
        }
        assert!(Instant::now() < deadline, "these tests need epmd (Erlang), see `make setup`: {text}");
        std::thread::sleep(Duration::from_millis(5));
    }
    Some(guarded)
}

/// Whether a server on this port answers the protocol header.
fn answers(port: u16) -> bool {
    let Ok(mut tcp) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    tcp.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut first = [0];
    tcp.write_all(b"AMQP\0\0\x09\x01").is_ok() && tcp.read_exact(&mut first).is_ok() && first == [1]
}
