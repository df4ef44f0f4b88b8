//! A directory that only this lab uses, and that is removed at the latest when the lab ends.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::LabError;
use super::warden::Warden;

/// A private directory under the system's temporary one. It is removed on drop, or else by the warden.
#[derive(Debug)]
pub struct PrivateDirectory {
    path: PathBuf,
    warden: Arc<Warden>,
}

impl PrivateDirectory {
    /// Makes a directory that nobody else may read.
    pub fn new(warden: &Arc<Warden>) -> Result<Self, LabError> {
        // The name has 64 random bits: nobody else has it, so the warden may know it before the directory exists.
        let path = std::env::temp_dir().join(format!("pubsub-lab-{:016x}", rand::random::<u64>()));
        let failed = |error| {
            LabError::environment(format!("the directory {} could not be made: {error}", path.display()))
                .hint("set TMPDIR to a directory that can be written")
        };
        warden.directory(&path).map_err(failed)?;
        DirBuilder::new().mode(0o700).create(&path).map_err(failed)?;
        Ok(Self { path, warden: Arc::clone(warden) })
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        if std::fs::remove_dir_all(&self.path).is_ok() {
            // A closed pipe only means that the warden has seen to the directory.
            self.warden.directory_gone(&self.path).ok();
        }
    }
}
