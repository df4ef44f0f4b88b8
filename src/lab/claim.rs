//! The directory of a bench: one lab at a time writes there, and nothing that is somebody else's is overwritten.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::bench::create;
use super::error::LabError;
use report::{Report, file_in_the_way};

/// The right to write into a directory, until it is dropped.
#[derive(Debug)]
pub struct Claim {
    /// The lock is on the directory itself, so that no file of it stays behind.
    _lock: File,
}

/// Creates the directory of a bench before anything is started, and keeps other labs out of it. With `replace`, a report
/// that is there may be overwritten.
///
/// # Errors
/// When the directory cannot be made, when another lab writes there, when it holds a report and `replace` is false, or
/// when it holds a file that a report would overwrite and that is no report's.
pub fn claim(directory: &Path, replace: bool) -> Result<Claim, LabError> {
    create(directory)?;
    let shown = directory.display();
    let lock = File::open(directory).map_err(|error| {
        LabError::environment(format!("the directory {shown} cannot be read: {error}"))
            .hint("choose another with `--out`")
    })?;
    // Any other error means that this file system has no locks, and then there is none.
    if let Err(TryLockError::WouldBlock) = lock.try_lock() {
        return Err(LabError::environment(format!("another bench is writing into {shown}"))
            .hint("wait for its end, or choose another directory with `--out`"));
    }
    let Some(name) = file_in_the_way(directory) else { return Ok(Claim { _lock: lock }) };
    if Report::read(directory).is_err() {
        let file = directory.join(name);
        let message = format!("{} would be overwritten, and it belongs to no report", file.display());
        return Err(LabError::usage(message).hint("choose another directory with `--out`"));
    }
    if !replace {
        return Err(LabError::usage(format!("there is a report in {shown} already"))
            .hint("`--force` replaces it with its logs; or choose another directory with `--out`"));
    }
    Ok(Claim { _lock: lock })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_labs_do_not_share_a_directory() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("new/out");
        let first = claim(&dir, false).unwrap();
        let error = claim(&dir, true).unwrap_err();
        assert_eq!(error.exit, super::super::error::ENVIRONMENT);
        assert!(error.message.starts_with("another bench is writing into "), "{error}");
        drop(first);
        claim(&dir, false).unwrap();
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0, "no lock stays behind");
    }

    #[test]
    fn what_belongs_to_no_report_is_never_overwritten() {
        for name in ["report.md", "timeline.csv", "report.json", "percentiles.hgrm"] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join(name), "mine").unwrap();
            for force in [false, true] {
                let error = claim(dir.path(), force).unwrap_err();
                assert_eq!(error.exit, super::super::error::USAGE);
                assert!(error.message.contains(name) && error.message.ends_with("no report"), "{error}");
            }
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("notes.md"), "mine").unwrap();
        claim(dir.path(), false).unwrap();
    }
}
