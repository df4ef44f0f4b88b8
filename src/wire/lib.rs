//! What travels between a client and a node (the two dialects), and the envelope that carries it over a bus.
//!
//! *Plain* (no subprotocol offered): a frame in is a message to the room `lobby`, a frame out is the bare text.
//! `pubsub-lab.v1`: JSON text frames, see [`ClientFrame`] and [`NodeFrame`].

mod client;
mod envelope;

pub use client::{ClientFrame, NodeFrame, Recovered, V1, replayed, text_of};
pub use envelope::{Envelope, EnvelopeError, Kind, Room, RoomError};
