//! One event as bytes: its kind, the time since the event before it, and its fields.

use super::varint::{put, put_signed};
use ledger::{Answer, Arrival, Event, PeopleNews, Person};

/// The kinds of events, as the first byte of each. A number never changes its meaning.
pub(crate) mod kind {
    pub(crate) const BEGIN: u8 = 1;
    pub(crate) const UNVERIFIED_PATH: u8 = 2;
    pub(crate) const SENT: u8 = 3;
    pub(crate) const ANSWERED: u8 = 4;
    pub(crate) const CONNECTED: u8 = 5;
    pub(crate) const SUBSCRIBED: u8 = 6;
    pub(crate) const SUBSCRIBED_WITH_ALL: u8 = 7;
    pub(crate) const NOTICED: u8 = 8;
    pub(crate) const NOTICED_SINCE: u8 = 9;
    pub(crate) const CLOSED: u8 = 10;
    pub(crate) const LEFT: u8 = 11;
    pub(crate) const TOLD_OF_PEOPLE: u8 = 12;
    pub(crate) const PRESENCE_ENDS: u8 = 13;
    pub(crate) const RECEIVED: u8 = 14;
    pub(crate) const RECEIVED_REPLAY: u8 = 15;
    pub(crate) const UNEXPECTED: u8 = 16;
    pub(crate) const CORRUPTED: u8 = 17;
    pub(crate) const CORRUPTED_REHEARSAL: u8 = 18;
    pub(crate) const FOREIGN: u8 = 19;
    pub(crate) const DISCONNECTED: u8 = 20;
}

/// What an observer is told of people, by number.
pub(crate) mod people {
    pub(crate) const ALL: u64 = 0;
    pub(crate) const TOO_MANY: u64 = 1;
    pub(crate) const CAME: u64 = 2;
    pub(crate) const WENT: u64 = 3;
    pub(crate) const NUMBER: u64 = 4;
}

/// Appends an event. `delta` is the time since the event before it, in nanoseconds; clients of several threads tell in
/// no order, so that it may be below zero.
pub(crate) fn encode(out: &mut Vec<u8>, event: &Event, delta: i64) {
    let mut head = |kind: u8, fields: &[usize]| {
        out.push(kind);
        put_signed(out, delta);
        fields.iter().for_each(|field| put(out, *field as u64));
    };
    match event {
        Event::Begin => head(kind::BEGIN, &[]),
        Event::UnverifiedPath { publisher, subscriber } => {
            head(kind::UNVERIFIED_PATH, &[*publisher, *subscriber]);
        }
        Event::Sent { n, node } => head(kind::SENT, &[*n, *node]),
        Event::Answered { n, answer } => head(kind::ANSWERED, &[*n, answer_number(*answer)]),
        Event::Connected { s } => head(kind::CONNECTED, &[*s]),
        Event::Subscribed { s, node, all: false } => head(kind::SUBSCRIBED, &[*s, *node]),
        Event::Subscribed { s, node, all: true } => head(kind::SUBSCRIBED_WITH_ALL, &[*s, *node]),
        Event::Noticed { s, since: None } => head(kind::NOTICED, &[*s]),
        Event::Noticed { s, since: Some(since) } => {
            head(kind::NOTICED_SINCE, &[*s]);
            put(out, u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
        }
        Event::Closed { s } => head(kind::CLOSED, &[*s]),
        Event::Left { s } => head(kind::LEFT, &[*s]),
        Event::ToldOfPeople { s, news } => {
            head(kind::TOLD_OF_PEOPLE, &[*s]);
            put_news(out, news);
        }
        Event::PresenceEnds => head(kind::PRESENCE_ENDS, &[]),
        Event::Received { s, n, arrival: Arrival::Live } => head(kind::RECEIVED, &[*s, *n]),
        Event::Received { s, n, arrival: Arrival::Replay { round } } => {
            head(kind::RECEIVED_REPLAY, &[*s, *n, *round as usize]);
        }
        Event::Unexpected { s } => head(kind::UNEXPECTED, &[*s]),
        Event::Corrupted { s } => head(kind::CORRUPTED, &[*s]),
        Event::CorruptedRehearsal => head(kind::CORRUPTED_REHEARSAL, &[]),
        Event::Foreign { s } => head(kind::FOREIGN, &[*s]),
        Event::Disconnected { why } => {
            head(kind::DISCONNECTED, &[]);
            put_text(out, why);
        }
    }
}

fn answer_number(answer: Answer) -> usize {
    match answer {
        Answer::Confirmed => 0,
        Answer::Handed => 1,
        Answer::Refused => 2,
        Answer::Unknown => 3,
    }
}

fn put_news(out: &mut Vec<u8>, news: &PeopleNews) {
    match news {
        PeopleNews::All(all) => {
            put(out, people::ALL);
            put(out, all.len() as u64);
            all.iter().for_each(|person| put_person(out, person));
        }
        PeopleNews::TooMany => put(out, people::TOO_MANY),
        PeopleNews::Came(person, number) => {
            put(out, people::CAME);
            put_person(out, person);
            put(out, *number);
        }
        PeopleNews::Went(person, number) => {
            put(out, people::WENT);
            put_person(out, person);
            put(out, *number);
        }
        PeopleNews::Number(number) => {
            put(out, people::NUMBER);
            put(out, *number);
        }
    }
}

/// A person: the id, and the number of the subscriber plus one, or 0 for none.
fn put_person(out: &mut Vec<u8>, person: &Person) {
    put_text(out, &person.id);
    put(out, person.subscriber.map_or(0, |subscriber| subscriber as u64 + 1));
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}
