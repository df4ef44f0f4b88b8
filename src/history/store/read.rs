//! Reads pages of one room out of the file.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::file::Reader;
use super::margin::{Margin, Place, replay_start};
use super::write::last_seq;

/// Number of bytes of envelopes at which a page ends. The message that reaches it is still in the page.
const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Number of the newest messages that are replayed where `after` is unknown.
const NEWEST: i64 = 10_000;

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The sequence number of the message.
    pub seq: i64,
    /// The envelope: header line and frame.
    pub envelope: Vec<u8>,
}

/// A part of the requested messages, oldest first.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// The messages of the page.
    pub messages: Vec<Stored>,
    /// The sequence number of the next message in the page's direction, if there is one.
    pub next: Option<i64>,
}

/// The direction in which a page grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The page grows from the lower bound towards newer messages.
    Newer,
    /// The page grows from the upper bound towards older messages.
    Older,
}

/// The place at which a replay begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// The replay begins a little before this message.
    After {
        /// The message id.
        id: String,
        /// The most messages before it.
        margin: Margin,
        /// Whether who asks may still be brought what others have had for long: the replay then begins at the very
        /// margin.
        unsettled: bool,
        /// The id of the last message that who asks was brought. If it came before, the replay begins a little before
        /// it instead.
        heard: Option<String>,
        /// Number of the newest messages with which the replay begins at the latest.
        last: i64,
    },
    /// The replay begins with the newest messages, of which there are so many.
    Last(i64),
    /// The replay begins at this sequence number.
    From(i64),
}

impl Reader {
    /// The sequence number of a message, if the room has it.
    pub fn place(&self, room: &str, id: &str) -> rusqlite::Result<Option<i64>> {
        Ok(place(&self.connection, room, id)?.map(|(seq, _)| seq))
    }

    /// Messages of a room between two sequence numbers, both excluded.
    pub fn between(
        &mut self,
        room: &str,
        above: i64,
        below: i64,
        limit: usize,
        direction: Direction,
    ) -> rusqlite::Result<Page> {
        page(&self.connection, room, above, below, limit, direction)
    }

    /// A page of a replay that ends at `until`, and whether nothing is missing from where the replay was to begin.
    pub fn replay(
        &mut self,
        room: &str,
        start: &Start,
        until: i64,
        limit: usize,
    ) -> rusqlite::Result<(bool, Page)> {
        // One snapshot serves all the reads of this page, because the writer trims meanwhile.
        let snapshot = self.connection.transaction()?;
        let (found, first) = match start {
            Start::After { id, margin, unsettled, heard, last } => match place(&snapshot, room, id)? {
                Some(place) => {
                    let heard = heard.as_deref().map(|heard| self::place(&snapshot, room, heard));
                    let places = (place, heard.transpose()?.flatten());
                    let start = replay_start(&snapshot, room, places, *margin, *unsettled)?;
                    (
                        true,
                        newest_start(&snapshot, room, until, *last)?
                            .map_or(start, |newest| newest.min(start)),
                    )
                }
                None => (false, newest_start(&snapshot, room, until, NEWEST)?.unwrap_or(0)),
            },
            Start::Last(last) => (true, newest_start(&snapshot, room, until, *last)?.unwrap_or(0)),
            Start::From(seq) => (*seq >= oldest_seq(&snapshot)?, *seq),
        };
        let (above, below) = (first.saturating_sub(1), until.saturating_add(1));
        Ok((found, page(&snapshot, room, above, below, limit, Direction::Newer)?))
    }
}

fn page(
    connection: &Connection,
    room: &str,
    above: i64,
    below: i64,
    limit: usize,
    direction: Direction,
) -> rusqlite::Result<Page> {
    let order = match direction {
        Direction::Newer => "ASC",
        Direction::Older => "DESC",
    };
    let mut query = connection.prepare(&format!(
        "SELECT seq, envelope FROM messages WHERE room = ? AND seq > ? AND seq < ? ORDER BY seq {order} LIMIT ?"
    ))?;
    let rows_wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows = query.query(params![room, above, below, rows_wanted])?;
    let (mut messages, mut next, mut bytes) = (Vec::new(), None, 0);
    while let Some(row) = rows.next()? {
        if messages.len() >= limit || bytes >= PAGE_BYTES {
            next = Some(row.get(0)?);
            break;
        }
        let message = stored(row)?;
        bytes += message.envelope.len();
        messages.push(message);
    }
    if direction == Direction::Older {
        messages.reverse();
    }
    Ok(Page { messages, next })
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored { seq: row.get(0)?, envelope: row.get(1)? })
}

fn place(connection: &Connection, room: &str, id: &str) -> rusqlite::Result<Option<Place>> {
    connection
        .query_row("SELECT seq, stored_at FROM messages WHERE id = ? AND room = ?", [id, room], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
}

/// The lowest sequence number among the newest messages of a room, of which there may be `count`.
fn newest_start(
    connection: &Connection,
    room: &str,
    until: i64,
    count: i64,
) -> rusqlite::Result<Option<i64>> {
    connection.query_row(
        "SELECT min(seq) FROM
         (SELECT seq FROM messages WHERE room = ? AND seq <= ? ORDER BY seq DESC LIMIT ?)",
        params![room, until, count],
        |row| row.get(0),
    )
}

/// The lowest sequence number that is not trimmed: every message from there on is still stored.
fn oldest_seq(connection: &Connection) -> rusqlite::Result<i64> {
    let oldest: Option<i64> = connection.query_row("SELECT min(seq) FROM messages", [], |row| row.get(0))?;
    Ok(match oldest {
        // Nothing was ever trimmed before the first number.
        Some(1) => 0,
        Some(seq) => seq,
        None => last_seq(connection)?.saturating_add(1),
    })
}
