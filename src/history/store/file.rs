//! The SQLite file itself: its schema, how it is opened for writing and for reading, and why it cannot be opened.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::margin;

/// The application id "psbl", which marks the file as ours. The program `file` shows it.
const APPLICATION_ID: i32 = 0x7073_626c;
/// The version of the schema, which counts up with each change.
const SCHEMA_VERSION: i32 = 1;
/// Size of the header with which every database begins, in bytes.
const HEADER_BYTES: u64 = 100;
/// How long SQLite itself waits for a lock. It is short because the writer waits longer by itself, and says so
/// meanwhile.
const BUSY: Duration = Duration::from_millis(200);
/// Size to which the WAL is cut after a checkpoint, in bytes.
const WAL_SIZE: i64 = 64 * 1024 * 1024;

const SCHEMA: &str = "
    CREATE TABLE messages (
        seq       INTEGER PRIMARY KEY AUTOINCREMENT,
        id        TEXT NOT NULL UNIQUE,
        room      TEXT NOT NULL,
        stored_at INTEGER NOT NULL, -- Unix milliseconds
        envelope  BLOB NOT NULL     -- as published: header line, frame
    ) STRICT;
    CREATE INDEX messages_by_room ON messages (room, seq);
    CREATE TABLE held (messages INTEGER NOT NULL) STRICT; -- one row: counting a million takes too long
    INSERT INTO held VALUES (0);
";

/// The file, opened for writing.
pub struct Store {
    pub(super) connection: Connection,
    /// The subscription by which the last delivery came that is in the file; `None` before the first one.
    pub(super) epoch: Option<u64>,
    file: File,
}

/// The file, opened for reading.
pub struct Reader {
    pub(super) connection: Connection,
    file: File,
}

/// The identity of the file to which a path led. SQLite goes on writing into a file that somebody has removed, and
/// nobody would ever see what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct File {
    device: u64,
    inode: u64,
}

impl File {
    fn at(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        Some(Self { device: file.dev(), inode: file.ino() })
    }
}

/// The reason why the file cannot be opened.
#[derive(Debug)]
pub enum Opening {
    /// The file is something else than a history, and waiting will not help.
    Never(String),
    /// The file is locked, or the disk is full; waiting may help.
    NotNow(String),
}

impl Opening {
    /// The reason as a sentence.
    pub fn why(self) -> String {
        let (Self::Never(why) | Self::NotNow(why)) = self;
        why
    }
}

impl Store {
    /// Opens the file, and creates it (and its directory) if it does not exist. A file that is not ours stays as it
    /// is.
    pub fn open(path: &Path) -> Result<Self, Opening> {
        let shown = path.display();
        if path.is_dir() {
            return Err(Opening::Never(format!("{shown} is a directory, not a database")));
        }
        // SQLite would take a file of one byte for an empty one.
        if fs::metadata(path).is_ok_and(|file| (1..HEADER_BYTES).contains(&file.len())) {
            return Err(Opening::Never(format!("{shown} is no SQLite database")));
        }
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(|error| {
                Opening::Never(format!("the directory {} cannot be made: {error}", parent.display()))
            })?;
        }
        Self::prepare(path).map_err(|error| error.sorted(path))
    }

    fn prepare(path: &Path) -> Result<Self, Trouble> {
        let mut connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(BUSY)?;
        let fresh = is_fresh(&connection)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        // Only macOS distinguishes this from an ordinary `fsync`.
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "journal_size_limit", WAL_SIZE)?;
        if fresh {
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            // Another process may have created the schema in the meantime.
            if is_fresh(&transaction)? {
                transaction.execute_batch(SCHEMA)?;
                transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
                transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            }
            transaction.commit()?;
        }
        // A file of an earlier version has no such table, and can be read by that version with it.
        connection.execute_batch(margin::SCHEMA)?;
        let file = File::at(path).ok_or(Trouble::Gone)?;
        Ok(Self { connection, epoch: None, file })
    }

    /// Whether the path still leads to this file.
    pub fn is_current(&self, path: &Path) -> bool {
        File::at(path) == Some(self.file)
    }
}

impl Reader {
    /// Opens a file that a [`Store`] has made.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        // A reader of a WAL may have to write into its index, so the connection is not read-only.
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "query_only", true)?;
        let file = File::at(path).ok_or(rusqlite::Error::InvalidPath(path.to_owned()))?;
        Ok(Self { connection, file })
    }

    /// Whether the path still leads to this file.
    pub fn is_current(&self, path: &Path) -> bool {
        File::at(path) == Some(self.file)
    }
}

/// Whether the file is still empty. Gives an error if it holds something that is not ours.
fn is_fresh(connection: &Connection) -> Result<bool, Trouble> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    if application == APPLICATION_ID {
        return if version == SCHEMA_VERSION { Ok(false) } else { Err(Trouble::Version(version)) };
    }
    let tables =
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0))?;
    if application == 0 && version == 0 && tables == 0 { Ok(true) } else { Err(Trouble::Foreign) }
}

/// The reason why a file was not prepared.
enum Trouble {
    Sqlite(rusqlite::Error),
    Version(i32),
    Foreign,
    Gone,
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Trouble {
    fn sorted(self, path: &Path) -> Opening {
        let shown = path.display();
        let error = match self {
            Self::Foreign => {
                return Opening::Never(format!("{shown} is the database of another program"));
            }
            Self::Version(version) => {
                return Opening::Never(format!(
                    "{shown} has schema {version}, this version reads schema {SCHEMA_VERSION}"
                ));
            }
            Self::Gone => return Opening::NotNow(format!("{shown} was removed while it was opened")),
            Self::Sqlite(error) => error,
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Opening::Never(format!("{shown} is no SQLite database")),
            Some(ErrorCode::DatabaseCorrupt) => Opening::Never(format!("{shown} is damaged: {error}")),
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory,
            ) => Opening::NotNow(sentence(path, &error)),
            _ => Opening::Never(format!("{shown} cannot be opened: {error}")),
        }
    }
}

/// What is wrong with the file, as a sentence for people.
pub fn sentence(path: &Path, error: &rusqlite::Error) -> String {
    let shown = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("the database {shown} is locked by another process")
        }
        Some(ErrorCode::DiskFull) => format!("the disk of the database {shown} is full"),
        _ => format!("the database {shown} fails: {error}"),
    }
}

/// Whether an error is about a lock, after which the connection can still be used.
pub fn is_lock(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
