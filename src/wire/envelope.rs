//! The envelope: what a bus carries. One short text header line, then the frame as a v1 client will receive it.
//!
//! ```text
//! 1 chat 7f3a.0c12 7f3a - lobby\n{"type":"message",...}
//! | |    |         |    | room (to the end of the line: it may contain spaces)
//! | |    |         |    flags: `-`, or `others` (not for the sender's own session)
//! | |    |         the sender's session
//! | |    message id
//! | kind: chat | presence | whisper | control
//! version
//! ```
//!
//! A chat message that a node counts has three fields more, and version 2: which one it is of those that this process
//! of its node sent to the room, so that whoever receives them sees that one is missing.
//!
//! ```text
//! 2 chat 7f3a.0c12 7f3a - 05fa31c09be2d714 17 1764473357123 lobby\n{"type":"message",...}
//!                         |                |  |             | room
//!                         |                |  when it was counted, in Unix milliseconds
//!                         |                its number
//!                         the process, as 16 hexadecimal digits
//! ```
//!
//! Both parts are text, so envelopes stay readable with the broker's own tools (`redis-cli monitor`).

use std::fmt::Write;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::room::Room;

/// What an envelope is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody said something in a room.
    Chat,
    /// What people in a room do besides talking, such as typing.
    Presence,
    /// One person says something to another. The frame names the two, and the room is the nodes' own.
    Whisper,
    /// One node tells another something that no client sees.
    Control,
}

/// For whom the envelopes of a kind are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Every session in the room, or every other one if [`Envelope::others`] says so.
    All,
    /// Every session in the room but the sender's own.
    Others,
    /// The sessions of the two persons whom a whisper names.
    TwoPersons,
    /// The nodes; no session sees it.
    Nodes,
}

/// What follows from an envelope's kind. Every place that treats kinds differently asks one of these methods.
impl Kind {
    /// For whom envelopes of this kind are.
    pub fn audience(self) -> Audience {
        match self {
            Kind::Chat => Audience::All,
            Kind::Presence => Audience::Others,
            Kind::Whisper => Audience::TwoPersons,
            Kind::Control => Audience::Nodes,
        }
    }

    /// Whether envelopes of this kind are still wanted later: the history stores and replays them, they wait for a
    /// broker that is away, and a second copy is recognised by its id. An envelope of another kind is of use only at
    /// once.
    pub fn is_kept(self) -> bool {
        match self {
            Kind::Chat => true,
            Kind::Presence | Kind::Whisper | Kind::Control => false,
        }
    }

    /// Whether the trace follows envelopes of this kind.
    pub fn is_traced(self) -> bool {
        match self {
            Kind::Chat => true,
            Kind::Presence | Kind::Whisper | Kind::Control => false,
        }
    }

    /// Whether nodes count the envelopes of this kind, so that a lost one is missed.
    pub fn is_counted(self) -> bool {
        match self {
            Kind::Chat => true,
            Kind::Presence | Kind::Whisper | Kind::Control => false,
        }
    }

    /// Whether the frame has a text that clients of the plain dialect receive.
    pub fn has_plain_text(self) -> bool {
        match self {
            Kind::Chat => true,
            Kind::Presence | Kind::Whisper | Kind::Control => false,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Kind::Chat => "chat",
            Kind::Presence => "presence",
            Kind::Whisper => "whisper",
            Kind::Control => "control",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        match word {
            "chat" => Some(Kind::Chat),
            "presence" => Some(Kind::Presence),
            "whisper" => Some(Kind::Whisper),
            "control" => Some(Kind::Control),
            _ => None,
        }
    }
}

/// Which one an envelope is of those that one node sent to its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The process of the node: a number that is new at each start.
    pub by: u64,
    /// The number, one more than that of the envelope before.
    pub number: u64,
    /// When the envelope was counted, in Unix milliseconds.
    pub at: u64,
}

/// What a bus carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What the envelope is about.
    pub kind: Kind,
    /// The room to which the envelope goes.
    pub room: Room,
    /// The message id, without spaces.
    pub id: Arc<str>,
    /// The id of the sender's session, without spaces.
    pub sender: Arc<str>,
    /// True when the sender's own session is not to receive it.
    pub others: bool,
    /// Which one it is of those that its node sent to the room; `None` if the node does not count them.
    pub count: Option<Count>,
    /// The frame as a v1 client will receive it. All recipients share its bytes; it is never serialised again.
    pub frame: Bytes,
}

