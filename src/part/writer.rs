//! The log while it is written: events are put into bytes by whoever tells them, and a thread writes them to the disk.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crc32fast::Hasher;

use super::EVENTS_FILE;
use super::encode::encode;
use super::error::PartError;

/// The beginning of every log: its name and the number of its format.
pub(crate) const MAGIC: [u8; 8] = *b"pslpart\x01";
/// The beginning of the end of every log.
pub(crate) const END: [u8; 8] = *b"\0partend";
/// The length of the end: [`END`], the number of events, the number of bytes before the end, and their checksum.
pub(crate) const END_LEN: usize = 8 + 8 + 8 + 4;

/// The number of bytes that go to the disk together.
const CHUNK: usize = 64 * 1024;
/// Number of chunks that may wait for the disk. Whoever tells a further one waits: a log with a hole would be worth
/// nothing, and a wait shows in the figures of the load generator's own health.
const WAITING: usize = 256;

/// Writes the log of one agent. Any number of threads may tell it events.
#[derive(Debug)]
pub struct Recorder {
    book: Mutex<Book>,
    path: PathBuf,
}

#[derive(Debug)]
struct Book {
    bytes: Vec<u8>,
    /// The moment of the latest event, in nanoseconds.
    latest: i64,
    events: u64,
    disk: Option<SyncSender<Vec<u8>>>,
    writer: Option<JoinHandle<io::Result<()>>>,
}

impl Recorder {
    /// Begins a log in this directory, which must be there.
    pub fn create(directory: &Path) -> Result<Self, PartError> {
        let path = directory.join(EVENTS_FILE);
        let begin = || {
            let file = File::create_new(&path)?;
            let (disk, chunks) = sync_channel(WAITING);
            let writer = thread::Builder::new().name("part-writer".into()).spawn(|| write(file, chunks))?;
            Ok((disk, writer))
        };
        let (disk, writer) = begin().map_err(|error| PartError::io(&path, error))?;
        let (disk, writer) = (Some(disk), Some(writer));
        let bytes = Vec::with_capacity(CHUNK + CHUNK / 16);
        Ok(Self { book: Mutex::new(Book { bytes, latest: 0, events: 0, disk, writer }), path })
    }

    /// Writes down an event of this moment, since the agent's own zero. What is told after [`Recorder::finish`] is
    /// forgotten.
    pub fn record(&self, event: &ledger::Event, at: Duration) {
        let book = &mut *self.book();
        let at = i64::try_from(at.as_nanos()).unwrap_or(i64::MAX);
        encode(&mut book.bytes, event, at - book.latest);
        book.latest = at;
        book.events += 1;
        if book.bytes.len() >= CHUNK {
            book.pass_on();
        }
    }

    /// Writes the end. Gives the number of events that the log holds.
    pub fn finish(&self) -> Result<u64, PartError> {
        let (writer, events) = {
            let book = &mut *self.book();
            book.pass_on();
            // The thread adds what it alone knows: the length, and the checksum.
            let mut end = END.to_vec();
            end.extend_from_slice(&book.events.to_le_bytes());
            if let Some(disk) = book.disk.take() {
                disk.send(end).ok();
            }
            (book.writer.take(), book.events)
        };
        match writer.map(JoinHandle::join) {
            Some(Ok(Err(error))) => Err(PartError::io(&self.path, error)),
            Some(Err(_)) => Err(PartError::io(&self.path, io::Error::other("its writer has died"))),
            Some(Ok(Ok(()))) | None => Ok(events),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Gives the thread what there is. A thread that has met an error takes nothing more; the end says so.
    fn pass_on(&mut self) {
        let full = std::mem::replace(&mut self.bytes, Vec::with_capacity(CHUNK + CHUNK / 16));
        if let Some(disk) = self.disk.as_ref().filter(|_| !full.is_empty()) {
            disk.send(full).ok();
        }
    }
}

/// Writes chunks until the end has come. Without one, because the process ends, the log stays cut.
fn write(mut file: File, chunks: Receiver<Vec<u8>>) -> io::Result<()> {
    let (mut checksum, mut length) = (Hasher::new(), 0_u64);
    let mut put = |bytes: &[u8]| {
        checksum.update(bytes);
        length += bytes.len() as u64;
        file.write_all(bytes)
    };
    put(&MAGIC)?;
    for chunk in chunks {
        // No event begins with 0, so that this is the end and nothing else.
        if chunk.first() == Some(&0) {
            let (checksum, length) = (checksum.finalize(), length);
            file.write_all(&chunk)?;
            file.write_all(&length.to_le_bytes())?;
            file.write_all(&checksum.to_le_bytes())?;
            return file.sync_all();
        }
        put(&chunk)?;
    }
    Ok(())
}
