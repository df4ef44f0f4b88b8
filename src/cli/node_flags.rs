//! The flags that a user hands through to every node of a lab.

use clap::error::{ContextKind, ErrorKind};
use clap::{Args, Parser};

use super::failure::{Failure, USAGE};
use super::node::NodeArgs;

/// Flags for the nodes.
#[derive(Debug, Default, Args)]
pub struct NodeFlags {
    /// Flag to pass to every node, as one word: --node-flag=--hwm=100 (repeatable; see `pubsub-lab node --help`)
    #[arg(long = "node-flag", value_name = "FLAG", allow_hyphen_values = true)]
    flags: Vec<String>,
}

/// A node's command line, to read it without running it.
#[derive(Debug, Parser)]
#[command(name = "pubsub-lab node", no_binary_name = true, disable_version_flag = true)]
struct Node {
    #[command(flatten)]
    _args: NodeArgs,
}

impl NodeFlags {
    /// Makes node flags out of these words, which nobody has checked yet.
    pub fn new(flags: Vec<String>) -> Self {
        Self { flags }
    }

    /// Whether there is no flag.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    /// The flags, if a node understands them beside those that the lab gives it itself: `labs`, and where it listens
    /// and what it is called. The error comes before anything is started, and not from a log.
    pub fn checked(self, labs: &[&str]) -> Result<Vec<String>, Failure> {
        let own = ["local", "--listen=127.0.0.1:0", "--name=n", "--namespace=n", "--sub=127.0.0.1:0"];
        let line = own.iter().chain(labs).copied().chain(self.flags.iter().map(String::as_str));
        match Node::try_parse_from(line) {
            Ok(_) => Ok(self.flags),
            Err(error) => {
                let why = match (error.kind(), error.get(ContextKind::InvalidArg)) {
                    (ErrorKind::DisplayHelp, _) => "a node of a lab does not print its help".into(),
                    (ErrorKind::ArgumentConflict, Some(flag)) => {
                        format!("`{flag}` is given twice, or is the lab's own")
                    }
                    _ => first_line(&error.to_string()),
                };
                let hint = "a flag and its value are one word, as in --node-flag=--hwm=100; see `pubsub-lab node --help`";
                Err(Failure::new(USAGE, format!("--node-flag: {why}"), hint))
            }
        }
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(flags: &[&str]) -> Result<Vec<String>, String> {
        let flags = NodeFlags { flags: flags.iter().map(|flag| (*flag).to_owned()).collect() };
        flags.checked(&["--max-rate=0"]).map_err(|failure| failure.message)
    }

    #[test]
    fn what_a_node_understands_goes_through() {
        assert_eq!(checked(&[]).unwrap(), [""; 0]);
        assert_eq!(
            checked(&["--hwm=5", "--live-queue=exclusive"]).unwrap(),
            ["--hwm=5", "--live-queue=exclusive"]
        );
    }

    #[test]
    fn what_it_does_not_understand_is_named() {
        for (flag, expected) in [
            ("--hmw=5", "--node-flag: unexpected argument '--hmw' found"),
            ("--hwm=many", "--node-flag: invalid value 'many' for '--hwm <N>'"),
            ("--listen=127.0.0.1:1", "is the lab's own"),
            ("--max-rate=1", "is the lab's own"),
            ("--help", "does not print its help"),
            ("redis", "--node-flag: unexpected argument 'redis' found"),
        ] {
            let message = checked(&[flag]).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