/// Why bytes are not an envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The bytes have no header line of six or nine fields, or one of the fields is wrong.
    #[error("not an envelope: {0}")]
    Header(&'static str),
    /// The envelope has a version that this node does not speak.
    #[error("an envelope of version {0}, this node speaks 1 and 2")]
    Version(String),
}

/// The most bytes of a count in the header: three fields and their spaces.
const COUNT_LEN: usize = 17 + 2 * 21;

impl Count {
    /// Reads the three fields. Each is taken only as a node writes it.
    fn of([by, number, at]: [&str; 3]) -> Option<Self> {
        let decimal = |field: &str| match field.as_bytes() {
            [b'0'] => Some(0),
            [b'1'..=b'9', ..] => field.parse().ok(),
            _ => None,
        };
        let hex = by.len() == 16 && by.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let by = hex.then(|| u64::from_str_radix(by, 16).ok()).flatten()?;
        Some(Self { by, number: decimal(number)?, at: decimal(at)? })
    }
}

impl Envelope {
    /// Whether the sessions of its sender are not to receive it.
    pub fn skips_its_sender(&self) -> bool {
        match self.kind.audience() {
            Audience::All | Audience::TwoPersons => self.others,
            Audience::Others | Audience::Nodes => true,
        }
    }

    /// The most bytes that [`Envelope::encode`] gives. Of an envelope that is not counted, it is exactly that number.
    pub fn encoded_len(&self) -> usize {
        let count = if self.count.is_some() { COUNT_LEN } else { 0 };
        let flags = self.flags().len();
        let fields =
            [self.kind.word().len(), self.id.len(), self.sender.len(), flags, self.room.as_str().len()];
        "1".len() + fields.iter().map(|len| 1 + len).sum::<usize>() + count + 1 + self.frame.len()
    }

