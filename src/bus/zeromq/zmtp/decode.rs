//! Reads bytes as messages and commands. Whatever a stranger sends ends in an error, and costs no more memory than it
//! has sent, nor more than it is allowed. A message that is too long for this node is read past and not kept.

use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};

use super::{COMMAND, LONG, MORE};

/// The longest frame of a message, in bytes, for any node. A node's longest text has 8 MiB, and JSON may need six bytes
/// for one.
const FRAME_MAX: usize = 64 << 20;
/// The longest command, in bytes. A topic has some hundred bytes.
const COMMAND_MAX: usize = 64 << 10;
/// Number of frames of one message that are kept. Ours have three; a fourth frame shows that a message is not ours.
const FRAMES_KEPT: usize = 4;
/// Number of bytes for which room is made before a read.
const READ: usize = 64 << 10;
/// Number of bytes that a connection may hold of what is not whole yet without asking.
const UNASKED: usize = 2 * READ;
/// How long a connection may take for one message or command, from its first byte to its last, without asking.
const WHOLE_WITHIN: Duration = Duration::from_secs(10);

/// What a peer sends after the handshake.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Traffic {
    /// The first four frames of a message.
    Message(Vec<Bytes>),
    Command(Command),
    /// A message that is longer than what is read here. It was not kept.
    Oversize,
}

/// Says how much and how long a connection may burden this node, whenever it becomes much or long.
pub(in super::super) trait Terms: Send + Sync {
    /// Whether the connection may hold this number of bytes of what is not whole yet. The number is in place of the one
    /// before, and 0 gives all back.
    fn may_hold(&self, bytes: usize) -> bool;

    /// Whether the connection may take longer than others for what it has begun.
    fn may_take_its_time(&self) -> bool;
}

/// A command that the receiver acts on, or may ignore.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Command {
    Ready(Bytes),
    Error(String),
    Subscribe(Bytes),
    Cancel(Bytes),
    /// A PING with its context, which the PONG repeats.
    Ping(Bytes),
    Pong(Bytes),
    /// A command that we do not know, and that a peer may send.
    Unknown,
}

/// The reading half of a connection.
pub(in super::super) struct Incoming<R> {
    io: R,
    buffer: BytesMut,
    decoder: Decoder,
    terms: Box<dyn Terms>,
    /// Whether the terms were asked for more memory.
    has_asked: bool,
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    pub(super) fn new(io: R, longest: usize, terms: Box<dyn Terms>) -> Self {
        Self { io, buffer: BytesMut::new(), decoder: Decoder::new(longest), terms, has_asked: false }
    }

    /// Reads the first `N` bytes, of which the first must be `first`. A wrong first byte is reported at once, because
    /// the rest is not worth the wait.
    pub(super) async fn exactly<const N: usize>(&mut self, first: u8) -> Result<[u8; N], String> {
        loop {
            if self.buffer.first().is_some_and(|byte| *byte != first) {
                return Err("what is there does not speak ZMTP".into());
            }
            if let Some(bytes) = self.buffer.first_chunk::<N>() {
                let bytes = *bytes;
                self.buffer.advance(N);
                return Ok(bytes);
            }
            self.fill().await?;
        }
    }

    /// Reads the next message or command. An error is a sentence for people. The future must not be dropped half-way.
    pub(in super::super) async fn next(&mut self) -> Result<Traffic, String> {
        let mut whole_by = None;
        loop {
            if let Some(traffic) = self.decoder.decode(&mut self.buffer)? {
                return Ok(traffic);
            }
            if self.buffer.is_empty() && !self.decoder.is_within_a_message() {
                self.fill().await?;
                continue;
            }
            let by = *whole_by.get_or_insert_with(|| Instant::now() + WHOLE_WITHIN);
            match timeout_at(by, self.fill()).await {
                Ok(filled) => filled?,
                Err(_) if self.terms.may_take_its_time() => whole_by = None,
                Err(_) => return Err(format!("it did not end within {WHOLE_WITHIN:?} what it had begun")),
            }
        }
    }

