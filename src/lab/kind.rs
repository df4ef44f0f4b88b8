//! What the lab knows of a third-party server: one object for each kind of broker, and nobody else asks which it is.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use futures_util::future::{BoxFuture, ready};

use super::error::LabError;
use super::managed::Managed;
use super::process::Supervision;
use super::program;
use super::refusal::Refusal;

/// A kind of broker: what is so of every one of them, and how one is started, asked and left.
pub trait BrokerKind: fmt::Debug + Send + Sync {
    /// What is so of every one of them.
    fn facts(&self) -> &'static Facts;

    /// Starts one of the lab's own and waits until it serves.
    fn start<'a>(&self, place: Place<'a>) -> BoxFuture<'a, Result<Managed, LabError>>;

    /// The version of the one that serves on this loopback port. An error until it serves.
    fn version_at(&self, port: u16) -> BoxFuture<'static, io::Result<String>>;

    /// The version of the user's, or `unknown`, once it lets a client of the kind that the nodes use in.
    fn version_of<'a>(&self, url: &'a str) -> BoxFuture<'a, Result<String, Refusal>>;

    /// Deletes what the nodes and the history of this namespace have made to stay at the user's. An error is a clause
    /// for people. Of a kind that keeps nothing there is nothing to delete.
    fn clean<'a>(&self, _url: &'a str, _namespace: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(ready(Ok(())))
    }
}

/// Where one of the lab's own is started.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its program.
    pub program: &'a Path,
    /// The lab's private directory.
    pub dir: &'a Path,
    /// The directory of the logs.
    pub logs: &'a Path,
    /// Who watches over it.
    pub supervision: &'a Supervision,
}

/// What is so of every broker of a kind.
#[derive(Debug)]
pub struct Facts {
    /// Its name for people, by which a pattern says that it needs one.
    pub name: &'static str,
    /// The name of its process, of its log, and of its version in a report.
    pub word: &'static str,
    /// The schemes of its URLs with a host and a port that a proxy can stand for. The first is that of the lab's own,
    /// the blank of `--server` and a word of `--broker`.
    pub schemes: &'static [&'static str],
    /// Those of its other URLs: over TLS, or to a file.
    pub other_schemes: &'static [&'static str],
    /// The port of a URL without one.
    pub port: u16,
    /// How its URLs read, for a hint.
    pub url_form: &'static str,
    /// Its program on this machine.
    pub program: &'static Program,
    /// What else of other people it needs to run.
    pub companion: Option<&'static Companion>,
    /// What runs where there is no such program.
    pub image: Image,
}

/// A server's program: how it is found, and how one gets it.
#[derive(Debug)]
pub struct Program {
    /// Its name, which is that of Debian's package as well.
    pub name: &'static str,
    /// Homebrew's formula.
    pub formula: &'static str,
    /// The environment variable that names another one; empty means: none, use Docker.
    pub variable: &'static str,
    /// Where it is looked for before the search path.
    pub places: &'static [&'static str],
    /// Whether the lab can use what the search path has under this name.
    pub is_usable: fn(&Path) -> bool,
    /// How its version is learnt.
    pub version: VersionBy,
}

/// How the version of a program is learnt.
#[derive(Debug, Clone, Copy)]
pub enum VersionBy {
    /// It says it when it is called so.
    Flag(&'static str),
    /// Its installation tells.
    Place(fn(&Path) -> Option<String>),
}

/// A program that a server needs beside it.
#[derive(Debug)]
pub struct Companion {
    /// Its name, and that of its process.
    pub name: &'static str,
    /// What it belongs to.
    pub part_of: &'static str,
    /// Debian's package.
    pub package: &'static str,
    /// Homebrew's formula.
    pub formula: &'static str,
    /// Finds it; an error where it is not.
    pub find: fn() -> Result<PathBuf, LabError>,
    /// Its version, if its place tells it.
    pub version: fn(&Path) -> Option<String>,
}

/// A container of a server.
#[derive(Debug)]
pub struct Image {
    /// The image; Docker fetches it once.
    pub name: &'static str,
    /// The port that it listens on within.
    pub port: u16,
    /// More flags for `docker run`.
    pub flags: &'static [&'static str],
    /// What runs in it, where that is not what the image says.
    pub command: &'static [&'static str],
}

impl Program {
    /// The one of this machine, if it has one that the lab can use.
    ///
    /// # Errors
    /// When the variable names what is no program.
    pub fn find(&self) -> Result<Option<PathBuf>, LabError> {
        program::chosen(self.variable, || {
            let known = self.places.iter().map(PathBuf::from).find(|file| program::is_program(file));
            known.or_else(|| program::find(self.name).filter(|file| (self.is_usable)(file)))
        })
    }

    /// What to do on this system to have it.
    pub fn install_line(&self) -> String {
        program::install_line(self.name, self.formula)
    }
}