    /// The envelope as the bytes that a broker carries.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(self.encoded_len());
        let version = if self.count.is_some() { "2" } else { "1" };
        for field in [version, self.kind.word(), &self.id, &self.sender, self.flags()] {
            out.extend_from_slice(field.as_bytes());
            out.extend_from_slice(b" ");
        }
        if let Some(Count { by, number, at }) = self.count {
            // Writing to a buffer that grows cannot fail.
            let _ = write!(out, "{by:016x} {number} {at} ");
        }
        out.extend_from_slice(self.room.as_str().as_bytes());
        out.extend_from_slice(b"\n");
        out.extend_from_slice(&self.frame);
        out.freeze()
    }

    fn flags(&self) -> &'static str {
        if self.others { "others" } else { "-" }
    }

    /// Reads the bytes that [`Envelope::encode`] wrote. The frame is a slice of the bytes given, not a copy.
    pub fn decode(bytes: Bytes) -> Result<Self, EnvelopeError> {
        use EnvelopeError::Header;
        let end = bytes.iter().position(|b| *b == b'\n').ok_or(Header("no header line"))?;
        let header = std::str::from_utf8(&bytes[..end]).map_err(|_| Header("the header is not UTF-8"))?;
        // The room is the last field, and may contain spaces.
        let mut fields = header.splitn(if header.starts_with("2 ") { 9 } else { 6 }, ' ');
        let mut next = || fields.next().filter(|field| !field.is_empty()).ok_or(Header("a field is missing"));
        let version = next()?;
        if version != "1" && version != "2" {
            return Err(EnvelopeError::Version(version.into()));
        }
        let kind = Kind::of_word(next()?).ok_or(Header("an unknown kind"))?;
        let (id, sender) = (Arc::from(next()?), Arc::from(next()?));
        let others = match next()? {
            "-" => false,
            "others" => true,
            _ => return Err(Header("an unknown flag")),
        };
        let count = match version {
            "2" => Some(Count::of([next()?, next()?, next()?]).ok_or(Header("the count is none"))?),
            _ => None,
        };
        let room = Room::any(next()?).map_err(|_| Header("the room has no valid name"))?;
        // The frame becomes a WebSocket text frame, and browsers close a connection over one that is not UTF-8.
        std::str::from_utf8(&bytes[end + 1..]).map_err(|_| Header("the frame is not UTF-8"))?;
        Ok(Self { kind, room, id, sender, others, count, frame: bytes.slice(end + 1..) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Envelope {
        Envelope {
            kind: Kind::Chat,
            room: Room::parse("room with spaces").unwrap(),
            id: "s1.7".into(),
            sender: "s1".into(),
            others: true,
            count: None,
            frame: Bytes::from_static(b"{\"a\":\"b\\n\"}"),
        }
    }

    #[test]
    fn the_bytes_are_a_readable_line_and_the_frame() {
        assert_eq!(&envelope().encode()[..], b"1 chat s1.7 s1 others room with spaces\n{\"a\":\"b\\n\"}");
    }

    #[test]
    fn reads_what_it_wrote() {
        assert_eq!(Envelope::decode(envelope().encode()), Ok(envelope()));
    }

    #[test]
    fn a_count_stands_in_the_header_and_is_read_again() {
        let count = Some(Count { by: 0x5fa, number: 17, at: 1_764_473_357_123 });
        let counted = Envelope { count, ..envelope() };
        let text =
            b"2 chat s1.7 s1 others 00000000000005fa 17 1764473357123 room with spaces\n{\"a\":\"b\\n\"}";
        assert_eq!(&counted.encode()[..], text);
        let most =
            Envelope { count: Some(Count { by: u64::MAX, number: u64::MAX, at: u64::MAX }), ..envelope() };
        for (envelope, spare) in [(envelope(), 0), (most, 0), (counted, 18 + 7)] {
            assert_eq!(envelope.encode().len() + spare, envelope.encoded_len());
            assert_eq!(Envelope::decode(envelope.encode()), Ok(envelope));
        }
    }

    #[test]
    fn every_kind_is_read_as_it_was_written() {
        for (kind, word) in [
            (Kind::Chat, "chat"),
            (Kind::Presence, "presence"),
            (Kind::Whisper, "whisper"),
            (Kind::Control, "control"),
        ] {
            let written = Envelope { kind, ..envelope() };
            assert!(written.encode().starts_with(format!("1 {word} ").as_bytes()));
            assert_eq!(Envelope::decode(written.encode()), Ok(written));
        }
    }

    #[test]
    fn only_a_message_for_all_reaches_its_own_sender() {
        for (kind, others, skips) in [
            (Kind::Chat, false, false),
            (Kind::Chat, true, true),
            (Kind::Presence, false, true),
            (Kind::Presence, true, true),
            (Kind::Whisper, false, false),
            (Kind::Control, false, true),
        ] {
            let envelope = Envelope { kind, others, ..envelope() };
            assert_eq!(envelope.skips_its_sender(), skips, "{kind:?} {others}");
        }
    }

    #[test]
    fn only_chat_is_kept_traced_and_has_a_plain_text() {
        for kind in [Kind::Chat, Kind::Presence, Kind::Whisper, Kind::Control] {
            let properties = [kind.is_kept(), kind.is_traced(), kind.has_plain_text()];
            assert_eq!(properties, [kind == Kind::Chat; 3], "{kind:?}");
        }
    }

    #[test]
    fn anything_else_is_an_error_and_not_a_panic() {
        for wrong in [
            "",
            "\n",
            "1 chat\n",
            "2 chat a b - r\nx",
            "2 chat a b - 5fa 1 1 r\nx",
            "2 chat a b - 00000000000005FA 1 1 r\nx",
            "2 chat a b - 00000000000005fa 01 1 r\nx",
            "2 chat a b - 00000000000005fa -1 1 r\nx",
            "2 chat a b - 00000000000005fa 1 18446744073709551616 r\nx",
            "2 chat a b - 00000000000005fa 1 1 \nx",
            "3 chat a b - r\nx",
            "1 talk a b - r\nx",
            "1 chat a b ? r\nx",
            "1 chat a b - \nx",
        ] {
            assert!(Envelope::decode(Bytes::from(wrong)).is_err(), "{wrong:?}");
        }
        assert!(Envelope::decode(Bytes::from_static(b"1 chat a b - r\n\xff")).is_err());
    }
}
