//! The names of the channels, and the envelopes that come over them.

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value};

use crate::inbox::Inbox;
use wire::{Envelope, Room};

/// The channels of one cluster, one for each room.
pub(super) struct Channels {
    /// The beginning of every channel's name.
    prefix: String,
}

impl Channels {
    pub(super) fn new(namespace: &str) -> Self {
        Self { prefix: format!("{namespace}:") }
    }

    /// The name of a room's channel.
    pub(super) fn name(&self, room: &Room) -> String {
        format!("{}{room}", self.prefix)
    }

    /// Delivers a message that Redis sent unasked, if it is an envelope. Never blocks.
    pub(super) fn deliver(&self, info: PushInfo, inbox: &Inbox) {
        if info.kind == PushKind::Message
            && let Some(envelope) = inbox.checked(self.decode(info.data))
        {
            inbox.deliver(envelope);
        }
    }

    /// Decodes an envelope. Anybody may publish on our channels, so only an envelope of the channel's own room is
    /// taken.
    fn decode(&self, data: Vec<Value>) -> Option<Envelope> {
        let mut data = data.into_iter();
        let (Some(Value::BulkString(channel)), Some(Value::BulkString(payload))) = (data.next(), data.next())
        else {
            return None;
        };
        let envelope = Envelope::decode(Bytes::from(payload)).ok()?;
        let room = channel.strip_prefix(self.prefix.as_bytes())?;
        (room == envelope.room.as_str().as_bytes()).then_some(envelope)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Counters;
    use crate::meter::Meter;
    use crate::samples::{chat, read};

    fn message(channel: &str, payload: &[u8]) -> Vec<Value> {
        vec![Value::BulkString(channel.into()), Value::BulkString(payload.to_vec())]
    }

    /// The ids of those messages that the node gets, and how many were garbled.
    fn accept(pushes: Vec<(PushKind, Vec<Value>)>) -> (Vec<String>, u64) {
        let meter = Meter::default();
        let (inbox, mut events) = Inbox::new(10, Arc::new(meter.around(Counters::register)));
        let channels = Channels::new("ns");
        for (kind, data) in pushes {
            channels.deliver(PushInfo { kind, data }, &inbox);
        }
        (read(&mut events), meter.count("garbled"))
    }

    #[test]
    fn an_envelope_of_the_channels_own_room_is_taken() {
        let first = message("ns:a room", &chat("a room", "1").encode());
        let second = message("ns:b:c", &chat("b:c", "2").encode());
        let got = accept(vec![(PushKind::Message, first), (PushKind::Message, second)]);
        assert_eq!(got, (vec!["1".into(), "2".into()], 0));
    }

    #[test]
    fn what_anybody_may_publish_on_our_channels_is_counted_and_not_taken() {
        let payload = chat("r", "1").encode();
        for garbled in [
            message("ns:other", &payload),
            message("ns:", &payload),
            message("r", &payload),
            message("other:r", &payload),
            message("ns:r", b"hello"),
            message("ns:r", b""),
            vec![],
            vec![Value::BulkString(b"ns:r".to_vec())],
            vec![Value::SimpleString("ns:r".into()), Value::BulkString(payload.to_vec())],
            vec![Value::BulkString(b"ns:r".to_vec()), Value::Int(1)],
        ] {
            assert_eq!(accept(vec![(PushKind::Message, garbled.clone())]), (vec![], 1), "{garbled:?}");
        }
    }

    #[test]
    fn what_redis_says_of_subscriptions_is_no_message() {
        let data = message("ns:r", &chat("r", "1").encode());
        for kind in [PushKind::Subscribe, PushKind::Unsubscribe, PushKind::PMessage, PushKind::Invalidate] {
            assert_eq!(accept(vec![(kind, data.clone())]), (vec![], 0));
        }
    }
}
