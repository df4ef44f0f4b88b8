//! WebSocket frames as a server sends them. They carry no mask, so one frame's bytes serve every recipient.

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// A text frame with its header, ready for the socket.
pub fn text(payload: &[u8]) -> Bytes {
    encode(OpCode::Data(Data::Text), payload)
}

/// A ping without a payload.
pub fn ping() -> Bytes {
    encode(OpCode::Control(Control::Ping), b"")
}

fn encode(opcode: OpCode, payload: &[u8]) -> Bytes {
    let header = FrameHeader { is_final: true, opcode, mask: None, ..FrameHeader::default() };
    let length = payload.len() as u64;
    let mut out = Vec::with_capacity(header.len(length) + payload.len());
    // Writing to a vector cannot fail, and an unmasked header has no other error.
    let _ = header.format(length, &mut out);
    out.extend_from_slice(payload);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_these_bytes() {
        assert_eq!(&text(b"hi")[..], b"\x81\x02hi");
        assert_eq!(&ping()[..], b"\x89\x00");
        let long = text(&[b'x'; 300]);
        assert_eq!(&long[..4], b"\x81\x7e\x01\x2c");
        assert_eq!(long.len(), 304);
    }
}
