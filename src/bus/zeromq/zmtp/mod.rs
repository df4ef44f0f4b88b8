//! ZMTP, the protocol of ZeroMQ on TCP, as far as PUB and SUB need it: version 3.1 ([RFC 37]), and 3.0 with peers
//! that speak no newer, mechanism NULL.
//!
//! ```text
//! greeting  ff 00.. 7f | 3 1 | NULL 00.. | 00..          64 bytes, each way, at once
//! frame     flags (1 more, 2 long, 4 command) | length (1 byte, or 8 if long) | body
//! message   one or more frames, all but the last with `more`
//! command   length (1 byte) | name | data
//!           READY      names and values: Socket-Type, and our X-Pubsub-Lab-Node
//!           SUBSCRIBE  topic          (3.0: a message, 01 topic)
//!           CANCEL     topic          (3.0: a message, 00 topic)
//!           PING       time to live (2 bytes) | up to 16 bytes of context
//!           PONG       the same context
//! ```
//!
//! [RFC 37]: https://rfc.zeromq.org/spec/37/

mod decode;
mod encode;
#[cfg(test)]
mod fuzz_tests;
mod handshake;

pub(super) use decode::{Command, Incoming, Terms, Traffic};
pub(super) use encode::{put_cancel, put_message, put_ping, put_pong, put_subscribe};
pub(super) use handshake::{NodeId, Role, ZmtpConnection, shake_hands};

/// Flag of a frame: another frame of the message follows.
const MORE: u8 = 1;
/// Flag of a frame: the length has eight bytes.
const LONG: u8 = 2;
/// Flag of a frame: it is a command and not part of a message.
const COMMAND: u8 = 4;
