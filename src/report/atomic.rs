//! Files that a reader finds whole: the old one or the new one, never a half.

use std::fs;
use std::io;
use std::path::Path;

/// Writes a file into a directory, which is made if need be.
pub(super) fn replace(dir: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let file = tempfile::NamedTempFile::with_prefix_in(".report-", dir)?;
    fs::write(file.path(), text)?;
    readable(&file)?;
    file.persist(dir.join(name)).map_err(|failed| failed.error)?;
    Ok(())
}

/// A temporary file is its owner's alone; a report is for whoever may look into the directory.
#[cfg(unix)]
fn readable(file: &tempfile::NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &tempfile::NamedTempFile) -> io::Result<()> {
    Ok(())
}
