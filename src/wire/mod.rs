//! What travels between a client and a node (the two dialects), and the envelope that carries it over a bus.

mod envelope;

pub use envelope::{Envelope, EnvelopeError, Kind, Room, RoomError};
