//! One transaction of the writer: a batch of messages, and the trimming that it makes due.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::file::Store;
use super::margin::{forget_trimmed, record_copy, record_seam};
use crate::intake::{Content, Delivery};
use crate::keep::Bounds;

/// Number of messages that are trimmed in one transaction: so few that a batch never waits long for it, but more than
/// come in one batch, so that trimming always keeps up.
const TRIM_STEP: u64 = 2_000;

/// What a transaction did to the file.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Number of messages that were stored.
    pub stored: u64,
    /// Number of second copies that were dropped.
    pub duplicates: u64,
    /// Number of messages that were trimmed.
    pub trimmed: u64,
    /// Whether more messages are due to be trimmed.
    pub more_to_trim: bool,
}

/// The content of a file in figures.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Number of messages.
    pub messages: u64,
    /// When the oldest message was stored, in Unix milliseconds; `None` if there is none.
    pub oldest_ms: Option<u64>,
    /// The highest sequence number given so far.
    pub seq: i64,
}

impl Store {
    /// Stores a batch and trims one step. For each fence of the batch, `fences` gets the sequence number reached
    /// before it. After an error nothing of the batch is stored.
    pub fn commit(
        &mut self,
        batch: &[Delivery],
        bounds: Bounds,
        fences: &mut Vec<i64>,
    ) -> rusqlite::Result<Written> {
        let now = stored_now();
        let mut written = Written::default();
        fences.clear();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // The number is read from the file and not from memory, because another process may write to the file too.
        let mut seq = last_seq(&transaction)?;
        let mut epoch = self.epoch;
        {
            let mut insert = transaction.prepare(
                "INSERT INTO messages (id, room, stored_at, envelope) VALUES (?, ?, ?, ?)
                 ON CONFLICT (id) DO NOTHING",
            )?;
            for delivery in batch {
                if epoch.replace(delivery.epoch) != Some(delivery.epoch) {
                    record_seam(&transaction, seq)?;
                }
                match &delivery.content {
                    Content::Message(message) => {
                        let row = params![&*message.id, &*message.room, now, &*message.envelope];
                        if insert.execute(row)? == 1 {
                            seq = transaction.last_insert_rowid();
                            written.stored += 1;
                        } else {
                            written.duplicates += 1;
                            record_copy(&transaction, &message.id, seq)?;
                        }
                    }
                    Content::Fence(_) => fences.push(seq),
                    Content::Mark(_) | Content::Other | Content::Garbled(_) => {}
                }
            }
        }
        add(&transaction, i64::try_from(written.stored).unwrap_or(0))?;
        (written.trimmed, written.more_to_trim) = trim(&transaction, bounds, now)?;
        transaction.commit()?;
        self.epoch = epoch;
        Ok(written)
    }

    /// Whether messages are due to be trimmed. Takes no lock to find out.
    pub fn is_trimming_due(&self, bounds: Bounds) -> rusqlite::Result<bool> {
        Ok(last_to_trim(&self.connection, bounds, stored_now())?.is_some())
    }

    /// The content of the file in figures.
    pub fn holding(&self) -> rusqlite::Result<Holding> {
        let oldest: Option<i64> = self
            .connection
            .query_row("SELECT stored_at FROM messages ORDER BY seq LIMIT 1", [], |row| row.get(0))
            .optional()?;
        Ok(Holding {
            messages: held(&self.connection)?,
            oldest_ms: oldest.and_then(|ms| u64::try_from(ms).ok()),
            seq: last_seq(&self.connection)?,
        })
    }
}

/// Deletes the oldest messages that are beyond a bound, at most one step of them. Gives their number, and whether
/// more are due.
fn trim(connection: &Connection, bounds: Bounds, now: i64) -> rusqlite::Result<(u64, bool)> {
    let Some(last) = last_to_trim(connection, bounds, now)? else { return Ok((0, false)) };
    let trimmed = connection.execute("DELETE FROM messages WHERE seq <= ?", [last])?;
    forget_trimmed(connection, last)?;
    add(connection, -i64::try_from(trimmed).unwrap_or(0))?;
    let trimmed = trimmed as u64;
    Ok((trimmed, trimmed >= TRIM_STEP))
}

/// The last sequence number of the next step of trimming.
fn last_to_trim(connection: &Connection, bounds: Bounds, now: i64) -> rusqlite::Result<Option<i64>> {
    let excess = match bounds.messages {
        Some(most) => held(connection)?.saturating_sub(most),
        None => 0,
    };
    let cutoff = bounds.age_ms.map(|age| now.saturating_sub(i64::try_from(age).unwrap_or(i64::MAX)));
    if excess == 0 && cutoff.is_none() {
        return Ok(None);
    }
    // Messages are trimmed from the oldest on, and none before all that are older than it: after a clock was set
    // back, the age alone does not follow the order.
    let mut oldest = connection.prepare("SELECT seq, stored_at FROM messages ORDER BY seq LIMIT ?")?;
    let mut rows = oldest.query([TRIM_STEP as i64])?;
    let (mut last, mut count) = (None, 0);
    while let Some(row) = rows.next()? {
        let too_old = match cutoff {
            Some(cutoff) => row.get::<_, i64>(1)? < cutoff,
            None => false,
        };
        if count >= excess && !too_old {
            break;
        }
        last = Some(row.get(0)?);
        count += 1;
    }
    Ok(last)
}

/// The highest sequence number ever given; 0 before the first.
pub(super) fn last_seq(connection: &Connection) -> rusqlite::Result<i64> {
    let seq = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'messages'", [], |row| row.get(0))
        .optional()?;
    Ok(seq.unwrap_or(0))
}

fn held(connection: &Connection) -> rusqlite::Result<u64> {
    let held: i64 = connection.query_row("SELECT messages FROM held", [], |row| row.get(0))?;
    Ok(u64::try_from(held).unwrap_or(0))
}

fn add(connection: &Connection, messages: i64) -> rusqlite::Result<()> {
    if messages != 0 {
        connection.execute("UPDATE held SET messages = messages + ?", [messages])?;
    }
    Ok(())
}

/// The current time in Unix milliseconds, as the file has it.
fn stored_now() -> i64 {
    i64::try_from(wire::unix_ms()).unwrap_or(i64::MAX)
}
