//! `pubsub-lab run amqp`, as a user runs it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::process::{PATIENCE, Running, Seen, assert_gone, assert_soon, pubsub_lab, with_marker};

/// A `run amqp` with a temporary directory that nobody else uses.
pub struct Lab {
    pub running: Running,
    temporary: TempDir,
}

impl Lab {
    pub fn run(args: &[&str]) -> Self {
        Self::with(args, |_| {})
    }

    pub fn with(args: &[&str], change: impl FnOnce(&mut Command)) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = pubsub_lab(&["run", "amqp", "--port", "0"]);
        command.args(args).env("TMPDIR", temporary.path());
        change(&mut command);
        Self { running: Running::start(command), temporary }
    }

    /// One whose RabbitMQ is started by this script.
    pub fn with_server(script: &str) -> Self {
        Self::with(&[], |command| {
            let server = command.get_envs().find(|(key, _)| *key == "TMPDIR").unwrap().1.unwrap().to_owned();
            let server = Path::new(&server).join("rabbitmq-server");
            std::fs::write(&server, script).unwrap();
            std::fs::set_permissions(&server, PermissionsExt::from_mode(0o755)).unwrap();
            command.env("PUBSUB_LAB_RABBITMQ_SERVER", server);
        })
    }

    pub fn exit_code(&mut self) -> Option<i32> {
        self.running.ended_within(PATIENCE).code()
    }

    pub fn assert_nothing_left(&self, seen: &[Seen], deadline: Duration) {
        assert_gone(seen, deadline);
        // What was started after the look has the directory's name in its command line.
        let name = self.temporary.path().display().to_string();
        assert_soon(deadline, Vec::new(), || with_marker(&name));
        assert_soon(deadline, false, || {
            let left = std::fs::read_dir(self.temporary.path()).unwrap().flatten();
            left.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().starts_with("pubsub-lab-"))
        });
    }
}