    async fn fill(&mut self) -> Result<(), String> {
        self.buffer.reserve(READ);
        if self.buffer.is_empty() && self.buffer.capacity() > UNASKED {
            // A single long message is no reason to keep so much memory for ever.
            self.buffer = BytesMut::with_capacity(READ);
        }
        let held = self.buffer.capacity() + self.decoder.size;
        let asks = held > UNASKED;
        if std::mem::replace(&mut self.has_asked, asks) || asks {
            let held = if asks { held } else { 0 };
            if !self.terms.may_hold(held) {
                return Err("strangers hold as much unread as they may together".into());
            }
        }
        match self.io.read_buf(&mut self.buffer).await {
            Ok(0) => Err("it closed the connection".into()),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                Err("it reset the connection".into())
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

pub(super) struct Decoder {
    /// The longest message that is kept, in bytes.
    longest: usize,
    /// The frames read so far of the message that is being read, and their bytes.
    frames: Vec<Bytes>,
    size: usize,
    /// Whether the message that is being read is not kept, because it is too long.
    oversize: bool,
    /// Number of bytes still to come of a frame that is not kept, and whether another frame follows it.
    passing: Option<(usize, bool)>,
    /// Whether a frame was read that another one follows.
    within: bool,
}

impl Decoder {
    pub(super) fn new(longest: usize) -> Self {
        let frames = Vec::new();
        Self { longest, frames, size: 0, oversize: false, passing: None, within: false }
    }

    /// Whether a part of a message was read, and not all of it.
    fn is_within_a_message(&self) -> bool {
        self.within || self.passing.is_some()
    }

    /// Takes the next message or command out of the buffer; `None` if not all of it is there.
    pub(super) fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Traffic>, &'static str> {
        loop {
            if let Some((left, more)) = self.passing {
                let here = left.min(buffer.len());
                buffer.advance(here);
                if here < left {
                    self.passing = Some((left - here, more));
                    return Ok(None);
                }
                self.passing = None;
                match self.frame_ended(more) {
                    Some(traffic) => return Ok(Some(traffic)),
                    None => continue,
                }
            }
            let Some(&flags) = buffer.first() else { return Ok(None) };
            let (head, length) = if flags & LONG == 0 {
                let Some(&length) = buffer.get(1) else { return Ok(None) };
                (2, u64::from(length))
            } else {
                let Some(length) = buffer.get(1..).and_then(|rest| rest.first_chunk()) else {
                    return Ok(None);
                };
                (9, u64::from_be_bytes(*length))
            };
            let is_command = flags & COMMAND != 0;
            let most = if is_command { COMMAND_MAX } else { FRAME_MAX };
            let length = usize::try_from(length).ok().filter(|length| *length <= most);
            let length = length.ok_or("it sent something longer than anything here may be")?;
            let more = flags & MORE != 0;
            if !is_command && (self.oversize || length > self.longest.saturating_sub(self.size)) {
                self.oversize = true;
                (self.frames, self.size) = (Vec::new(), 0);
                buffer.advance(head);
                self.passing = Some((length, more));
                continue;
            }
            // The frame is copied, so that a short text kept for long does not keep the whole read that it came with.
            let Some(body) = buffer.get(head..head + length) else { return Ok(None) };
            if is_command {
                let command = Command::parse(Bytes::copy_from_slice(body))?;
                buffer.advance(head + length);
                return Ok(Some(Traffic::Command(command)));
            }
            if self.frames.len() < FRAMES_KEPT {
                self.frames.push(Bytes::copy_from_slice(body));
                self.size += length;
            }
            buffer.advance(head + length);
            if let Some(traffic) = self.frame_ended(more) {
                return Ok(Some(traffic));
            }
        }
    }

    /// Records the end of a frame. Gives the message if no other frame follows.
    fn frame_ended(&mut self, more: bool) -> Option<Traffic> {
        self.within = more;
        if more {
            return None;
        }
        self.size = 0;
        let frames = std::mem::take(&mut self.frames);
        Some(if std::mem::take(&mut self.oversize) { Traffic::Oversize } else { Traffic::Message(frames) })
    }
}

impl Command {
    fn parse(mut body: Bytes) -> Result<Self, &'static str> {
        let name = take_named(&mut body).ok_or("it sent a command without a name")?;
        Ok(match &name[..] {
            b"READY" => Self::Ready(body),
            b"ERROR" => {
                let reason = take_named(&mut body).unwrap_or_default();
                Self::Error(String::from_utf8_lossy(&reason).into_owned())
            }
            b"SUBSCRIBE" => Self::Subscribe(body),
            b"CANCEL" => Self::Cancel(body),
            b"PING" if body.len() >= 2 => Self::Ping(body.slice(2..)),
            b"PONG" => Self::Pong(body),
            _ => Self::Unknown,
        })
    }
}

/// Takes a text that is preceded by its length in one byte.
pub(super) fn take_named(body: &mut Bytes) -> Option<Bytes> {
    let length = usize::from(*body.first()?);
    if body.len() <= length {
        return None;
    }
    body.advance(1);
    Some(body.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest message that is kept in these tests, in bytes.
    const LONGEST: usize = 1 << 20;

    fn decode(bytes: &[u8]) -> Result<Vec<Traffic>, &'static str> {
        let (mut decoder, mut buffer, mut all) = (Decoder::new(LONGEST), BytesMut::from(bytes), Vec::new());
        while let Some(traffic) = decoder.decode(&mut buffer)? {
            all.push(traffic);
        }
        Ok(all)
    }

    fn message(frames: &[&'static [u8]]) -> Traffic {
        Traffic::Message(frames.iter().map(|frame| Bytes::from_static(frame)).collect())
    }

    #[test]
    fn messages_and_commands_in_whatever_pieces_they_come() {
        let bytes = b"\x01\x02ab\x00\x01c\x04\x07\x04PONGxy\x02\0\0\0\0\0\0\0\x01d";
        let expected = vec![
            message(&[b"ab", b"c"]),
            Traffic::Command(Command::Pong(Bytes::from_static(b"xy"))),
            message(&[b"d"]),
        ];
        assert_eq!(decode(bytes).unwrap(), expected);
        let (mut decoder, mut buffer, mut all) = (Decoder::new(LONGEST), BytesMut::new(), Vec::new());
        for byte in bytes {
            buffer.extend_from_slice(&[*byte]);
            all.extend(decoder.decode(&mut buffer).unwrap());
        }
        assert_eq!(all, expected);
    }

    #[test]
    fn a_length_beyond_all_bounds_is_an_error_before_room_is_made_for_it() {
        for (flags, length) in [(LONG, 1_u64 << 60), (LONG, u64::MAX), (LONG | COMMAND, 1 << 20)] {
            let mut bytes = vec![flags];
            bytes.extend(length.to_be_bytes());
            assert!(decode(&bytes).is_err(), "{flags} {length}");
        }
    }

    fn frame(flags: u8, length: usize) -> Vec<u8> {
        let head = [&[flags | LONG][..], &(length as u64).to_be_bytes()].concat();
        [head, vec![b'x'; length]].concat()
    }

    #[test]
    fn a_message_that_is_too_long_is_passed_over_and_the_next_one_is_read() {
        let next = b"\0\x01a";
        for long in [
            frame(0, LONGEST + 1),
            // Each frame is short enough, and all together are not.
            [frame(MORE, LONGEST / 2), frame(MORE, LONGEST / 2), frame(MORE, 1), frame(0, 1)].concat(),
            [frame(MORE, LONGEST + 1), frame(0, LONGEST + 1)].concat(),
        ] {
            let both = [&long[..], next].concat();
            assert_eq!(decode(&both).unwrap(), [Traffic::Oversize, message(&[b"a"])]);
            // In pieces, and nothing of it stays.
            let (mut decoder, mut buffer, mut all) = (Decoder::new(LONGEST), BytesMut::new(), Vec::new());
            for piece in both.chunks(1_000) {
                buffer.extend_from_slice(piece);
                all.extend(decoder.decode(&mut buffer).unwrap());
                assert!(buffer.len() + decoder.size <= LONGEST + 1_000);
            }
            all.extend(decoder.decode(&mut buffer).unwrap());
            assert_eq!(all, [Traffic::Oversize, message(&[b"a"])]);
            assert!(!decoder.is_within_a_message());
        }
        assert_eq!(decode(&frame(0, LONGEST)).unwrap().len(), 1);
        assert_ne!(decode(&frame(0, LONGEST)).unwrap(), [Traffic::Oversize]);
    }

    #[test]
    fn of_a_message_of_many_frames_a_few_are_kept() {
        let mut bytes = b"\x01\x01x".repeat(1_000);
        bytes.extend(b"\0\0");
        assert_eq!(decode(&bytes).unwrap(), [message(&[&b"x"[..]; FRAMES_KEPT])]);
    }

    #[test]
    fn malformed_commands() {
        for wrong in [&b"\x04\0"[..], b"\x04\x01\x05", b"\x04\x03\x09SU"] {
            assert!(decode(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(decode(b"\x04\x05\x04PING").unwrap(), [Traffic::Command(Command::Unknown)]);
    }
}
