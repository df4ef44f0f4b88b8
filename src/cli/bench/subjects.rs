//! The subjects of a bench: patterns of ours, and a server of somebody else's.

use std::path::Path;

use clap::Args;

use super::blanks;
use crate::broker_variable;
use crate::failure::{Failure, USAGE};
use lab::{Dialect, Product, Server, Software, Subject, Template};
use scenario::{InputError, Overrides, Pattern, Scenario};

/// The name in tables of a server that the user did not name.
const SERVER: &str = "server";
const ATTACHED: &str = "attached";
/// The greatest length of a label, in characters: a label stands in a table's column.
const LABEL_MAX: usize = 24;

/// Flags that say what is measured.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SubjectArgs {
    /// Patterns to run, separated by commas, or `all` [default: those that the scenario names; none if you test a
    /// server of your own]
    #[arg(long, short, value_name = "P,P", value_delimiter = ',')]
    pub(crate) pattern: Vec<String>,

    #[arg(long, value_name = "COMMAND", conflicts_with = "urls", help = server_help())]
    pub(crate) server: Option<String>,

    /// Measure nodes that are already running, instead of starting some (repeatable)
    #[arg(long = "url", value_name = "ws://HOST:PORT", conflicts_with_all = ["nodes", "flags"])]
    pub(crate) urls: Vec<String>,

    /// Name of your server in tables [default: server, or attached]
    #[arg(long, value_name = "NAME")]
    pub(crate) label: Option<String>,

    /// How to talk to your server: `plain` (a frame is a text), `v1` (pubsub-lab.v1), or a template file
    /// [default: v1 if the server accepts it, else plain]
    #[arg(long, value_name = "plain|v1|FILE")]
    pub(crate) dialect: Option<String>,

    #[arg(long = "broker", value_name = "URL", help = broker_help())]
    pub(crate) brokers: Vec<String>,

    /// The text of the template that `dialect` names, where it does not come from the file.
    #[arg(skip)]
    pub(crate) template: Option<String>,
}

fn server_help() -> String {
    let mut blanks = vec!["{node}".to_owned(), "{peers}".to_owned()];
    blanks.extend(Product::ALL.map(Product::blank));
    let last = blanks.pop().unwrap_or_default();
    format!(
        "Shell command that starts your own chat server as one node; it contains {{port}}, and, where needed, {} or {last}",
        blanks.join(", ")
    )
}

fn broker_help() -> String {
    let once = Product::ALL.map(|product| format!("once {}://", product.scheme())).join(", ");
    let words = Product::ALL.map(|product| format!("`{}`", product.scheme())).join(" or ");
    format!(
        "Your own broker, instead of one that the lab starts and may kill ({once}); or the word {words}, for the \
         broker that the lab starts for `--server` [env: {}]",
        broker_variable::VARIABLE
    )
}

/// The choice that the flags make.
pub(in super::super) struct Chosen {
    pub(in super::super) subjects: Vec<Subject>,
    /// The URLs of brokers.
    pub(in super::super) brokers: Vec<String>,
    /// The dialect of a server of somebody else's, if it was said.
    pub(in super::super) dialect: Option<Dialect>,
    /// The text of the dialect's template, if it has one.
    pub(in super::super) template: Option<String>,
}

impl SubjectArgs {
    /// Sets the number of nodes to the number of URLs: faults and paths are counted by nodes.
    pub(in super::super) fn count_nodes(&self, overrides: &mut Overrides) {
        if !self.urls.is_empty() {
            overrides.insert("nodes", self.urls.len().to_string());
        }
    }

    /// Turns an error about the number of nodes into one about the URLs, if those gave it.
    pub(in super::super) fn by_urls(&self, error: InputError) -> InputError {
        let words = match self.urls.len() {
            0 => return error,
            1 => "one --url is 1 node".to_owned(),
            more => format!("{more} --url are {more} nodes"),
        };
        let hint = "give one `--url` for each node that the scenario needs, or let `--server` start them";
        error.given_by("nodes", &words, hint)
    }

