//! The programs that only the tests and the book want.

use std::path::{Path, PathBuf};

use super::ask;
use super::tools::Tool;
use lab::program;

/// A program that only the tests or the book want.
pub(super) struct Wanted {
    name: &'static str,
    purpose: &'static str,
    /// The names of the program; any of them will do.
    programs: &'static [&'static str],
    /// The paths at which the program may be beside the search path.
    places: &'static [&'static str],
    /// The arguments that make the program say its version.
    version: &'static [&'static str],
    /// The names of Debian's package, and of Homebrew's formula.
    names: (&'static str, &'static str),
    /// What to do instead, where there is not a package everywhere.
    install: Option<&'static str>,
}

pub(super) static OPTIONAL: [Wanted; 6] = [
    Wanted {
        name: "chromium",
        purpose: "tests (page)",
        programs: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"],
        places: &[
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
        ],
        version: &["--version"],
        names: ("chromium", "--cask google-chrome"),
        install: None,
    },
    Wanted {
        name: "chromedriver",
        purpose: "tests (page)",
        programs: &["chromedriver", "chromium.chromedriver"],
        places: &["/usr/lib/chromium-browser/chromedriver"],
        version: &["--version"],
        names: ("chromium-driver", "--cask chromedriver"),
        install: None,
    },
    Wanted {
        name: "python3 zmq",
        purpose: "tests (zmq)",
        programs: &["python3"],
        // The python3 that comes first in the search path may lack a module that the system's own has.
        places: &["/usr/bin/python3"],
        version: &["-c", "import zmq; print(zmq.__version__)"],
        names: ("python3-zmq", "python"),
        install: if cfg!(target_os = "macos") {
            Some("install it with `python3 -m pip install pyzmq`")
        } else {
            None
        },
    },
    Wanted {
        name: "nodejs",
        purpose: "tests (JS)",
        programs: &["node", "nodejs"],
        places: &[],
        version: &["--version"],
        names: ("nodejs", "node"),
        install: None,
    },
    Wanted {
        name: "tidy",
        purpose: "tests (HTML)",
        programs: &["tidy"],
        places: &[],
        version: &["-version"],
        names: ("tidy", "tidy-html5"),
        install: None,
    },
    Wanted {
        name: "mdbook",
        purpose: "the book",
        programs: &["mdbook"],
        places: &[],
        version: &["--version"],
        names: ("mdbook", "mdbook"),
        // Few systems have a package of mdbook.
        install: Some("install it with `cargo install mdbook`"),
    },
];

impl Wanted {
    /// Looks for the first program that says a version; one that says none is as good as missing.
    pub(super) async fn look(&self) -> Tool {
        let mut tool = Tool::new(self.name, self.purpose, true);
        let mut silent = None;
        for path in self.candidates() {
            if let Some(version) = ask::version(&path, self.version).await {
                return Tool { path: Some(path), version: Some(version), ..tool };
            }
            silent.get_or_insert(path);
        }
        tool.note = silent.map(|path| format!("{} does not have it, or does not run", path.display()));
        tool.install = Some(match self.install {
            Some(line) => line.into(),
            None => program::install_line(self.names.0, self.names.1),
        });
        tool
    }

    fn candidates(&self) -> Vec<PathBuf> {
        let found = self.programs.iter().filter_map(|name| program::find(name));
        let known = self.places.iter().map(PathBuf::from).filter(|path| program::is_program(Path::new(path)));
        let mut all: Vec<PathBuf> = found.chain(known).collect();
        all.dedup();
        all
    }
}
