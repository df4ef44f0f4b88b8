//! What travels between a client and a node (the two dialects), and the envelope that carries it over a bus.
//!
//! *Plain* (no subprotocol offered): a frame in is a message to the room `lobby`, a frame out is the bare text.
//! `pubsub-lab.v1`: JSON text frames tagged by `type`, see [`Request`] and [`NodeFrame`].
//!
//! | file | what it is |
//! |---|---|
//! | `request` | what a client asks of its node |
//! | `node_frame` | what a node writes to its clients |
//! | `message_frame` | a message, read again by a node that has to look into it |
//! | `envelope` | what nodes send each other over the bus |
//! | `room` | the name of a room |
//! | `unix_time` | the time of day in them |

#[cfg(test)]
mod asyncapi_tests;
mod envelope;
mod message_frame;
mod node_frame;
mod request;
mod room;
mod unix_time;

pub use envelope::{Audience, Count, Envelope, EnvelopeError, Kind};
pub use message_frame::MessageFrame;
pub use node_frame::{
    BusState, Level, NodeFrame, Person, Recovered, V1, WhisperEnds, replayed, text_of, whisper_ends,
};
pub use request::{Publish, Request, Whisper};
pub use room::{Room, RoomError};
pub use unix_time::unix_ms;
