//! A directory that only this lab uses, and that is gone when the lab is.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::LabError;
use super::warden::Warden;

/// A private directory under the system's temporary one. Removed on drop, at the latest by the warden.
#[derive(Debug)]
pub struct PrivateDirectory {
    path: PathBuf,
    warden: Arc<Warden>,
}

impl PrivateDirectory {
    /// Makes one that nobody else may read.
    pub fn new(warden: &Arc<Warden>) -> Result<Self, LabError> {
        // 64 random bits: nobody else has this name, so the warden may know it before it exists.
        let path = std::env::temp_dir().join(format!("pubsub-lab-{:016x}", rand::random::<u64>()));
        let failed = |error| {
            LabError::environment(format!("the directory {} could not be made: {error}", path.display()))
                .hint("set TMPDIR to a directory that can be written")
        };
        warden.directory(&path).map_err(failed)?;
        DirBuilder::new().mode(0o700).create(&path).map_err(failed)?;
        Ok(Self { path, warden: Arc::clone(warden) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        if std::fs::remove_dir_all(&self.path).is_ok() {
            // A closed pipe only means that the warden has seen to it.
            self.warden.directory_gone(&self.path).ok();
        }
    }
}
