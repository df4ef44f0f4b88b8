//! What Redis says unasked, on its way to the node: only envelopes of this node's own channels pass.

use std::sync::Arc;

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value};

use crate::feed::Feed;
use wire::Envelope;

/// What stands between the subscribing connection and the node.
pub(super) struct Inbox {
    /// What our channels' names begin with.
    prefix: String,
    feed: Arc<Feed>,
}

impl Inbox {
    pub(super) fn new(namespace: &str, feed: Arc<Feed>) -> Self {
        Self { prefix: format!("{namespace}:"), feed }
    }

    /// Takes what Redis says unasked. Never blocks.
    pub(super) fn accept(&self, info: PushInfo) {
        if info.kind != PushKind::Message {
            return;
        }
        match self.decode(info.data) {
            Some(envelope) => self.feed.deliver(envelope),
            None => self.feed.garbled(),
        }
    }

    /// Anybody may publish on our channels: only an envelope of the channel's own room is taken.
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
