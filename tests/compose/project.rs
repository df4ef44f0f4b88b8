//! A project of Compose: what one test starts, breaks and removes.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::client::Client;

/// The port of the balancer. The tests have a network of their own, in which nobody else can have it.
pub const PORT: u16 = 8080;
/// How long containers may take to do what they were told; RabbitMQ has to boot.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// The pause between two looks.
pub const PAUSE: Duration = Duration::from_millis(100);

/// A project of Compose. Dropping it takes it down, and asserts that nothing is left.
pub struct Project {
    name: String,
    profiles: Vec<&'static str>,
    /// Files on top of `docker-compose.yml`.
    files: Vec<&'static str>,
    variables: Vec<(&'static str, String)>,
}

/// The output of a command that succeeded.
#[track_caller]
pub fn succeeded(mut command: Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Everything that a command said.
pub fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// The output of `docker` with these arguments.
#[track_caller]
pub fn docker(arguments: &[&str]) -> String {
    let mut command = Command::new("docker");
    command.args(arguments);
    succeeded(command).trim().to_owned()
}

/// Waits for a condition.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(PAUSE);
    }
}

impl Project {
    /// A project of this name with these profiles; nothing of it is up.
    pub fn new(name: &str, profiles: &[&'static str]) -> Self {
        let (files, variables) = (Vec::new(), Vec::new());
        Self { name: format!("lab-{name}"), profiles: profiles.to_vec(), files, variables }
    }

    /// The same project with a variable of the compose file.
    pub fn with(mut self, variable: &'static str, value: &str) -> Self {
        self.variables.push((variable, value.to_owned()));
        self
    }

    /// The same project with a file on top of `docker-compose.yml`.
    pub fn over(mut self, file: &'static str) -> Self {
        self.files.push(file);
        self
    }

    /// A project whose chat is up.
    pub async fn up(name: &str, profile: &'static str) -> Self {
        let project = Self::new(name, &[profile]);
        project.start(&[]).await;
        project
    }

    /// Starts the project, with these further arguments of `up`, and waits until the chat is ready.
    pub async fn start(&self, arguments: &[&str]) {
        let begun = Instant::now();
        self.compose(&[&["up", "--detach", "--no-build"], arguments].concat());
        self.ready().await;
        println!("{}: up after {:.1} s", self.name, begun.elapsed().as_secs_f64());
    }

    /// Waits until a node behind the balancer is ready.
    pub async fn ready(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = get("/readyz").await;
            if answer.starts_with("HTTP/1.1 200") {
                return;
            }
            assert!(Instant::now() < deadline, "not ready: {answer}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// `docker compose` for this project.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let plugin = Command::new("docker").args(["compose", "version"]).output();
        let mut command = if plugin.is_ok_and(|output| output.status.success()) {
            let mut command = Command::new("docker");
            command.arg("compose");
            command
        } else {
            Command::new("docker-compose")
        };
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["--project-name", &self.name]);
        if !self.files.is_empty() {
            let files = ["docker-compose.yml"].into_iter().chain(self.files.iter().copied());
            command.args(files.flat_map(|file| ["--file", file]));
        }
        command.args(self.profiles.iter().flat_map(|profile| ["--profile", profile])).args(arguments);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The output of `docker compose` for this project.
    #[track_caller]
    pub fn compose(&self, arguments: &[&str]) -> String {
        succeeded(self.command(arguments))
    }

    fn of_project(&self) -> String {
        format!("label=com.docker.compose.project={}", self.name)
    }

    /// The containers of a service that run, by their short ids.
    pub fn containers(&self, service: &str) -> Vec<String> {
        let service = format!("label=com.docker.compose.service={service}");
        let ids = docker(&["ps", "--quiet", "--filter", &self.of_project(), "--filter", &service]);
        ids.lines().map(str::to_owned).collect()
    }

    /// The only container of a service.
    #[track_caller]
    pub fn container(&self, service: &str) -> String {
        let mut all = self.containers(service);
        assert_eq!(all.len(), 1, "containers of {service}");
        all.remove(0)
    }

    /// Everything that a container of this service wrote.
    pub fn log(&self, container: &str) -> String {
        said(&Command::new("docker").args(["logs", container]).output().unwrap())
    }

    /// Waits until the balancer says that it has so many nodes.
    pub fn balances(&self, nodes: usize) {
        let balancer = self.container("balancer");
        let wanted = format!("on {nodes} nodes");
        wait_until(&format!("a balancer {wanted}"), || {
            self.log(&balancer)
                .lines()
                .rfind(|line| line.contains(" nodes"))
                .is_some_and(|line| line.ends_with(&wanted))
        });
    }

    /// Takes the project down.
    pub fn down(&self) {
        self.compose(&["down", "--volumes", "--timeout", "10"]);
        let ours = ["--quiet", "--filter", &self.of_project()];
        for things in [&["ps", "--all"][..], &["network", "ls"], &["volume", "ls"]] {
            let left = docker(&[things, &ours].concat());
            assert_eq!(left, "", "{things:?} after the end of {}", self.name);
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // What is left would be in the way of the next test.
            let logs = self.command(&["logs", "--tail", "15"]).output();
            eprintln!("{}", logs.map(|output| said(&output)).unwrap_or_default());
            let _ = self.command(&["down", "--volumes", "--timeout", "1"]).output();
        } else {
            self.down();
        }
    }
}

/// Where the chat is.
pub fn chat() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, PORT).into()
}

/// The whole answer of the balancer to a GET.
pub async fn get(path: &str) -> String {
    get_at(PORT, path).await
}

/// The whole answer at a port of loopback to a GET; empty if nobody listens there.
pub async fn get_at(port: u16, path: &str) -> String {
    let Ok(mut tcp) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return String::new() };
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ =
        tokio::time::timeout(PATIENCE, tcp.read_to_end(&mut answer)).await.expect("the end of the answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A client through the balancer, under a name; and the node that it is on.
pub async fn guest(name: &str) -> (Client, String) {
    let mut client = Client::v1_at(chat()).await;
    let welcome = client.hello(name).await;
    (client, welcome["node"].as_str().unwrap().to_owned())
}

/// The short id of the container of a node, which is in its name.
pub fn container_of(node: &str) -> &str {
    node.rsplit('-').next().unwrap()
}
