//! The bytes of one event, read back.

use std::time::Duration;

use super::encode::{kind, people};
use super::varint::{take, take_signed};
use ledger::{Answer, Arrival, Event, PeopleNews, Person};

/// Takes an event off the beginning, with the time since the event before it in nanoseconds. `None` if what stands there
/// is no event.
pub(crate) fn decode(bytes: &mut &[u8]) -> Option<(Event, i64)> {
    let (kind, rest) = bytes.split_first()?;
    *bytes = rest;
    let delta = take_signed(bytes)?;
    let event = match *kind {
        kind::BEGIN => Event::Begin,
        kind::UNVERIFIED_PATH => {
            Event::UnverifiedPath { publisher: number(bytes)?, subscriber: number(bytes)? }
        }
        kind::SENT => Event::Sent { n: number(bytes)?, node: number(bytes)? },
        kind::ANSWERED => Event::Answered { n: number(bytes)?, answer: answer(take(bytes)?)? },
        kind::CONNECTED => Event::Connected { s: number(bytes)? },
        kind::SUBSCRIBED => Event::Subscribed { s: number(bytes)?, node: number(bytes)?, all: false },
        kind::SUBSCRIBED_WITH_ALL => Event::Subscribed { s: number(bytes)?, node: number(bytes)?, all: true },
        kind::NOTICED => Event::Noticed { s: number(bytes)?, since: None },
        kind::NOTICED_SINCE => {
            Event::Noticed { s: number(bytes)?, since: Some(Duration::from_nanos(take(bytes)?)) }
        }
        kind::CLOSED => Event::Closed { s: number(bytes)? },
        kind::LEFT => Event::Left { s: number(bytes)? },
        kind::TOLD_OF_PEOPLE => Event::ToldOfPeople { s: number(bytes)?, news: news(bytes)? },
        kind::PRESENCE_ENDS => Event::PresenceEnds,
        kind::RECEIVED => Event::Received { s: number(bytes)?, n: number(bytes)?, arrival: Arrival::Live },
        kind::RECEIVED_REPLAY => {
            let (s, n) = (number(bytes)?, number(bytes)?);
            let round = u32::try_from(take(bytes)?).ok()?;
            Event::Received { s, n, arrival: Arrival::Replay { round } }
        }
        kind::UNEXPECTED => Event::Unexpected { s: number(bytes)? },
        kind::CORRUPTED => Event::Corrupted { s: number(bytes)? },
        kind::CORRUPTED_REHEARSAL => Event::CorruptedRehearsal,
        kind::FOREIGN => Event::Foreign { s: number(bytes)? },
        kind::DISCONNECTED => Event::Disconnected { why: text(bytes)? },
        _ => return None,
    };
    Some((event, delta))
}

fn number(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(take(bytes)?).ok()
}

fn answer(number: u64) -> Option<Answer> {
    match number {
        0 => Some(Answer::Confirmed),
        1 => Some(Answer::Handed),
        2 => Some(Answer::Refused),
        3 => Some(Answer::Unknown),
        _ => None,
    }
}

fn news(bytes: &mut &[u8]) -> Option<PeopleNews> {
    Some(match take(bytes)? {
        people::ALL => {
            let count = number(bytes)?;
            // A damaged count must not claim memory: the list grows only as people are found.
            let mut all = Vec::new();
            for _ in 0..count {
                all.push(person(bytes)?);
            }
            PeopleNews::All(all)
        }
        people::TOO_MANY => PeopleNews::TooMany,
        people::CAME => PeopleNews::Came(person(bytes)?, take(bytes)?),
        people::WENT => PeopleNews::Went(person(bytes)?, take(bytes)?),
        people::NUMBER => PeopleNews::Number(take(bytes)?),
        _ => return None,
    })
}

fn person(bytes: &mut &[u8]) -> Option<Person> {
    let id = text(bytes)?;
    let subscriber = number(bytes)?.checked_sub(1);
    Some(Person { id, subscriber })
}

fn text(bytes: &mut &[u8]) -> Option<Box<str>> {
    let length = number(bytes)?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(std::str::from_utf8(text).ok()?.into())
}
