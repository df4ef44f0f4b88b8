//! The fields of cluster and load: one table for the file, the flags and the schema.

use std::collections::BTreeMap;

/// A field of cluster or load. The flag of the same name (with `-` for `_`) overrides it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// The key of the field in the file.
    pub key: &'static str,
    /// The value of the field where neither the file nor a flag gives one.
    pub default: &'static str,
    /// One line about the field, for people.
    pub help: &'static str,
}

impl Field {
    /// The field with this key.
    pub(super) fn of(key: &str) -> Option<&'static Field> {
        CLUSTER_FIELDS.iter().chain(LOAD_FIELDS).find(|field| field.key == key)
    }
}

const fn field(key: &'static str, default: &'static str, help: &'static str) -> Field {
    Field { key, default, help }
}

/// The fields of `[cluster]`.
pub const CLUSTER_FIELDS: &[Field] = &[field("nodes", "3", "Chat servers")];

/// The fields of `[load]`.
pub const LOAD_FIELDS: &[Field] = &[
    field("publishers", "3", "Clients that publish, spread over the nodes"),
    field("subscribers", "30", "Clients that listen, spread over the nodes"),
    field("rate", "100", "Messages a second, all publishers together"),
    field("payload", "128", "Bytes of text a message"),
    field("rooms", "1", "Rooms that publishers and subscribers are spread over"),
    field("resend", "false", "Send unanswered messages again, under the same id"),
    field("presence", "false", "Watch who is said to be in the rooms"),
    field(
        "transport",
        "ws",
        "How subscribers hear: ws, sse, long-poll or poll, or a list of them with a run for each",
    ),
    field("poll_every", "2s", "How often a subscriber asks, with the transport poll"),
    field("warm_up", "2s", "Load before the measurement"),
    field("duration", "20s", "The measured load"),
    field("drain", "5s", "How long late messages are waited for"),
    field("connect_timeout", "2s", "How long a client waits for a connection"),
    field("reconnect_min", "100ms", "A client's first pause before it reconnects; it doubles"),
    field("reconnect_max", "1s", "A client's longest pause before it reconnects"),
];

/// The values that flags gave for fields of a scenario, by the keys of the file (`warm_up`); a field without such a
/// value keeps that of the file.
pub type Overrides = BTreeMap<&'static str, String>;
