//! Histories: events that clients could have told, and some that nobody could.

use std::time::Duration;

use proptest::prelude::*;
use pubsub_lab::ledger::{Answer, Arrival, FaultTimes, Ledger, Plan, Surge};

use super::BEGIN;

/// What a client tells the ledger.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    Sent { n: usize, node: usize, at: Duration },
    Answered { n: usize, answer: Answer },
    Connected { s: usize },
    Subscribed { s: usize, node: usize, all: bool, at: Duration },
    Noticed { s: usize, at: Duration },
    NoticedSince { s: usize, since: Duration, at: Duration },
    Closed { s: usize, at: Duration },
    Left { s: usize, at: Duration },
    Received { s: usize, n: usize, arrival: Arrival, at: Duration },
    Unexpected { s: usize, at: Duration },
    Corrupted { s: usize, at: Duration },
    Foreign { s: usize, at: Duration },
    Unverified { publisher: usize, s: usize },
}

impl Event {
    pub fn tell(self, ledger: &mut Ledger) {
        match self {
            Event::Sent { n, node, at } => ledger.sent(n, node, at),
            Event::Answered { n, answer } => ledger.answered(n, answer),
            Event::Connected { s } => ledger.connected(s),
            Event::Subscribed { s, node, all: false, at } => ledger.subscribed(s, node, at),
            Event::Subscribed { s, node, all: true, at } => ledger.subscribed_with_all(s, node, at),
            Event::Noticed { s, at } => ledger.noticed(s, at),
            Event::NoticedSince { s, since, at } => ledger.noticed_since(s, since, at),
            Event::Closed { s, at } => ledger.closed(s, at),
            Event::Left { s, at } => ledger.left(s, at),
            Event::Received { s, n, arrival, at } => ledger.received(s, n, arrival, at),
            Event::Unexpected { s, at } => ledger.unexpected(s, at),
            Event::Corrupted { s, at } => ledger.corrupted(s, at),
            Event::Foreign { s, at } => ledger.foreign(s, at),
            Event::Unverified { publisher, s } => ledger.unverified_path(publisher, s),
        }
    }

    /// Two events of one client keep their order; those of two clients may be told in any.
    pub fn same_client(self, other: Event, plan: &Plan) -> bool {
        let client = |event: Event| match event {
            Event::Sent { n, .. } | Event::Answered { n, .. } => (true, plan.publisher(n)),
            Event::Subscribed { s, .. } | Event::Closed { s, .. } | Event::Received { s, .. } => (false, s),
            Event::Left { s, .. } | Event::Connected { s } => (false, s),
            Event::Noticed { s, .. } | Event::NoticedSince { s, .. } => (false, s),
            Event::Unexpected { s, .. } | Event::Corrupted { s, .. } | Event::Foreign { s, .. } => (false, s),
            Event::Unverified { s, .. } => (false, s),
        };
        client(self) == client(other)
    }
}

/// What the dice say; [`history`] makes events of it that could have happened.
#[derive(Debug, Clone, Copy)]
pub enum Dice {
    Wait { ms: u64 },
    Send { which: usize, node: usize },
    Answer { which: usize, answer: Answer },
    Subscribe { s: usize, node: usize, all: bool },
    Notice { s: usize, since: Option<u64> },
    Close { s: usize },
    Leave { s: usize },
    Receive { s: usize, which: usize, replay: bool },
    NextReplay { s: usize },
    Connect { s: usize },
    MakeUp { s: usize, which: usize },
    Odd { s: usize, kind: u8 },
}

pub fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![Just(Answer::Confirmed), Just(Answer::Handed), Just(Answer::Refused), Just(Answer::Unknown)]
}

pub fn dice() -> impl Strategy<Value = Dice> {
    let one = || 0..1_000usize;
    prop_oneof![
        6 => (0..600u64).prop_map(|ms| Dice::Wait { ms }),
        8 => (one(), one()).prop_map(|(which, node)| Dice::Send { which, node }),
        5 => (one(), answers()).prop_map(|(which, answer)| Dice::Answer { which, answer }),
        3 => (one(), one(), any::<bool>()).prop_map(|(s, node, all)| Dice::Subscribe { s, node, all }),
        2 => (one(), prop::option::of(0..900u64)).prop_map(|(s, since)| Dice::Notice { s, since }),
        2 => one().prop_map(|s| Dice::Close { s }),
        2 => one().prop_map(|s| Dice::Leave { s }),
        20 => (one(), one(), any::<bool>()).prop_map(|(s, which, replay)| Dice::Receive { s, which, replay }),
        2 => one().prop_map(|s| Dice::NextReplay { s }),
        2 => one().prop_map(|s| Dice::Connect { s }),
        1 => (one(), one()).prop_map(|(s, which)| Dice::MakeUp { s, which }),
        1 => (one(), 0..4u8).prop_map(|(s, kind)| Dice::Odd { s, kind }),
    ]
}

