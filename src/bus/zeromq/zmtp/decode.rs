//! Reads bytes as messages and commands. Whatever a stranger sends ends in an error, and costs no more memory than it
//! has sent.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{COMMAND, LONG, MORE};

/// The longest message, in bytes. A node's longest text has 8 MiB, and JSON may need six bytes for one.
const MESSAGE_MAX: usize = 64 << 20;
/// The longest command, in bytes. A topic has some hundred bytes.
const COMMAND_MAX: usize = 64 << 10;
/// Number of frames of one message that are kept. Ours have three; a fourth frame shows that a message is not ours.
const FRAMES_KEPT: usize = 4;
/// Number of bytes for which room is made before a read.
const READ: usize = 64 << 10;

/// What a peer sends after the handshake.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Traffic {
    /// The first four frames of a message.
    Message(Vec<Bytes>),
    Command(Command),
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
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    pub(super) fn new(io: R) -> Self {
        Self { io, buffer: BytesMut::new(), decoder: Decoder::default() }
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
        loop {
            if let Some(traffic) = self.decoder.decode(&mut self.buffer)? {
                return Ok(traffic);
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), String> {
        if self.buffer.is_empty() && self.buffer.capacity() > 16 * READ {
            // A single long message is no reason to keep so much memory for ever.
            self.buffer = BytesMut::new();
        }
        self.buffer.reserve(READ);
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

#[derive(Default)]
struct Decoder {
    /// The frames read so far of the message that is being read.
    frames: Vec<Bytes>,
    size: usize,
}

impl Decoder {
    /// Takes the next message or command out of the buffer; `None` if not all of it is there.
    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Traffic>, &'static str> {
        loop {
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
            let most = if flags & COMMAND == 0 { MESSAGE_MAX - self.size } else { COMMAND_MAX };
            let length = usize::try_from(length).ok().filter(|length| *length <= most);
            let length = length.ok_or("it sent something longer than anything here may be")?;
            // The frame is copied, so that a short text kept for long does not keep the whole read that it came with.
            let Some(body) = buffer.get(head..head + length) else { return Ok(None) };
            if flags & COMMAND != 0 {
                let command = Command::parse(Bytes::copy_from_slice(body))?;
                buffer.advance(head + length);
                return Ok(Some(Traffic::Command(command)));
            }
            if self.frames.len() < FRAMES_KEPT {
                self.frames.push(Bytes::copy_from_slice(body));
                self.size += length;
            }
            buffer.advance(head + length);
            if flags & MORE == 0 {
                self.size = 0;
                return Ok(Some(Traffic::Message(std::mem::take(&mut self.frames))));
            }
        }
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

    fn decode(bytes: &[u8]) -> Result<Vec<Traffic>, &'static str> {
        let (mut decoder, mut buffer, mut all) = (Decoder::default(), BytesMut::from(bytes), Vec::new());
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
        let (mut decoder, mut buffer, mut all) = (Decoder::default(), BytesMut::new(), Vec::new());
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
        // The message has many frames that are each short enough.
        let mut bytes = Vec::new();
        for _ in 0..2 {
            bytes.push(LONG | MORE);
            bytes.extend((MESSAGE_MAX as u64 / 2 + 1).to_be_bytes());
            bytes.extend(vec![0; MESSAGE_MAX / 2 + 1]);
        }
        assert!(decode(&bytes).is_err());
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
