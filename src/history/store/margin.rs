//! How far before the message `after` a replay begins.
//!
//! A client holds what its node's queue held up to `after`, and the queues of a broker order the messages of different
//! publishers differently. Three things bring a message behind `after` in the node's queue though it stands before it
//! here:
//! - **It was under way to both queues as `after` was.** RabbitMQ puts a message into its queues one after the other, so
//!   it stands here a moment before `after`: within [`UNDER_WAY`].
//! - **It reached this queue alone, and was published once more**, after its publisher or the broker had failed. Its
//!   first copy may stand here far before `after`. Where its later copy came is written down, so the replay begins at
//!   its first copy.
//! - **`after` reached the node's queue alone, and was published once more.** Then it stands here behind messages that
//!   were published since. Only a broker that fails does that, and the history loses its connection as well. Where it
//!   came back is written down as a seam, so the replay begins there.
//!
//! A node that was itself without a connection lately does not know what its queue still holds. It says so, and its
//! replay begins as far back as it may.
//!
//! A node may also lag behind the others: it stood still, or found the broker later than they did. What it has not heard
//! yet it brings later, and a client that comes from a faster node has it. So the node says what it heard last, and the
//! replay begins there, however far that is.
//!
//! After the broker has failed, what was kept at the nodes is published all at once, and the queues may order thousands
//! of messages differently. The last message that a node heard may stand here far behind others that it has not heard,
//! because it was published once more. So for an unsettled node the replay begins no later than where the history came
//! back.

use rusqlite::{Connection, Rows, params};

/// A number of messages before a given one.
pub type Margin = u32;

/// The margin has no messages that were stored earlier than this many milliseconds before `after`.
const MARGIN_AGE: i64 = 60_000;
/// The longest time, in milliseconds, that RabbitMQ takes from the first queue of a message to its last one. Far longer
/// than it takes on a busy machine.
const UNDER_WAY: i64 = 250;
/// The longest time, in milliseconds, that counts between two messages here. In a longer one the broker or the history
/// may have stood still, and what was under way then still is.
const STILL: i64 = 20;

pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS copies (
        seq     INTEGER PRIMARY KEY, -- of a message that came more than once
        reached INTEGER NOT NULL     -- the highest seq given when it came last
    ) STRICT;
    CREATE TABLE IF NOT EXISTS seams (
        seq INTEGER PRIMARY KEY -- the last one before the history came back to the broker
    ) STRICT;
";

/// Records that a second copy of this message has come, when `reached` was the highest sequence number.
pub(super) fn record_copy(connection: &Connection, id: &str, reached: i64) -> rusqlite::Result<()> {
    let record = "INSERT INTO copies SELECT seq, ?2 FROM messages WHERE id = ?1
                  ON CONFLICT (seq) DO UPDATE SET reached = excluded.reached";
    connection.execute(record, params![id, reached]).map(drop)
}

/// Records that what follows this sequence number came over another connection to the broker. Nothing precedes the first
/// message of all, so there is no seam before it.
pub(super) fn record_seam(connection: &Connection, seq: i64) -> rusqlite::Result<()> {
    if seq > 0 {
        connection.execute("INSERT OR IGNORE INTO seams VALUES (?)", [seq])?;
    }
    Ok(())
}

/// Forgets what is recorded of messages that are trimmed, up to this sequence number.
pub(super) fn forget_trimmed(connection: &Connection, last: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM copies WHERE seq <= ?", [last])?;
    connection.execute("DELETE FROM seams WHERE seq < ?", [last]).map(drop)
}

/// A message's sequence number, and when it was stored.
pub(super) type Place = (i64, i64);

/// The sequence number at which a replay after the message at `after` begins, for a node that heard the one at `heard`
/// last, if it heard any that is known here, and that may be `unsettled`.
pub(super) fn replay_start(
    connection: &Connection,
    room: &str,
    (after, heard): (Place, Option<Place>),
    margin: Margin,
    unsettled: bool,
) -> rusqlite::Result<i64> {
    let start = |place| margin_start(connection, room, place, margin, unsettled);
    let unheard = heard.filter(|heard| heard.0 < after.0).map(start).transpose()?;
    let returned = if unsettled { first_seam(connection, after)? } else { None };
    Ok([unheard, returned].into_iter().flatten().fold(start(after)?, i64::min))
}

/// What came first after the earliest seam of the last minute before a message.
fn first_seam(connection: &Connection, (seq, stored_at): Place) -> rusqlite::Result<Option<i64>> {
    connection.query_row(
        "SELECT min(seams.seq) + 1 FROM seams JOIN messages ON messages.seq = seams.seq + 1
         WHERE seams.seq < ? AND stored_at >= ?",
        [seq, stored_at.saturating_sub(MARGIN_AGE)],
        |row| row.get(0),
    )
}

/// The sequence number at which a replay after this message begins: at most `margin` messages of the room before it, and
/// just so many if who asks is `unsettled`.
fn margin_start(
    connection: &Connection,
    room: &str,
    (seq, stored_at): Place,
    margin: Margin,
    unsettled: bool,
) -> rusqlite::Result<i64> {
    let mut query = connection.prepare(
        "SELECT seq, stored_at FROM messages WHERE room = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
    )?;
    let before = query.query(params![room, seq, margin])?;
    let (under_way, farthest) = walk(before, seq, stored_at)?;
    if unsettled {
        return Ok(farthest);
    }
    // A copy that came just before `after` may have been under way as well.
    let first_copy: Option<i64> = connection.query_row(
        "SELECT min(seq) FROM copies JOIN messages USING (seq)
         WHERE seq >= ? AND seq < ? AND reached >= ? AND room = ?",
        params![farthest, under_way, under_way, room],
        |row| row.get(0),
    )?;
    let seam: Option<i64> = connection.query_row(
        "SELECT min(seq) + 1 FROM seams WHERE seq >= ? - 1 AND seq < ?",
        params![farthest, under_way],
        |row| row.get(0),
    )?;
    Ok([first_copy, seam].into_iter().flatten().fold(under_way, i64::min))
}

/// Walks from a message back: gives the first message that may have been under way with it, and the farthest.
fn walk(mut before: Rows<'_>, seq: i64, stored_at: i64) -> rusqlite::Result<(i64, i64)> {
    let (mut under_way, mut farthest) = (seq, seq);
    let (mut later, mut moving) = (stored_at, 0);
    while let Some(row) = before.next()? {
        let at: i64 = row.get(1)?;
        if at < stored_at.saturating_sub(MARGIN_AGE) {
            break;
        }
        farthest = row.get(0)?;
        // A clock that was set back makes no time.
        moving += later.saturating_sub(at).clamp(0, STILL);
        later = at;
        if moving <= UNDER_WAY {
            under_way = farthest;
        }
    }
    Ok((under_way, farthest))
}