/// Any numbers in any order: clients and messages that do not exist, receipts long before their sending.
pub fn absurd() -> impl Strategy<Value = Event> {
    let at = || prop_oneof![20 => (0..12_000u64).prop_map(Duration::from_millis), 1 => Just(Duration::MAX)];
    let (s, n, node) = (|| 0..8usize, || 0..40usize, || 0..4usize);
    let arrival = prop_oneof![Just(Arrival::Live), (0..3u32).prop_map(|round| Arrival::Replay { round })];
    prop_oneof![
        3 => (n(), node(), at()).prop_map(|(n, node, at)| Event::Sent { n, node, at }),
        1 => (n(), answers()).prop_map(|(n, answer)| Event::Answered { n, answer }),
        2 => (s(), node(), any::<bool>(), at())
            .prop_map(|(s, node, all, at)| Event::Subscribed { s, node, all, at }),
        1 => (s(), at()).prop_map(|(s, at)| Event::Noticed { s, at }),
        1 => (s(), at(), at()).prop_map(|(s, since, at)| Event::NoticedSince { s, since, at }),
        1 => (s(), at()).prop_map(|(s, at)| Event::Closed { s, at }),
        1 => (s(), at()).prop_map(|(s, at)| Event::Left { s, at }),
        1 => s().prop_map(|s| Event::Connected { s }),
        6 => (s(), n(), arrival, at()).prop_map(|(s, n, arrival, at)| Event::Received { s, n, arrival, at }),
    ]
}

pub fn plans() -> impl Strategy<Value = Plan> {
    let counts = (1..4usize, 0..6usize, 1..4usize, 1..3usize);
    (counts, 2..40u32, prop::collection::vec(surges(), 0..3), 0..30usize, any::<bool>()).prop_map(
        |((publishers, subscribers, nodes, rooms), rate, surges, messages, crosses_nodes)| {
            let rate = f64::from(rate);
            Plan { publishers, subscribers, nodes, rooms, rate, surges, messages, crosses_nodes }
        },
    )
}

pub fn surges() -> impl Strategy<Value = Surge> {
    (0..3_000u64, 1..2_000u64, 1..32u32).prop_map(|(from, length, factor)| Surge {
        from: Duration::from_millis(from),
        until: Duration::from_millis(from + length),
        factor: f64::from(factor) / 4.0,
    })
}

pub fn faults() -> impl Strategy<Value = FaultTimes> {
    (0..2_000u64, prop::option::of(0..2_000u64), 0..500u64, any::<bool>()).prop_map(
        |(begin, heal_after, ready_after, deliberate)| {
            let heal_begin = heal_after.map(|after| Duration::from_millis(begin + after));
            let healed = heal_begin.map(|heal| heal + Duration::from_millis(ready_after));
            let what = if deliberate { "leave 50% of the subscribers" } else { "kill broker" }.into();
            FaultTimes {
                what,
                begin: Duration::from_millis(begin),
                heal_begin,
                healed,
                deliberate,
                planned: None,
            }
        },
    )
}

/// Every seventh message is never sent, so that a server can make it up.
pub fn made_up(n: usize) -> bool {
    n % 7 == 5
}

