//! `pubsub-lab run` at a terminal: somebody breaks things at the prompt and heals them, and leaves nothing behind. And a
//! run that others in the network may join.

mod network;
mod prompt;
