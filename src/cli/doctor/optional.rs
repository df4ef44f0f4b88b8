//! What only the tests and the book want.

use std::path::{Path, PathBuf};

use super::ask;
use super::tools::Tool;
use lab::program;

/// Something that only the tests or the book want.
pub(super) struct Wanted {
    name: &'static str,
    purpose: &'static str,
    /// Any of these will do.
    programs: &'static [&'static str],
    /// Where it may be beside the search path.
    places: &'static [&'static str],
    /// Makes it say its version.
    version: &'static [&'static str],
    /// Debian's package, and Homebrew's formula.
    names: (&'static str, &'static str),
    /// What to do instead, where it is no package everywhere.
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
        // The one that comes first may lack what the system's own has.
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
        // Few systems have a package of it.
        install: Some("install it with `cargo install mdbook`"),
    },
];

impl Wanted {
    /// The first that says a version; one that says none is as good as missing.
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