/// Events in their order of time, and when they end. What is received was sent before, or is never sent.
pub fn history(plan: &Plan, dice: &[Dice]) -> (Vec<Event>, Duration) {
    let mut now = BEGIN.saturating_sub(Duration::from_millis(500));
    let mut rounds = vec![0; plan.subscribers];
    let mut sent: Vec<usize> = Vec::new();
    let mut events = Vec::new();
    let subscriber = |s: usize| s.checked_rem(plan.subscribers);
    let message = |n: usize| n.checked_rem(plan.messages);
    for die in dice {
        let event = match *die {
            Dice::Wait { ms } => {
                now += Duration::from_millis(ms);
                None
            }
            Dice::Send { which, node } => message(which).filter(|n| !made_up(*n) && now >= BEGIN).map(|n| {
                sent.push(n);
                Event::Sent { n, node: node % plan.nodes, at: now }
            }),
            Dice::Answer { which, answer } => {
                which.checked_rem(sent.len()).map(|i| Event::Answered { n: sent[i], answer })
            }
            Dice::Subscribe { s, node, all } => {
                subscriber(s).map(|s| Event::Subscribed { s, node: node % plan.nodes, all, at: now })
            }
            Dice::Notice { s, since: None } => subscriber(s).map(|s| Event::Noticed { s, at: now }),
            Dice::Notice { s, since: Some(ms) } => subscriber(s).map(|s| Event::NoticedSince {
                s,
                since: now.saturating_sub(Duration::from_millis(ms)),
                at: now,
            }),
            Dice::Close { s } => subscriber(s).map(|s| Event::Closed { s, at: now }),
            Dice::Leave { s } => subscriber(s).map(|s| Event::Left { s, at: now }),
            Dice::NextReplay { s } => {
                subscriber(s).into_iter().for_each(|s| rounds[s] += 1);
                None
            }
            Dice::Connect { s } => subscriber(s).map(|s| Event::Connected { s }),
            Dice::Receive { s, which, replay } => subscriber(s).and_then(|s| {
                // Nothing arrives at the very instant of its sending; other events may share one.
                now += Duration::from_nanos(1);
                let own: Vec<_> =
                    sent.iter().copied().filter(|n| plan.room(*n) == plan.subscriber_room(s)).collect();
                let arrival = if replay { Arrival::Replay { round: rounds[s] } } else { Arrival::Live };
                which.checked_rem(own.len()).map(|i| Event::Received { s, n: own[i], arrival, at: now })
            }),
            Dice::MakeUp { s, which } => subscriber(s).zip(message(which)).and_then(|(s, n)| {
                let fits = made_up(n) && plan.room(n) == plan.subscriber_room(s);
                fits.then_some(Event::Received { s, n, arrival: Arrival::Live, at: now })
            }),
            Dice::Odd { s, kind } => subscriber(s).map(|s| match kind {
                0 => Event::Unexpected { s, at: now },
                1 => Event::Corrupted { s, at: now },
                2 => Event::Foreign { s, at: now },
                _ => Event::Unverified { publisher: s % plan.publishers, s },
            }),
        };
        events.extend(event);
    }
    (events, now)
}

/// Tells some events later than others that happened after them: tasks race for the ledger.
pub fn race(events: &mut [Event], plan: &Plan, swaps: &[bool]) {
    for (round, swap) in swaps.iter().enumerate() {
        let i = round % events.len().max(1);
        if *swap && i + 1 < events.len() && !events[i].same_client(events[i + 1], plan) {
            events.swap(i, i + 1);
        }
    }
}
/// Everything is sent when it is due, and received at once: but from its stop on nothing comes over a path, some is
/// lost anyway, some refused, and a subscriber may be gone for a while.
pub fn stopping(
    plan: &Plan,
    stops: &[usize],
    lost: &[u8],
    refused: &[u8],
    gone: &[(usize, usize)],
) -> Vec<Event> {
    let at = |n: usize| BEGIN + plan.due(n);
    let one = |list: &[u8], i: usize| i.checked_rem(list.len()).is_some_and(|i| list[i] == 0);
    let mut events: Vec<(Duration, Event)> = Vec::new();
    for s in 0..plan.subscribers {
        let node = plan.subscriber_node(s);
        events.push((BEGIN, Event::Subscribed { s, node, all: false, at: BEGIN }));
        if let Some((from, length)) = gone.get(s).filter(|(_, length)| *length > 0) {
            let back = at(from + length);
            events.push((at(*from), Event::Closed { s, at: at(*from) }));
            events.push((back, Event::Subscribed { s, node, all: false, at: back }));
        }
    }
    for n in 0..plan.messages {
        let publisher = plan.publisher(n);
        events.push((at(n), Event::Sent { n, node: plan.publisher_node(publisher), at: at(n) }));
        let answer = if one(refused, n) { Answer::Refused } else { Answer::Handed };
        events.push((at(n), Event::Answered { n, answer }));
        for s in 0..plan.subscribers {
            let path = publisher * plan.subscribers + s;
            let comes = n < stops[path % stops.len()] && !one(lost, n * plan.subscribers + s);
            if comes && plan.room(n) == plan.subscriber_room(s) {
                let at = at(n) + Duration::from_millis(5);
                events.push((at, Event::Received { s, n, arrival: Arrival::Live, at }));
            }
        }
    }
    events.sort_by_key(|(at, _)| *at);
    events.into_iter().map(|(_, event)| event).collect()
}
