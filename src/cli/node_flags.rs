//! The flags that a user hands through to every node of a lab.

use clap::error::{ContextKind, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, CommandFactory, Parser};

use super::failure::{Failure, USAGE};
use super::node::NodeArgs;
use scenario::{Pattern, listed};

/// Flags for the nodes.
#[derive(Debug, Clone, Default, Args)]
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

    /// The flags, if a node understands them beside those that the lab gives it itself: `labs`, where it listens, what
    /// it is called, and how it finds the others; and if one of these patterns has a use for each. The error comes before
    /// anything is started, and not from a log.
    pub fn checked(self, labs: &[&str], patterns: &[Pattern]) -> Result<Vec<String>, Failure> {
        let line = OWN.iter().chain(labs).copied().chain(self.flags.iter().map(String::as_str));
        match Node::try_parse_from(line) {
            Ok(_) => self.useful(patterns),
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

/// What the lab itself tells each node, whatever the pattern.
const OWN: [&str; 8] = [
    "local",
    "--listen=127.0.0.1:0",
    "--name=n",
    "--namespace=n",
    "--sub=127.0.0.1:0",
    "--broker=n",
    "--history=n",
    "--secret=n",
];

impl NodeFlags {
    /// The flags, if each is of use to a node of one of these patterns.
    fn useful(self, patterns: &[Pattern]) -> Result<Vec<String>, Failure> {
        let refused =
            |why: String, hint: String| Err(Failure::new(USAGE, format!("--node-flag: {why}"), hint));
        if let (Some(flag), []) = (self.flags.first(), patterns) {
            let why = format!("`{flag}` is for nodes of ours, and none of them runs");
            return refused(why, "leave it out, or name a pattern with `--pattern`".into());
        }
        let command = Node::command();
        let line = ["local"].into_iter().chain(self.flags.iter().map(String::as_str));
        // They were understood already.
        let Ok(given) = command.clone().try_get_matches_from(line) else { return Ok(self.flags) };
        let is_given =
            |arg: &&Arg| given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
        let in_redis = is_given_as(&given, "sessions", "redis");
        if let Some(other) = patterns.iter().find(|one| in_redis && **one != Pattern::Redis) {
            let why =
                format!("`--sessions=redis` is for nodes of redis alone, and there are nodes of {other}");
            return refused(why, "leave it out, or run redis by itself".into());
        }
        for arg in command.get_arguments().filter(is_given) {
            let Some(having) = patterns_of(arg).filter(|of| !patterns.iter().any(|one| of.contains(one)))
            else {
                continue;
            };
            let names =
                |patterns: &[Pattern]| listed(&patterns.iter().map(|one| one.name()).collect::<Vec<_>>());
            let flag = arg.get_long().unwrap_or_default();
            let (nodes, having) = (names(patterns), names(&having));
            let why = format!("a node of {nodes} has no use for `--{flag}`, which is for {having}");
            return refused(why, format!("leave it out, or run {having}; see `pubsub-lab node --help`"));
        }
        Ok(self.flags)
    }
}

/// The patterns that a flag is for, which its help names before a colon; `None` for a flag of every pattern.
fn patterns_of(arg: &Arg) -> Option<Vec<Pattern>> {
    let help = arg.get_help()?.to_string();
    help.split_once(": ")?.0.split(", ").map(Pattern::named).collect()
}

/// Whether a flag was given this value.
fn is_given_as(given: &ArgMatches, flag: &str, value: &str) -> bool {
    given.get_raw(flag).is_some_and(|mut values| values.any(|one| one == value))
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(flags: &[&str]) -> Result<Vec<String>, String> {
        of(flags, &Pattern::ALL)
    }

    fn of(flags: &[&str], patterns: &[Pattern]) -> Result<Vec<String>, String> {
        let flags = NodeFlags { flags: flags.iter().map(|flag| (*flag).to_owned()).collect() };
        flags.checked(&["--max-rate=0"], patterns).map_err(|failure| failure.message)
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
    fn what_the_patterns_have_no_use_for_is_named_with_those_that_have() {
        let (redis, amqp) = (Pattern::Redis, Pattern::Amqp);
        for (flag, patterns, said) in [
            ("--hwm=5", &[redis][..], "a node of redis has no use for `--hwm`, which is for zeromq"),
            (
                "--live-queue=exclusive",
                &[redis, Pattern::Local],
                "a node of redis and local has no use for `--live-queue`, which is for amqp",
            ),
            (
                "--sessions=redis",
                &[redis, amqp],
                "`--sessions=redis` is for nodes of redis alone, and there are nodes of amqp",
            ),
            ("--hwm=5", &[], "`--hwm=5` is for nodes of ours, and none of them runs"),
        ] {
            assert_eq!(of(&[flag], patterns).unwrap_err(), format!("--node-flag: {said}"));
        }
        assert!(of(&["--hwm=5"], &[redis, Pattern::Zeromq]).is_ok(), "one of several has a use for it");
        assert!(of(&["--sessions=redis"], &[redis]).is_ok());
        assert!(of(&["--sessions=token", "--session-lifetime=2h"], &[redis, amqp]).is_ok());
        assert!(of(&["--outbox-age=5s", "--max-frame=2048"], &[amqp]).is_ok());
    }

    #[test]
    fn every_flag_of_a_bus_says_in_its_help_for_which_patterns_it_is() {
        #[derive(Debug, Parser)]
        struct Bus {
            #[command(flatten)]
            _args: crate::bus::BusArgs,
        }
        for arg in Bus::command().get_arguments() {
            let help = arg.get_help().map(ToString::to_string);
            assert!(patterns_of(arg).is_some_and(|patterns| !patterns.is_empty()), "{help:?}");
        }
    }

    #[test]
    fn what_it_does_not_understand_is_named() {
        for (flag, expected) in [
            ("--hmw=5", "--node-flag: unexpected argument '--hmw' found"),
            ("--hwm=many", "--node-flag: invalid value 'many' for '--hwm <N>'"),
            ("--listen=127.0.0.1:1", "is the lab's own"),
            ("--max-rate=1", "is the lab's own"),
            ("--broker=redis://:pw@host", "is the lab's own"),
            ("--help", "does not print its help"),
            ("redis", "--node-flag: unexpected argument 'redis' found"),
        ] {
            let message = checked(&[flag]).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
