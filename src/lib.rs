//! pubsub-lab compares messaging patterns by breaking them.
//!
//! One chat application runs over several patterns (a [`bus`] each), and an honest instrument (the [`load`]
//! and its [`ledger`]) counts what was lost, duplicated or reordered while brokers, nodes and links go down.
//!
//! The map of the house. Each room has one reason to exist:
//!
//! | room | what it is |
//! |---|---|
//! | [`address`] | URLs that may hold a password, and are shown without it |
//! | [`door`] | who gets in: listening, accepting, and whose requests are answered |
//! | [`wire`] | what travels between a client and a node: the two dialects, and the envelope on the bus |
//! | [`bus`] | `trait Bus` and one implementation a pattern |
//! | [`node`] | one chat server: HTTP, sessions, rooms, presence |
//! | [`policy`] | the policy file: who may come in, read and write, and how much |
//! | [`history`] | the durable history service: AMQP consumer, store, HTTP API |
//! | [`trace`] | where each message was and when, as a node or a history writes it down |
//! | [`scenario`] | the scenario file: typed, validated, defaulted |
//! | [`load`] | publishers, subscribers and the open-loop schedule; speaks WebSocket, and hears over HTTP as well |
//! | [`ledger`] | pure: events in, counts and verdict out |
//! | [`part`] | what one of several load machines has seen, written down whole: its events, and who it was |
//! | [`join`] | the parts of one load become one ledger, and their clocks are compared |
//! | [`fault`] | the things that break: process signals, and the link proxy; knows bytes, not chat |
//! | [`lab`] | puts it together on this machine: brokers, nodes, phases |
//! | [`report`] | ledger and histograms become JSON, a table, a page with charts and files; traces become the ways of single messages; several reports become a comparison |
//! | [`cli`] | one file a subcommand |
//!
//! Each room is a crate of this workspace, so that the compiler keeps its walls; who may import whom stands in their
//! `Cargo.toml` files. The instrument (`load`, `ledger`) shares no code with what
//! it measures (`wire`, `node`, `bus`).
//!
//! The way of a message, and the only way: socket -> session -> room -> bus -> room -> session -> socket.

pub use {
    address, bus, cli, door, fault, history, join, lab, ledger, load, node, part, policy, report, scenario,
    trace, wire,
};

#[cfg(test)]
mod code_tests;
#[cfg(test)]
mod counter_tests;
#[cfg(test)]
mod house_tests;
#[cfg(test)]
mod quick_tests;