    /// Chooses the subjects, in the order of the table: patterns first.
    pub(in super::super) fn choose(&self, scenario: &Scenario) -> Result<Chosen, Failure> {
        let theirs = self.theirs()?;
        let patterns = self.patterns(scenario, theirs.is_some())?;
        let (dialect, template) = self.dialect(theirs.is_some())?;
        self.brokers_are_used(patterns.is_empty())?;
        let brokers: Vec<_> =
            self.brokers.iter().filter(|broker| Product::named(broker).is_none()).cloned().collect();
        let ours = patterns.into_iter().map(|pattern| Subject::Cluster(Software::Pattern(pattern)));
        let subjects: Vec<Subject> = ours.chain(theirs).collect();
        let brokers = if brokers.is_empty() {
            let needed: Vec<_> = subjects.iter().filter_map(Subject::product).collect();
            broker_variable::brokers(&needed)?
        } else {
            brokers
        };
        Ok(Chosen { subjects, brokers, dialect, template })
    }

    /// Refuses a broker that no subject would use, because nobody gives one on purpose.
    fn brokers_are_used(&self, alone: bool) -> Result<(), Failure> {
        if self.server.is_some() {
            return Ok(());
        }
        let word = self.brokers.iter().find(|broker| Product::named(broker).is_some());
        let (message, hint) = match (word, self.brokers.first()) {
            (_, Some(_)) if alone && !self.urls.is_empty() => (
                "--broker is for nodes that the lab starts, and those at a --url have theirs",
                "leave it out, or name a pattern that is to run over it: `--pattern redis`",
            ),
            (Some(_), _) => (
                "--broker without a URL is for `--server`",
                "leave it out: a pattern gets its broker from the lab",
            ),
            _ => return Ok(()),
        };
        Err(Failure::new(USAGE, message, hint))
    }

    fn patterns(&self, scenario: &Scenario, beside: bool) -> Result<Vec<Pattern>, Failure> {
        let patterns = if self.pattern.is_empty() {
            if beside { Vec::new() } else { scenario.patterns.clone() }
        } else if self.pattern.iter().any(|word| word == "all") {
            Pattern::ALL.to_vec()
        } else {
            let mut patterns = Vec::new();
            for word in &self.pattern {
                let pattern = crate::pattern::read(word)?;
                if !patterns.contains(&pattern) {
                    patterns.push(pattern);
                }
            }
            patterns
        };
        if patterns.is_empty() && !beside {
            let message = format!("the scenario {} names no pattern that this version runs", scenario.name);
            return Err(Failure::new(USAGE, message, "name one with `--pattern local` or `--pattern redis`"));
        }
        Ok(patterns)
    }

    /// The server of somebody else's as a subject, if there is one.
    fn theirs(&self) -> Result<Option<Subject>, Failure> {
        if self.server.is_none() && self.urls.is_empty() {
            let stray = [("--label", self.label.is_some()), ("--dialect", self.dialect.is_some())];
            return match stray.iter().find(|(_, given)| *given) {
                None => Ok(None),
                Some((flag, _)) => {
                    let message = format!("{flag} is about a server of yours, and there is none");
                    Err(Failure::new(
                        USAGE,
                        message,
                        "give `--server 'COMMAND {port}'` or `--url ws://HOST:PORT`",
                    ))
                }
            };
        }
        let default = if self.server.is_some() { SERVER } else { ATTACHED };
        let label = checked_label(self.label.as_deref().unwrap_or(default))?;
        let Some(command) = &self.server else {
            return Ok(Some(Subject::Attached { label, urls: self.urls.clone() }));
        };
        if command.trim().is_empty() || command.contains('\0') {
            let message = "--server names no command";
            return Err(Failure::new(USAGE, message, "a command looks like --server 'node app.js {port}'"));
        }
        blanks::check(command)?;
        let mut products = Server::named_brokers(command);
        for product in self.brokers.iter().filter_map(|broker| Product::named(broker)) {
            if !products.contains(&product) {
                products.push(product);
            }
        }
        if products.len() > 1 {
            let message = "--server can have one broker, and two are named";
            let hint = format!("take {}, not both", Product::ALL.map(Product::blank).join(" or "));
            return Err(Failure::new(USAGE, message, hint));
        }
        let server = Server { label, command: command.clone(), broker: products.pop() };
        Ok(Some(Subject::Cluster(Software::Server(server))))
    }

