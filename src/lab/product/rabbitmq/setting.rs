//! The setting of a managed RabbitMQ: ports, a node name, a configuration, and an environment of its own.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use super::name::node;
use crate::error::LabError;
use crate::ports;

/// The directories where Erlang may be beside the lab's own search path.
const ERLANG_PATH: &str = "/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin";

/// The loopback ports of one RabbitMQ.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) amqp: u16,
    /// The port on which other Erlang nodes would talk to the server; it listens there even when there are none.
    pub(super) distribution: u16,
    pub(super) epmd: u16,
}

impl Ports {
    pub(super) fn free() -> Result<Self, LabError> {
        match ports::free(3)?[..] {
            [amqp, distribution, epmd] => Ok(Self { amqp, distribution, epmd }),
            _ => Err(LabError::environment("there are no three free ports for rabbitmq")),
        }
    }

    pub(super) fn all(self) -> [u16; 3] {
        [self.amqp, self.distribution, self.epmd]
    }
}

pub(super) fn write_configuration(home: &Path, ports: Ports) -> io::Result<()> {
    std::fs::create_dir_all(home)?;
    let listener = format!("listeners.tcp.1 = 127.0.0.1:{}\n", ports.amqp);
    std::fs::write(
        home.join("rabbitmq.conf"),
        format!("{listener}log.console = true\nlog.console.level = info\n"),
    )?;
    std::fs::write(home.join("enabled_plugins"), "[].\n")
}

/// The whole environment of the server: nothing that says how an installed RabbitMQ is to run may reach this one.
pub(super) fn environment(home: &Path, ports: Ports, path: Option<&OsStr>) -> Vec<(OsString, OsString)> {
    let mut programs = path.unwrap_or_default().to_owned();
    programs.push(":");
    programs.push(ERLANG_PATH);
    let places = [
        // Erlang keeps its cookie in the home directory.
        ("HOME", ""),
        ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
        ("RABBITMQ_MNESIA_BASE", "data"),
        ("RABBITMQ_LOG_BASE", "log"),
        ("RABBITMQ_PID_FILE", "pid"),
    ];
    let values = [
        ("LANG", "C.UTF-8".to_owned()),
        ("RABBITMQ_CONF_ENV_FILE", "/dev/null".into()),
        // This variable makes the script `exec`, so that the child *is* the Erlang machine and takes signals.
        ("RUNNING_UNDER_SYSTEMD", "true".into()),
        ("RABBITMQ_NODENAME", format!("{}@localhost", node(ports.amqp))),
        ("RABBITMQ_NODE_PORT", ports.amqp.to_string()),
        ("RABBITMQ_DIST_PORT", ports.distribution.to_string()),
        ("RABBITMQ_LOGS", "-".into()),
        // Without this the server would listen for other nodes on every interface.
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}".into()),
        ("ERL_EPMD_PORT", ports.epmd.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
        // If the lab's epmd is gone, the server must not start one that nobody watches over.
        ("ERL_AFLAGS", "-start_epmd false".into()),
        // Without this a start that fails takes its time to write a dump of a hundred megabytes.
        ("ERL_CRASH_DUMP_SECONDS", "0".into()),
    ];
    let path = (OsString::from("PATH"), programs);
    let places = places.into_iter().map(|(name, file)| (name.into(), home.join(file).into_os_string()));
    let values = values.into_iter().map(|(name, value)| (name.into(), value.into()));
    std::iter::once(path).chain(places).chain(values).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_environment_names_private_places_only() {
        let ports = Ports { amqp: 20001, distribution: 20002, epmd: 20003 };
        let environment = environment(Path::new("/private"), ports, Some(OsStr::new("/mine")));
        let value = |name: &str| {
            let found = environment.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.to_str().unwrap()).unwrap()
        };
        assert!(value("PATH").starts_with("/mine:"));
        assert_eq!(value("RABBITMQ_NODENAME"), "lab20001@localhost");
        for name in ["HOME", "RABBITMQ_MNESIA_BASE", "RABBITMQ_LOG_BASE", "RABBITMQ_PID_FILE"] {
            assert!(value(name).starts_with("/private/"), "{name}");
        }
        assert_eq!(value("ERL_EPMD_PORT"), "20003");
    }
}
