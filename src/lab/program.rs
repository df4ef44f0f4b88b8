//! Finds a third-party program on this machine, and says how to get it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::error::LabError;

/// The directories of servers that are not on everybody's `PATH`.
const SERVER_PLACES: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

/// The program that an environment variable names, or else the one that `find` gives. An empty variable means: no
/// program.
///
/// # Errors
/// When the variable names something that is no program.
pub fn chosen(variable: &str, find: impl FnOnce() -> Option<PathBuf>) -> Result<Option<PathBuf>, LabError> {
    match std::env::var_os(variable) {
        None => Ok(find()),
        Some(chosen) if chosen.is_empty() => Ok(None),
        Some(chosen) => {
            let chosen = PathBuf::from(chosen);
            if is_program(&chosen) {
                return Ok(Some(chosen));
            }
            let message = format!("{variable} is {}, which is not a program", chosen.display());
            Err(LabError::environment(message).hint(format!("unset {variable}, or correct it")))
        }
    }
}

/// The first program of this name on the search path, then where servers usually are.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    find_in(name, &path, &SERVER_PLACES)
}

fn find_in(name: &str, path: &OsStr, places: &[&str]) -> Option<PathBuf> {
    std::env::split_paths(path)
        // An empty entry means the current directory, which is no place for a server.
        .filter(|dir| !dir.as_os_str().is_empty())
        .chain(places.iter().map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|file| is_program(file))
}

/// Whether this is a file that the user may execute.
pub fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// What a user of this system does to install a program, from Debian's package or Homebrew's formula.
pub fn install_line(package: &str, formula: &str) -> String {
    let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    install_line_for(std::env::consts::OS, &os_release, package, formula)
}

fn install_line_for(os: &str, os_release: &str, package: &str, formula: &str) -> String {
    let apt = format!("`sudo apt-get install {package}`");
    let brew = format!("`brew install {formula}`");
    let ids = || {
        os_release
            .lines()
            .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
            .flat_map(|ids| ids.trim_matches('"').split_ascii_whitespace())
    };
    if os == "macos" {
        format!("install it with {brew}")
    } else if ids().any(|id| id == "debian" || id == "ubuntu") {
        format!("install it with {apt}")
    } else {
        format!("install {package} with your system's package manager ({apt}, {brew})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(dir: &Path, name: &str, mode: u32) -> PathBuf {
        let file = dir.join(name);
        fs::write(&file, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn the_search_path_comes_before_the_usual_places() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let usual = [second.path().to_str().unwrap()];
        assert_eq!(find_in("server", first.path().as_os_str(), &usual), None);
        let fallback = place(second.path(), "server", 0o755);
        assert_eq!(find_in("server", first.path().as_os_str(), &usual), Some(fallback.clone()));
        place(first.path(), "server", 0o644);
        assert_eq!(find_in("server", first.path().as_os_str(), &usual), Some(fallback));
        let mine = place(first.path(), "server", 0o755);
        assert_eq!(find_in("server", first.path().as_os_str(), &usual), Some(mine));
    }

    #[test]
    fn the_install_line_is_this_systems() {
        let hint = |os, release| install_line_for(os, release, "redis-server", "redis");
        assert!(hint("linux", "ID=debian\n").contains("`sudo apt-get install redis-server`"));
        assert!(hint("linux", "ID=pop\nID_LIKE=\"ubuntu debian\"\n").contains("apt-get"));
        assert!(!hint("linux", "ID=debian\n").contains("brew"));
        assert!(hint("macos", "").contains("`brew install redis`"));
        let unknown = hint("linux", "ID=arch\n");
        assert!(unknown.contains("apt-get") && unknown.contains("brew"));
    }
}
