//! Epmd, Erlang's port mapper, which a RabbitMQ asks for the way to other nodes even when it is alone.
//!
//! An epmd that a RabbitMQ starts by itself is a daemon that outlives it, on the port of every other Erlang of this
//! machine. So each managed RabbitMQ has its own epmd, in the foreground and registered with the warden.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::error::LabError;
use crate::kind::Companion;
use crate::probe::fetch_answer;
use crate::process::{Spec, Supervision};
use crate::program;
use crate::service::{Readiness, Service};

/// How long an epmd may take to serve; it mostly takes some milliseconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// The directories where installations of Erlang are. Some have epmd only in a directory that is named after its
/// version.
const ERLANG_PLACES: [&str; 5] = [
    "/usr/lib/erlang",
    "/usr/lib64/erlang",
    "/usr/local/lib/erlang",
    "/opt/homebrew/opt/erlang/lib/erlang",
    "/usr/local/opt/erlang/lib/erlang",
];

/// The `epmd` of this machine. It has no flag for its version; the directory of its installation is named after the
/// version of Erlang's runtime.
pub(super) static COMPANION: Companion = Companion {
    name: "epmd",
    part_of: "Erlang",
    package: "erlang-base",
    formula: "erlang",
    find,
    version: |path| std::fs::canonicalize(path).ok().and_then(|path| erlang(&path)),
};

/// The path of this machine's `epmd`.
///
/// # Errors
/// When this machine has no `epmd`.
pub(super) fn find() -> Result<PathBuf, LabError> {
    let found = program::find("epmd");
    found.or_else(|| ERLANG_PLACES.iter().find_map(|place| within(Path::new(place)))).ok_or_else(|| {
        LabError::environment("RabbitMQ needs Erlang's `epmd`, which is not on this machine")
            .hint("install Erlang as your RabbitMQ asks for, or put `epmd` on the PATH")
    })
}

/// The `epmd` of an installation of Erlang: `bin/epmd`, or the one of a version, `erts-13.1.5/bin/epmd`.
fn within(erlang: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(erlang).ok()?.flatten();
    let mut versions: Vec<PathBuf> = versions
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("erts-"))
        .map(|entry| entry.path())
        .collect();
    // Any version will do; sorting makes it the same one each time.
    versions.sort();
    let all = std::iter::once(erlang.to_owned()).chain(versions);
    all.map(|place| place.join("bin/epmd")).find(|file| program::is_program(file))
}

/// Starts an epmd on this port of the loopback address alone, and waits until it serves.
pub(super) async fn start(
    program: PathBuf,
    port: u16,
    log: PathBuf,
    supervision: &Supervision,
) -> Result<Service, LabError> {
    let spec = Spec {
        name: "epmd".into(),
        program,
        args: arguments(port),
        env: Vec::new(),
        clean: true,
        dir: Some("/".into()),
        log,
        leaves: false,
    };
    let epmd = Service::launch(spec, port, Readiness::Asked(is_ours), supervision, PATIENCE).await?;
    match epmd.ready_within(PATIENCE).await {
        Ok(()) => Ok(epmd),
        Err(error) => {
            epmd.stop(Duration::ZERO).await;
            Err(error)
        }
    }
}

/// Whether an epmd answers on this port, and says that this is its port.
fn is_ours(port: u16, _process: u32) -> BoxFuture<'static, Result<(), String>> {
    Box::pin(async move {
        match epmd_port(port).await {
            Ok(said) if said == port => Ok(()),
            Ok(_) => Err("another epmd answers on its port".into()),
            Err(error) => Err(format!("it does not say its names ({error})")),
        }
    })
}

/// The port that the epmd on this loopback port says it has.
async fn epmd_port(port: u16) -> io::Result<u16> {
    // The request NAMES_REQ is its length, then `n`. The answer is the port in four bytes and the names, and then epmd
    // closes.
    let answer = fetch_answer(port, &[0, 1, b'n'], |answer| answer.len() >= 4).await?;
    let number = answer.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    let number = number.and_then(|number| u16::try_from(number).ok());
    number.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an answer of epmd"))
}

fn erlang(epmd: &Path) -> Option<String> {
    let mut names = epmd.iter().map(|name| name.to_string_lossy());
    names.find_map(|name| name.strip_prefix("erts-").map(|version| format!("erts {version}")))
}

fn arguments(port: u16) -> Vec<OsString> {
    // Without `-daemon` the epmd stays in the foreground.
    ["-port", &port.to_string(), "-address", "127.0.0.1"].map(OsString::from).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn place(erlang: &Path, at: &str) -> PathBuf {
        let file = erlang.join(at);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    #[test]
    fn it_is_found_in_an_installation_of_any_version() {
        let erlang = tempfile::tempdir().unwrap();
        assert_eq!(within(erlang.path()), None);
        let versioned = place(erlang.path(), "erts-13.1.5/bin/epmd");
        place(erlang.path(), "lib/bin/epmd");
        assert_eq!(within(erlang.path()), Some(versioned));
        let plain = place(erlang.path(), "bin/epmd");
        assert_eq!(within(erlang.path()), Some(plain));
    }

    #[test]
    fn the_version_of_erlang_is_in_the_path() {
        let path = Path::new("/usr/lib/erlang/erts-13.1.5/bin/epmd");
        assert_eq!(erlang(path).as_deref(), Some("erts 13.1.5"));
        assert_eq!(erlang(Path::new("/usr/bin/epmd")), None);
    }
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::*;
    use crate::probe::tests_of_the_machine::answer_once;

    #[tokio::test]
    async fn an_epmd_says_its_port() {
        let port = answer_once(b"\0\0\x5b\x25name lab at port 1\n");
        assert_eq!(epmd_port(port).await.unwrap(), 23333);
        assert!(epmd_port(answer_once(b"no")).await.is_err());
    }
}