    fn dialect(&self, theirs: bool) -> Result<(Option<Dialect>, Option<String>), Failure> {
        let Some(word) = self.dialect.as_deref().filter(|_| theirs) else { return Ok((None, None)) };
        if let Some(dialect) = Dialect::named(word) {
            return Ok((Some(dialect), None));
        }
        let text = match &self.template {
            Some(text) => text.clone(),
            None => std::fs::read_to_string(Path::new(word)).map_err(|error| {
                let message = format!(
                    "--dialect {word}: neither `plain` nor `v1` nor a file that can be read: {error}"
                );
                let hint = "a template file says what to send and where the text is; see the README";
                Failure::new(USAGE, message, hint)
            })?,
        };
        Ok((Some(template(word, &text)?), Some(text)))
    }
}

/// Reads a template's text.
fn template(name: &str, text: &str) -> Result<Dialect, Failure> {
    Ok(Dialect::Template(Template::parse(name, text)?))
}

/// The label, if it can name a row and a directory, and is no pattern's name.
fn checked_label(label: &str) -> Result<String, Failure> {
    let wrong = |why: &str| {
        let message = format!("--label {label}: {why}");
        Err(Failure::new(USAGE, message, "a label is a short word of your own, such as --label mine"))
    };
    if Pattern::named(label).is_some() || label == "all" {
        return wrong("this is the name of a pattern");
    }
    if label.is_empty() || label.chars().count() > LABEL_MAX {
        return wrong(&format!("must have 1 to {LABEL_MAX} characters"));
    }
    if label.starts_with('.')
        || label.chars().any(|c| c.is_control() || c.is_whitespace() || "/\\".contains(c))
    {
        return wrong("must be one word without `/`");
    }
    Ok(label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(args: &SubjectArgs, file: &str) -> String {
        let mut overrides = Overrides::new();
        args.count_nodes(&mut overrides);
        let scenario = Scenario::parse("s.toml", file, &overrides).map_err(|error| args.by_urls(error));
        let chosen = scenario.map_err(Failure::from).and_then(|scenario| args.choose(&scenario).map(drop));
        chosen.map_or_else(|failure| failure.to_string(), |()| String::new())
    }

    fn at_urls(brokers: &[&str], pattern: &[&str]) -> SubjectArgs {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        SubjectArgs {
            urls: owned(&["ws://127.0.0.1:1"]),
            brokers: owned(brokers),
            pattern: owned(pattern),
            ..SubjectArgs::default()
        }
    }

    #[test]
    fn a_node_that_the_urls_lack_is_told_of_the_urls() {
        let said = said(&at_urls(&[], &[]), "[[fault]]\nat = \"1s\"\nkill = \"node 1\"\n");
        assert!(
            said.starts_with("error: one --url is 1 node: the fault `kill node 1` (s.toml:3:8) "),
            "{said}"
        );
        assert!(!said.contains("--nodes") && said.contains("hint: give one `--url` for each node"), "{said}");
    }

    #[test]
    fn a_broker_that_goes_to_nobody_is_refused() {
        for broker in ["redis", "redis://127.0.0.1:1"] {
            let said = said(&at_urls(&[broker], &[]), "");
            assert!(said.contains("those at a --url have theirs\nhint: "), "{broker}: {said}");
        }
        assert_eq!(said(&at_urls(&["redis://127.0.0.1:1"], &["redis"]), ""), "");
        let word = said(&at_urls(&["redis"], &["redis"]), "");
        assert!(word.contains("--broker without a URL is for `--server`"), "{word}");
    }

    #[test]
    fn labels() {
        assert_eq!(checked_label("mine-2").unwrap(), "mine-2");
        for wrong in ["", "redis", "all", "a b", "../x", "a/b", "a\n", &"x".repeat(25)] {
            assert_eq!(checked_label(wrong).unwrap_err().exit, USAGE, "{wrong:?}");
        }
    }
}
