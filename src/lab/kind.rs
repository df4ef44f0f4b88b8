//! The knowledge of the lab about third-party servers: one object for each kind of broker. Nobody else asks which kind
//! it is.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use futures_util::future::{BoxFuture, ready};

use super::error::LabError;
use super::managed::Managed;
use super::process::{LAST_WORDS, Supervision, last_lines};
use super::program;
use super::refusal::BrokerRefusal;

/// A kind of broker: the facts about it, and how a broker of the kind is started, asked and left.
pub trait BrokerKind: fmt::Debug + Send + Sync {
    /// The facts that hold for every broker of this kind.
    fn facts(&self) -> &'static Facts;

    /// Starts a broker of the lab's own and waits until it serves.
    fn start<'a>(&self, site: BrokerSite<'a>) -> BoxFuture<'a, Result<Managed, LabError>>;

    /// The version of the broker that serves on this loopback port. An error until it serves.
    fn version_at(&self, port: u16) -> BoxFuture<'static, io::Result<String>>;

    /// The version of the user's broker, or `unknown`, once it has let in a client of the kind that nodes with these
    /// flags use.
    fn version_of<'a>(
        &self,
        url: &'a str,
        node_flags: &'a [String],
    ) -> BoxFuture<'a, Result<String, BrokerRefusal>>;

    /// The lines of a log that say why a server ended that nobody asked to end, the most telling one last.
    fn last_words(&self, log: &Path) -> Vec<String> {
        last_lines(log, LAST_WORDS)
    }

    /// Deletes what the nodes and the history of this namespace have made at the user's broker to stay, and what nodes
    /// with these process ids could not delete. An error is a clause for people. A kind that keeps nothing has nothing
    /// to delete.
    fn clean<'a>(
        &self,
        _url: &'a str,
        _namespace: &'a str,
        _nodes: &'a [i32],
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(ready(Ok(())))
    }
}

/// Where a broker of the lab's own is started: its program, its directories, and who watches it.
#[derive(Debug, Clone, Copy)]
pub struct BrokerSite<'a> {
    /// The path of the broker's program.
    pub program: &'a Path,
    /// The lab's private directory.
    pub dir: &'a Path,
    /// The directory of the logs.
    pub logs: &'a Path,
    /// The supervision under which the broker's processes run.
    pub supervision: &'a Supervision,
}

/// The facts that hold for every broker of a kind.
#[derive(Debug)]
pub struct Facts {
    /// The name of the kind for people, by which a pattern says that it needs such a broker.
    pub name: &'static str,
    /// The name of the broker's process, of its log, and of its version in a report.
    pub word: &'static str,
    /// The schemes of URLs with a host and a port that a proxy can stand for. The first is the scheme of the lab's own
    /// broker, of the blank in `--server`, and a word of `--broker`.
    pub schemes: &'static [&'static str],
    /// The schemes of other URLs of this kind: over TLS, or to a file.
    pub other_schemes: &'static [&'static str],
    /// The default port, for a URL without one.
    pub port: u16,
    /// The form of the URLs, for a hint.
    pub url_form: &'static str,
    /// The server's program on this machine.
    pub program: &'static Program,
    /// A program by other people that the server needs beside it.
    pub companion: Option<&'static Companion>,
    /// The container that runs the server where this machine has no such program.
    pub image: Image,
}

/// A server's program: how the lab finds it, and how the user gets it.
#[derive(Debug)]
pub struct Program {
    /// The name of the program, which is that of Debian's package as well.
    pub name: &'static str,
    /// The name of Homebrew's formula.
    pub formula: &'static str,
    /// The environment variable that names another program; an empty value means: no program, use Docker.
    pub variable: &'static str,
    /// The directories in which the program is looked for before the search path.
    pub places: &'static [&'static str],
    /// Whether the lab can use a program that the search path has under this name.
    pub is_usable: fn(&Path) -> bool,
    /// How the lab learns the program's version.
    pub version: VersionBy,
}

/// How the lab learns the version of a program.
#[derive(Debug, Clone, Copy)]
pub enum VersionBy {
    /// The program says its version when it is called with this flag.
    Flag(&'static str),
    /// The path of its installation tells the version.
    InstallPath(fn(&Path) -> Option<String>),
}

/// A program that a server needs beside it.
#[derive(Debug)]
pub struct Companion {
    /// The name of the companion's program, and of its process.
    pub name: &'static str,
    /// What the companion belongs to.
    pub part_of: &'static str,
    /// The name of Debian's package.
    pub package: &'static str,
    /// The name of Homebrew's formula.
    pub formula: &'static str,
    /// Finds the companion's program; an error if this machine has none.
    pub find: fn() -> Result<PathBuf, LabError>,
    /// The version of the companion, if the path of its program tells it.
    pub version: fn(&Path) -> Option<String>,
}

/// A container image of a server.
#[derive(Debug)]
pub struct Image {
    /// The name of the image, which Docker fetches once.
    pub name: &'static str,
    /// The port on which the server listens within the container.
    pub port: u16,
    /// Additional flags for `docker run`.
    pub flags: &'static [&'static str],
    /// The command that runs in the container, where it is not the image's own.
    pub command: &'static [&'static str],
}

impl Program {
    /// The path of this program on this machine, if it has one that the lab can use.
    ///
    /// # Errors
    /// When the environment variable names something that is no program.
    pub fn find(&self) -> Result<Option<PathBuf>, LabError> {
        program::chosen(self.variable, || {
            let known = self.places.iter().map(PathBuf::from).find(|file| program::is_program(file));
            known.or_else(|| program::find(self.name).filter(|file| (self.is_usable)(file)))
        })
    }

    /// What a user of this system does to install the program.
    pub fn install_line(&self) -> String {
        program::install_line(self.name, self.formula)
    }
}
