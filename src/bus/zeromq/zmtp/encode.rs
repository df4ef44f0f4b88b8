//! Writes messages and commands as bytes.

use bytes::{BufMut, BytesMut};

use super::{COMMAND, LONG, MORE};

/// Writes a message that consists of these frames.
pub(in super::super) fn put_message(out: &mut BytesMut, frames: &[&[u8]]) {
    for (index, frame) in frames.iter().enumerate() {
        let more = if index + 1 < frames.len() { MORE } else { 0 };
        put_head(out, more, frame.len());
        out.put_slice(frame);
    }
}

/// Writes a subscription: from now on the peer is to send the topics that begin with this. `commands` says that the
/// peer speaks ZMTP 3.1.
pub(in super::super) fn put_subscribe(out: &mut BytesMut, commands: bool, topic: &[u8]) {
    if commands { put_command(out, "SUBSCRIBE", &[topic]) } else { put_prefixed(out, 1, topic) }
}

/// Writes the end of a subscription: from now on the peer is not to send the topics that begin with this.
pub(in super::super) fn put_cancel(out: &mut BytesMut, commands: bool, topic: &[u8]) {
    if commands { put_command(out, "CANCEL", &[topic]) } else { put_prefixed(out, 0, topic) }
}

/// Writes a PING, which asks for a PONG with this number. Its time to live is 0: we do not close a connection for
/// silence.
pub(in super::super) fn put_ping(out: &mut BytesMut, number: u64) {
    put_command(out, "PING", &[&[0, 0], &number.to_be_bytes()]);
}

/// Writes the answer to a PING.
pub(in super::super) fn put_pong(out: &mut BytesMut, context: &[u8]) {
    put_command(out, "PONG", &[context]);
}

/// Writes how a socket introduces itself after the greeting. Names have at most 255 bytes.
pub(super) fn put_ready(out: &mut BytesMut, properties: &[(&str, &str)]) {
    let mut data = BytesMut::new();
    for (name, value) in properties {
        data.put_u8(name.len() as u8);
        data.put_slice(name.as_bytes());
        data.put_u32(value.len() as u32);
        data.put_slice(value.as_bytes());
    }
    put_command(out, "READY", &[&data]);
}

fn put_command(out: &mut BytesMut, name: &str, data: &[&[u8]]) {
    let length = 1 + name.len() + data.iter().map(|part| part.len()).sum::<usize>();
    put_head(out, COMMAND, length);
    out.put_u8(name.len() as u8);
    out.put_slice(name.as_bytes());
    for part in data {
        out.put_slice(part);
    }
}

fn put_prefixed(out: &mut BytesMut, first: u8, topic: &[u8]) {
    put_head(out, 0, topic.len() + 1);
    out.put_u8(first);
    out.put_slice(topic);
}

fn put_head(out: &mut BytesMut, flags: u8, length: usize) {
    match u8::try_from(length) {
        Ok(length) => out.put_slice(&[flags, length]),
        Err(_) => {
            out.put_u8(flags | LONG);
            out.put_u64(length as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(put: impl FnOnce(&mut BytesMut)) -> Vec<u8> {
        let mut out = BytesMut::new();
        put(&mut out);
        out.to_vec()
    }

    #[test]
    fn the_bytes_are_those_of_the_rfc() {
        assert_eq!(bytes(|out| put_message(out, &[b"ab", b"", b"c"])), b"\x01\x02ab\x01\x00\x00\x01c");
        assert_eq!(bytes(|out| put_subscribe(out, true, b"ab")), b"\x04\x0c\x09SUBSCRIBEab");
        assert_eq!(bytes(|out| put_cancel(out, true, b"ab")), b"\x04\x09\x06CANCELab");
        assert_eq!(bytes(|out| put_subscribe(out, false, b"ab")), b"\x00\x03\x01ab");
        assert_eq!(bytes(|out| put_cancel(out, false, b"ab")), b"\x00\x03\x00ab");
        assert_eq!(bytes(|out| put_ping(out, 7)), b"\x04\x0f\x04PING\0\0\0\0\0\0\0\0\0\x07");
        assert_eq!(bytes(|out| put_pong(out, b"xy")), b"\x04\x07\x04PONGxy");
        assert_eq!(
            bytes(|out| put_ready(out, &[("Socket-Type", "SUB")])),
            b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03SUB"
        );
        let long = bytes(|out| put_message(out, &[&[b'x'; 256]]));
        assert_eq!((&long[..9], long.len()), (&b"\x02\0\0\0\0\0\0\x01\0"[..], 9 + 256));
    }
}
