//! Writes files so that a reader finds them whole: the old file or the new one, never a half.

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

/// Makes the file readable for whoever may look into the directory: a temporary file is its owner's alone, and a report
/// is not.
#[cfg(unix)]
fn readable(file: &tempfile::NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &tempfile::NamedTempFile) -> io::Result<()> {
    Ok(())
}
