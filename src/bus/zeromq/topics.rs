//! The topics to which one peer subscribed.

use std::collections::HashMap;

use bytes::Bytes;

use super::message::END;

/// The most topics that one peer may want: more than all clients of a node can be in with its default limits.
const MOST: usize = 1 << 20;
/// The longest topic that a peer may want, in bytes. A room's name has at most 256 bytes.
const LONGEST: usize = 512;

/// The peer's subscriptions, with the number of times that each was made: in ZeroMQ it must be withdrawn as often.
pub(super) struct Topics {
    most: usize,
    /// The topics that end as ours do, so that each matches one room only.
    rooms: HashMap<Bytes, usize>,
    /// The beginnings of topics to which programs of other people subscribe: the empty one matches everything.
    beginnings: HashMap<Bytes, usize>,
}

impl Default for Topics {
    fn default() -> Self {
        Self::up_to(MOST)
    }
}

impl Topics {
    /// No subscription yet, and room for `most` of them.
    fn up_to(most: usize) -> Self {
        Self { most, rooms: HashMap::new(), beginnings: HashMap::new() }
    }

    /// Records that the peer wants the topics that begin with this. Gives false if it wants too many or too long
    /// ones.
    pub(super) fn add(&mut self, topic: Bytes) -> bool {
        if topic.len() > LONGEST || self.rooms.len() + self.beginnings.len() >= self.most {
            return false;
        }
        let count = self.place(&topic).entry(topic).or_default();
        *count = count.saturating_add(1);
        true
    }

    /// Records that the peer no longer wants the topics that begin with this.
    pub(super) fn remove(&mut self, topic: &Bytes) {
        let place = self.place(topic);
        if let Some(count) = place.get_mut(topic) {
            *count -= 1;
            if *count == 0 {
                place.remove(topic);
            }
        }
    }

    /// Whether the peer wants a message of this topic.
    pub(super) fn want(&self, topic: &[u8]) -> bool {
        self.rooms.contains_key(topic) || self.beginnings.keys().any(|beginning| topic.starts_with(beginning))
    }

    fn place(&mut self, topic: &[u8]) -> &mut HashMap<Bytes, usize> {
        if topic.ends_with(&[END as u8]) { &mut self.rooms } else { &mut self.beginnings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_no_beginning_of_another() {
        let mut topics = Topics::default();
        assert!(topics.add("math\n".into()));
        assert!(topics.want(b"math\n"));
        assert!(!topics.want(b"maths\n") && !topics.want(b"mat\n"));
        topics.remove(&"math\n".into());
        assert!(!topics.want(b"math\n"));
    }

    #[test]
    fn others_may_want_beginnings_and_more_than_once() {
        let mut topics = Topics::default();
        topics.add("mat".into());
        topics.add("mat".into());
        topics.remove(&"mat".into());
        topics.remove(&"never".into());
        assert!(topics.want(b"math\n") && topics.want(b"maths\n") && !topics.want(b"lobby\n"));
        topics.remove(&"mat".into());
        assert!(!topics.want(b"math\n"));
        topics.add(Bytes::new());
        assert!(topics.want(b"lobby\n"));
    }

    #[test]
    fn a_room_is_withdrawn_as_often_as_it_was_wanted() {
        let mut topics = Topics::default();
        for _ in 0..2 {
            assert!(topics.add("math\n".into()));
        }
        topics.remove(&"math\n".into());
        assert!(topics.want(b"math\n"));
        topics.remove(&"math\n".into());
        assert!(!topics.want(b"math\n"));
        topics.remove(&"math\n".into());
        assert!(topics.add("math\n".into()) && topics.want(b"math\n"));
    }

    #[test]
    fn a_topic_may_have_the_longest_length_and_no_more() {
        let mut topics = Topics::default();
        assert!(topics.add(vec![b'x'; LONGEST].into()));
        assert!(topics.want(&[b'x'; LONGEST + 1]) && !topics.want(&[b'x'; LONGEST - 1]));
        assert!(!topics.add(vec![b'y'; LONGEST + 1].into()));
        assert!(!topics.want(&[b'y'; LONGEST + 1]));
    }

    #[test]
    fn a_peer_cannot_want_without_bounds() {
        let mut topics = Topics::up_to(100);
        assert!(!topics.add(vec![b'x'; LONGEST + 1].into()));
        assert_eq!(Topics::default().most, 1 << 20);
        // Rooms and beginnings count together against the bound.
        let topic = |n: usize| if n.is_multiple_of(2) { format!("{n}") } else { format!("{n}\n") };
        assert!((0..100).all(|n| topics.add(topic(n).into())));
        assert!(!topics.add("one more".into()) && !topics.add("one more\n".into()));
        topics.remove(&topic(0).into());
        assert!(topics.add("one more".into()));
    }
}
